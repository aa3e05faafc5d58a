/* A checkpoint: its configuration, and its layers' weights with normalisation folded in.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_WEIGHTS_H
#define HRNET_WEIGHTS_WEIGHTS_H

#include "graph/config.h"

typedef struct HrnetWeights HrnetWeights;

/* Errors of the layer: domain HRNET_WEIGHTS_ERROR; messages start with the file's path and name the
 * tensor, key or offset, what was found and what was expected. The hrnet layer maps the codes one
 * to one onto its public ones. */
#define HRNET_WEIGHTS_ERROR (hrnet_weights_error_quark())
GQuark hrnet_weights_error_quark(void);
typedef enum {
    HRNET_WEIGHTS_ERROR_NOT_FOUND,   /* no such file, or it cannot be read, or written */
    HRNET_WEIGHTS_ERROR_INVALID,     /* corrupt, truncated, missing or misshapen tensors */
    HRNET_WEIGHTS_ERROR_UNSUPPORTED, /* a sound file that is no network of ours */
    HRNET_WEIGHTS_ERROR_OPTION,      /* a metadata value or override that means nothing */
    HRNET_WEIGHTS_ERROR_NO_MEMORY,
} HrnetWeightsError;

/* Opens a checkpoint, or one in two files ("ENCODER,DECODER"), reads names, shapes and metadata
 * (the file's own, then PATH.json's, then options: "key=value" strings, NULL-terminated or NULL
 * itself) and infers the configuration. Keys are those of the README, with or without the "hrnet."
 * prefix; unknown keys in options are an error, in files a debug line. */
HrnetWeights *hrnet_weights_open(const gchar *path, const gchar *const *options, GError **error);
void hrnet_weights_close(HrnetWeights *weights);

/* Closes the file and frees its table of tensors; configuration and metadata stay. For when all
 * layers are read. */
void hrnet_weights_forget_tensors(HrnetWeights *weights);

/* The file, as it was named. */
const gchar *hrnet_weights_path(const HrnetWeights *weights);
const HrnetConfig *hrnet_weights_config(const HrnetWeights *weights);
/* Value of a metadata key as a string ("license", "description", "hrnet.mean", ...), or NULL. */
const gchar *hrnet_weights_metadata(const HrnetWeights *weights, const gchar *key);
/* Keys that have a value, sorted, NULL-terminated. Free with g_strfreev(). */
gchar **hrnet_weights_metadata_keys(const HrnetWeights *weights);
/* Keys of what the network's result depends on and neither tensors nor metadata tell, so that a
 * default holds. As above. */
gchar **hrnet_weights_assumed_keys(const HrnetWeights *weights);
/* Whether configuration and metadata of both are the same. */
gboolean hrnet_weights_same_settings(const HrnetWeights *a, const HrnetWeights *b);
/* Trainable parameters: weights, biases, gamma and beta. */
guint64 hrnet_weights_n_parameters(const HrnetWeights *weights);

/* One layer: convolution `conv` ("stage2.0.fuse_layers.0.1.0") with the normalisation `norm` after
 * it
 * ("stage2.0.fuse_layers.0.1.1", NULL = none) folded in:
 *   w' = w * gamma / sqrt(var + eps),  b' = (b - mean) * gamma / sqrt(var + eps) + beta
 * with gamma = |gamma| + eps for inplace_abn. Missing conv biases count as 0. Checks
 * the shapes. weights_out: out x in x kernel x kernel floats, bias_out: out floats. */
gboolean hrnet_weights_read_conv(HrnetWeights *weights, const gchar *conv, const gchar *norm,
                                 guint out_channels, guint in_channels, guint kernel,
                                 gfloat *weights_out, gfloat *bias_out, GError **error);

#endif
