/* Checkpoints of any configuration, with weights that a formula gives.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Element i of the tensor `name` is made from h = mix(i * 2654435761 ^ fnv1a(name)) and u = (h >>
 * 8) / 2^24: convolution weights (2u - 1) * sqrt(6 / fan_in), their biases (2u - 1) * 0.1, gamma
 * 0.4 + 0.4u (negated where h is odd for inplace_abn), beta and mean (2u - 1) * 0.1, variance 0.5 +
 * u with mix() the finaliser of MurmurHash3 (A. Appleby, public domain). tests/net/synthetic.py has
 * it in Python. */
#ifndef HRNET_TESTS_SYNTHETIC_H
#define HRNET_TESTS_SYNTHETIC_H

#include "graph/config.h"

/* Structure of a named variant ("w18-small-v1", "w18-small-v2", "w18", "w32", "w48", "w32-single";
 * "w48-ocr", ... with the head of HRNetV2+OCR) with n_classes classes, or FALSE. Metadata fields
 * are 0. */
gboolean synthetic_config(const gchar *variant, guint n_classes, HrnetConfig *config);

/* Writes the checkpoint as F32 safetensors. metadata: key, value, key, value, ..., NULL; or NULL.
 */
gboolean synthetic_write(const gchar *path, const HrnetConfig *config, const gchar *const *metadata,
                         GError **error);

/* values[i] = 2 * (2u - 1) for the tensor "input". */
void synthetic_input(gfloat *values, gsize n_values);

/* The k-th sampled index of n. */
gsize synthetic_sample(guint k, gsize n);

#endif
