/* A video frame to the network's input tensor, one output row at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An output row needs a few rows of the frame. They are blended as they lie in memory, samples of
 * all components alike; what comes out is filtered horizontally, component by component; then
 * colour is converted. Resizing before the colour conversion is the same as after it, since the
 * conversion is linear, but for one thing: colours out of the RGB cube are clamped after the
 * resize, a converter's output before it. */
#include "kernels/float_mode.h"
#include "kernels/kernels.h"
#include "ops/frame.h"
#include "ops/frame_filter.h"
#include "ops/frame_format.h"

#include <stdlib.h>
#include <string.h>

/* Output rows of a task. */
#define BAND_ROWS 8

enum { LUMA, CHROMA, N_FILTERS };

struct HrnetFrameInput {
    HrnetFrame frame; /* planes are not used */
    unsigned out_height, out_width;
    HrnetInputPlanes out_planes;
    bool exact;
    HrnetAxisFilter rows[N_FILTERS];
    HrnetFilterColumns columns[N_FILTERS];
    void *columns_memory[N_FILTERS];
    HrnetColorMatrix matrix;
    /* Floats of a thread's scratch: blended bytes of a row, one component of it, one filtered
     * component, of which there are three and three more rows. */
    size_t blended_floats, line_floats, filtered_floats;
};

static size_t buffer_floats(size_t n)
{
    return hrnet_round_up(n + HRNET_LINE_ROOM, HRNET_ALIGNMENT / sizeof(float));
}

/* The luma that three rows of colour are of, in the first of them. */
static void mix_luma(double m[3][4], const HrnetFrame *frame)
{
    const bool rgb = frame->layout->kind == HRNET_FRAME_KIND_RGB;
    const double kr = rgb ? 0.299 : frame->kr, kb = rgb ? 0.114 : frame->kb;
    for (unsigned j = 0; j < 4; j++)
        m[0][j] = kr * m[0][j] + (1 - kr - kb) * m[1][j] + kb * m[2][j];
}

__attribute__((noinline)) static void matrix_fill(HrnetColorMatrix *matrix, const HrnetFrame *frame,
                                                  HrnetInputPlanes planes, const float mean[3],
                                                  const float std[3])
{
    double m[3][4];
    hrnet_frame_decoding(frame, m);
    if (planes == HRNET_INPUT_LUMA)
        mix_luma(m, frame);
    for (unsigned c = 0; c < 3; c++) {
        for (unsigned j = 0; j < 4; j++)
            matrix->m[c][j] = (float)m[c][j];
        matrix->gain[c] = 1.0f / std[c];
        matrix->shift[c] = -mean[c] / std[c];
    }
}

__attribute__((noinline)) static bool filters_init(HrnetFrameInput *input)
{
    const HrnetFrame *frame = &input->frame;
    for (unsigned i = 0; i < N_FILTERS; i++) {
        HrnetSiting row_siting = HRNET_SITING_FULL, column_siting = HRNET_SITING_FULL;
        if (i == CHROMA && input->frame.layout->half_rows)
            row_siting = HRNET_SITING_BETWEEN;
        if (i == CHROMA && input->frame.layout->half_columns)
            column_siting = frame->chroma_left ? HRNET_SITING_FIRST : HRNET_SITING_BETWEEN;
        HrnetAxisFilter columns = { 0 };
        const bool complete =
            hrnet_axis_filter_init(&input->rows[i], frame->height, input->out_height, row_siting) &&
            hrnet_axis_filter_init(&columns, frame->width, input->out_width, column_siting) &&
            hrnet_filter_columns_init(&input->columns[i], &input->columns_memory[i], &columns);
        hrnet_axis_filter_clear(&columns);
        if (!complete)
            return false;
    }
    return true;
}

HrnetFrameInput *hrnet_frame_input_new(const HrnetFrame *frame, unsigned out_height,
                                       unsigned out_width, HrnetInputPlanes planes,
                                       const float mean[3], const float std[3])
{
    HrnetFrameInput *input = calloc(1, sizeof *input);
    if (!input)
        return NULL;
    input->frame = *frame;
    input->out_height = out_height;
    input->out_width = out_width;
    input->out_planes = planes;
    const HrnetFloatMode before = hrnet_float_mode_default();
    matrix_fill(&input->matrix, frame, planes, mean, std);
    const bool complete = filters_init(input);
    hrnet_float_mode_restore(&before);
    for (unsigned i = 0; i < hrnet_frame_n_planes(frame->layout); i++) {
        const size_t n = buffer_floats(hrnet_frame_row_samples(frame, i));
        if (n > input->blended_floats)
            input->blended_floats = n;
    }
    input->line_floats = buffer_floats(frame->width);
    input->filtered_floats = buffer_floats(hrnet_round_up(out_width, HRNET_FILTER_BLOCK));
    if (!complete) {
        hrnet_frame_input_free(input);
        return NULL;
    }
    return input;
}

void hrnet_frame_input_free(HrnetFrameInput *input)
{
    if (!input)
        return;
    for (unsigned i = 0; i < N_FILTERS; i++) {
        hrnet_axis_filter_clear(&input->rows[i]);
        hrnet_aligned_free(input->columns_memory[i]);
    }
    free(input);
}

void hrnet_frame_input_set_exact(HrnetFrameInput *input)
{
    input->exact = true;
}

bool hrnet_frame_input_fits(const HrnetFrameInput *input, const HrnetFrame *frame)
{
    const HrnetFrame *made_for = &input->frame;
    return made_for->layout == frame->layout && made_for->width == frame->width &&
           made_for->height == frame->height && made_for->kr == frame->kr &&
           made_for->kb == frame->kb && made_for->full_range == frame->full_range &&
           made_for->chroma_left == frame->chroma_left;
}

static size_t thread_floats(const HrnetFrameInput *input)
{
    return input->blended_floats + input->line_floats + 6 * input->filtered_floats;
}

size_t hrnet_frame_input_scratch_floats(const HrnetFrameInput *input, unsigned n_threads)
{
    return n_threads * thread_floats(input);
}

typedef struct {
    const HrnetFrameInput *input;
    const HrnetFrameKernels *kernels;
    const HrnetFrame *frame;
    HrnetTensor out;
    const HrnetInt8LevelMap *map; /* NULL = out it is */
    const HrnetQuads *levels;
    float *scratch;
} Loop;

/* The samples that output row y of a plane is made of, and room behind them. */
static void blend_plane(const Loop *loop, unsigned plane, const HrnetAxisFilter *rows, unsigned y,
                        float *blended)
{
    const HrnetFrame *frame = loop->frame;
    const size_t n = hrnet_frame_row_samples(frame, plane), stride = frame->strides_bytes[plane];
    const uint8_t *first = frame->planes[plane] + (size_t)rows->starts[y] * stride;
    const float *weights = rows->weights + (size_t)y * rows->max_taps;
    if (frame->layout->sample_bytes == 1)
        loop->kernels->blend_rows(blended, first, (ptrdiff_t)stride, weights, rows->counts[y], n);
    else
        loop->kernels->blend_rows16(blended, first, (ptrdiff_t)stride, weights, rows->counts[y], n,
                                    hrnet_frame_sample_bits(frame->layout));
    memset(blended + n, 0, HRNET_LINE_ROOM * sizeof *blended);
}

/* A component of output row y, filtered both ways, to filtered. blended: of the plane it lies in,
 * kept from the component before where that is the same. */
static void component_row(const Loop *loop, unsigned component, unsigned y, float *blended,
                          float *line, float *filtered)
{
    const HrnetFrameInput *input = loop->input;
    const HrnetFrameComponent *places = input->frame.layout->components;
    const HrnetFrameComponent *place = &places[component];
    const unsigned filter = component > 0 && input->frame.layout->half_columns ? CHROMA : LUMA;
    if (component == 0 || places[component - 1].plane != place->plane) {
        blend_plane(loop, place->plane, &input->rows[filter], y, blended);
    }
    const float *samples = blended;
    if (place->step > 1) {
        const unsigned n = hrnet_frame_columns(loop->frame, component);
        loop->kernels->pick(line, blended, place->step, place->offset, n);
        memset(line + n, 0, HRNET_LINE_ROOM * sizeof *line);
        samples = line;
    }
    loop->kernels->filter_columns(filtered, samples, &input->columns[filter]);
}

/* Where red, green and blue go. spare: three rows, for planes that become levels, and for what a
 * network of luma does not take. */
static void out_rows_fill(const Loop *loop, unsigned y, float *spare, float *rows[3])
{
    const HrnetFrameInput *input = loop->input;
    for (unsigned c = 0; c < 3; c++) {
        const unsigned plane = input->out_planes == HRNET_INPUT_BGR ? 2 - c : c;
        if (loop->map || (input->out_planes == HRNET_INPUT_LUMA && c > 0))
            rows[c] = spare + plane * input->filtered_floats;
        else
            rows[c] = loop->out.data + plane * loop->out.plane_floats + (size_t)y * loop->out.width;
    }
}

/* spare: as out_rows_fill() has chosen. */
static void level_row(const Loop *loop, unsigned y, const float *spare)
{
    const size_t row_floats = loop->input->filtered_floats;
    const float *const planes[] = { spare, spare + row_floats, spare + 2 * row_floats };
    hrnet_int8_levels_row(loop->map, planes, loop->levels, y);
}

__attribute__((noinline)) static void run_rows(const Loop *loop, unsigned task, unsigned thread)
{
    const HrnetFrameInput *input = loop->input;
    const unsigned n_components = input->frame.layout->n_components;
    float *blended = loop->scratch + thread * thread_floats(input);
    float *line = blended + input->blended_floats;
    float *filtered[3], *spare = line + input->line_floats + 3 * input->filtered_floats;
    for (unsigned i = 0; i < 3; i++) {
        filtered[i] =
            line + input->line_floats + (i < n_components ? i : 0) * input->filtered_floats;
        memset(filtered[i], 0, input->filtered_floats * sizeof *filtered[i]);
    }
    const unsigned y_end =
        (task + 1) * BAND_ROWS < input->out_height ? (task + 1) * BAND_ROWS : input->out_height;
    for (unsigned y = task * BAND_ROWS; y < y_end; y++) {
        for (unsigned i = 0; i < 3 && i < n_components; i++)
            component_row(loop, i, y, blended, line, filtered[i]);
        float *out_rows[3] = { NULL };
        out_rows_fill(loop, y, spare, out_rows);
        const float *const in_rows[3] = { filtered[0], filtered[1], filtered[2] };
        loop->kernels->color(out_rows, in_rows, &input->matrix, input->out_width);
        if (loop->map)
            level_row(loop, y, spare);
    }
    if (loop->map)
        hrnet_quads_pad(loop->levels, 0, task * BAND_ROWS, y_end);
}

static void run_task(void *data, unsigned task, unsigned thread)
{
    run_rows(data, task, thread);
}

static void run_task_exactly(void *data, unsigned task, unsigned thread)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    run_rows(data, task, thread);
    hrnet_float_mode_restore(&before);
}

static void run_loop(Loop *loop, HrnetWorkers *workers)
{
    const HrnetFrameInput *input = loop->input;
    hrnet_workers_run(workers, (input->out_height + BAND_ROWS - 1) / BAND_ROWS,
                      input->exact ? run_task_exactly : run_task, loop);
}

void hrnet_frame_input_run(const HrnetFrameInput *input, const HrnetFrame *frame, HrnetTensor out,
                           float *scratch, HrnetWorkers *workers)
{
    Loop loop = {
        .input = input,
        .kernels = input->exact ? &hrnet_kernels()->exact.frame : &hrnet_kernels()->frame,
        .frame = frame,
        .out = out,
        .scratch = scratch,
    };
    run_loop(&loop, workers);
}

void hrnet_frame_input_run_levels(const HrnetFrameInput *input, const HrnetFrame *frame,
                                  const HrnetInt8LevelMap *map, const HrnetQuads *out,
                                  float *scratch, HrnetWorkers *workers)
{
    Loop loop = {
        .input = input,
        .kernels = &hrnet_kernels()->exact.frame,
        .frame = frame,
        .map = map,
        .levels = out,
        .scratch = scratch,
    };
    run_loop(&loop, workers);
}
