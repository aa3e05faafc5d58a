/* Which algorithm a layer was measured to be fastest with on this machine.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The measurements stand in a key file in the user's cache folder, hrnet/tuned-ISA.ini:
 *
 *     [machine]            what they hold for: anything else makes the file stale, and a stale or
 * broken file is as none version=0.1.0 cpu=... isa=avx512 [layers] 64x64k3s1@128x256=wino4: input x
 * output channels, kernel, stride, input size
 *
 * They are used where the environment says HRNET_PLAN=tuned; else the choice is hrnet_conv_new()'s
 * own, the same on every run. */
#ifndef HRNET_NET_TUNING_H
#define HRNET_NET_TUNING_H

#include "ops/conv.h"

#include <glib.h>

typedef struct HrnetTuning HrnetTuning;

/* The measurements that there are for this machine; empty where there is no file, or none that can
 * be used, which is told once in a process where it cannot be read. */
HrnetTuning *hrnet_tuning_load(void);
/* Writes them, in place of what was there. */
gboolean hrnet_tuning_save(const HrnetTuning *tuning, GError **error);
void hrnet_tuning_free(HrnetTuning *tuning);

/* Where they stand. Free with g_free(). */
gchar *hrnet_tuning_path(void);

/* Whether the environment asks for them. */
gboolean hrnet_tuning_wanted(void);

void hrnet_tuning_set(HrnetTuning *tuning, const HrnetConvShape *shape, guint height, guint width,
                      HrnetConvAlgorithm algorithm);
/* The measured choice for the shape at the input size nearest to this one, or HRNET_CONV_AUTO. */
HrnetConvAlgorithm hrnet_tuning_get(const HrnetTuning *tuning, const HrnetConvShape *shape,
                                    guint height, guint width);

/* The fastest algorithm for a layer by the median of some runs on n_threads threads, with made-up
 * weights; AUTO when there is no memory. Takes a turn with the workers. */
HrnetConvAlgorithm hrnet_tuning_measure(const HrnetConvShape *shape, guint height, guint width,
                                        guint n_threads);

#endif
