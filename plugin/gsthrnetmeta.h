/* The mask as metadata of a frame.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_META_H
#define GST_HRNET_META_H

#include "gsthrnetresult.h"

G_BEGIN_DECLS

/* Name of the custom metadata and of its structure. */
#define GST_HRNET_META_NAME "GstHrnetSegMeta"

/* Registers the metadata; before any other function here, once a process. */
void gst_hrnet_meta_register(void);

/* Attaches a result to a frame whose metadata is writable. No pixel is copied. What
 * elements before have attached stays, behind it. */
void gst_hrnet_meta_attach(GstBuffer *frame, const GstHrnetResult *result);

G_END_DECLS

#endif
