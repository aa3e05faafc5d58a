/* The slow, obvious renderer that the element's overlay is checked against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_ELEMENT_REFERENCE_H
#define HRNET_TESTS_ELEMENT_REFERENCE_H

#include <gst/video/video.h>

/* A colour, 0xRRGGBB, in a component of the format, not rounded. */
gdouble reference_component_value(const GstVideoInfo *info, guint component, guint32 rgb);

/* Checks `after` against `before` with argb[label] (0xAARRGGBB) painted over every pixel, in real
 * numbers: value' = value + (colour - value) * alpha / 255 in the format's own components, of a
 * chroma sample the mean over the pixels that it covers. What covers no painted pixel must be the
 * same to the bit, as must alpha; the rest within `tolerance`. labels: rows dense. Fails the test
 * otherwise. Returns how many samples are painted. */
guint reference_check_overlay(const GstVideoInfo *info, GstBuffer *before, GstBuffer *after,
                              const guint8 *labels, const guint32 argb[256], gdouble tolerance);

/* Checks a frame with alpha whose pixels were cut out but for those that are kept (a byte a pixel,
 * not 0): what is cut is wholly transparent; what is kept is as opaque as the part that is kept of
 * the square of `feather` pixels around it, within 1; a sample none of whose pixels shows at all is
 * black. source: where alpha was before, a byte a pixel, NULL = opaque. Fails the test otherwise.
 * Returns how many pixels are neither transparent nor as opaque as they were. */
guint reference_check_cut_out(const GstVideoInfo *info, GstBuffer *after, const guint8 *kept,
                              guint feather, const guint8 *source);

#endif
