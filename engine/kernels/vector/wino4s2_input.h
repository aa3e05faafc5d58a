/* Input transform of wino4s2.h for any vector type: included after wino4_input.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* As WINO4_FETCHES(), of pieces of twice the columns. */
#define WINO4S2_FETCHES(q) (VECTOR_FLOATS >= 8 || (q) % 2 == 0)

/* Four pieces of one vector. Rows 0 to 8 of the input are those of the tiles' phases in turn: even
 * ones are outer, odd ones middle. */
typedef struct {
    size_t next_floats;  /* to the channel behind, which is fetched into the first-level cache */
    ptrdiff_t offset[4]; /* of a piece's first middle column in row 0 */
    ptrdiff_t left;      /* of the column before piece 0; anything where the image ends there */
    vec_index before;    /* where the tile to the left is, as in wino4_input.h */
    bool whole[9];       /* row i has all lanes of all pieces */
    bool has_left[9];    /* row i exists for piece 0 */
    vec_mask near[4], far[4];          /* lanes of a piece's rows that exist */
    unsigned first_row[4], end_row[4]; /* of a piece */
} Wino4S2Patch;

static void wino4s2_patch_neighbours(Wino4S2Patch *patch, unsigned first_column,
                                     unsigned pieces_per_row)
{
    int before[VECTOR_FLOATS];
    for (unsigned q = 0; q < 4; q++) {
        const bool starts = (first_column + q) % pieces_per_row == 0;
        for (unsigned i = 1; i < WINO4_PIECE_TILES; i++)
            before[WINO4_LANE(q, i)] = (int)WINO4_LANE(q, i - 1);
        before[WINO4_LANE(q, 0)] = starts   ? WINO4_ZERO
                                   : q == 0 ? WINO4_EDGE
                                            : (int)WINO4_LANE(q - 1, WINO4_PIECE_TILES - 1);
    }
    patch->before = vec_index_load(before);
}

static void wino4s2_patch_set(Wino4S2Patch *patch, const HrnetWino4S2Input *t, unsigned first_piece)
{
    const unsigned out_width = (t->width + 1) / 2;
    const unsigned pieces_per_row = (out_width + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
    const long width = t->width, height = t->height;
    bool whole_columns = true;
    patch->next_floats = t->in_plane_floats;
    for (unsigned q = 0; q < 4; q++) {
        const long x0 = 2L * ((first_piece + q) % pieces_per_row) * VECTOR_FLOATS;
        const long y0 = 8L * ((first_piece + q) / pieces_per_row) - 1;
        patch->offset[q] = y0 * width + x0;
        patch->near[q] = vec_mask_range(0, width - x0);
        patch->far[q] = vec_mask_range(0, width - x0 - VECTOR_FLOATS);
        patch->first_row[q] = y0 < 0 ? 1 : 0;
        patch->end_row[q] = y0 + 9 <= height ? 9 : y0 < height ? (unsigned)(height - y0) : 0;
        whole_columns = whole_columns && x0 + 2 * VECTOR_FLOATS <= width;
    }
    patch->left = first_piece % pieces_per_row == 0 ? 0 : -1;
    wino4s2_patch_neighbours(patch, first_piece % pieces_per_row, pieces_per_row);
    for (unsigned i = 0; i < 9; i++) {
        patch->whole[i] = whole_columns;
        for (unsigned q = 0; q < 4; q++)
            patch->whole[i] = patch->whole[i] && i >= patch->first_row[q] && i < patch->end_row[q];
        patch->has_left[i] = i >= patch->first_row[0] && i < patch->end_row[0];
    }
}

/* Points 1 to 4 of B^T d. */
ALWAYS_INLINE void wino4s2_middle_1d(const vec d[5], vec out[5])
{
    const vec two = vec_set1(2);
    const vec a = vec_sub(d[3], d[2]);
    out[3] = vec_sub(d[3], d[1]);
    out[1] = vec_fnma(two, d[1], a);
    out[2] = vec_fma(two, vec_sub(d[1], d[2]), a);
    out[4] = vec_fnma(two, out[3], vec_sub(d[4], d[2]));
}

/* Columns 1 to 4 of a phase from its four pieces. */
ALWAYS_INLINE void wino4s2_transpose(const vec piece[4], vec d[5])
{
    const vec lo01 = vec_unpack_lo(piece[0], piece[1]), hi01 = vec_unpack_hi(piece[0], piece[1]);
    const vec lo23 = vec_unpack_lo(piece[2], piece[3]), hi23 = vec_unpack_hi(piece[2], piece[3]);
    d[1] = vec_unpack2_lo(lo01, lo23);
    d[2] = vec_unpack2_hi(lo01, lo23);
    d[3] = vec_unpack2_lo(hi01, hi23);
    d[4] = vec_unpack2_hi(hi01, hi23);
}

/* Row i, transformed along the columns: points 0 to 4 of the outer phase, 1 to 4 of the middle. */
ALWAYS_INLINE void wino4s2_input_row(const float *plane, const Wino4S2Patch *patch, unsigned i,
                                     size_t width, vec out[9])
{
    const float *row = plane + (ptrdiff_t)(i * width);
    vec middle[4], outer[4], left, d[5], points[5];
    if (__builtin_expect(patch->whole[i], 1)) {
#pragma GCC unroll 4
        for (unsigned q = 0; q < 4; q++) {
            const float *p = row + patch->offset[q];
            vec_deinterleave(vec_load(p), vec_load(p + VECTOR_FLOATS), &middle[q], &outer[q]);
            if (WINO4S2_FETCHES(q)) {
                fetch_near(p + patch->next_floats);
                if (VECTOR_FLOATS >= 8)
                    fetch_near(p + patch->next_floats + VECTOR_FLOATS);
            }
        }
        left = vec_load_first(row + patch->offset[0] + patch->left);
    } else {
#pragma GCC unroll 4
        for (unsigned q = 0; q < 4; q++) {
            const float *p = row + patch->offset[q];
            vec near = vec_zero(), far = vec_zero();
            if (i >= patch->first_row[q] && i < patch->end_row[q]) {
                near = vec_load_mask(patch->near[q], p);
                far = vec_load_mask(patch->far[q], p + VECTOR_FLOATS);
            }
            vec_deinterleave(near, far, &middle[q], &outer[q]);
        }
        left =
            patch->has_left[i] ? vec_load_first(row + patch->offset[0] + patch->left) : vec_zero();
    }
    wino4s2_transpose(middle, d);
    wino4s2_middle_1d(d, points);
#pragma GCC unroll 4
    for (unsigned j = 1; j < 5; j++)
        out[4 + j] = points[j];
    wino4s2_transpose(outer, d);
    d[0] = vec_permute2(d[4], patch->before, left);
    wino4s2_middle_1d(d, out);
    out[0] = vec_fma(vec_set1(2), vec_sub(d[0], d[2]), out[3]);
}

/* Where a channel's values go: at[i][j] behind class[depth]. */
typedef struct {
    float *class[HRNET_WINO4S2_CLASSES];
    size_t at[9][9];
} Wino4S2Target;

static void wino4s2_target_set(Wino4S2Target *target, const HrnetWino4S2Input *t, unsigned vector)
{
    for (unsigned k = 0; k < HRNET_WINO4S2_CLASSES; k++)
        target->class[k] = t->v[k] + (size_t)vector * VECTOR_FLOATS;
    for (unsigned i = 0; i < 9; i++) {
        for (unsigned j = 0; j < 9; j++) {
            const HrnetWino4S2Place place = hrnet_wino4s2_place(i, j);
            target->at[i][j] =
                place.point * t->v_point_floats[place.class] + place.phase * t->v_channel_floats;
        }
    }
}

/* Row i of the points, 0 to 4 of the outer phase, 5 to 8 of the middle. */
ALWAYS_INLINE void wino4s2_store(const Wino4S2Target *target, unsigned i, unsigned j, vec value)
{
    vec_store(target->class[hrnet_wino4s2_place(i, j).class] + target->at[i][j], value);
}

/* All points of the rows of one phase: outer begins at image row 0 of the patch, middle at 1. Rows
 * 1 to 3 come first, so that only their share of the others waits in registers. */
ALWAYS_INLINE void wino4s2_input_phase(const float *plane, const Wino4S2Patch *patch, size_t width,
                                       const bool middle, const Wino4S2Target *target)
{
    const vec two = vec_set1(2);
    const unsigned first = middle ? 4 : 0; /* index of point 0 in wino4s2_store() */
    const unsigned row = middle ? 1 : 2;   /* image row of d[1] */
    vec d1[9], d2[9], d3[9], end[9];
    wino4s2_input_row(plane, patch, row, width, d1);
    wino4s2_input_row(plane, patch, row + 2, width, d2);
    wino4s2_input_row(plane, patch, row + 4, width, d3);
#pragma GCC unroll 9
    for (unsigned j = 0; j < 9; j++) {
        const vec a = vec_sub(d3[j], d2[j]), b = vec_sub(d3[j], d1[j]);
        wino4s2_store(target, first + 1, j, vec_fnma(two, d1[j], a));
        wino4s2_store(target, first + 2, j, vec_fma(two, vec_sub(d1[j], d2[j]), a));
        wino4s2_store(target, first + 3, j, b);
        d3[j] = vec_fnma(two, d2[j], b); /* to be added to 2 d[0] */
        d2[j] = vec_fma(two, b, d2[j]);  /* to be taken from d[4] */
    }
    if (!middle) {
        wino4s2_input_row(plane, patch, 0, width, end);
#pragma GCC unroll 9
        for (unsigned j = 0; j < 9; j++)
            wino4s2_store(target, 0, j, vec_fma(two, end[j], d3[j]));
    }
    wino4s2_input_row(plane, patch, row + 6, width, end);
#pragma GCC unroll 9
    for (unsigned j = 0; j < 9; j++)
        wino4s2_store(target, first + 4, j, vec_sub(end[j], d2[j]));
}

ALWAYS_INLINE void wino4s2_input(const HrnetWino4S2Input *t)
{
    for (unsigned i = 0; i < t->n_vectors; i++) {
        Wino4S2Patch patch;
        Wino4S2Target target;
        wino4s2_patch_set(&patch, t, t->first_piece + 4 * i);
        wino4s2_target_set(&target, t, i);
        const float *plane = t->in;
        for (unsigned c = 0; c < t->n_channels; c++) {
            wino4s2_input_phase(plane, &patch, t->width, false, &target);
            wino4s2_input_phase(plane, &patch, t->width, true, &target);
            plane += t->in_plane_floats;
            for (unsigned k = 0; k < HRNET_WINO4S2_CLASSES; k++)
                target.class[k] += hrnet_wino4s2_depth(k) * t->v_channel_floats;
        }
    }
}
