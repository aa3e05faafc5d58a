/* The edges of labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pixel is on an edge where the least and the largest label of the square around it differ. Both
 * are found along columns first, then along rows, for a few hundred columns at a time, so that what
 * lies between fits the stack and a cache. */
#include "ops/outline.h"

#include <string.h>

#define CHUNK 512
#define LINE  (CHUNK + 2 * HRNET_OUTLINE_MAX)

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
    const unsigned end = least_of(x + n + radius, width), behind = x + n + radius - end;
    const unsigned begin = x + before - radius, inside = end - begin;

    memset(line, row[0], before);
    memcpy(line + before, row + begin, inside);
    memset(line + before + inside, row[width - 1], behind);
}

static void widen(uint8_t *least, uint8_t *largest, const uint8_t *others_least,
                  const uint8_t *others_largest, unsigned n)
{
    for (unsigned x = 0; x < n; x++) {
        least[x] = others_least[x] < least[x] ? others_least[x] : least[x];
        largest[x] = others_largest[x] > largest[x] ? others_largest[x] : largest[x];
    }
}

/* n pixels from column x of row y on. */
static void find(const uint8_t *labels, unsigned width, unsigned height, unsigned radius,
                 unsigned x, unsigned y, unsigned n, uint8_t *outline)
{
    const unsigned y0 = y > radius ? y - radius : 0, y1 = least_of(y + radius + 1, height);
    const unsigned n_line = n + 2 * radius;
    uint8_t line[LINE], column_least[LINE], column_largest[LINE], least[CHUNK], largest[CHUNK];

    copy_line(column_least, labels + (size_t)y0 * width, width, x, n, radius);
    memcpy(column_largest, column_least, n_line);
    for (unsigned i = y0 + 1; i < y1; i++) {
        copy_line(line, labels + (size_t)i * width, width, x, n, radius);
        widen(column_least, column_largest, line, line, n_line);
    }
    memcpy(least, column_least, n);
    memcpy(largest, column_largest, n);
    for (unsigned i = 1; i <= 2 * radius; i++)
        widen(least, largest, column_least + i, column_largest + i, n);
    for (unsigned i = 0; i < n; i++)
        outline[i] = least[i] != largest[i] ? labels[(size_t)y * width + x + i] : 0;
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
