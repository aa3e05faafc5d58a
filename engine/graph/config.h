/* The network's configuration: what names, shapes and metadata of a checkpoint say.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_GRAPH_CONFIG_H
#define HRNET_GRAPH_CONFIG_H

#include <glib.h>

#define HRNET_MAX_BRANCHES 4
#define HRNET_MAX_CLASSES  255

typedef enum { HRNET_UPSAMPLE_BILINEAR, HRNET_UPSAMPLE_NEAREST } HrnetUpsample;
typedef enum { HRNET_NORM_BN, HRNET_NORM_INPLACE_ABN } HrnetNorm;
typedef enum { HRNET_PADDING_SYMMETRIC, HRNET_PADDING_SAME } HrnetPadding;

/* Stages 2 to 4. */
typedef struct {
    guint n_modules;
    guint n_branches;    /* 2, 3, 4 */
    gboolean bottleneck; /* bottleneck blocks (expansion 4), else basic ones */
    guint n_blocks[HRNET_MAX_BRANCHES];
    guint channels[HRNET_MAX_BRANCHES]; /* of the branch's output */
    /* What the transition brings to module 0, which may differ from `channels`. A transition's
     * convolution is there exactly where that changes the channels or opens the branch, a block's
     * `downsample` exactly where its input and output differ in channels. */
    guint in_channels[HRNET_MAX_BRANCHES];
} HrnetStageConfig;

typedef struct {
    /* read off names and shapes */
    guint input_channels; /* 3, or 1: luma alone */
    guint stem_channels[2];
    guint layer1_blocks;
    guint layer1_planes; /* of a bottleneck; its output has 4 times as many channels */
    HrnetStageConfig stages[3];
    gboolean single_output; /* the last module of stage 4 makes the highest resolution alone */
    guint head_channels;    /* of last_layer.0, or aux_head.0 of HRNetV2+OCR */
    guint head_kernel;      /* 1 or 3, of the same */
    guint n_classes;
    guint classifier_kernel; /* 1 or 3, of last_layer.3 */
    guint ocr_channels;      /* of HRNetV2+OCR's pixels and regions; 0 = no such head */
    guint ocr_keys;          /* channels of its queries, keys and values */
    const gchar *variant;    /* "W18-Small-v1", "W48-OCR", ..., or "custom"; static */

    /* metadata, or its defaults; the exchange units' upsampling, the head's, the logits' */
    HrnetUpsample exchange_upsample, head_upsample;
    gboolean exchange_align, head_align, logits_align;
    gboolean exchange_twice; /* by a power of two, then to size (ops/resize_twice.h) */
    HrnetNorm norm;
    gdouble eps;
    HrnetPadding padding;
    gboolean bgr;           /* the order of the input's planes */
    gfloat mean[3], std[3]; /* RGB; of one channel, the first of each */
    guint input_height, input_width;
    gchar **classes; /* n_classes + 1 names, entry 0 "unlabelled", NULL after */
    guint32 palette[HRNET_MAX_CLASSES + 1];     /* 0xRRGGBB by label */
    gboolean foreground[HRNET_MAX_CLASSES + 1]; /* by label */
} HrnetConfig;

#endif
