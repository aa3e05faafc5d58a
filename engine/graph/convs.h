/* The convolutions of a configuration, by name and shape: what a checkpoint has to hold.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_GRAPH_CONVS_H
#define HRNET_GRAPH_CONVS_H

#include "graph/config.h"

typedef struct {
    const gchar *conv; /* "stage2.0.fuse_layers.0.1.0" */
    const gchar *norm; /* "stage2.0.fuse_layers.0.1.1", or NULL */
    guint out_channels, in_channels, kernel, stride;
} HrnetConvSpec;

/* Returning FALSE ends the walk. */
typedef gboolean (*HrnetConvFunc)(const HrnetConvSpec *spec, gpointer data);

/* Calls func for every convolution from the stem to the classifier, in an order in which the
 * network can run them. FALSE where func returned it. */
gboolean hrnet_config_each_conv(const HrnetConfig *config, HrnetConvFunc func, gpointer data);

#endif
