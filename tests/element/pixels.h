/* One frame through the element, pixel by pixel against the reference renderer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_ELEMENT_PIXELS_H
#define HRNET_TESTS_ELEMENT_PIXELS_H

#include "harness.h"

/* more: further fields of the caps, ", colorimetry=bt709", or "". Fails the test where a sample is
 * wrong. */
void pixels_check(const gchar *format, const gchar *mode, gint width, gint height,
                  const gchar *more, gdouble opacity);

/* The same of outlines alone. */
void pixels_check_outline(const gchar *format, gint width, gint height, guint radius);

#endif
