/* Times the convolution of bytes on the layer shapes of HRNetV2-W18-Small-v1 and W18 at 512x1024,
 * beside the same layer in fp32.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   bench-int8 [TEXT]          layers whose name has TEXT in it
 *
 * GMAC/s count the layer's own multiply-adds, by CPU time of one thread: channels that fill up a
 * quad and pixels between rows are paid for and not counted. Both precisions run in turns, and the
 * least time of each counts, so that a machine with other work to do tells their ratio. fp32 runs
 * by the algorithm that is chosen for the layer; where that is Winograd it does fewer
 * multiplications than are counted. */
#include "kernels/kernels.h"
#include "ops/conv.h"
#include "ops/int8_weights.h"

#include <glib.h>
#include <string.h>
#include <time.h>

#define TURNS  15
#define RUN_NS 3e6

typedef struct {
    const char *where;
    unsigned in_channels, out_channels, kernel, stride, height, width; /* of the input */
} Layer;

static const Layer layers[] = {
    { "stem 1", 3, 64, 3, 2, 512, 1024 },
    { "stem 2", 64, 64, 3, 2, 256, 512 },
    { "layer1 reduce", 64, 32, 1, 1, 128, 256 },
    { "layer1 3x3", 32, 32, 3, 1, 128, 256 },
    { "layer1 expand", 32, 128, 1, 1, 128, 256 },
    { "layer1 3x3 64", 64, 64, 3, 1, 128, 256 },
    { "layer1 expand 256", 64, 256, 1, 1, 128, 256 },
    { "transition 128", 128, 16, 3, 1, 128, 256 },
    { "transition 256", 256, 18, 3, 1, 128, 256 },
    { "transition 256 s2", 256, 36, 3, 2, 128, 256 },
    { "branch 16", 16, 16, 3, 1, 128, 256 },
    { "branch 32", 32, 32, 3, 1, 64, 128 },
    { "branch 64", 64, 64, 3, 1, 32, 64 },
    { "branch 128", 128, 128, 3, 1, 16, 32 },
    { "branch 18", 18, 18, 3, 1, 128, 256 },
    { "branch 36", 36, 36, 3, 1, 64, 128 },
    { "branch 72", 72, 72, 3, 1, 32, 64 },
    { "branch 144", 144, 144, 3, 1, 16, 32 },
    { "exchange down 18 36", 18, 36, 3, 2, 128, 256 },
    { "exchange up 144 18", 144, 18, 1, 1, 16, 32 },
    { "head 18", 18, 270, 1, 1, 128, 256 },
    { "classifier 270", 270, 19, 1, 1, 128, 256 },
};

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The least nanoseconds of a run so far, of as many runs as make up a turn. */
static double time_turn(void (*run)(void *data), void *data, double least)
{
    const double begin = cpu_ns();
    for (double before = begin; before - begin < RUN_NS;) {
        run(data);
        const double after = cpu_ns();
        least = after - before < least ? after - before : least;
        before = after;
    }
    return least;
}

/* ---- int8 ---- */

typedef struct {
    HrnetInt8Conv conv;
    void (*kernel)(const HrnetInt8Conv *conv);
    unsigned n_rows; /* runs of one row each, or 1: all rows at once */
    size_t src_row_bytes, out_row_bytes;
    ptrdiff_t taps[9];
    void *memory[5]; /* of weights, numbers, source, output */
} Int8;

static void *filled(size_t n_bytes, unsigned seed)
{
    uint8_t *bytes = hrnet_aligned_alloc(n_bytes);
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (uint8_t)((i + seed) * 2654435761u >> 24);
    return bytes;
}

static Int8 int8_new(const Layer *l, const HrnetInt8Kernels *kernels, const float *plain)
{
    const unsigned quads = (l->in_channels + 3) / 4, rows = hrnet_int8_padded_rows(l->out_channels);
    const unsigned out_height = l->height / l->stride, out_width = l->width / l->stride;
    const size_t src_row = HRNET_QUAD * (l->width + 1), out_row = HRNET_QUAD * (out_width + 1);
    const size_t src_plane = (l->height + 2) * src_row + 64, out_plane = (out_height + 2) * out_row;
    const HrnetInt8Layer layer = {
        l->in_channels,         l->out_channels,           l->kernel, plain, NULL,
        hrnet_int8_range(0, 6), hrnet_int8_range(-40, 40), NULL
    };
    Int8 run = { .kernel = kernels->conv,
                 .n_rows = l->stride == 2 ? out_height : 1,
                 .src_row_bytes = l->stride * src_row,
                 .out_row_bytes = out_row };
    run.memory[0] = hrnet_aligned_alloc(hrnet_int8_weights_bytes(&layer, kernels));
    run.memory[1] = hrnet_aligned_alloc(rows * sizeof(int32_t));
    run.memory[2] = hrnet_aligned_alloc(rows * sizeof(float));
    run.memory[3] = filled(quads * src_plane + HRNET_INT8_OVER_READ, 1);
    run.memory[4] = filled(rows / HRNET_QUAD * out_plane, 2);
    float residual_scale;
    if (!hrnet_int8_weights_pack(&layer, kernels, run.memory[0], run.memory[1], run.memory[2],
                                 &residual_scale))
        g_error("%s: its weights can't be packed", l->where);
    for (int t = 0; t < 9; t++)
        run.taps[t] = HRNET_QUAD * ((t / 3 - 1) * (ptrdiff_t)(l->width + 1) + t % 3 - 1);
    if (l->kernel == 1)
        run.taps[0] = 0;
    run.conv =
        (HrnetInt8Conv){ .weights = run.memory[0],
                         .bias = run.memory[1],
                         .scale = run.memory[2],
                         .rows = l->out_channels,
                         .src = (uint8_t *)run.memory[3] + src_row + HRNET_QUAD,
                         .src_quad_bytes = src_plane,
                         .n_quads = quads,
                         .n_taps = l->kernel * l->kernel,
                         .stride = l->stride,
                         .out = (uint8_t *)run.memory[4] + out_row,
                         .out_quad_bytes = out_plane,
                         .zero_point = layer.out.zero_point,
                         .pixels = l->stride == 2 ? out_width
                                                  : (size_t)out_height * (out_width + 1) - 1 };
    return run;
}

static void int8_run(void *data)
{
    const Int8 *run = data;
    HrnetInt8Conv conv = run->conv;
    conv.tap_bytes = run->taps;
    for (unsigned y = 0; y < run->n_rows; y++) {
        run->kernel(&conv);
        conv.src += run->src_row_bytes;
        conv.out += run->out_row_bytes;
    }
}

static void int8_close(Int8 *run)
{
    for (size_t i = 0; i < G_N_ELEMENTS(run->memory); i++)
        hrnet_aligned_free(run->memory[i]);
}

/* ---- fp32 ---- */

typedef struct {
    HrnetConv *conv;
    HrnetConvArgs args;
    HrnetWorkers *workers;
} Fp32;

static HrnetTensor tensor_new(unsigned channels, unsigned height, unsigned width)
{
    HrnetTensor t = { NULL, channels, height, width, hrnet_tensor_plane_floats(height, width) };
    t.data = hrnet_aligned_alloc(channels * t.plane_floats * sizeof(float));
    for (size_t i = 0; i < channels * t.plane_floats; i++)
        t.data[i] = (float)(i % 127) / 127;
    return t;
}

static Fp32 fp32_new(const Layer *l, const float *weights, HrnetWorkers *workers)
{
    const HrnetConvShape shape = { l->in_channels, l->out_channels, l->kernel, l->stride, false };
    Fp32 run = { .workers = workers };
    run.conv = hrnet_conv_new(&shape, weights, NULL, HRNET_CONV_AUTO, l->height, l->width);
    run.args = (HrnetConvArgs){
        .in = tensor_new(l->in_channels, l->height, l->width),
        .out = tensor_new(l->out_channels, l->height / l->stride, l->width / l->stride),
        .scratch = hrnet_aligned_alloc(
            MAX(1, hrnet_conv_scratch_floats(run.conv, l->height, l->width, 1)) * sizeof(float)),
    };
    return run;
}

static void fp32_run(void *data)
{
    const Fp32 *run = data;
    hrnet_conv_run(run->conv, &run->args, run->workers);
}

static void fp32_close(Fp32 *run)
{
    hrnet_aligned_free(run->args.in.data);
    hrnet_aligned_free(run->args.out.data);
    hrnet_aligned_free(run->args.scratch);
    hrnet_conv_free(run->conv);
}

static void bench_layer(const Layer *l, const HrnetInt8Kernels *kernels, HrnetWorkers *workers)
{
    const size_t n_weights = (size_t)l->in_channels * l->out_channels * l->kernel * l->kernel;
    g_autofree float *weights = g_new(float, n_weights);
    for (size_t i = 0; i < n_weights; i++)
        weights[i] = ((float)(i % 31) - 15) / 100;
    Int8 int8 = int8_new(l, kernels, weights);
    Fp32 fp32 = fp32_new(l, weights, workers);
    double int8_ns = 1e18, fp32_ns = 1e18;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        int8_ns = time_turn(int8_run, &int8, int8_ns);
        fp32_ns = time_turn(fp32_run, &fp32, fp32_ns);
    }
    const double macs = (double)n_weights * (l->height / l->stride) * (l->width / l->stride);
    g_print("%-20s %3u->%-3u %ux%u s%u  int8 %7.3f ms %6.1f GMAC/s  fp32 %-7s %7.3f ms %6.1f GMAC/s"
            "  x%.2f\n",
            l->where, l->in_channels, l->out_channels, l->kernel, l->kernel, l->stride,
            int8_ns / 1e6, macs / int8_ns,
            hrnet_conv_algorithm_name(hrnet_conv_algorithm(fp32.conv)), fp32_ns / 1e6,
            macs / fp32_ns, fp32_ns / int8_ns);
    int8_close(&int8);
    fp32_close(&fp32);
}

int main(int argc, char **argv)
{
    const HrnetInt8Kernels *kernels = &hrnet_kernels()->int8;
    g_print("%s, kernels %s\n", hrnet_cpu_name(), hrnet_cpu_level_name(hrnet_cpu_features()));
    HrnetWorkers *workers = hrnet_workers_begin(1);
    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++)
        if (argc < 2 || strstr(layers[i].where, argv[1]))
            bench_layer(&layers[i], kernels, workers);
    hrnet_workers_end(workers);
    return 0;
}
