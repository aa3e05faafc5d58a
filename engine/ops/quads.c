/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/quads.h"

#include "base/memory.h"

#include <string.h>

/* Planes are an odd number of cache lines apart, as in ops/tensor.h. */
HrnetQuads hrnet_quads_shape(unsigned channels, unsigned height, unsigned width,
                             HrnetInt8Range range)
{
    HrnetQuads quads = { .channels = channels, .height = height, .width = width, .range = range };
    const size_t n_pixels = ((size_t)height + 2) * hrnet_quads_pitch(&quads) + 1;
    const size_t n_lines = (HRNET_QUAD * n_pixels + HRNET_ALIGNMENT - 1) / HRNET_ALIGNMENT;
    quads.quad_bytes = (n_lines | 1) * HRNET_ALIGNMENT;
    memset(quads.zero, (int)range.zero_point, sizeof quads.zero);
    return quads;
}

bool hrnet_quads_bytes(const HrnetQuads *quads, size_t *n_bytes)
{
    return hrnet_checked_mul(quads->quad_bytes, hrnet_quads_count(quads->channels), n_bytes) &&
           hrnet_checked_add(*n_bytes, HRNET_INT8_OVER_READ, n_bytes);
}

static void fill_pixels(const HrnetQuads *quads, uint8_t *first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(first + HRNET_QUAD * i, quads->zero, HRNET_QUAD);
}

void hrnet_quads_pad(const HrnetQuads *quads, unsigned quad, unsigned y0, unsigned y1)
{
    const size_t pitch = hrnet_quads_pitch(quads);
    uint8_t *plane = quads->data + quad * quads->quad_bytes;
    if (y0 == 0)
        fill_pixels(quads, plane, pitch);
    for (unsigned y = y0; y < y1; y++)
        fill_pixels(quads, plane + hrnet_quads_at(quads, (int)y, -1), 1);
    if (y1 == quads->height)
        fill_pixels(quads, plane + hrnet_quads_at(quads, (int)y1, -1), pitch + 1);
}
