/* Bilinear row kernels, for any vector type: included after vector.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A vector of the output's columns lies on few columns of the line: those are loaded as they are,
 * once for the first and once for the second of each pair, and spread by a permutation. */
#include "kernels/resize_kernels.h"
#include "kernels/vector/always_inline.h"

/* How far apart a vector's columns lie in the line decides what spreads them. */
typedef enum { WITHIN_ONE_VECTOR, WITHIN_TWO_VECTORS, ANYWHERE } Reach;

/* What each instruction set has its own way of, in its own file. */
ALWAYS_INLINE Reach reach_of(const HrnetColumns *columns);
/* A vector of columns->first or columns->second, from x on, less columns->index[x]. */
ALWAYS_INLINE vec_index relative_indices(const HrnetColumns *columns, const int32_t *indices,
                                         unsigned x);
/* line[relative], all lanes. */
ALWAYS_INLINE vec spread(const float *line, vec_index relative, Reach reach);
/* Bytes from and to lanes, n_left of them at the most. */
ALWAYS_INLINE vec load_luma(const uint8_t *luma, unsigned n_left);
ALWAYS_INLINE void store_labels(uint8_t *labels, vec_index lanes, unsigned n_left);

/* kernel(..., reach), where reach is a constant. */
#define WITH_REACH(columns, kernel, ...)                                                           \
    switch (reach_of(columns)) {                                                                   \
    case WITHIN_ONE_VECTOR:                                                                        \
        kernel(__VA_ARGS__, WITHIN_ONE_VECTOR);                                                    \
        break;                                                                                     \
    case WITHIN_TWO_VECTORS:                                                                       \
        kernel(__VA_ARGS__, WITHIN_TWO_VECTORS);                                                   \
        break;                                                                                     \
    case ANYWHERE:                                                                                 \
        kernel(__VA_ARGS__, ANYWHERE);                                                             \
        break;                                                                                     \
    }

/* The vector at row, or as much of it as there is: n_left floats, or none. */
static inline vec load_left(const float *row, long n_left)
{
    return n_left >= VECTOR_FLOATS ? vec_load(row) : vec_load_mask(vec_mask_range(0, n_left), row);
}

/* ---- add_row ---- */

/* A pair of spread rows with its weights, held in registers over the row. */
typedef struct {
    const float *first, *second;
    vec weight0, weight1;
} Pair;

static inline Pair pair_load(const HrnetAddRow *row, unsigned i)
{
    return (Pair){
        .first = row->pairs[i].first,
        .second = row->pairs[i].second,
        .weight0 = vec_set1(1.0f - row->pairs[i].weight),
        .weight1 = vec_set1(row->pairs[i].weight),
    };
}

ALWAYS_INLINE vec pair_add(vec sum, const Pair *pair, unsigned x)
{
    sum = vec_fma(pair->weight0, vec_load(pair->first + x), sum);
    return vec_fma(pair->weight1, vec_load(pair->second + x), sum);
}

/* n_pairs is a constant where this is inlined; pairs beyond it are never looked at. */
ALWAYS_INLINE vec pairs_add(vec sum, const Pair *pairs, unsigned n_pairs, unsigned x, vec floor)
{
    sum = pair_add(sum, &pairs[0], x);
    if (n_pairs > 1)
        sum = pair_add(sum, &pairs[1], x);
    if (n_pairs > 2)
        sum = pair_add(sum, &pairs[2], x);
    return vec_max(floor, sum);
}

ALWAYS_INLINE void add_pairs(const HrnetAddRow *row, unsigned n_pairs)
{
    const vec floor = vec_set1(row->relu ? 0.0f : -__builtin_inff());
    const Pair pairs[] = { pair_load(row, 0), pair_load(row, n_pairs > 1 ? 1 : 0),
                           pair_load(row, n_pairs > 2 ? 2 : 0) };
    const float *base = row->base;
    float *out = row->out;
    const unsigned n = row->n;
    unsigned x = 0;
    for (; n - x >= VECTOR_FLOATS; x += VECTOR_FLOATS)
        vec_store(out + x, pairs_add(vec_load(base + x), pairs, n_pairs, x, floor));
    if (x < n) {
        const vec_mask mask = vec_mask_range(0, (long)(n - x));
        const vec sum = vec_load_mask(mask, base + x);
        vec_store_mask(out + x, mask, pairs_add(sum, pairs, n_pairs, x, floor));
    }
}

static void add_row(const HrnetAddRow *row)
{
    switch (row->n_pairs) {
    case 1:
        add_pairs(row, 1);
        break;
    case 2:
        add_pairs(row, 2);
        break;
    default:
        add_pairs(row, 3);
        break;
    }
}

/* ---- argmax_row and refine_row ---- */

/* The pairs' first columns, and how much of the second goes in. */
typedef struct {
    vec_index relative;
    vec weight;
    size_t start;
} Block;

static inline Block block_load(const HrnetColumns *columns, unsigned x)
{
    return (Block){
        .relative = relative_indices(columns, columns->first, x),
        .weight = vec_load(columns->weight + x),
        .start = (size_t)columns->index[x],
    };
}

ALWAYS_INLINE vec interpolate(const float *line, const Block *block, Reach reach)
{
    const vec first = spread(line + block->start, block->relative, reach);
    const vec second = spread(line + block->start + 1, block->relative, reach);
    return vec_fma(block->weight, second, vec_fnma(block->weight, first, first));
}

ALWAYS_INLINE void argmax_within(uint8_t *labels, const float *lines, size_t line_floats,
                                 unsigned n_classes, const HrnetColumns *columns, unsigned n,
                                 Reach reach)
{
    const vec_index one = vec_index_set1(1);
    for (unsigned x = 0; x < n; x += VECTOR_FLOATS) {
        const Block block = block_load(columns, x);
        vec best = interpolate(lines, &block, reach);
        vec_index best_label = one, label = one;
        for (unsigned c = 1; c < n_classes; c++) {
            const vec value = interpolate(lines + c * line_floats, &block, reach);
            const vec_truth wins = vec_greater(value, best);
            label = vec_index_add(label, one);
            best = vec_pick(wins, value, best);
            best_label = vec_index_pick(wins, label, best_label);
        }
        store_labels(labels + x, best_label, n - x);
    }
}

static void argmax_row(uint8_t *labels, const float *lines, size_t line_floats, unsigned n_classes,
                       const HrnetColumns *columns, unsigned n){
    WITH_REACH(columns, argmax_within, labels, lines, line_floats, n_classes, columns, n)
}

ALWAYS_INLINE void refine_within(uint8_t *labels, const HrnetRefineRow *row,
                                 const HrnetColumns *columns, unsigned n, Reach reach)
{
    const vec floor = vec_set1(row->rest_label ? 0.0f : -__builtin_inff());
    const vec_index floor_label =
        vec_index_set1(row->rest_label ? row->rest_label : row->class_labels[0]);
    for (unsigned x = 0; x < n; x += VECTOR_FLOATS) {
        const uint8_t block_label = row->block_labels[x / HRNET_COLUMN_BLOCK];
        vec_index best_label = vec_index_set1(block_label);
        if (!block_label) {
            const Block block = block_load(columns, x);
            const vec luma = load_luma(row->luma + x, n - x);
            vec best = floor;
            best_label = floor_label;
            for (unsigned c = 0; c < row->n_classes; c++) {
                const size_t line = c * row->line_floats;
                const vec value = vec_fma(interpolate(row->slopes + line, &block, reach), luma,
                                          interpolate(row->offsets + line, &block, reach));
                const vec_truth wins = vec_greater(value, best);
                best = vec_pick(wins, value, best);
                best_label = vec_index_pick(wins, vec_index_set1(row->class_labels[c]), best_label);
            }
        }
        store_labels(labels + x, best_label, n - x);
    }
}

static void refine_row(uint8_t *labels, const HrnetRefineRow *row, const HrnetColumns *columns,
                       unsigned n)
{
    WITH_REACH(columns, refine_within, labels, row, columns, n)
}
