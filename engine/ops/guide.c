/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/guide.h"

#include "kernels/sample16.h"
#include "ops/frame_format.h"

#include <stdlib.h>
#include <string.h>

/* Rows of a task. */
#define BAND_ROWS 32

struct HrnetGuide {
    HrnetFrame luma;        /* GRAY8: the frame's plane, or own_luma */
    uint8_t *own_luma;      /* NULL where frames have a plane of luma */
    HrnetFrameInput *input; /* from luma to cells */
    float *scratch;
    HrnetTensor cells[2]; /* three equal channels; of the frame, and of the last */
    unsigned newest;
};

/* Luma in a plane of its own, a byte after the other. */
static bool has_luma_plane(const HrnetFrameLayout *layout)
{
    return layout->kind != HRNET_FRAME_KIND_RGB && layout->components[0].step == 1 &&
           layout->sample_bytes == 1;
}

static bool cells_init(HrnetTensor cells[2], unsigned height, unsigned width)
{
    for (unsigned i = 0; i < 2; i++) {
        const size_t plane_floats = hrnet_tensor_plane_floats(height, width);
        cells[i] = (HrnetTensor){
            .data = hrnet_aligned_alloc(3 * plane_floats * sizeof(float)),
            .channels = 3,
            .height = height,
            .width = width,
            .plane_floats = plane_floats,
        };
        if (!cells[i].data)
            return false;
        memset(cells[i].data, 0, 3 * plane_floats * sizeof(float));
    }
    return true;
}

HrnetGuide *hrnet_guide_new(const HrnetFrame *frame, unsigned height, unsigned width,
                            unsigned n_threads)
{
    /* Levels, rather than 0..1. */
    const float mean[3] = { 0 }, std[3] = { 1 / 255.0f, 1 / 255.0f, 1 / 255.0f };
    HrnetGuide *guide = calloc(1, sizeof *guide);
    if (!guide)
        return NULL;
    guide->luma = (HrnetFrame){
        .layout = hrnet_frame_layout_find("GRAY8"),
        .width = frame->width,
        .height = frame->height,
        .kr = frame->kr,
        .kb = frame->kb,
        .full_range = true,
    };
    guide->input = hrnet_frame_input_new(&guide->luma, height, width, HRNET_INPUT_RGB, mean, std);
    if (!guide->input || !cells_init(guide->cells, height, width))
        goto error;
    const size_t n_floats = hrnet_frame_input_scratch_floats(guide->input, n_threads);
    guide->scratch = hrnet_aligned_alloc(n_floats * sizeof(float));
    if (!guide->scratch)
        goto error;
    if (!has_luma_plane(frame->layout)) {
        guide->own_luma = hrnet_aligned_alloc((size_t)frame->width * frame->height);
        if (!guide->own_luma)
            goto error;
        guide->luma.planes[0] = guide->own_luma;
        guide->luma.strides_bytes[0] = frame->width;
    }
    return guide;

error:
    hrnet_guide_free(guide);
    return NULL;
}

void hrnet_guide_free(HrnetGuide *guide)
{
    if (!guide)
        return;
    hrnet_frame_input_free(guide->input);
    hrnet_aligned_free(guide->scratch);
    hrnet_aligned_free(guide->own_luma);
    for (unsigned i = 0; i < 2; i++)
        hrnet_aligned_free(guide->cells[i].data);
    free(guide);
}

typedef struct {
    const HrnetFrame *frame;
    uint8_t *luma;
} Extraction;

/* By BT.601. */
static void extract_rgb_row(const HrnetFrameLayout *layout, const uint8_t *row, unsigned n,
                            uint8_t *luma)
{
    const HrnetFrameComponent *places = layout->components;
    const uint8_t *r = row + places[0].offset, *g = row + places[1].offset,
                  *b = row + places[2].offset;
    for (unsigned x = 0; x < n; x++) {
        const size_t i = (size_t)x * places[0].step;
        luma[x] = (uint8_t)((77u * r[i] + 150u * g[i] + 29u * b[i] + 128u) >> 8);
    }
}

static void extract_row(const Extraction *extraction, unsigned y)
{
    const HrnetFrame *frame = extraction->frame;
    const HrnetFrameLayout *layout = frame->layout;
    const HrnetFrameComponent *place = &layout->components[0];
    const uint8_t *row = frame->planes[0] + (size_t)y * frame->strides_bytes[0];
    uint8_t *luma = extraction->luma + (size_t)y * frame->width;
    if (layout->kind == HRNET_FRAME_KIND_RGB) {
        extract_rgb_row(layout, row, frame->width, luma);
    } else if (layout->sample_bytes == 1) {
        for (unsigned x = 0; x < frame->width; x++)
            luma[x] = row[place->offset + (size_t)x * place->step];
    } else {
        const HrnetSampleBits bits = hrnet_frame_sample_bits(layout);
        for (unsigned x = 0; x < frame->width; x++)
            luma[x] = (uint8_t)(hrnet_sample_get(
                                    row + 2 * (place->offset + (size_t)x * place->step), bits) >>
                                (layout->depth - 8));
    }
}

static void extract_band(void *data, unsigned task, unsigned thread)
{
    const Extraction *extraction = data;
    const unsigned y0 = task * BAND_ROWS;
    (void)thread;
    for (unsigned y = y0; y < y0 + BAND_ROWS && y < extraction->frame->height; y++)
        extract_row(extraction, y);
}

void hrnet_guide_look(HrnetGuide *guide, const HrnetFrame *frame, HrnetWorkers *workers)
{
    if (guide->own_luma) {
        Extraction extraction = { frame, guide->own_luma };
        hrnet_workers_run(workers, (frame->height + BAND_ROWS - 1) / BAND_ROWS, extract_band,
                          &extraction);
    } else {
        guide->luma.planes[0] = frame->planes[0];
        guide->luma.strides_bytes[0] = frame->strides_bytes[0];
    }
    guide->newest = !guide->newest;
    hrnet_frame_input_run(guide->input, &guide->luma, guide->cells[guide->newest], guide->scratch,
                          workers);
}

const uint8_t *hrnet_guide_luma(const HrnetGuide *guide, size_t *stride_bytes)
{
    *stride_bytes = guide->luma.strides_bytes[0];
    return guide->luma.planes[0];
}

static HrnetTensor first_channel(HrnetTensor tensor)
{
    tensor.channels = 1;
    return tensor;
}

HrnetTensor hrnet_guide_cells(const HrnetGuide *guide)
{
    return first_channel(guide->cells[guide->newest]);
}

HrnetTensor hrnet_guide_last_cells(const HrnetGuide *guide)
{
    return first_channel(guide->cells[!guide->newest]);
}
