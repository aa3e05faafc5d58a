/* Convolution layers: bias, residual and ReLU folded in, the algorithm chosen per layer.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   out[k][y][x] = act(bias[k] + residual[k][y][x]
 *                      + sum over c, i, j of weights[k][c][i][j] * in[c][y * stride + i - pad][x *
 * stride + j - pad])
 *
 * Life of a layer: hrnet_conv_new() packs the weights for one algorithm; the layer is then
 * immutable and may be run by many sessions at once. hrnet_conv_run() does one image within the
 * caller's turn with the workers. */
#ifndef HRNET_OPS_CONV_H
#define HRNET_OPS_CONV_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>

typedef struct {
    unsigned in_channels, out_channels;
    unsigned kernel; /* 1 or 3, square */
    unsigned stride; /* 1 or 2 */
    /* Zeros around the input. Kernel 3: symmetric has one on each side; same (stride 2 only) has,
     * on even sizes, none before and one after, and on odd sizes one on each side, as Paddle and
     * TensorFlow. Kernel 1 has none. */
    bool padding_same;
} HrnetConvShape;

typedef enum {
    HRNET_CONV_AUTO,      /* by shape, size, instruction set and caches; the same on every run */
    HRNET_CONV_REFERENCE, /* the obvious loops in C */
    HRNET_CONV_GEMM, /* OpenBLAS: on the planar tensor itself for 1x1 of stride 1, else over blocks
                        of rows */
    HRNET_CONV_DIRECT, /* our register tiles over staged rows */
    HRNET_CONV_WINO4,  /* Winograd by tiles of 4x4, kernel 3 alone, at stride 2 not padding_same */
    HRNET_CONV_N_ALGORITHMS
} HrnetConvAlgorithm;

typedef struct HrnetConv HrnetConv;

/* weights: out x in x kernel x kernel; bias: out, or NULL for zeros; both are read now and not
 * kept. height, width: the input size the choice is made for; the layer runs on any size. An
 * algorithm that cannot do the shape is replaced by one that can. NULL when there is no memory. */
HrnetConv *hrnet_conv_new(const HrnetConvShape *shape, const float *weights, const float *bias,
                          HrnetConvAlgorithm algorithm, unsigned height, unsigned width);
/* Likewise, with weights and bias in memory of the caller's that outlives the layer:
 * hrnet_conv_memory_bytes() aligned to HRNET_ALIGNMENT. So a network's layers can lie side by side
 * in one block of huge pages. */
HrnetConv *hrnet_conv_new_at(const HrnetConvShape *shape, const float *weights, const float *bias,
                             HrnetConvAlgorithm algorithm, unsigned height, unsigned width,
                             void *memory);
/* A multiple of HRNET_ALIGNMENT; 0 where it overflows. */
size_t hrnet_conv_memory_bytes(const HrnetConvShape *shape, HrnetConvAlgorithm algorithm,
                               unsigned height, unsigned width);
void hrnet_conv_free(HrnetConv *conv);

/* Whether both compute the same in the same way: shape, algorithm, weights and bias, bit by bit. */
bool hrnet_conv_equal(const HrnetConv *a, const HrnetConv *b);

HrnetConvAlgorithm hrnet_conv_algorithm(const HrnetConv *conv);
/* "gemm", "direct", "wino4", ... for profiles and plans. */
const char *hrnet_conv_algorithm_name(HrnetConvAlgorithm algorithm);

/* Rows (columns) of the output for as many of the input: ceil(n / stride). */
unsigned hrnet_conv_out_size(const HrnetConvShape *shape, unsigned n);

/* Floats of scratch that a run on this input size by up to n_threads threads needs, 0 if none. */
size_t hrnet_conv_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                 unsigned n_threads);

typedef struct {
    HrnetTensor in;
    HrnetTensor out; /* may not overlap in or scratch */
    const HrnetTensor
        *residual; /* of out's shape, added before the ReLU; NULL = none; may be out itself */
    bool relu;
    float *scratch; /* hrnet_conv_scratch_floats(), aligned to HRNET_ALIGNMENT */
} HrnetConvArgs;

/* Allocates nothing. GEMM calls OpenBLAS from the calling thread, on OpenBLAS's own threads, one
 * call at a time in the process, with our workers idle; the others run on the workers. */
void hrnet_conv_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers);

/* Some rows of a layer on the calling thread, for a caller with a loop of its own. */

/* Rows come in multiples of this, counted from the image's first (its last rows in what is left);
 * 0 = the layer's algorithm has no such part. */
unsigned hrnet_conv_row_step(const HrnetConv *conv);
/* Floats of args->scratch for up to n_rows rows of the output at an input's width. */
size_t hrnet_conv_rows_scratch_floats(const HrnetConv *conv, unsigned width, unsigned n_rows);
/* Rows first_row..end_row-1 of args->out. Sizes in args are the whole image's; of the tensors'
 * memory no other rows are touched than these and the rows of the input that they are made of (a
 * row y of which channel c at data + c * plane_floats + y * width), so that data may point to where
 * row 0 would lie. The input must be readable 16 floats behind its last row. */
void hrnet_conv_run_rows(const HrnetConv *conv, const HrnetConvArgs *args, unsigned first_row,
                         unsigned end_row);
/* The rows of the input, *first..*end-1 of height, that these rows of the output are made of. */
void hrnet_conv_input_rows(const HrnetConvShape *shape, unsigned height, unsigned first_row,
                           unsigned end_row, unsigned *first, unsigned *end);
const HrnetConvShape *hrnet_conv_shape(const HrnetConv *conv);

/* A piece of a 1x1 convolution of stride 1, for a caller with a loop of its own: consecutive
 * pixels, some output channels from some input channels. */
typedef struct {
    const float *in; /* of the first of the input channels, readable up to n_pixels rounded up to 16
                        in each */
    size_t in_plane_floats;
    float *out; /* of the first of the output channels */
    size_t out_plane_floats;
    size_t n_pixels;
    unsigned first_out, n_out; /* multiples of hrnet_conv_block_rows(), or what is left */
    unsigned first_in, n_in;
    bool goes_on; /* add to what out has, without the bias; as always where first_in is not 0 */
    bool relu;
} HrnetConvPixels;

/* The layer's algorithm must be HRNET_CONV_DIRECT. Any thread. */
void hrnet_conv_run_pixels(const HrnetConv *conv, const HrnetConvPixels *pixels);

#endif
