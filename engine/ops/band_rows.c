/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band_rows.h"

const HrnetConvShape *hrnet_band_shape(const HrnetBandStep *step)
{
    return step->layer ? hrnet_int8_conv_shape(step->layer) : hrnet_conv_shape(step->conv);
}

unsigned hrnet_band_row_step(const HrnetBandStep *step)
{
    return step->layer ? 1 : hrnet_conv_row_step(step->conv);
}

static bool is_output(const HrnetBandArgs *args, unsigned tensor)
{
    if (args->tensors[tensor].inner)
        return false;
    for (unsigned s = 0; s < args->n_steps; s++) {
        if (args->steps[s].out == tensor)
            return true;
    }
    return false;
}

static unsigned tensor_height(const HrnetBandArgs *args, unsigned tensor)
{
    return args->tensors[tensor].tensor.height;
}

unsigned hrnet_band_height(const HrnetBandArgs *args)
{
    unsigned height = ~0u;
    for (unsigned t = 0; t < args->n_tensors; t++) {
        if (is_output(args, t) && tensor_height(args, t) < height)
            height = tensor_height(args, t);
    }
    return height;
}

/* Heights are halved rounding up, so that the doubled lowest one reaches or exceeds every other. */
unsigned hrnet_band_rows_at(const HrnetBandArgs *args, unsigned tensor, unsigned progress)
{
    const size_t height = tensor_height(args, tensor);
    size_t rows = progress;
    for (size_t reach = hrnet_band_height(args); reach < height; reach *= 2)
        rows *= 2;
    return (unsigned)(rows < height ? rows : height);
}

void hrnet_band_begin(const HrnetBandArgs *args, unsigned progress, HrnetBandRows *rows)
{
    unsigned starts[HRNET_BAND_MAX_TENSORS];
    for (unsigned t = 0; t < args->n_tensors; t++)
        starts[t] =
            is_output(args, t) ? hrnet_band_rows_at(args, t, progress) : tensor_height(args, t);
    for (unsigned s = args->n_steps; s-- > 0;) {
        const HrnetBandStep *step = &args->steps[s];
        const unsigned in_height = tensor_height(args, step->in);
        const unsigned row_step = hrnet_band_row_step(step);
        unsigned start = starts[step->out] / row_step * row_step, first, end;
        starts[step->out] = start;
        if (start >= tensor_height(args, step->out))
            continue;
        hrnet_conv_input_rows(hrnet_band_shape(step), in_height, start, start + 1, &first, &end);
        if (first < starts[step->in])
            starts[step->in] = first;
        if (step->residual != HRNET_BAND_NO_TENSOR && start < starts[step->residual])
            starts[step->residual] = start;
    }
    for (unsigned t = 0; t < args->n_tensors; t++)
        rows[t] = (HrnetBandRows){ starts[t], starts[t] };
}

void hrnet_band_ends(const HrnetBandArgs *args, unsigned progress, unsigned *ends)
{
    for (unsigned t = 0; t < args->n_tensors; t++)
        ends[t] = is_output(args, t) ? hrnet_band_rows_at(args, t, progress) : 0;
    for (unsigned s = args->n_steps; s-- > 0;) {
        const HrnetBandStep *step = &args->steps[s];
        const unsigned height = tensor_height(args, step->out);
        const unsigned row_step = hrnet_band_row_step(step);
        unsigned *out_end = &ends[step->out];
        if (*out_end == 0)
            continue;
        *out_end = (*out_end + row_step - 1) / row_step * row_step;
        if (*out_end > height)
            *out_end = height;
        unsigned first, end;
        hrnet_conv_input_rows(hrnet_band_shape(step), tensor_height(args, step->in), *out_end - 1,
                              *out_end, &first, &end);
        if (end > ends[step->in])
            ends[step->in] = end;
        if (step->residual != HRNET_BAND_NO_TENSOR && *out_end > ends[step->residual])
            ends[step->residual] = *out_end;
    }
}

unsigned hrnet_band_first_wanted(const HrnetBandArgs *args, const HrnetBandRows *rows,
                                 unsigned tensor)
{
    unsigned wanted = rows[tensor].done;
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s];
        const unsigned next = rows[step->out].done;
        if ((step->in != tensor && step->residual != tensor) ||
            next >= tensor_height(args, step->out))
            continue;
        unsigned first = next, end;
        if (step->in == tensor)
            hrnet_conv_input_rows(hrnet_band_shape(step), tensor_height(args, tensor), next,
                                  next + 1, &first, &end);
        if (step->residual == tensor && next < first)
            first = next;
        if (first < wanted)
            wanted = first;
    }
    return wanted;
}

static bool is_pixelwise(const HrnetBandStep *step)
{
    return hrnet_band_shape(step)->kernel == 1 && hrnet_band_shape(step)->stride == 1;
}

bool hrnet_band_is_pair(const HrnetBandArgs *args, unsigned s)
{
    if (s + 1 >= args->n_steps)
        return false;
    const HrnetBandStep *step = &args->steps[s], *next = &args->steps[s + 1];
    if (!args->tensors[step->out].inner || next->residual != step->out || next->in == step->out ||
        !is_pixelwise(step) || !is_pixelwise(next))
        return false;
    for (unsigned i = s + 2; i < args->n_steps; i++) {
        if (args->steps[i].in == step->out || args->steps[i].residual == step->out)
            return false;
    }
    return true;
}

/* What the band that ends with this progress holds and makes, in the state before it. */
static void measure_band(const HrnetBandArgs *args, unsigned progress, HrnetBandRows *rows,
                         unsigned *capacity, unsigned *most_rows)
{
    unsigned ends[HRNET_BAND_MAX_TENSORS];
    hrnet_band_ends(args, progress, ends);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const unsigned out = args->steps[s].out, end = ends[out];
        if (end <= rows[out].done)
            continue;
        rows[out].base = hrnet_band_first_wanted(args, rows, out);
        if (capacity[out] < end - rows[out].base)
            capacity[out] = end - rows[out].base;
        if (most_rows[s] < end - rows[out].done)
            most_rows[s] = end - rows[out].done;
        rows[out].done = end;
    }
}

/* Every band, as the first of a strip and as the second: later ones are like the second. */
void hrnet_band_measure(const HrnetBandArgs *args, unsigned band_rows, unsigned *capacity,
                        unsigned *most_rows)
{
    for (unsigned first = 0; first < hrnet_band_height(args); first += band_rows) {
        HrnetBandRows rows[HRNET_BAND_MAX_TENSORS] = { 0 };
        hrnet_band_begin(args, first, rows);
        measure_band(args, first + band_rows, rows, capacity, most_rows);
        measure_band(args, first + 2 * band_rows, rows, capacity, most_rows);
    }
}

unsigned hrnet_band_smallest(const HrnetBandArgs *args)
{
    const unsigned lowest = hrnet_band_height(args);
    unsigned rows = 1;
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s];
        while (rows < lowest &&
               hrnet_band_rows_at(args, step->out, rows) % hrnet_band_row_step(step) != 0)
            rows *= 2;
    }
    return rows;
}
