/* What an ONNX graph does to its picture before the network: scaling, mean and deviation, another
 * order of channels or axes.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All of it is linear in each plane, so it is followed as that and becomes options. */
#ifndef HRNET_WEIGHTS_ONNX_PREPARATION_H
#define HRNET_WEIGHTS_ONNX_PREPARATION_H

#include "weights/onnx-build.h"

/* The graph's input, or NULL in the table of what is prepared where it is no picture. Its layout
 * goes by its sizes or, where they don't tell, by the first transposition. */
void hrnet_onnx_prepare_input(HrnetOnnxBuild *build, const Onnx__GraphProto *graph, guint value);

/* A node on the picture. TRUE where it is preparation: its outputs are the picture still. */
gboolean hrnet_onnx_prepare(HrnetOnnxBuild *build, const Onnx__NodeProto *node);

/* The network's first convolution, at the end of it: notes in the graph what has been done. */
gboolean hrnet_onnx_end_preparation(HrnetOnnxBuild *build, const Onnx__NodeProto *conv);

/* As values of hrnet.mean, hrnet.std and hrnet.channel_order, each NULL where the graph does not
 * tell. Free with g_free(). FALSE with an error where it does what options don't say. */
gboolean hrnet_onnx_describe_preparation(const HrnetOnnxGraph *graph, gchar **mean,
                                         gchar **deviation, const gchar **order, GError **error);

#endif
