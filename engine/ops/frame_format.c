/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/frame_format.h"

#include <string.h>

#define YUV  HRNET_FRAME_KIND_YUV
#define RGB  HRNET_FRAME_KIND_RGB
#define GRAY HRNET_FRAME_KIND_GRAY

/* name, kind, bytes, depth and shift of a sample, components (plane, offset, step), half columns,
 * half rows */
static const HrnetFrameLayout layouts[] = {
    { "I420", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 0, 1 } }, true, true },
    { "YV12", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 2, 0, 1 }, { 1, 0, 1 } }, true, true },
    { "NV12", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 1, 0, 2 }, { 1, 1, 2 } }, true, true },
    { "NV21", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 1, 1, 2 }, { 1, 0, 2 } }, true, true },
    { "YUY2", YUV, 1, 8, 0, 3, { { 0, 0, 2 }, { 0, 1, 4 }, { 0, 3, 4 } }, true, false },
    { "UYVY", YUV, 1, 8, 0, 3, { { 0, 1, 2 }, { 0, 0, 4 }, { 0, 2, 4 } }, true, false },
    { "RGB", RGB, 1, 8, 0, 3, { { 0, 0, 3 }, { 0, 1, 3 }, { 0, 2, 3 } }, false, false },
    { "BGR", RGB, 1, 8, 0, 3, { { 0, 2, 3 }, { 0, 1, 3 }, { 0, 0, 3 } }, false, false },
    { "RGBx", RGB, 1, 8, 0, 3, { { 0, 0, 4 }, { 0, 1, 4 }, { 0, 2, 4 } }, false, false },
    { "BGRx", RGB, 1, 8, 0, 3, { { 0, 2, 4 }, { 0, 1, 4 }, { 0, 0, 4 } }, false, false },
    { "xRGB", RGB, 1, 8, 0, 3, { { 0, 1, 4 }, { 0, 2, 4 }, { 0, 3, 4 } }, false, false },
    { "xBGR", RGB, 1, 8, 0, 3, { { 0, 3, 4 }, { 0, 2, 4 }, { 0, 1, 4 } }, false, false },
    { "RGBA", RGB, 1, 8, 0, 3, { { 0, 0, 4 }, { 0, 1, 4 }, { 0, 2, 4 } }, false, false },
    { "BGRA", RGB, 1, 8, 0, 3, { { 0, 2, 4 }, { 0, 1, 4 }, { 0, 0, 4 } }, false, false },
    { "ARGB", RGB, 1, 8, 0, 3, { { 0, 1, 4 }, { 0, 2, 4 }, { 0, 3, 4 } }, false, false },
    { "ABGR", RGB, 1, 8, 0, 3, { { 0, 3, 4 }, { 0, 2, 4 }, { 0, 1, 4 } }, false, false },
    { "GRAY8", GRAY, 1, 8, 0, 1, { { 0, 0, 1 } }, false, false },
    { "Y42B", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 0, 1 } }, true, false },
    { "Y444", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 0, 1 } }, false, false },
    { "NV16", YUV, 1, 8, 0, 3, { { 0, 0, 1 }, { 1, 0, 2 }, { 1, 1, 2 } }, true, false },
    { "YVYU", YUV, 1, 8, 0, 3, { { 0, 0, 2 }, { 0, 3, 4 }, { 0, 1, 4 } }, true, false },
    { "VYUY", YUV, 1, 8, 0, 3, { { 0, 1, 2 }, { 0, 2, 4 }, { 0, 0, 4 } }, true, false },
    { "P010_10LE", YUV, 2, 10, 6, 3, { { 0, 0, 1 }, { 1, 0, 2 }, { 1, 1, 2 } }, true, true },
    { "I420_10LE", YUV, 2, 10, 0, 3, { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 0, 1 } }, true, true },
    { "GRAY16_LE", GRAY, 2, 16, 0, 1, { { 0, 0, 1 } }, false, false },
};

#define N_LAYOUTS (sizeof layouts / sizeof *layouts)

const HrnetFrameLayout *hrnet_frame_layout(unsigned index)
{
    return index < N_LAYOUTS ? &layouts[index] : NULL;
}

const HrnetFrameLayout *hrnet_frame_layout_find(const char *name)
{
    for (unsigned i = 0; i < N_LAYOUTS; i++)
        if (strcmp(layouts[i].name, name) == 0)
            return &layouts[i];
    return NULL;
}

unsigned hrnet_frame_n_planes(const HrnetFrameLayout *layout)
{
    unsigned n_planes = 0;
    for (unsigned i = 0; i < layout->n_components; i++)
        if (layout->components[i].plane >= n_planes)
            n_planes = layout->components[i].plane + 1u;
    return n_planes;
}

unsigned hrnet_frame_columns(const HrnetFrame *frame, unsigned component)
{
    return component > 0 && frame->layout->half_columns ? (frame->width + 1) / 2 : frame->width;
}

size_t hrnet_frame_row_samples(const HrnetFrame *frame, unsigned plane)
{
    size_t n_samples = 0;
    for (unsigned i = 0; i < frame->layout->n_components; i++) {
        const HrnetFrameComponent *place = &frame->layout->components[i];
        const size_t n = (size_t)hrnet_frame_columns(frame, i) * place->step;
        if (place->plane == plane && n > n_samples)
            n_samples = n;
    }
    return n_samples;
}

unsigned hrnet_frame_rows(const HrnetFrame *frame, unsigned plane)
{
    if (plane == 0 || !frame->layout->half_rows)
        return frame->height;
    const unsigned half = (frame->height + 1) / 2;
    return frame->fields ? (half + 1) / 2 * 2 : half;
}

unsigned hrnet_frame_max_value(const HrnetFrameLayout *layout)
{
    return (1u << layout->depth) - 1;
}

HrnetSampleBits hrnet_frame_sample_bits(const HrnetFrameLayout *layout)
{
    return (HrnetSampleBits){ .shift = layout->shift, .mask = hrnet_frame_max_value(layout) };
}

/* What one unit of luma (0..1) and of a colour difference (-0.5..0.5) spans, and black's value and
 * grey's: those of 8 bits, ITU-R BT.601, times as much as there are more of them; BT.2100 table 9.
 */
typedef struct {
    double luma, black, chroma, grey;
} Ranges;

static Ranges ranges_of(const HrnetFrame *frame)
{
    const double unit = 1u << (frame->layout->depth - 8);
    const double max = hrnet_frame_max_value(frame->layout);
    return (Ranges){
        .luma = frame->full_range ? max : 219.0 * unit,
        .black = frame->full_range ? 0.0 : 16.0 * unit,
        .chroma = frame->full_range ? max : 224.0 * unit,
        .grey = 128.0 * unit,
    };
}

/* Y = kr R + kg G + kb B, Cb = (B - Y) / (2 (1 - kb)), Cr = (R - Y) / (2 (1 - kr)): ITU-R BT.601,
 * BT.709, BT.2020. */
void hrnet_frame_encoding(const HrnetFrame *frame, double m[3][4])
{
    memset(m, 0, 3 * sizeof *m);
    const HrnetFrameKind kind = frame->layout->kind;
    if (kind == HRNET_FRAME_KIND_RGB) {
        for (unsigned i = 0; i < 3; i++)
            m[i][i] = hrnet_frame_max_value(frame->layout);
        return;
    }
    const Ranges ranges = ranges_of(frame);
    const double k[3] = { frame->kr, 1.0 - frame->kr - frame->kb, frame->kb };
    for (unsigned j = 0; j < 3; j++)
        m[0][j] = ranges.luma * k[j];
    m[0][3] = ranges.black;
    if (kind == HRNET_FRAME_KIND_GRAY)
        return;
    for (unsigned j = 0; j < 3; j++) {
        m[1][j] = ranges.chroma * ((j == 2) - k[j]) / (2.0 * (1.0 - frame->kb));
        m[2][j] = ranges.chroma * ((j == 0) - k[j]) / (2.0 * (1.0 - frame->kr));
    }
    m[1][3] = m[2][3] = ranges.grey;
}

/* R = Y + 2 (1 - kr) Cr, B = Y + 2 (1 - kb) Cb, G = (Y - kr R - kb B) / kg. */
void hrnet_frame_decoding(const HrnetFrame *frame, double m[3][4])
{
    memset(m, 0, 3 * sizeof *m);
    const HrnetFrameKind kind = frame->layout->kind;
    if (kind == HRNET_FRAME_KIND_RGB) {
        for (unsigned i = 0; i < 3; i++)
            m[i][i] = 1.0 / hrnet_frame_max_value(frame->layout);
        return;
    }
    const Ranges ranges = ranges_of(frame);
    const double kr = frame->kr, kb = frame->kb, kg = 1.0 - kr - kb;
    for (unsigned i = 0; i < 3; i++) {
        m[i][0] = 1.0 / ranges.luma;
        m[i][3] = -ranges.black / ranges.luma;
    }
    if (kind == HRNET_FRAME_KIND_GRAY)
        return;
    m[0][2] = 2.0 * (1.0 - kr) / ranges.chroma;
    m[1][1] = -2.0 * kb * (1.0 - kb) / kg / ranges.chroma;
    m[1][2] = -2.0 * kr * (1.0 - kr) / kg / ranges.chroma;
    m[2][1] = 2.0 * (1.0 - kb) / ranges.chroma;
    for (unsigned i = 0; i < 3; i++)
        m[i][3] -= ranges.grey * (m[i][1] + m[i][2]);
}
