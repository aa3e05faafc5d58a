/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/conv_layer.h"

#include <stdlib.h>
#include <string.h>

static const HrnetConvMethod *const methods[HRNET_CONV_N_ALGORITHMS] = {
    [HRNET_CONV_REFERENCE] = &hrnet_conv_method_reference,
    [HRNET_CONV_GEMM] = &hrnet_conv_method_gemm,
};

unsigned hrnet_conv_out_size(const HrnetConvShape *shape, unsigned n)
{
    return n / shape->stride + (n % shape->stride != 0);
}

unsigned hrnet_conv_pad_before(const HrnetConvShape *shape, unsigned n)
{
    if (shape->kernel == 1)
        return 0;
    return shape->padding_same && shape->stride == 2 && n % 2 == 0 ? 0 : 1;
}

size_t hrnet_conv_weight_floats(const HrnetConvShape *shape)
{
    return (size_t)shape->out_channels * shape->in_channels * shape->kernel * shape->kernel;
}

static const HrnetConvMethod *choose_method(const HrnetConvShape *shape, HrnetConvAlgorithm wanted)
{
    if (wanted < HRNET_CONV_N_ALGORITHMS && methods[wanted] && methods[wanted]->supports(shape))
        return methods[wanted];
    return &hrnet_conv_method_gemm;
}

HrnetConv *hrnet_conv_new(const HrnetConvShape *shape, const float *weights, const float *bias,
                          HrnetConvAlgorithm algorithm, unsigned height, unsigned width)
{
    (void)height;
    (void)width;
    HrnetConv *conv = calloc(1, sizeof *conv);
    if (!conv)
        return NULL;
    conv->shape = *shape;
    conv->method = choose_method(shape, algorithm);
    conv->bias = hrnet_aligned_alloc(shape->out_channels * sizeof(float));
    conv->packed = hrnet_aligned_alloc(hrnet_conv_packed_bytes(conv));
    if (!conv->bias || !conv->packed) {
        hrnet_conv_free(conv);
        return NULL;
    }
    if (bias)
        memcpy(conv->bias, bias, shape->out_channels * sizeof(float));
    else
        memset(conv->bias, 0, shape->out_channels * sizeof(float));
    conv->method->pack(shape, weights, conv->packed);
    return conv;
}

void hrnet_conv_free(HrnetConv *conv)
{
    if (!conv)
        return;
    hrnet_aligned_free(conv->bias);
    hrnet_aligned_free(conv->packed);
    free(conv);
}

HrnetConvAlgorithm hrnet_conv_algorithm(const HrnetConv *conv)
{
    return conv->method->algorithm;
}

const char *hrnet_conv_algorithm_name(HrnetConvAlgorithm algorithm)
{
    static const char *const names[HRNET_CONV_N_ALGORITHMS] = {
        [HRNET_CONV_AUTO] = "auto",     [HRNET_CONV_REFERENCE] = "reference",
        [HRNET_CONV_GEMM] = "gemm",     [HRNET_CONV_DIRECT] = "direct",
        [HRNET_CONV_WINO4] = "wino4",
    };
    return algorithm < HRNET_CONV_N_ALGORITHMS ? names[algorithm] : "unknown";
}

size_t hrnet_conv_packed_bytes(const HrnetConv *conv)
{
    return conv->method->packed_floats(&conv->shape) * sizeof(float);
}

size_t hrnet_conv_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width, unsigned n_threads)
{
    return conv->method->scratch_floats(conv, height, width, n_threads);
}

void hrnet_conv_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    conv->method->run(conv, args, workers);
}
