/* What the element's tests share: harnesses, frames with guard bytes, reading of the metadata.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_ELEMENT_HARNESS_H
#define HRNET_TESTS_ELEMENT_HARNESS_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

/* For what is looked at in each pixel: Check's own macros write every place that a test passes to a
 * file, for which there are two calls of the system. The operands are evaluated again to be told.
 */
#define quick_fail_unless(condition, ...)                                                          \
    G_STMT_START                                                                                   \
    {                                                                                              \
        if (G_UNLIKELY(!(condition)))                                                              \
            fail_unless(condition, __VA_ARGS__);                                                   \
    }                                                                                              \
    G_STMT_END
#define quick_fail_unless_equals_int(a, b)                                                         \
    G_STMT_START                                                                                   \
    {                                                                                              \
        if (G_UNLIKELY((a) != (b)))                                                                \
            fail_unless_equals_int(a, b);                                                          \
    }                                                                                              \
    G_STMT_END

/* All formats that the element draws on, NULL-terminated. */
extern const gchar *const all_formats[];
extern const gchar *const all_modes[];
#define N_FORMATS 25
#define N_MODES   3

/* An element by its launch description: "hrnetseg model=test mode=mask". */
GstHarness *harness_new(const gchar *description);

/* Caps of a format and size at 30 frames a second. more: further fields, ", colorimetry=bt709", or
 * "". */
GstCaps *frame_caps(const gchar *format, gint width, gint height, const gchar *more);

/* Gives the element a bus, for harness_close(), which the element and the harness go with. */
GstBus *harness_add_bus(GstHarness *harness);
void harness_close(GstHarness *harness, GstBus *bus);

/* Sets the harness's source caps; info may be NULL. */
void harness_set_frame_caps(GstHarness *harness, const gchar *format, gint width, gint height,
                            const gchar *more, GstVideoInfo *info);

/* A frame with a picture of smooth shapes and noise, the same for the same seed. padding: bytes
 * that each row has more than it needs (with a GstVideoMeta that says so), and bytes before the
 * first plane; they are filled with 0xA5. pts: frame_time(seed). */
GstBuffer *frame_new(const GstVideoInfo *info, guint padding, guint seed);

/* Of frame n, at 30 a second. */
GstClockTime frame_time(guint n);

/* Fails the test where a guard byte of frame_new()'s padding has changed. */
void frame_check_padding(const GstVideoInfo *info, GstBuffer *frame);

/* Copies the meaningful bytes of a frame, rows dense, planes one after the other. Freed with
 * g_free(). */
guint8 *frame_bytes(const GstVideoInfo *info, GstBuffer *frame, gsize *size);

/* Bytes of a row of a plane that belong to pixels, and a plane's rows. */
guint plane_row_bytes(const GstVideoInfo *info, guint plane);
guint plane_rows(const GstVideoInfo *info, guint plane);

/* The first sample of a component, by the names of the formats: GStreamer's table errs in VYUY's
 * chroma and in P010's V. */
guint8 *component_data(const GstVideoFrame *frame, guint component);

/* A sample's value without the bits around it, of 8 bits or, little-endian, more. */
guint sample_value(const GstVideoInfo *info, guint component, const guint8 *sample);

/* The metadata's structure, or NULL. */
GstStructure *seg_structure(GstBuffer *frame);

/* Copies the metadata's labels, rows dense; fails the test where there are none of that size. Freed
 * with g_free(). */
guint8 *seg_labels(GstBuffer *frame, gint width, gint height);

/* How many bytes of n are others. */
guint n_different(const guint8 *a, const guint8 *b, gsize n);

/* Fails the test where what is said of a class has another box than its label has in the mask.
 * Returns the label's pixels. */
guint check_box(const GstStructure *class, const guint8 *labels, guint width, guint height);

/* A counter of the element's stats. */
guint64 seg_stat(GstElement *element, const gchar *name);

/* Memory of the process that is in RAM. */
gsize resident_bytes(void);

/* The next message of a type from the bus, waiting up to 20 s; NULL if none comes. */
GstMessage *wait_message(GstBus *bus, GstMessageType type);

/* Takes the errors, or the warnings, off the bus; fails the test unless there is just one, and
 * returns its text. Freed with g_free(). */
gchar *only_message(GstBus *bus, GstMessageType type);

#endif
