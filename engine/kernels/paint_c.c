/* Painting over video rows: the reference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/frame_c.h"
#include "kernels/sample16.h"

static inline uint8_t blend(unsigned value, unsigned keep, unsigned add)
{
    return (uint8_t)((value * keep + add + 127) / 255);
}

void hrnet_paint_plane_u8_c(uint8_t *row, unsigned step, const uint8_t *labels,
                            const HrnetPaintTable *table, unsigned component, unsigned n)
{
    const uint16_t *add = table->add[component];
    for (unsigned x = 0; x < n; x++)
        row[(size_t)x * step] =
            blend(row[(size_t)x * step], table->keep[labels[x]], add[labels[x]]);
}

void hrnet_paint_packed_u8_c(uint8_t *row, unsigned step, const unsigned offsets[3],
                             const uint8_t *labels, const HrnetPaintTable *table, unsigned n)
{
    for (unsigned x = 0; x < n; x++) {
        uint8_t *pixel = row + (size_t)x * step;
        for (unsigned i = 0; i < 3; i++)
            pixel[offsets[i]] =
                blend(pixel[offsets[i]], table->keep[labels[x]], table->add[i][labels[x]]);
    }
}

void hrnet_paint_chroma_u8_c(uint8_t *row_u, uint8_t *row_v, unsigned step, const uint8_t *labels0,
                             const uint8_t *labels1, const HrnetPaintTable *table, unsigned n)
{
    for (unsigned i = 0; 2 * i < n; i++) {
        const unsigned x0 = 2 * i;
        const unsigned x1 = x0 + 1 < n ? x0 + 1 : x0;
        const uint8_t covered[4] = { labels0[x0], labels0[x1], labels1[x0], labels1[x1] };
        unsigned keep = 0, add_u = 0, add_v = 0;
        for (unsigned j = 0; j < 4; j++) {
            keep += table->keep[covered[j]];
            add_u += table->add[1][covered[j]];
            add_v += table->add[2][covered[j]];
        }
        uint8_t *u = row_u + (size_t)i * step;
        uint8_t *v = row_v + (size_t)i * step;
        *u = (uint8_t)((*u * keep + add_u + 510) / 1020);
        *v = (uint8_t)((*v * keep + add_v + 510) / 1020);
    }
}

void hrnet_paint_plane_u16_c(uint8_t *row, unsigned step, const uint8_t *labels,
                             const HrnetPaintTable16 *table, unsigned component, unsigned n)
{
    for (unsigned x = 0; x < n; x++) {
        uint8_t *sample = row + 2 * (size_t)x * step;
        const unsigned value = hrnet_sample_get(sample, table->bits);
        const uint32_t t = value * table->keep[labels[x]] + table->add[component][labels[x]];
        hrnet_sample_set(sample, table->bits, (t + 127) / 255);
    }
}

void hrnet_paint_chroma_u16_c(uint8_t *row_u, uint8_t *row_v, unsigned step, const uint8_t *labels0,
                              const uint8_t *labels1, const HrnetPaintTable16 *table, unsigned n)
{
    for (unsigned i = 0; 2 * i < n; i++) {
        const unsigned x0 = 2 * i;
        const unsigned x1 = x0 + 1 < n ? x0 + 1 : x0;
        const uint8_t covered[4] = { labels0[x0], labels0[x1], labels1[x0], labels1[x1] };
        uint8_t *const samples[2] = { row_u + 2 * (size_t)i * step, row_v + 2 * (size_t)i * step };
        for (unsigned c = 0; c < 2; c++) {
            const unsigned value = hrnet_sample_get(samples[c], table->bits);
            uint32_t t = 510;
            for (unsigned j = 0; j < 4; j++)
                t += value * table->keep[covered[j]] + table->add[1 + c][covered[j]];
            hrnet_sample_set(samples[c], table->bits, t / 1020);
        }
    }
}

const HrnetFrameKernels hrnet_frame_kernels_c = {
    .blend_rows = hrnet_blend_rows_u8_c,
    .blend_rows16 = hrnet_blend_rows_u16_c,
    .pick = hrnet_pick_f32_c,
    .filter_columns = hrnet_filter_columns_f32_c,
    .color = hrnet_color_f32_c,
    .paint_plane = hrnet_paint_plane_u8_c,
    .paint_packed = hrnet_paint_packed_u8_c,
    .paint_chroma = hrnet_paint_chroma_u8_c,
    .paint_plane16 = hrnet_paint_plane_u16_c,
    .paint_chroma16 = hrnet_paint_chroma_u16_c,
};
