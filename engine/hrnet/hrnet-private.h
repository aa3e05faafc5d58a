/* What the implementation files of the public API share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_PRIVATE_H
#define HRNET_PRIVATE_H

#include "base/pool.h"
#include "hrnet/hrnet.h"
#include "net/network.h"
#include "ops/frame.h"

/* G_DEFINE_BOXED_TYPE() without its unions, which ISO C has no conversion to. */
#define HRNET_DEFINE_BOXED_TYPE(Type, type_name)                                                   \
    GType type_name##_get_type(void)                                                               \
    {                                                                                              \
        static gsize type = 0;                                                                     \
        if (g_once_init_enter(&type))                                                              \
            g_once_init_leave(&type,                                                               \
                              g_boxed_type_register_static(g_intern_static_string(#Type),          \
                                                           (GBoxedCopyFunc)type_name##_ref,        \
                                                           (GBoxedFreeFunc)type_name##_unref));    \
        return type;                                                                               \
    }

/* The file that a model's name means: a path has a slash or a dot, all else is looked up. Free with
 * g_free(). */
gchar *hrnet_model_find(const gchar *name, GError **error);

/* Sets the public error that one of the weights' layer means; takes `from`. */
void hrnet_propagate_weights_error(GError **error, GError *from);

/* The model's network and configuration, for as long as the model lives. */
const HrnetNetwork *hrnet_model_peek_network(const HrnetModel *model);
const HrnetConfig *hrnet_model_peek_config(const HrnetModel *model);

/* Puts the model's input size in place of zeros. FALSE with HRNET_ERROR_INVALID_ARGUMENT for a size
 * out of range. */
gboolean hrnet_session_resolve_size(HrnetModel *model, guint *height, guint *width, GError **error);

/* The image as the ops take it. */
HrnetFrame hrnet_image_to_frame(const HrnetImage *image);

/* Bytes of a pool's block that holds a mask of this size. */
gsize hrnet_mask_block_bytes(guint width, guint height);
/* A mask in a block of the pool, with one reference, its labels undefined; NULL when there is no
 * memory. */
HrnetMask *hrnet_mask_new(HrnetPool *pool, guint width, guint height);
/* Its labels, to be written before the mask is handed out. */
guint8 *hrnet_mask_peek_labels(HrnetMask *mask);

#endif
