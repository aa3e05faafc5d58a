/* Painting labels over a frame, in the frame's own components.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/kernels.h"
#include "ops/frame.h"
#include "ops/frame_format.h"

#include <math.h>

/* Rows of a task; even, so that no two tasks share a row of chroma. */
#define BAND_ROWS 16

typedef struct {
    const HrnetFrameKernels *kernels;
    const HrnetFrame *frame;
    const uint8_t *labels;
    size_t labels_stride_bytes;
    HrnetPaintTable table;     /* of samples of one byte, */
    HrnetPaintTable16 table16; /* and of two */
} Loop;

/* The colours in the frame's components, times alpha: in the table of the frame's samples. */
static void tables_fill(Loop *loop, const uint32_t argb[256])
{
    const double max = hrnet_frame_max_value(loop->frame->layout);
    double m[3][4];
    hrnet_frame_encoding(loop->frame, m);
    for (unsigned label = 0; label < 256; label++) {
        const unsigned alpha = argb[label] >> 24;
        const double r = (argb[label] >> 16 & 255) / 255.0;
        const double g = (argb[label] >> 8 & 255) / 255.0;
        const double b = (argb[label] & 255) / 255.0;
        loop->table.keep[label] = loop->table16.keep[label] = (uint16_t)(255 - alpha);
        for (unsigned i = 0; i < 3; i++) {
            const double colour = m[i][0] * r + m[i][1] * g + m[i][2] * b + m[i][3];
            const long add = lrint(fmin(fmax(colour, 0.0), max) * (double)alpha);
            loop->table.add[i][label] = (uint16_t)add;
            loop->table16.add[i][label] = (uint32_t)add;
        }
        if (alpha > 0)
            loop->table.n_labels = label + 1;
    }
    loop->table16.bits = hrnet_frame_sample_bits(loop->frame->layout);
}

static uint8_t *component_row(const Loop *loop, unsigned component, unsigned y)
{
    const HrnetFrameLayout *layout = loop->frame->layout;
    const HrnetFrameComponent *place = &layout->components[component];
    return loop->frame->planes[place->plane] + y * loop->frame->strides_bytes[place->plane] +
           (size_t)place->offset * layout->sample_bytes;
}

/* A row of a component that has a sample a pixel. */
static void paint_full_row(const Loop *loop, unsigned component, unsigned y, const uint8_t *labels)
{
    const HrnetFrameLayout *layout = loop->frame->layout;
    const unsigned step = layout->components[component].step, width = loop->frame->width;
    uint8_t *row = component_row(loop, component, y);
    if (layout->sample_bytes == 1)
        loop->kernels->paint_plane(row, step, labels, &loop->table, component, width);
    else
        loop->kernels->paint_plane16(row, step, labels, &loop->table16, component, width);
}

/* The chroma row whose first row of pixels is y, where there is one. */
static void paint_half_row(const Loop *loop, unsigned y, const uint8_t *labels)
{
    const HrnetFrame *frame = loop->frame;
    const unsigned step = frame->layout->components[1].step;
    const uint8_t *labels_below = labels;
    unsigned y_chroma = y;
    if (frame->layout->half_rows) {
        /* The other row that the sample covers: the next one, or the next one of the field. */
        const unsigned other = frame->fields ? 2 : 1;
        if (y & other)
            return;
        y_chroma = frame->fields ? y / 4 * 2 + (y & 1) : y / 2;
        if (y + other < frame->height)
            labels_below += other * loop->labels_stride_bytes;
    }
    uint8_t *u = component_row(loop, 1, y_chroma), *v = component_row(loop, 2, y_chroma);
    if (frame->layout->sample_bytes == 1)
        loop->kernels->paint_chroma(u, v, step, labels, labels_below, &loop->table, frame->width);
    else
        loop->kernels->paint_chroma16(u, v, step, labels, labels_below, &loop->table16,
                                      frame->width);
}

static void paint_packed_row(const Loop *loop, unsigned y, const uint8_t *labels)
{
    const HrnetFrameComponent *places = loop->frame->layout->components;
    const unsigned offsets[3] = { places[0].offset, places[1].offset, places[2].offset };
    uint8_t *row = loop->frame->planes[0] + y * loop->frame->strides_bytes[0];
    loop->kernels->paint_packed(row, places[0].step, offsets, labels, &loop->table,
                                loop->frame->width);
}

static void run_task(void *data, unsigned task, unsigned thread)
{
    (void)thread;
    const Loop *loop = data;
    const HrnetFrame *frame = loop->frame;
    const unsigned y_end =
        (task + 1) * BAND_ROWS < frame->height ? (task + 1) * BAND_ROWS : frame->height;
    for (unsigned y = task * BAND_ROWS; y < y_end; y++) {
        const uint8_t *labels = loop->labels + y * loop->labels_stride_bytes;
        if (loop->frame->layout->kind == HRNET_FRAME_KIND_RGB) {
            paint_packed_row(loop, y, labels);
            continue;
        }
        paint_full_row(loop, 0, y, labels);
        if (frame->layout->half_columns) {
            paint_half_row(loop, y, labels);
            continue;
        }
        for (unsigned i = 1; i < frame->layout->n_components; i++)
            paint_full_row(loop, i, y, labels);
    }
}

void hrnet_paint_run(const HrnetFrame *frame, const uint8_t *labels, size_t labels_stride_bytes,
                     const uint32_t argb[256], HrnetWorkers *workers)
{
    Loop loop = {
        .kernels = &hrnet_kernels()->frame,
        .frame = frame,
        .labels = labels,
        .labels_stride_bytes = labels_stride_bytes,
    };
    tables_fill(&loop, argb);
    if (loop.table.n_labels == 0)
        return;
    hrnet_workers_run(workers, (frame->height + BAND_ROWS - 1) / BAND_ROWS, run_task, &loop);
}
