/* Arithmetic on the constants of an ONNX graph.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_ARITHMETIC_H
#define HRNET_WEIGHTS_ONNX_ARITHMETIC_H

#include "weights/onnx-array.h"

/* Floor, Ceil, Neg, Sqrt or Reciprocal of each element. FALSE for any other. */
gboolean hrnet_onnx_apply(const gchar *type, HrnetOnnxArray *array);

/* Add, Sub, Mul, Div, Min or Max of two arrays, broadcast; the quotient of whole numbers is one.
 * *out has to be cleared, on failure as well. */
gboolean hrnet_onnx_combine(HrnetOnnxMaker *maker, const gchar *type, const HrnetOnnxArray *a,
                            const HrnetOnnxArray *b, HrnetOnnxArray *out);

/* perm: as many axes as there are dimensions; NULL: reversed. *out as above. */
gboolean hrnet_onnx_transpose(HrnetOnnxMaker *maker, const HrnetOnnxArray *in, const gint64 *perm,
                              HrnetOnnxArray *out);

/* x becomes (x - zero) * scale. scale and zero (NULL: 0) have one element, or one for each index of
 * the axis. */
gboolean hrnet_onnx_dequantize(HrnetOnnxArray *x, const HrnetOnnxArray *scale,
                               const HrnetOnnxArray *zero, gint64 axis);

#endif
