/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_MODEL_H
#define HRNET_MODEL_H

#include <glib-object.h>
#include <hrnet/hrnet-visibility.h>

G_BEGIN_DECLS

/**
 * HrnetModel:
 *
 * A network with its weights, ready to run. Immutable: shared by any number of sessions and
 * threads.
 */
typedef struct _HrnetModel HrnetModel;

#define HRNET_TYPE_MODEL (hrnet_model_get_type())
HRNET_API GType hrnet_model_get_type(void);

HRNET_API HrnetModel *hrnet_model_load(const gchar *name, const gchar *const *options,
                                       GError **error);
HRNET_API gchar **hrnet_model_list_names(void);
HRNET_API HrnetModel *hrnet_model_ref(HrnetModel *model);
HRNET_API void hrnet_model_unref(HrnetModel *model);

HRNET_API const gchar *hrnet_model_get_name(const HrnetModel *model);
HRNET_API const gchar *hrnet_model_get_path(const HrnetModel *model);
HRNET_API const gchar *hrnet_model_get_variant(const HrnetModel *model);
HRNET_API const gchar *hrnet_model_get_metadata(const HrnetModel *model, const gchar *key);
HRNET_API gchar **hrnet_model_list_metadata(const HrnetModel *model);
HRNET_API gchar **hrnet_model_list_assumed(const HrnetModel *model);
HRNET_API gchar *hrnet_model_describe(const HrnetModel *model);
HRNET_API guint hrnet_model_get_n_labels(const HrnetModel *model);
HRNET_API const gchar *const *hrnet_model_get_classes(const HrnetModel *model);
HRNET_API guint32 hrnet_model_get_color(const HrnetModel *model, guint label);
HRNET_API gboolean hrnet_model_is_foreground(const HrnetModel *model, guint label);
HRNET_API gint hrnet_model_find_label(const HrnetModel *model, const gchar *name_or_number);
HRNET_API void hrnet_model_get_input_size(const HrnetModel *model, guint *height, guint *width);
HRNET_API guint hrnet_model_get_n_channels(const HrnetModel *model);
HRNET_API guint64 hrnet_model_get_n_parameters(const HrnetModel *model);
HRNET_API guint64 hrnet_model_get_packed_bytes(const HrnetModel *model);
HRNET_API gdouble hrnet_model_get_gmac(const HrnetModel *model, guint height, guint width);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HrnetModel, hrnet_model_unref)

G_END_DECLS

#endif
