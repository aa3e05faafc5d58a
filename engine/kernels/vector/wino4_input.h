/* Input transform of Winograd F(4x4, 3x3) for any vector type: included after vector.h and
 * conv_tile.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lanes of wino4.h are chosen for the 4x4 transpositions within 128 bits: piece q's columns 4 i
 * + j, i the tile, go to lane 4 i + q of vector j, by unpacking alone. */

/* Four pieces of one vector: where they are read and which lanes exist. Rows count from the one
 * above the tiles. */
typedef struct {
    size_t next_floats;    /* to the channel behind, which is fetched into the first-level cache */
    ptrdiff_t offset[4];   /* of a piece's first column in the row above its tiles */
    ptrdiff_t left, right; /* of the column before piece 0 and behind piece 3; anything where the
                              image ends there */
    vec_index before, after;        /* where the tiles beside each tile are, see wino4_load_row */
    bool whole[6];                  /* row i has all lanes of all pieces */
    bool has_left[6], has_right[6]; /* row i exists for piece 0, for piece 3 */
    vec_mask columns[4];            /* lanes of a piece's rows that exist */
    unsigned first_row[4], end_row[4]; /* of a piece */
} Wino4Patch;

/* Lane of piece q's tile i. */
#define WINO4_LANE(q, i)  (4 * (i) + (q))
#define WINO4_PIECE_TILES (VECTOR_FLOATS / 4)
/* Whether piece q has a cache line to fetch: short ones lie in those of their neighbours. */
#define WINO4_FETCHES(q) (VECTOR_FLOATS >= 8 || (q) == 0)
#define WINO4_EDGE       VECTOR_FLOATS       /* the column loaded for the vector's end */
#define WINO4_ZERO       (VECTOR_FLOATS + 1) /* beyond the image */

/* Pieces side by side are neighbours within the vector; only the first and the last piece have one
 * elsewhere, for a piece in between that has none begins or ends a row of the image. */
static void wino4_patch_neighbours(Wino4Patch *patch, unsigned first_column,
                                   unsigned pieces_per_row)
{
    int before[VECTOR_FLOATS], after[VECTOR_FLOATS];
    for (unsigned q = 0; q < 4; q++) {
        const bool starts = (first_column + q) % pieces_per_row == 0;
        const bool ends = (first_column + q + 1) % pieces_per_row == 0;
        const unsigned last = WINO4_PIECE_TILES - 1;
        for (unsigned i = 0; i <= last; i++) {
            before[WINO4_LANE(q, i)] = (int)WINO4_LANE(q, i - 1);
            after[WINO4_LANE(q, i)] = (int)WINO4_LANE(q, i + 1);
        }
        before[WINO4_LANE(q, 0)] = starts   ? WINO4_ZERO
                                   : q == 0 ? WINO4_EDGE
                                            : (int)WINO4_LANE(q - 1, last);
        after[WINO4_LANE(q, last)] = ends     ? WINO4_ZERO
                                     : q == 3 ? WINO4_EDGE
                                              : (int)WINO4_LANE(q + 1, 0);
    }
    patch->before = vec_index_load(before);
    patch->after = vec_index_load(after);
}

static void wino4_patch_set(Wino4Patch *patch, const HrnetWino4Input *t, unsigned first_piece)
{
    const unsigned pieces_per_row = (t->width + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
    const long width = t->width, height = t->height;
    bool whole_columns = true;
    patch->next_floats = t->in_plane_floats;
    long y0[4];
    for (unsigned q = 0; q < 4; q++) {
        const long x0 = (long)((first_piece + q) % pieces_per_row) * VECTOR_FLOATS;
        y0[q] = 4L * ((first_piece + q) / pieces_per_row) - 1;
        patch->offset[q] = y0[q] * width + x0;
        patch->columns[q] = vec_mask_range(0, width - x0);
        patch->first_row[q] = y0[q] < 0 ? 1 : 0;
        patch->end_row[q] = y0[q] + 6 <= height ? 6
                            : y0[q] < height    ? (unsigned)(height - y0[q])
                                                : 0;
        whole_columns = whole_columns && x0 + VECTOR_FLOATS <= width;
    }
    const unsigned last_column = (first_piece + 3) % pieces_per_row;
    patch->left = first_piece % pieces_per_row == 0 ? 0 : -1;
    patch->right = last_column + 1 == pieces_per_row ? 0 : VECTOR_FLOATS;
    wino4_patch_neighbours(patch, first_piece % pieces_per_row, pieces_per_row);
    for (unsigned i = 0; i < 6; i++) {
        patch->whole[i] = whole_columns;
        for (unsigned q = 0; q < 4; q++)
            patch->whole[i] = patch->whole[i] && i >= patch->first_row[q] && i < patch->end_row[q];
        patch->has_left[i] = i >= patch->first_row[0] && i < patch->end_row[0];
        patch->has_right[i] = i >= patch->first_row[3] && i < patch->end_row[3];
    }
}

/* B^T d for a row of d, all six at once: out[i] = row i of the matrix in wino4.h times d. */
ALWAYS_INLINE void wino4_input_row(const vec d[6], vec out[6])
{
    const vec two = vec_set1(2), four = vec_set1(4), five = vec_set1(5);
    const vec a = vec_fnma(four, d[2], d[4]), b = vec_fnma(four, d[1], d[3]);
    const vec c = vec_sub(d[4], d[2]), e = vec_sub(d[3], d[1]);
    out[0] = vec_fma(four, d[0], vec_fnma(five, d[2], d[4]));
    out[1] = vec_add(a, b);
    out[2] = vec_sub(a, b);
    out[3] = vec_fma(two, e, c);
    out[4] = vec_fnma(two, e, c);
    out[5] = vec_fma(four, d[1], vec_fnma(five, d[3], d[5]));
}

/* Row i of the four pieces as six vectors: d[j] is column j - 1 of every tile. Columns 0 to 3 are
 * the pieces transposed; column -1 is the left neighbour's 3, column 4 the right neighbour's 0. */
ALWAYS_INLINE void wino4_load_row(const float *plane, const Wino4Patch *patch, unsigned i,
                                  size_t width, vec d[6])
{
    const ptrdiff_t row = (ptrdiff_t)(i * width);
    vec piece[4], left, right;
    if (__builtin_expect(patch->whole[i], 1)) {
#pragma GCC unroll 4
        for (unsigned q = 0; q < 4; q++) {
            const float *p = plane + patch->offset[q] + row;
            piece[q] = vec_load(p);
            if (WINO4_FETCHES(q))
                fetch_near(p + patch->next_floats);
        }
        left = vec_load_first(plane + patch->offset[0] + row + patch->left);
        right = vec_load_first(plane + patch->offset[3] + row + patch->right);
    } else {
#pragma GCC unroll 4
        for (unsigned q = 0; q < 4; q++)
            piece[q] = i >= patch->first_row[q] && i < patch->end_row[q]
                           ? vec_load_mask(patch->columns[q], plane + patch->offset[q] + row)
                           : vec_zero();
        left = patch->has_left[i] ? vec_load_first(plane + patch->offset[0] + row + patch->left)
                                  : vec_zero();
        right = patch->has_right[i] ? vec_load_first(plane + patch->offset[3] + row + patch->right)
                                    : vec_zero();
    }
    const vec lo01 = vec_unpack_lo(piece[0], piece[1]), hi01 = vec_unpack_hi(piece[0], piece[1]);
    const vec lo23 = vec_unpack_lo(piece[2], piece[3]), hi23 = vec_unpack_hi(piece[2], piece[3]);
    d[1] = vec_unpack2_lo(lo01, lo23);
    d[2] = vec_unpack2_hi(lo01, lo23);
    d[3] = vec_unpack2_lo(hi01, hi23);
    d[4] = vec_unpack2_hi(hi01, hi23);
    d[0] = vec_permute2(d[4], patch->before, left);
    d[5] = vec_permute2(d[1], patch->after, right);
}

/* B^T d B of one channel. Rows 1 to 4 make points 6 to 29 and their share of the others, so that
 * no more than 24 values wait in registers for the first and the last row. */
ALWAYS_INLINE void wino4_input_channel(const float *plane, const Wino4Patch *patch, size_t width,
                                       float *v, size_t v_point_floats)
{
    const vec two = vec_set1(2), four = vec_set1(4), five = vec_set1(5);
    vec rows[4][6], d[6], out[6], top[6], bottom[6];
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) { /* d B */
        wino4_load_row(plane, patch, i + 1, width, d);
        wino4_input_row(d, rows[i]);
    }
#pragma GCC unroll 6
    for (unsigned j = 0; j < 6; j++) { /* B^T (d B) */
        const vec d1 = rows[0][j], d2 = rows[1][j], d3 = rows[2][j], d4 = rows[3][j];
        const vec a = vec_fnma(four, d2, d4), b = vec_fnma(four, d1, d3);
        const vec c = vec_sub(d4, d2), e = vec_sub(d3, d1);
        vec_store(v + (6 + j) * v_point_floats, vec_add(a, b));
        vec_store(v + (12 + j) * v_point_floats, vec_sub(a, b));
        vec_store(v + (18 + j) * v_point_floats, vec_fma(two, e, c));
        vec_store(v + (24 + j) * v_point_floats, vec_fnma(two, e, c));
        top[j] = vec_fnma(five, d2, d4);
        bottom[j] = vec_fnma(five, d3, vec_mul(four, d1));
    }
    wino4_load_row(plane, patch, 0, width, d);
    wino4_input_row(d, out);
#pragma GCC unroll 6
    for (unsigned j = 0; j < 6; j++)
        vec_store(v + j * v_point_floats, vec_fma(four, out[j], top[j]));
    wino4_load_row(plane, patch, 5, width, d);
    wino4_input_row(d, out);
#pragma GCC unroll 6
    for (unsigned j = 0; j < 6; j++)
        vec_store(v + (30 + j) * v_point_floats, vec_add(bottom[j], out[j]));
}

ALWAYS_INLINE void wino4_input(const HrnetWino4Input *t)
{
    for (unsigned i = 0; i < t->n_vectors; i++) {
        Wino4Patch patch;
        wino4_patch_set(&patch, t, t->first_piece + 4 * i);
        const float *plane = t->in;
        float *v = t->v + (size_t)i * VECTOR_FLOATS;
        for (unsigned c = 0; c < t->n_channels; c++) {
            wino4_input_channel(plane, &patch, t->width, v, t->v_point_floats);
            plane += t->in_plane_floats;
            v += t->v_channel_floats;
        }
    }
}
