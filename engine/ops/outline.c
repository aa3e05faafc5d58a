/* The edges of labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pixel is on an edge where the least and the largest label of the square around it differ. Both
 * are found along columns first, then along rows, for a few hundred columns at a time, so that what
 * lies between fits the stack and a cache. Loops always run over all columns there is room for:
 * compilers make vectors of those whose length they know. */
#include "ops/outline.h"

#include <string.h>

#define CHUNK 512
#define LINE  (CHUNK + 2 * HRNET_OUTLINE_MAX)

/* Of each column, or pixel. */
typedef struct {
    uint8_t least[LINE], largest[LINE];
} Extent;

static unsigned least_of(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Columns x - radius to x + n + radius of a row; beyond the picture those at its border, which are
 * in the square of whatever pixel looks there. */
static void copy_line(uint8_t *line, const uint8_t *row, unsigned width, unsigned x, unsigned n,
                      unsigned radius)
{
    const unsigned before = x < radius ? radius - x : 0;
    const unsigned end = least_of(x + n + radius, width), begin = x + before - radius;

    memset(line, row[0], before);
    memcpy(line + before, row + begin, end - begin);
    memset(line + before + (end - begin), row[width - 1], LINE - before - (end - begin));
}

static void widen_columns(Extent *restrict extent, const uint8_t line[restrict LINE])
{
    for (unsigned x = 0; x < LINE; x++) {
        extent->least[x] = line[x] < extent->least[x] ? line[x] : extent->least[x];
        extent->largest[x] = line[x] > extent->largest[x] ? line[x] : extent->largest[x];
    }
}

static void keep_edges(uint8_t edges[restrict CHUNK], const Extent *restrict pixels,
                       const uint8_t labels[restrict CHUNK])
{
    for (unsigned x = 0; x < CHUNK; x++)
        edges[x] = labels[x] & (uint8_t) - (pixels->least[x] != pixels->largest[x]);
}

/* By the columns that lie `step` further. */
static void widen_pixels(Extent *restrict extent, const Extent *restrict columns, unsigned step)
{
    const uint8_t *least = columns->least + step, *largest = columns->largest + step;

    for (unsigned x = 0; x < CHUNK; x++) {
        extent->least[x] = least[x] < extent->least[x] ? least[x] : extent->least[x];
        extent->largest[x] = largest[x] > extent->largest[x] ? largest[x] : extent->largest[x];
    }
}

/* n pixels from column x of row y on. */
static void find(const uint8_t *labels, unsigned width, unsigned height, unsigned radius,
                 unsigned x, unsigned y, unsigned n, uint8_t *outline)
{
    const unsigned y0 = y > radius ? y - radius : 0, y1 = least_of(y + radius + 1, height);
    uint8_t line[LINE], edges[CHUNK];
    Extent columns, pixels;

    copy_line(columns.least, labels + (size_t)y0 * width, width, x, n, radius);
    memcpy(columns.largest, columns.least, LINE);
    for (unsigned i = y0 + 1; i < y1; i++) {
        copy_line(line, labels + (size_t)i * width, width, x, n, radius);
        widen_columns(&columns, line);
    }
    pixels = columns;
    for (unsigned step = 1; step <= 2 * radius; step++)
        widen_pixels(&pixels, &columns, step);
    copy_line(line, labels + (size_t)y * width, width, x, n, radius);
    keep_edges(edges, &pixels, line + radius);
    memcpy(outline, edges, n);
}

void hrnet_outline_run(const uint8_t *labels, unsigned width, unsigned height, unsigned radius,
                       uint8_t *outline)
{
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x += CHUNK)
            find(labels, width, height, radius, x, y, least_of(CHUNK, width - x),
                 outline + (size_t)y * width + x);
    }
}
