/* Painting over rows of 16-bit samples, as paint.h does, block by block of one label: included
 * after what each instruction set has its own way of.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   PAINT_NAME    a kernel's name with that of the instruction set
 *   all_labels    whether BLOCK labels are one that is given
 *   Blend         what becomes of samples: value' = (value * keep + add) / 255, add with half a
 * unit in it; blend_of() for every step-th, the others as they are, step 1 or 2 blend_vector  BLOCK
 * samples */
#include "kernels/frame_c.h"

#include <stdbool.h>

/* Pixels of a block. */
#define BLOCK 16

static inline bool all_labels(const uint8_t *labels, unsigned label);
static inline Blend blend_of(const HrnetPaintTable16 *table, unsigned component, unsigned label,
                             unsigned step);
static inline void blend_vector(uint8_t *samples, const Blend *blend);

/* A block of samples of one component, step samples apart, under one label. */
static inline void blend_block(uint8_t *samples, unsigned step, const HrnetPaintTable16 *table,
                               unsigned component, unsigned label)
{
    const Blend blend = blend_of(table, component, label, step);
    for (unsigned i = 0; i < step; i++)
        blend_vector(samples + (size_t)i * 2 * BLOCK, &blend);
}

void PAINT_NAME(hrnet_paint_plane_u16)(uint8_t *row, unsigned step, const uint8_t *labels,
                                       const HrnetPaintTable16 *table, unsigned component,
                                       unsigned n)
{
    unsigned x = 0;
    /* A block reaches to just before the next one's first value: at a step that may be another's
     * memory. */
    for (; x + BLOCK < n + (step == 1); x += BLOCK) {
        uint8_t *samples = row + 2 * (size_t)x * step;
        const unsigned label = labels[x];
        if (!all_labels(labels + x, label))
            hrnet_paint_plane_u16_c(samples, step, labels + x, table, component, BLOCK);
        else if (table->keep[label] < 255)
            blend_block(samples, step, table, component, label);
    }
    hrnet_paint_plane_u16_c(row + 2 * (size_t)x * step, step, labels + x, table, component, n - x);
}

/* Four labels that are one make the very sum of one label, see vector/paint.h. */
void PAINT_NAME(hrnet_paint_chroma_u16)(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                        const uint8_t *labels0, const uint8_t *labels1,
                                        const HrnetPaintTable16 *table, unsigned n)
{
    unsigned x = 0;
    for (; x + 2 * BLOCK < n + (step == 1); x += 2 * BLOCK) {
        uint8_t *u = row_u + (size_t)x * step, *v = row_v + (size_t)x * step;
        const unsigned label = labels0[x];
        const bool uniform = all_labels(labels0 + x, label) && all_labels(labels1 + x, label) &&
                             all_labels(labels0 + x + BLOCK, label) &&
                             all_labels(labels1 + x + BLOCK, label);
        if (!uniform) {
            hrnet_paint_chroma_u16_c(u, v, step, labels0 + x, labels1 + x, table, 2 * BLOCK);
        } else if (table->keep[label] < 255) {
            blend_block(u, step, table, 1, label);
            blend_block(v, step, table, 2, label);
        }
    }
    hrnet_paint_chroma_u16_c(row_u + (size_t)x * step, row_v + (size_t)x * step, step, labels0 + x,
                             labels1 + x, table, n - x);
}
