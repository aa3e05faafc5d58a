/* compare_weights A B TOLERANCE: whether two checkpoints make the same network, that is the same
 * configuration, and every folded weight within TOLERANCE of its layer's largest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "graph/convs.h"
#include "weights/weights.h"

typedef struct {
    HrnetWeights *weights[2];
    gdouble tolerance, worst;
    guint n_layers;
} Comparison;

static gboolean compare_conv(const HrnetConvSpec *spec, gpointer data)
{
    Comparison *comparison = data;
    gsize n = (gsize)spec->out_channels * spec->in_channels * spec->kernel * spec->kernel;
    gfloat *values[2];
    gboolean good = TRUE;
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < 2; i++) {
        values[i] = g_new(gfloat, n + spec->out_channels);
        good = good && hrnet_weights_read_conv(comparison->weights[i], spec->conv, spec->norm,
                                               spec->out_channels, spec->in_channels, spec->kernel,
                                               values[i], values[i] + n, &error);
    }
    if (!good)
        g_printerr("%s\n", error->message);
    gdouble largest = 1e-6, worst = 0;
    for (gsize k = 0; good && k < n + spec->out_channels; k++) {
        largest = MAX(largest, fabs(values[0][k]));
        worst = MAX(worst, fabs((gdouble)values[0][k] - values[1][k]));
    }
    g_free(values[0]);
    g_free(values[1]);
    comparison->worst = MAX(comparison->worst, worst / largest);
    comparison->n_layers++;
    if (good && worst > comparison->tolerance * largest) {
        g_printerr("layer %s differs by %g of its largest weight\n", spec->conv, worst / largest);
        good = FALSE;
    }
    return good;
}

int main(int argc, char **argv)
{
    Comparison comparison = { 0 };
    g_autoptr(GError) error = NULL;
    if (argc != 4)
        return 2;
    comparison.tolerance = g_ascii_strtod(argv[3], NULL);
    for (guint i = 0; i < 2; i++) {
        comparison.weights[i] = hrnet_weights_open(argv[i + 1], NULL, &error);
        if (!comparison.weights[i]) {
            g_printerr("%s\n", error->message);
            hrnet_weights_close(comparison.weights[0]);
            return 1;
        }
    }
    const HrnetConfig *a = hrnet_weights_config(comparison.weights[0]);
    const HrnetConfig *b = hrnet_weights_config(comparison.weights[1]);
    gboolean same = memcmp(a, b, offsetof(HrnetConfig, input_height)) == 0;
    if (!same)
        g_printerr("the configurations differ\n");
    same = same && hrnet_config_each_conv(a, compare_conv, &comparison);
    if (same)
        g_print("%u layers, at most %g apart\n", comparison.n_layers, comparison.worst);
    hrnet_weights_close(comparison.weights[0]);
    hrnet_weights_close(comparison.weights[1]);
    return !same;
}
