/* Painting over video rows, for instruction sets without a lookup of labels worth having: included
 * after what each has its own way of.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Labels come in areas: a block of pixels of one label is blended with constants, or left alone;
 * the blocks on the areas' borders go to the C reference.
 *
 *   PAINT_NAME    a kernel's name with that of the instruction set
 *   one_label     whether BLOCK labels are the same
 *   words         BLOCK integers of 16 bits; words_load
 *   words_every   value for every step-th, between for the others; step 1, 2 or 4
 *   blend_bytes   BLOCK bytes, each under a keep and an add of its own */
#include "kernels/frame_c.h"

#include <stdbool.h>

/* Pixels of a block. */
#define BLOCK 16

static inline bool one_label(const uint8_t *labels);
static inline words words_load(const uint16_t *p);
static inline words words_every(unsigned step, uint64_t value, uint64_t between);
static inline void blend_bytes(uint8_t *bytes, words keep, words add);

/* A block of values of one component, step bytes apart, under one label. */
static inline void blend_block(uint8_t *values, unsigned step, unsigned keep, unsigned add)
{
    const words keeps = words_every(step, keep, 255);
    const words adds = words_every(step, add, 0);
    for (unsigned i = 0; i < step; i++)
        blend_bytes(values + i * BLOCK, keeps, adds);
}

void PAINT_NAME(hrnet_paint_plane_u8)(uint8_t *row, unsigned step, const uint8_t *labels,
                                      const HrnetPaintTable *table, unsigned component, unsigned n)
{
    unsigned x = 0;
    /* A block reaches to just before the next one's first value: at a step that may be another's
     * memory. */
    for (; x + BLOCK < n + (step == 1); x += BLOCK) {
        uint8_t *pixels = row + (size_t)x * step;
        const unsigned label = labels[x];
        if (!one_label(labels + x))
            hrnet_paint_plane_u8_c(pixels, step, labels + x, table, component, BLOCK);
        else if (table->keep[label] < 255)
            blend_block(pixels, step, table->keep[label], table->add[component][label]);
    }
    hrnet_paint_plane_u8_c(row + (size_t)x * step, step, labels + x, table, component, n - x);
}

/* The bytes of a block of packed pixels under one label: keep and add repeat every pixel. */
typedef struct {
    uint16_t keep[4 * BLOCK], add[4 * BLOCK];
} PackedBlock;

static void packed_block_fill(PackedBlock *block, unsigned step, const unsigned offsets[3],
                              const HrnetPaintTable *table, unsigned label)
{
    for (unsigned i = 0; i < step * BLOCK; i++) {
        block->keep[i] = 255;
        block->add[i] = 0;
    }
    for (unsigned i = 0; i < 3 * BLOCK; i++) {
        block->keep[i / 3 * step + offsets[i % 3]] = table->keep[label];
        block->add[i / 3 * step + offsets[i % 3]] = table->add[i % 3][label];
    }
}

static inline void blend_packed_block(uint8_t *pixels, unsigned step, const PackedBlock *block)
{
    for (unsigned i = 0; i < step * BLOCK; i += BLOCK)
        blend_bytes(pixels + i, words_load(block->keep + i), words_load(block->add + i));
}

void PAINT_NAME(hrnet_paint_packed_u8)(uint8_t *row, unsigned step, const unsigned offsets[3],
                                       const uint8_t *labels, const HrnetPaintTable *table,
                                       unsigned n)
{
    PackedBlock block;
    unsigned block_label = 256, x = 0;
    for (; x + BLOCK <= n; x += BLOCK) {
        uint8_t *pixels = row + (size_t)x * step;
        const unsigned label = labels[x];
        if (!one_label(labels + x)) {
            hrnet_paint_packed_u8_c(pixels, step, offsets, labels + x, table, BLOCK);
        } else if (table->keep[label] < 255) {
            if (block_label != label)
                packed_block_fill(&block, step, offsets, table, label);
            block_label = label;
            blend_packed_block(pixels, step, &block);
        }
    }
    hrnet_paint_packed_u8_c(row + (size_t)x * step, step, offsets, labels + x, table, n - x);
}

/* Four labels that are one make the very sum of one label: (4 a + 510) / 1020 is (a + 127) / 255,
 * rounded down. */
void PAINT_NAME(hrnet_paint_chroma_u8)(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                       const uint8_t *labels0, const uint8_t *labels1,
                                       const HrnetPaintTable *table, unsigned n)
{
    unsigned x = 0;
    for (; x + 2 * BLOCK < n + (step == 1); x += 2 * BLOCK) {
        uint8_t *u = row_u + (size_t)(x / 2) * step;
        uint8_t *v = row_v + (size_t)(x / 2) * step;
        const unsigned label = labels0[x];
        const bool uniform = labels1[x] == label && labels0[x + BLOCK] == label &&
                             labels1[x + BLOCK] == label && one_label(labels0 + x) &&
                             one_label(labels1 + x) && one_label(labels0 + x + BLOCK) &&
                             one_label(labels1 + x + BLOCK);
        if (!uniform) {
            hrnet_paint_chroma_u8_c(u, v, step, labels0 + x, labels1 + x, table, 2 * BLOCK);
        } else if (table->keep[label] < 255) {
            blend_block(u, step, table->keep[label], table->add[1][label]);
            blend_block(v, step, table->keep[label], table->add[2][label]);
        }
    }
    hrnet_paint_chroma_u8_c(row_u + (size_t)(x / 2) * step, row_v + (size_t)(x / 2) * step, step,
                            labels0 + x, labels1 + x, table, n - x);
}
