/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/frame_format.h"

#include <string.h>

#define PLANAR(u, v)                                                                               \
    {                                                                                              \
        HRNET_FRAME_KIND_YUV, 3, { { 0, 0, 1 }, { u, 0, 1 }, { v, 0, 1 } }, true, true             \
    }
#define SEMIPLANAR(u, v)                                                                           \
    {                                                                                              \
        HRNET_FRAME_KIND_YUV, 3, { { 0, 0, 1 }, { 1, u, 2 }, { 1, v, 2 } }, true, true             \
    }
#define PACKED_YUV(y, u, v)                                                                        \
    {                                                                                              \
        HRNET_FRAME_KIND_YUV, 3, { { 0, y, 2 }, { 0, u, 4 }, { 0, v, 4 } }, true, false            \
    }
#define PACKED_RGB(step, r, g, b)                                                                  \
    {                                                                                              \
        HRNET_FRAME_KIND_RGB, 3, { { 0, r, step }, { 0, g, step }, { 0, b, step } }, false, false  \
    }

static const HrnetFrameLayout layouts[HRNET_FRAME_N_FORMATS] = {
    [HRNET_FRAME_I420] = PLANAR(1, 2),
    [HRNET_FRAME_YV12] = PLANAR(2, 1),
    [HRNET_FRAME_NV12] = SEMIPLANAR(0, 1),
    [HRNET_FRAME_NV21] = SEMIPLANAR(1, 0),
    [HRNET_FRAME_YUY2] = PACKED_YUV(0, 1, 3),
    [HRNET_FRAME_UYVY] = PACKED_YUV(1, 0, 2),
    [HRNET_FRAME_RGB] = PACKED_RGB(3, 0, 1, 2),
    [HRNET_FRAME_BGR] = PACKED_RGB(3, 2, 1, 0),
    [HRNET_FRAME_RGBX] = PACKED_RGB(4, 0, 1, 2),
    [HRNET_FRAME_BGRX] = PACKED_RGB(4, 2, 1, 0),
    [HRNET_FRAME_XRGB] = PACKED_RGB(4, 1, 2, 3),
    [HRNET_FRAME_XBGR] = PACKED_RGB(4, 3, 2, 1),
    [HRNET_FRAME_RGBA] = PACKED_RGB(4, 0, 1, 2),
    [HRNET_FRAME_BGRA] = PACKED_RGB(4, 2, 1, 0),
    [HRNET_FRAME_ARGB] = PACKED_RGB(4, 1, 2, 3),
    [HRNET_FRAME_ABGR] = PACKED_RGB(4, 3, 2, 1),
    [HRNET_FRAME_GRAY8] = { HRNET_FRAME_KIND_GRAY, 1, { { 0, 0, 1 } }, false, false },
};

const HrnetFrameLayout *hrnet_frame_layout(HrnetFrameFormat format)
{
    return &layouts[format];
}

/* Bytes that one unit of luma (0..1) and of a colour difference (-0.5..0.5) span, and black's. */
static void byte_ranges(const HrnetFrame *frame, double *luma, double *black, double *chroma)
{
    *luma = frame->full_range ? 255.0 : 219.0;
    *black = frame->full_range ? 0.0 : 16.0;
    *chroma = frame->full_range ? 255.0 : 224.0;
}

/* Y = kr R + kg G + kb B, Cb = (B - Y) / (2 (1 - kb)), Cr = (R - Y) / (2 (1 - kr)): ITU-R BT.601,
 * BT.709, BT.2020. */
void hrnet_frame_encoding(const HrnetFrame *frame, double m[3][4])
{
    memset(m, 0, 3 * sizeof *m);
    const HrnetFrameKind kind = hrnet_frame_layout(frame->format)->kind;
    if (kind == HRNET_FRAME_KIND_RGB) {
        for (unsigned i = 0; i < 3; i++)
            m[i][i] = 255.0;
        return;
    }
    double luma, black, chroma;
    byte_ranges(frame, &luma, &black, &chroma);
    const double k[3] = { frame->kr, 1.0 - frame->kr - frame->kb, frame->kb };
    for (unsigned j = 0; j < 3; j++)
        m[0][j] = luma * k[j];
    m[0][3] = black;
    if (kind == HRNET_FRAME_KIND_GRAY)
        return;
    for (unsigned j = 0; j < 3; j++) {
        m[1][j] = chroma * ((j == 2) - k[j]) / (2.0 * (1.0 - frame->kb));
        m[2][j] = chroma * ((j == 0) - k[j]) / (2.0 * (1.0 - frame->kr));
    }
    m[1][3] = m[2][3] = 128.0;
}

/* R = Y + 2 (1 - kr) Cr, B = Y + 2 (1 - kb) Cb, G = (Y - kr R - kb B) / kg. */
void hrnet_frame_decoding(const HrnetFrame *frame, double m[3][4])
{
    memset(m, 0, 3 * sizeof *m);
    const HrnetFrameKind kind = hrnet_frame_layout(frame->format)->kind;
    if (kind == HRNET_FRAME_KIND_RGB) {
        for (unsigned i = 0; i < 3; i++)
            m[i][i] = 1.0 / 255.0;
        return;
    }
    double luma, black, chroma;
    byte_ranges(frame, &luma, &black, &chroma);
    const double kr = frame->kr, kb = frame->kb, kg = 1.0 - kr - kb;
    for (unsigned i = 0; i < 3; i++) {
        m[i][0] = 1.0 / luma;
        m[i][3] = -black / luma;
    }
    if (kind == HRNET_FRAME_KIND_GRAY)
        return;
    m[0][2] = 2.0 * (1.0 - kr) / chroma;
    m[1][1] = -2.0 * kb * (1.0 - kb) / kg / chroma;
    m[1][2] = -2.0 * kr * (1.0 - kr) / kg / chroma;
    m[2][1] = 2.0 * (1.0 - kb) / chroma;
    for (unsigned i = 0; i < 3; i++)
        m[i][3] -= 128.0 * (m[i][1] + m[i][2]);
}
