/* A checkpoint file's table of tensors, whichever the format.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reader (safetensors.h, pth.h, onnx.h) fills in the table and says how to get at the bytes;
 * elements are converted here. Only one thread at a time may use a source. */
#ifndef HRNET_WEIGHTS_SOURCE_H
#define HRNET_WEIGHTS_SOURCE_H

#include "weights/budget.h"

#define HRNET_TENSOR_MAX_DIMS 8

typedef enum {
    HRNET_DTYPE_F32,
    HRNET_DTYPE_F16,
    HRNET_DTYPE_BF16,
    HRNET_DTYPE_F64,
    HRNET_DTYPE_OTHER, /* known of, never read */
} HrnetDtype;

/* Elements lie at offset + sum(index[d] * strides[d]) elements of their blob. */
typedef struct {
    gchar *name;
    gchar *own_name; /* in the file, where names were mapped (names.h); else NULL */
    HrnetDtype dtype;
    gchar dtype_name[16];
    guint n_dims;
    guint64 dims[HRNET_TENSOR_MAX_DIMS];
    guint64
        strides[HRNET_TENSOR_MAX_DIMS]; /* elements; dense and row-major unless a reader says so */
    guint64 n_elements;
    guint64 offset_bytes;
    guint blob; /* the reader's own numbering of byte ranges */
} HrnetStoredTensor;

/* What the names of one part of the head begin with. */
typedef struct {
    const gchar *authors; /* in the authors' code, "last_layer.0."; static */
    gchar *own;           /* in the file */
} HrnetOwnPart;

typedef struct HrnetSource HrnetSource;

struct HrnetSource {
    gchar *path;
    const gchar *format;  /* "safetensors", ...; static */
    GHashTable *tensors;  /* gchar * -> HrnetStoredTensor *, owned */
    GHashTable *metadata; /* gchar * -> gchar *, owned */
    /* Copies n_bytes from offset of a blob. */
    gboolean (*read)(HrnetSource *source, guint blob, guint64 offset, void *out, gsize n_bytes,
                     GError **error);
    void (*close)(HrnetSource *source); /* frees `reader`; may be NULL */
    void *reader;
    HrnetBudget budget; /* what reading may still cost */
    guint64 made_bytes; /* of tensors that a reader has computed, and the budget paid for */
    /* What the file's names of the trunk begin with, NULL where they are the authors' own, and
     * those of the head's parts, where names were mapped (names.h). */
    gchar *own_trunk;
    GArray *own_head; /* HrnetOwnPart */
};

/* file_bytes: of the file, for the budget of reading it. */
HrnetSource *hrnet_source_new(const gchar *path, const gchar *format, guint64 file_bytes);
void hrnet_source_free(HrnetSource *source); /* NULL is fine */
/* One source of the tensors of two files, such as a trunk and its head. Takes both over, on failure
 * as well, which is a name that both have. */
HrnetSource *hrnet_source_join(HrnetSource *first, HrnetSource *second, GError **error);
/* Closes the reader and empties the table of tensors; metadata stays. */
void hrnet_source_forget_tensors(HrnetSource *source);

/* A tensor with the name and dims filled in and its elements counted; NULL with an error where
 * their number overflows, the name is there already or the budget is overdrawn. On success the
 * table owns it. */
HrnetStoredTensor *hrnet_source_add(HrnetSource *source, const gchar *name, HrnetDtype dtype,
                                    const guint64 *dims, guint n_dims, GError **error);

void hrnet_stored_free(gpointer tensor);

/* FALSE with an error where the tensors together have far more elements than the file has bytes
 * for: several may lie on the same ones, and a small file could fill the memory. */
gboolean hrnet_source_check_weights(const HrnetSource *source, GError **error);

/* NULL where there is none. */
const HrnetStoredTensor *hrnet_source_find(const HrnetSource *source, const gchar *name);

/* Notes what the names of a part of the head begin with in the file. Takes own; NULL is no such
 * part. */
void hrnet_source_add_part(HrnetSource *source, const gchar *authors, gchar *own);

/* What the file calls, or would call, the tensor of that name. Free with g_free(). */
gchar *hrnet_source_own_name(const HrnetSource *source, const gchar *name);

/* Bytes of one element; 0 for HRNET_DTYPE_OTHER. */
gsize hrnet_dtype_size(HrnetDtype dtype);
/* HRNET_DTYPE_OTHER for names it doesn't know. Names as in safetensors: "F32". */
HrnetDtype hrnet_dtype_from_name(const gchar *name);

/* "[16, 3, 3, 3]". Free with g_free(). */
gchar *hrnet_stored_shape(const HrnetStoredTensor *tensor);

/* All elements as floats, row-major. out: n_elements floats. */
gboolean hrnet_source_read(HrnetSource *source, const HrnetStoredTensor *tensor, gfloat *out,
                           GError **error);

#endif
