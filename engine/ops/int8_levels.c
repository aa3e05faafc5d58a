/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/int8_levels.h"

#include "kernels/float_mode.h"
#include "kernels/kernels.h"

#include <math.h>

#define BAND_ROWS 8
#define LEVEL_MAX 255.0

__attribute__((noinline)) static void fill_plane(HrnetInt8LevelMap *map, unsigned plane, float mean,
                                                 float std)
{
    map->gain[plane] = (float)(LEVEL_MAX * std);
    map->shift[plane] = (float)(LEVEL_MAX * mean);
    map->scale[plane] = 1 / (LEVEL_MAX * std);
    map->zero[plane] = LEVEL_MAX * mean;
}

HrnetInt8LevelMap hrnet_int8_level_map(unsigned n_planes, const float *mean, const float *std)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    HrnetInt8LevelMap map = { .n_planes = n_planes };
    for (unsigned c = 0; c < n_planes; c++)
        fill_plane(&map, c, mean[c], std[c]);
    hrnet_float_mode_restore(&before);
    return map;
}

HrnetQuads hrnet_int8_levels_shape(const HrnetInt8LevelMap *map, unsigned height, unsigned width)
{
    HrnetQuads quads =
        hrnet_quads_shape(map->n_planes, height, width, (HrnetInt8Range){ .scale = 1 });
    for (unsigned c = 0; c < map->n_planes; c++) {
        const double zero = map->zero[c] < 0           ? 0
                            : map->zero[c] > LEVEL_MAX ? LEVEL_MAX
                                                       : map->zero[c];
        quads.zero[c] = (uint8_t)floor(zero + 0.5);
    }
    return quads;
}

void hrnet_int8_levels_row(const HrnetInt8LevelMap *map, const float *const *planes,
                           const HrnetQuads *out, unsigned y)
{
    HrnetInt8Levels levels = {
        .n_planes = map->n_planes,
        .out = hrnet_quads_pixel(out, 0, y, 0),
        .n = out->width,
    };
    for (unsigned c = 0; c < map->n_planes; c++) {
        levels.planes[c] = planes[c];
        levels.gain[c] = map->gain[c];
        levels.shift[c] = map->shift[c];
    }
    hrnet_kernels()->int8.levels(&levels);
}

typedef struct {
    const HrnetInt8LevelMap *map;
    const HrnetTensor *in;
    const HrnetQuads *out;
} LevelRun;

static void level_task(void *data, unsigned task, unsigned thread)
{
    const LevelRun *run = data;
    const unsigned y0 = task * BAND_ROWS, end = y0 + BAND_ROWS, height = run->in->height;
    const unsigned y1 = end < height ? end : height;
    (void)thread;
    for (unsigned y = y0; y < y1; y++) {
        const float *planes[HRNET_INT8_LEVEL_PLANES];
        for (unsigned c = 0; c < run->map->n_planes; c++)
            planes[c] = run->in->data + c * run->in->plane_floats + (size_t)y * run->in->width;
        hrnet_int8_levels_row(run->map, planes, run->out, y);
    }
    hrnet_quads_pad(run->out, 0, y0, y1);
}

void hrnet_int8_levels_run(const HrnetInt8LevelMap *map, const HrnetTensor *in,
                           const HrnetQuads *out, HrnetWorkers *workers)
{
    LevelRun run = { map, in, out };
    hrnet_workers_run(workers, (in->height + BAND_ROWS - 1) / BAND_ROWS, level_task, &run);
}
