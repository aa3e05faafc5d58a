/* What a node of an ONNX graph is told: attributes, and constants of a few numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_NODE_H
#define HRNET_WEIGHTS_ONNX_NODE_H

#include "weights/onnx.pb-c.h"

#include <glib.h>

/* An attribute, or NULL. */
const Onnx__AttributeProto *hrnet_onnx_attribute(const Onnx__NodeProto *node, const gchar *name);
/* Whether a text attribute, or `otherwise` where it is absent, is `text`. */
gboolean hrnet_onnx_text_is(const Onnx__NodeProto *node, const gchar *name, const gchar *otherwise,
                            const gchar *text);
/* `count` equal whole numbers of an attribute, or `otherwise` where it is absent; -1 where they
 * differ. */
gint64 hrnet_onnx_equal_numbers(const Onnx__NodeProto *node, const gchar *name, gsize count,
                                gint64 otherwise);

/* Up to `most` whole numbers of a constant of INT64 or FLOAT; -1 where it is none or has more. */
gint hrnet_onnx_numbers(const Onnx__TensorProto *tensor, gdouble *out, guint most);

#endif
