/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/turn.h"

/* Side of the squares that are turned one by one, so that the rows which a column of them reads
 * stay in the cache. */
#define BLOCK 16

/* Where the pixels of a turned picture come from: along its rows go the columns of the picture as
 * it was, or the rows where the two swap, each from its beginning or from its end. */
static const struct {
    bool swaps, from_right, from_bottom;
} turns[HRNET_N_TURNS] = {
    [HRNET_TURN_NONE] = { false, false, false }, [HRNET_TURN_90R] = { true, false, true },
    [HRNET_TURN_180] = { false, true, true },    [HRNET_TURN_90L] = { true, true, false },
    [HRNET_TURN_HORIZ] = { false, true, false }, [HRNET_TURN_VERT] = { false, false, true },
    [HRNET_TURN_UL_LR] = { true, false, false }, [HRNET_TURN_UR_LL] = { true, true, true },
};

bool hrnet_turn_swaps(HrnetTurn turn)
{
    return turns[turn].swaps;
}

/* All others undo themselves. */
HrnetTurn hrnet_turn_back(HrnetTurn turn)
{
    return turn == HRNET_TURN_90R ? HRNET_TURN_90L : turn == HRNET_TURN_90L ? HRNET_TURN_90R : turn;
}

HrnetTensor hrnet_turn_shape(HrnetTurn turn, const HrnetTensor *tensor)
{
    const bool swaps = turns[turn].swaps;
    const unsigned height = swaps ? tensor->width : tensor->height;
    const unsigned width = swaps ? tensor->height : tensor->width;
    return (HrnetTensor){
        .channels = tensor->channels,
        .height = height,
        .width = width,
        .plane_floats = hrnet_tensor_plane_floats(height, width),
    };
}

typedef struct {
    const HrnetTensor *from, *to;
    ptrdiff_t first, row_step, column_step; /* in `from`, by rows and columns of `to` */
    unsigned n_bands;                       /* of a plane */
} Loop;

static void run_task(void *data, unsigned task, unsigned thread)
{
    const Loop *loop = data;
    const HrnetTensor *to = loop->to;
    const unsigned channel = task / loop->n_bands, y_start = task % loop->n_bands * BLOCK;
    const unsigned y_end = y_start + BLOCK < to->height ? y_start + BLOCK : to->height;
    const float *from = loop->from->data + channel * loop->from->plane_floats + loop->first;
    float *plane = to->data + channel * to->plane_floats;
    (void)thread;
    for (unsigned x_start = 0; x_start < to->width; x_start += BLOCK) {
        const unsigned x_end = x_start + BLOCK < to->width ? x_start + BLOCK : to->width;
        for (unsigned y = y_start; y < y_end; y++) {
            const float *row = from + (ptrdiff_t)y * loop->row_step;
            for (unsigned x = x_start; x < x_end; x++)
                plane[(size_t)y * to->width + x] = row[(ptrdiff_t)x * loop->column_step];
        }
    }
}

void hrnet_turn_run(HrnetTurn turn, const HrnetTensor *from, const HrnetTensor *to,
                    HrnetWorkers *workers)
{
    const ptrdiff_t width = from->width;
    const ptrdiff_t right = turns[turn].from_right ? -1 : 1;
    const ptrdiff_t down = turns[turn].from_bottom ? -width : width;
    Loop loop = {
        .from = from,
        .to = to,
        .first = (right < 0 ? width - 1 : 0) + (down < 0 ? (from->height - 1) * width : 0),
        .row_step = turns[turn].swaps ? right : down,
        .column_step = turns[turn].swaps ? down : right,
        .n_bands = (to->height + BLOCK - 1) / BLOCK,
    };
    hrnet_workers_run(workers, loop.n_bands * to->channels, run_task, &loop);
}
