/* A tensor of bytes in quads of channels, with its padding: ops/int8.md, section 1.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_QUADS_H
#define HRNET_OPS_QUADS_H

#include "kernels/int8_conv.h"
#include "ops/int8_weights.h"

#include <stdbool.h>

/* A view: it owns nothing. Pixel x of row y of quad k is four bytes at data + k * quad_bytes +
 * hrnet_quads_at(y, x); y from -1 to height and x from -1 to width are there, all outside of the
 * picture being padding. */
typedef struct {
    uint8_t *data;
    unsigned channels, height, width;
    size_t quad_bytes;        /* distance of two quads' planes */
    HrnetInt8Range range;     /* what bytes stand for */
    uint8_t zero[HRNET_QUAD]; /* a pixel of padding */
} HrnetQuads;

/* Without data; padding is the range's zero point. */
HrnetQuads hrnet_quads_shape(unsigned channels, unsigned height, unsigned width,
                             HrnetInt8Range range);

/* Memory that it wants, with what kernels may read behind it. False where that overflows. */
bool hrnet_quads_bytes(const HrnetQuads *quads, size_t *n_bytes);

/* Writes the padding around rows y0 <= y < y1 of a quad: before each of them, and, where they are
 * the first or the last of the picture, beyond. So rows can be shared out. */
void hrnet_quads_pad(const HrnetQuads *quads, unsigned quad, unsigned y0, unsigned y1);

static inline unsigned hrnet_quads_count(unsigned channels)
{
    return (channels + HRNET_QUAD - 1) / HRNET_QUAD;
}

/* Pixels from a row to the next. */
static inline size_t hrnet_quads_pitch(const HrnetQuads *quads)
{
    return (size_t)quads->width + 1;
}

static inline size_t hrnet_quads_at(const HrnetQuads *quads, int y, int x)
{
    return HRNET_QUAD * ((size_t)(y + 1) * hrnet_quads_pitch(quads) + (size_t)(x + 1));
}

static inline uint8_t *hrnet_quads_pixel(const HrnetQuads *quads, unsigned quad, unsigned y,
                                         unsigned x)
{
    return quads->data + quad * quads->quad_bytes + hrnet_quads_at(quads, (int)y, (int)x);
}

#endif
