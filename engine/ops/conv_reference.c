/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_plane.h"
#include "ops/conv_layer.h"

#include <string.h>

static bool reference_supports(const HrnetConvShape *shape)
{
    (void)shape;
    return true;
}

static void reference_pack(const HrnetConvShape *shape, const float *weights, float *packed)
{
    memcpy(packed, weights, hrnet_conv_weight_floats(shape) * sizeof(float));
}

static size_t reference_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                       unsigned n_threads)
{
    (void)conv;
    (void)height;
    (void)width;
    (void)n_threads;
    return 0;
}

typedef struct {
    const HrnetConv *conv;
    const HrnetConvArgs *args;
} ReferenceRun;

/* A task is an output channel. */
static void reference_task(void *data, unsigned k, unsigned thread)
{
    (void)thread;
    const ReferenceRun *run = data;
    const HrnetConvShape *shape = &run->conv->shape;
    const HrnetConvArgs *args = run->args;
    const size_t channel_weights = (size_t)shape->in_channels * shape->kernel * shape->kernel;
    hrnet_conv_plane_f32_c(&(HrnetConvPlane){
        .in = args->in.data,
        .in_plane_floats = args->in.plane_floats,
        .in_channels = shape->in_channels,
        .in_height = args->in.height,
        .in_width = args->in.width,
        .kernel = shape->kernel,
        .stride = shape->stride,
        .pad_top = hrnet_conv_pad_before(shape, args->in.height),
        .pad_left = hrnet_conv_pad_before(shape, args->in.width),
        .weights = run->conv->packed + k * channel_weights,
        .bias = run->conv->bias[k],
        .residual = args->residual ? args->residual->data + k * args->residual->plane_floats : NULL,
        .out = args->out.data + k * args->out.plane_floats,
        .out_height = args->out.height,
        .out_width = args->out.width,
        .relu = args->relu,
    });
}

static void reference_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    hrnet_workers_run(workers, conv->shape.out_channels, reference_task,
                      &(ReferenceRun){ conv, args });
}

const HrnetConvMethod hrnet_conv_method_reference = {
    .algorithm = HRNET_CONV_REFERENCE,
    .supports = reference_supports,
    .packed_floats = hrnet_conv_weight_floats,
    .pack = reference_pack,
    .scratch_floats = reference_scratch_floats,
    .run = reference_run,
};
