/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/conv_wino4_plan.h"

#include "base/cpu.h"
#include "kernels/kernels.h"
#include "ops/conv_layer.h"

#define TASKS_PER_THREAD 4
#define LINE_FLOATS      (HRNET_ALIGNMENT / sizeof(float))

static const HrnetWino4Points points_of_stride[] = {
    [1] = { .n_points = HRNET_WINO4_POINTS,
            .n_slots = HRNET_WINO4_POINTS,
            .n_classes = 1,
            .classes = { { 0, HRNET_WINO4_POINTS, 1 } },
            .bias_class = 0,
            .bias_point = HRNET_WINO4_BIAS_POINT },
    [2] = { .n_points = HRNET_WINO4S2_POINTS,
            .n_slots = 1 + 8 * 2 + 16 * 4,
            .n_classes = HRNET_WINO4S2_CLASSES,
            .classes = { { 0, 1, 1 }, { 1, 8, 2 }, { 9, 16, 4 } },
            .bias_class = HRNET_WINO4S2_BIAS_CLASS,
            .bias_point = HRNET_WINO4S2_BIAS_POINT },
};

const HrnetWino4Points *hrnet_wino4_points(unsigned stride)
{
    return &points_of_stride[stride];
}

static unsigned divide_up(size_t a, size_t b)
{
    return (unsigned)((a + b - 1) / b);
}

/* Relative time of all blocks on so many threads when a block has block_vectors vectors: narrow
 * blocks load more weights for each multiplication. */
static double makespan(unsigned n_vectors, unsigned block_vectors, unsigned n_threads)
{
    static const double cost[] = { 0, 1.12, 1.03, 1.0 };
    const unsigned rounds = divide_up(divide_up(n_vectors, block_vectors), n_threads);
    /* block_vectors is 1..tile_vectors_max, of which no instruction set has more than 3. */
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    return rounds * block_vectors * cost[block_vectors];
}

/* Bytes of V for a channel, and of M for an output channel. */
static size_t channel_bytes(const HrnetConvShape *shape, unsigned block_vectors)
{
    return hrnet_wino4_points(shape->stride)->n_slots * block_vectors * sizeof(float) *
           hrnet_kernels()->conv.vector_floats;
}

static size_t row_bytes(const HrnetConvShape *shape, unsigned block_vectors)
{
    return hrnet_wino4_points(shape->stride)->n_points * block_vectors * sizeof(float) *
           hrnet_kernels()->conv.vector_floats;
}

static bool all_channels_fit(const HrnetConvShape *shape, unsigned block_vectors)
{
    return shape->in_channels * channel_bytes(shape, block_vectors) <= hrnet_cpu_l2_bytes() / 2;
}

static bool all_rows_fit(const HrnetConvShape *shape, unsigned block_vectors)
{
    return shape->out_channels * row_bytes(shape, block_vectors) <= hrnet_cpu_l2_bytes() / 2;
}

static void plan_blocks(HrnetWino4Plan *plan, const HrnetConvShape *shape, unsigned n_threads)
{
    const unsigned widest = hrnet_kernels()->conv.tile_vectors_max;
    double best = 0;
    for (unsigned vectors = widest; vectors > 0; vectors--) {
        if (vectors > 1 && !all_channels_fit(shape, vectors) && !all_rows_fit(shape, vectors))
            continue;
        const double time = makespan(plan->n_vectors, vectors, n_threads);
        if (plan->block_vectors == 0 || time < best) {
            plan->block_vectors = vectors;
            best = time;
        }
    }
    plan->two_loops = best > 1.2 * plan->n_vectors / n_threads;
    if (plan->two_loops) {
        /* Balance comes from the chunks, so take what wastes least. */
        best = makespan(plan->n_vectors, plan->block_vectors, 1);
        for (unsigned vectors = plan->block_vectors + 1; vectors <= widest; vectors++) {
            if (makespan(plan->n_vectors, vectors, 1) < best) {
                best = makespan(plan->n_vectors, vectors, 1);
                plan->block_vectors = vectors;
            }
        }
    }
    plan->n_blocks = divide_up(plan->n_vectors, plan->block_vectors);
}

/* Input channels whose V is made at a time. */
static void plan_channels(HrnetWino4Plan *plan, const HrnetConvShape *shape)
{
    plan->chunk_channels = shape->in_channels;
    if (plan->two_loops || all_channels_fit(shape, plan->block_vectors) ||
        !all_rows_fit(shape, plan->block_vectors))
        return;
    const size_t fitting = hrnet_cpu_l2_bytes() / 2 / channel_bytes(shape, plan->block_vectors);
    plan->chunk_channels =
        divide_up(shape->in_channels, divide_up(shape->in_channels, fitting > 0 ? fitting : 1));
}

/* Output channels whose M is made at a time, in whole groups. */
static void plan_rows(HrnetWino4Plan *plan, const HrnetConvShape *shape, unsigned n_threads)
{
    const unsigned group = hrnet_conv_block_rows(shape->out_channels);
    const unsigned n_groups = divide_up(shape->out_channels, group);
    unsigned chunk_groups = n_groups;
    if (plan->chunk_channels == shape->in_channels)
        chunk_groups =
            (unsigned)(hrnet_cpu_l2_bytes() / 4 / row_bytes(shape, plan->block_vectors) / group);
    if (plan->two_loops) {
        const unsigned wanted =
            divide_up(n_groups, divide_up(n_threads * TASKS_PER_THREAD, plan->n_blocks));
        chunk_groups = wanted < chunk_groups ? wanted : chunk_groups;
    }
    chunk_groups = chunk_groups < 1 ? 1 : chunk_groups > n_groups ? n_groups : chunk_groups;
    chunk_groups = divide_up(n_groups, divide_up(n_groups, chunk_groups));
    plan->chunk_rows = chunk_groups * group;
    plan->n_chunks = divide_up(n_groups, chunk_groups);
}

/* Distances of points and rows are odd numbers of cache lines, so that a column of them does not
 * fall into the same few sets of the caches. */
static void plan_memory(HrnetWino4Plan *plan, const HrnetConvShape *shape)
{
    const HrnetWino4Points *points = hrnet_wino4_points(shape->stride);
    plan->lane_floats = (size_t)plan->block_vectors * hrnet_kernels()->conv.vector_floats;
    for (unsigned k = 0; k < points->n_classes; k++) {
        const HrnetWino4Class *class = &points->classes[k];
        plan->v_class_floats[k] = plan->v_floats;
        plan->v_point_floats[k] =
            (plan->chunk_channels * class->depth * plan->lane_floats) | LINE_FLOATS;
        plan->v_floats += class->n_points * plan->v_point_floats[k];
    }
    plan->m_row_floats = (points->n_points * plan->lane_floats) | LINE_FLOATS;
    plan->m_floats = plan->chunk_rows * plan->m_row_floats;
}

HrnetWino4Plan hrnet_wino4_plan(const HrnetConvShape *shape, unsigned height, unsigned width,
                                unsigned n_threads)
{
    const unsigned vector_floats = hrnet_kernels()->conv.vector_floats;
    const size_t pieces = (size_t)divide_up(height, 4) * divide_up(width, vector_floats);
    HrnetWino4Plan plan = { .n_vectors = divide_up(pieces, 4) };
    plan_blocks(&plan, shape, n_threads);
    plan_channels(&plan, shape);
    plan_rows(&plan, shape, n_threads);
    plan_memory(&plan, shape);
    return plan;
}

size_t hrnet_wino4_plan_scratch_floats(const HrnetWino4Plan *plan, unsigned n_threads)
{
    return (plan->two_loops ? plan->n_blocks : n_threads) * plan->v_floats +
           n_threads * plan->m_floats;
}

/* What a row of tiles takes of a tensor: rows begin_row to end_row, from the first of n_rows that
 * are its own, and piece_columns columns a piece. */
typedef struct {
    unsigned n_rows, piece_columns;
    int begin_row, end_row;
} TileRows;

/* Columns x0 to x1 - 1 of a row of tiles, in n_planes planes. */
static void add_columns(const TileRows *rows, const HrnetTensor *tensor, unsigned tile_row,
                        unsigned x0, unsigned x1, unsigned first_plane, unsigned n_planes,
                        const HrnetConvLines *end, HrnetConvPrefetch *list)
{
    const long y0 = (long)tile_row * rows->n_rows + rows->begin_row;
    const long y1 = (long)tile_row * rows->n_rows + rows->end_row;
    const float *plane = tensor->data + first_plane * tensor->plane_floats;
    for (long y = y0 < 0 ? 0 : y0; y < y1 && y < (long)tensor->height; y++) {
        const size_t row = (size_t)y * tensor->width;
        const size_t last = (row + x1 - 1) / LINE_FLOATS;
        for (size_t line = (row + x0) / LINE_FLOATS; line <= last && list->end < end; line += 2)
            *list->end++ =
                (HrnetConvLines){ plane + line * LINE_FLOATS, tensor->plane_floats, n_planes };
    }
}

static void add_block(const HrnetWino4Plan *plan, const TileRows *rows, unsigned block,
                      const HrnetTensor *tensor, unsigned first_plane, unsigned n_planes,
                      const HrnetConvLines *end, HrnetConvPrefetch *list)
{
    const unsigned pieces_per_row = divide_up(tensor->width, rows->piece_columns);
    unsigned piece = 4 * block * plan->block_vectors;
    const unsigned end_piece = piece + 4 * plan->block_vectors;
    while (piece < end_piece && piece / pieces_per_row * rows->n_rows < tensor->height) {
        const unsigned column = piece % pieces_per_row, left = pieces_per_row - column;
        const unsigned n = left < end_piece - piece ? left : end_piece - piece;
        const unsigned x0 = column * rows->piece_columns, x1 = x0 + n * rows->piece_columns;
        add_columns(rows, tensor, piece / pieces_per_row, x0,
                    x1 < tensor->width ? x1 : tensor->width, first_plane, n_planes, end, list);
        piece += n;
    }
}

void hrnet_wino4_add_input_lines(const HrnetWino4Plan *plan, unsigned stride, unsigned block,
                                 const HrnetTensor *in, unsigned first_channel, unsigned n_channels,
                                 HrnetConvLines *lines, HrnetConvPrefetch *list)
{
    const TileRows rows = { .n_rows = 4 * stride,
                            .piece_columns = hrnet_kernels()->conv.vector_floats * stride,
                            .begin_row = -1,
                            .end_row = stride == 1 ? 5 : 8 };
    add_block(plan, &rows, block, in, first_channel, n_channels, lines + HRNET_WINO4_LINES_MAX,
              list);
}

void hrnet_wino4_add_output_lines(const HrnetWino4Plan *plan, unsigned block,
                                  const HrnetTensor *out, HrnetConvLines *lines,
                                  HrnetConvPrefetch *list)
{
    const TileRows rows = { .n_rows = 4,
                            .piece_columns = hrnet_kernels()->conv.vector_floats,
                            .begin_row = 0,
                            .end_row = 4 };
    add_block(plan, &rows, block, out, 0, out->channels, lines + HRNET_WINO4_LINES_MAX, list);
}
