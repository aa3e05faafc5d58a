/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/head-names.h"

#include <string.h>

#include "weights/names.h"

#define BLOCK "ocr_distri_head.object_context_block."

/* The parts of a kind of head. */
struct HrnetHeadParts {
    const gchar *const *authors; /* what their names begin with in the authors' code */
    guint n_parts;
    /* Parts that together tell this head from others; the classifier comes first. */
    guint signs[3], n_signs;
};

static const gchar *const plain_authors[] = { "last_layer.0.", "last_layer.1.", "last_layer.3." };
static const gchar *const plain_mmseg[] = { "decode_head.convs.0.conv.", "decode_head.convs.0.bn.",
                                            "decode_head.conv_seg." };
static const gchar *const plain_csail[] = { "cbr.0.", "cbr.1.", "conv_last." };

static const HrnetHeadParts plain = { plain_authors, G_N_ELEMENTS(plain_authors), { 2, 0 }, 2 };

/* What the authors' code, NVIDIA's and openseg's have in common, from conv3x3_ocr on. */
#define OCR_CONTEXT                                                                                \
    BLOCK "f_pixel.0.", BLOCK "f_pixel.1.0.", BLOCK "f_pixel.2.", BLOCK "f_pixel.3.0.",            \
        BLOCK "f_object.0.", BLOCK "f_object.1.0.", BLOCK "f_object.2.", BLOCK "f_object.3.0.",    \
        BLOCK "f_down.0.", BLOCK "f_down.1.0.", BLOCK "f_up.0.", BLOCK "f_up.1.0.",                \
        "ocr_distri_head.conv_bn_dropout.0.", "ocr_distri_head.conv_bn_dropout.1.0.", "cls_head."

static const gchar *const ocr_authors[] = { "aux_head.0.",    "aux_head.1.",    "aux_head.3.",
                                            "conv3x3_ocr.0.", "conv3x3_ocr.1.", OCR_CONTEXT };
static const gchar *const ocr_nvidia[] = { "aux_head.0.",    "aux_head.1.0.",    "aux_head.2.",
                                           "conv3x3_ocr.0.", "conv3x3_ocr.1.0.", OCR_CONTEXT };
static const gchar *const ocr_openseg[] = { "aux_head.0.", "aux_head.1.0.", "aux_head.2.",
                                            "conv3x3.0.",  "conv3x3.1.0.",  OCR_CONTEXT };
#define MMSEG_BLOCK "decode_head.1.object_context_block."
static const gchar *const ocr_mmseg[] = {
    "decode_head.0.convs.0.conv.",     "decode_head.0.convs.0.bn.",
    "decode_head.0.conv_seg.",         "decode_head.1.bottleneck.conv.",
    "decode_head.1.bottleneck.bn.",    MMSEG_BLOCK "query_project.0.conv.",
    MMSEG_BLOCK "query_project.0.bn.", MMSEG_BLOCK "query_project.1.conv.",
    MMSEG_BLOCK "query_project.1.bn.", MMSEG_BLOCK "key_project.0.conv.",
    MMSEG_BLOCK "key_project.0.bn.",   MMSEG_BLOCK "key_project.1.conv.",
    MMSEG_BLOCK "key_project.1.bn.",   MMSEG_BLOCK "value_project.conv.",
    MMSEG_BLOCK "value_project.bn.",   MMSEG_BLOCK "out_project.conv.",
    MMSEG_BLOCK "out_project.bn.",     MMSEG_BLOCK "bottleneck.conv.",
    MMSEG_BLOCK "bottleneck.bn.",      "decode_head.1.conv_seg.",
};

G_STATIC_ASSERT(G_N_ELEMENTS(ocr_mmseg) == G_N_ELEMENTS(ocr_authors));

static const HrnetHeadParts ocr = {
    ocr_authors, G_N_ELEMENTS(ocr_authors), { G_N_ELEMENTS(ocr_authors) - 1, 2, 3 }, 3
};

static const HrnetHeadNames families[] = {
    { "the authors' code", &plain, plain_authors, "last_layer.", FALSE, TRUE, FALSE },
    { "MMSegmentation", &plain, plain_mmseg, "decode_head.", FALSE, FALSE, TRUE },
    { "CSAIL's code", &plain, plain_csail, "cbr.", FALSE, FALSE, FALSE },
    { "the authors' code", &ocr, ocr_authors, "ocr_distri_head.", TRUE, TRUE, FALSE },
    { "MMSegmentation", &ocr, ocr_mmseg, "decode_head.", TRUE, FALSE, TRUE },
    { "NVIDIA's code", &ocr, ocr_nvidia, "ocr_distri_head.", TRUE, FALSE, FALSE },
    { "openseg's code", &ocr, ocr_openseg, "ocr_distri_head.", TRUE, FALSE, FALSE },
};

static gboolean has_weight(const HrnetSource *source, const gchar *prefix, const gchar *part)
{
    g_autofree gchar *whole = g_strconcat(prefix, part, "weight", NULL);
    return hrnet_source_find(source, whole) != NULL;
}

static gboolean has_signs(const HrnetSource *source, const gchar *prefix,
                          const HrnetHeadNames *family)
{
    for (guint i = 0; i < family->head->n_signs; i++)
        if (!has_weight(source, prefix, family->parts[family->head->signs[i]]))
            return FALSE;
    return TRUE;
}

/* Whether the head lies where the trunk does, or further out. */
static gboolean is_around(const gchar *prefix, const gchar *trunk)
{
    return g_str_has_prefix(trunk, prefix);
}

const HrnetHeadNames *hrnet_head_find_by_name(const HrnetSource *source, const GPtrArray *names,
                                              const gchar *trunk, gchar **prefix)
{
    const HrnetHeadNames *found = NULL;
    for (guint h = 0; h < G_N_ELEMENTS(families); h++) {
        const HrnetHeadNames *family = &families[h];
        g_autofree gchar *sign = g_strconcat(family->parts[family->head->signs[0]], "weight", NULL);
        for (guint i = 0; i < names->len; i++) {
            const gchar *name = names->pdata[i];
            if (!g_str_has_suffix(name, sign))
                continue;
            g_autofree gchar *front = g_strndup(name, strlen(name) - strlen(sign));
            if ((*front && !g_str_has_suffix(front, ".")) ||
                (hrnet_names_is_shadow(front) && !hrnet_names_is_shadow(trunk)) ||
                !has_signs(source, front, family) || (found && is_around(*prefix, trunk)))
                continue;
            found = family;
            g_free(*prefix);
            *prefix = g_steal_pointer(&front);
        }
    }
    return found;
}

gboolean hrnet_head_check_names(const HrnetHeadNames *names_of, const gchar *prefix,
                                HrnetSource *source, const GPtrArray *names, GError **error)
{
    g_autofree gchar *whole = g_strconcat(prefix, names_of->whole, NULL);
    for (guint i = 0; i < names_of->head->n_parts; i++)
        hrnet_source_add_part(source, names_of->head->authors[i],
                              g_strconcat(prefix, names_of->parts[i], NULL));
    for (guint i = 0; i < names->len; i++) {
        const gchar *name = names->pdata[i];
        gboolean part = !g_str_has_prefix(name, whole) || !g_str_has_suffix(name, ".weight");
        for (guint k = 0; !part && k < source->own_head->len; k++)
            part = g_str_has_prefix(name, g_array_index(source->own_head, HrnetOwnPart, k).own);
        if (!part)
            return hrnet_weights_fail(
                error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, source->path,
                "tensor %s has no place in a head of %s, which is the one of "
                "%s that is supported",
                name, names_of->contexts ? "object contexts" : "one convolution and a classifier",
                names_of->family);
    }
    return TRUE;
}
