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
    HrnetPaintTable table;
} Loop;

/* The colours in the frame's components, times alpha. */
static void table_fill(HrnetPaintTable *table, const HrnetFrame *frame, const uint32_t argb[256])
{
    double m[3][4];
    hrnet_frame_encoding(frame, m);
    table->n_labels = 0;
    for (unsigned label = 0; label < 256; label++) {
        const unsigned alpha = argb[label] >> 24;
        const double r = (argb[label] >> 16 & 255) / 255.0;
        const double g = (argb[label] >> 8 & 255) / 255.0;
        const double b = (argb[label] & 255) / 255.0;
        table->keep[label] = (uint16_t)(255 - alpha);
        for (unsigned i = 0; i < 3; i++) {
            const double colour = m[i][0] * r + m[i][1] * g + m[i][2] * b + m[i][3];
            table->add[i][label] = (uint16_t)lrint(fmin(fmax(colour, 0.0), 255.0) * (double)alpha);
        }
        if (alpha > 0)
            table->n_labels = label + 1;
    }
}

static uint8_t *component_row(const Loop *loop, unsigned component, unsigned y)
{
    const HrnetFrameComponent *place = &loop->frame->layout->components[component];
    return loop->frame->planes[place->plane] + y * loop->frame->strides_bytes[place->plane] +
           place->offset;
}

static void paint_chroma_row(const Loop *loop, unsigned y, const uint8_t *labels)
{
    const HrnetFrame *frame = loop->frame;
    const unsigned step = loop->frame->layout->components[1].step;
    const uint8_t *labels_below = labels;
    unsigned y_chroma = y;
    if (loop->frame->layout->half_rows) {
        /* The other row that the sample covers: the next one, or the next one of the field. */
        const unsigned other = frame->fields ? 2 : 1;
        if (y & other)
            return;
        y_chroma = frame->fields ? y / 4 * 2 + (y & 1) : y / 2;
        if (y + other < frame->height)
            labels_below += other * loop->labels_stride_bytes;
    }
    loop->kernels->paint_chroma(component_row(loop, 1, y_chroma), component_row(loop, 2, y_chroma),
                                step, labels, labels_below, &loop->table, frame->width);
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
        loop->kernels->paint_plane(component_row(loop, 0, y),
                                   loop->frame->layout->components[0].step, labels, &loop->table, 0,
                                   frame->width);
        if (loop->frame->layout->kind == HRNET_FRAME_KIND_YUV)
            paint_chroma_row(loop, y, labels);
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
    table_fill(&loop.table, frame, argb);
    if (loop.table.n_labels == 0)
        return;
    hrnet_workers_run(workers, (frame->height + BAND_ROWS - 1) / BAND_ROWS, run_task, &loop);
}
