/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/formats.h"

#include <string.h>

#include "weights/file.h"
#include "weights/onnx.h"
#include "weights/pth.h"
#include "weights/safetensors.h"

#define PROBE_BYTES 512
#define READABLE    "readable are .safetensors, PyTorch's .pth and ONNX"

/* Takes the file over. */
typedef HrnetSource *(*Open)(HrnetFile *file, GError **error);

typedef struct {
    const gchar *name;
    gboolean (*probe)(const guint8 *start, gsize n_bytes);
    Open open; /* NULL: not built in */
} Format;

/* JSON behind 8 bytes that give its length. */
static gboolean probe_safetensors(const guint8 *start, gsize n_bytes)
{
    return n_bytes >= 9 && start[8] == '{';
}

static gboolean probe_zip(const guint8 *start, gsize n_bytes)
{
    return n_bytes >= 4 && memcmp(start, "PK\3\4", 4) == 0;
}

/* 0x1950a86a20f9469cfc6c as a pickle's LONG1, in any protocol from 2 on. */
static gboolean probe_legacy(const guint8 *start, gsize n_bytes)
{
    static const guint8 magic[] = { 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                    0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };
    return n_bytes > 2 && start[0] == 0x80 && memmem(start, MIN(n_bytes, 32), magic, sizeof magic);
}

static gboolean probe_pickle(const guint8 *start, gsize n_bytes)
{
    return n_bytes > 2 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5;
}

static HrnetSource *refuse_pickle(HrnetFile *file, GError **error)
{
    const gboolean paddle = g_str_has_suffix(file->path, ".pdparams");
    hrnet_weights_fail(
        error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, file->path,
        paddle ? "is of PaddlePaddle, which cannot be read: export the network to ONNX; " READABLE
               : "a Python pickle, but none that torch.save() wrote; " READABLE);
    hrnet_file_close(file);
    return NULL;
}

/* What people have in the place of a checkpoint, and what helps. */
static const struct {
    const gchar *start; /* after white space; letters in either case */
    guint offset;
    const gchar *holds; /* this is within the bytes probed, too; or NULL */
    const gchar *message;
} mistaken[] = {
    { "version https://git-lfs", 0, NULL,
      "is a Git LFS pointer and not the file that it stands for: fetch that with git lfs pull" },
    { "<!doctype html", 0, NULL,
      "is a web page, such as a download that wants a confirmation leaves, and no checkpoint" },
    { "<html", 0, NULL,
      "is a web page, such as a download that wants a confirmation leaves, and no checkpoint" },
    { "<?xml", 0, "<net ",
      "is of OpenVINO, which cannot be read: take the file that it was made from; " READABLE },
    { "\x89HDF\r\n\x1a\n", 0, NULL,
      "is HDF5 (Keras), which cannot be read: export the network to ONNX; " READABLE },
    { "TFL3", 4, NULL,
      "is of TensorFlow Lite, which cannot be read: export the network to ONNX; " READABLE },
};

static gboolean starts_like(const guint8 *bytes, gsize n_bytes, const gchar *start)
{
    const gsize n = strlen(start);
    return n_bytes >= n && g_ascii_strncasecmp((const gchar *)bytes, start, n) == 0;
}

/* NULL where it is none of them. */
static const gchar *name_mistake(const guint8 *start, gsize n_bytes)
{
    static const gchar bom[] = "\xef\xbb\xbf";
    gsize skip = starts_like(start, n_bytes, bom) ? 3 : 0;
    while (skip < n_bytes && g_ascii_isspace(start[skip]))
        skip++;
    for (guint i = 0; i < G_N_ELEMENTS(mistaken); i++) {
        const gsize at = mistaken[i].offset ? mistaken[i].offset : skip;
        const gchar *holds = mistaken[i].holds;
        if (at <= n_bytes && starts_like(start + at, n_bytes - at, mistaken[i].start) &&
            (!holds || memmem(start, n_bytes, holds, strlen(holds))))
            return mistaken[i].message;
    }
    return NULL;
}

/* ir_version, the first field of any writer: a small number. */
static gboolean probe_onnx(const guint8 *start, gsize n_bytes)
{
    return n_bytes > 4 && start[0] == 0x08 && start[1] >= 3 && start[1] < 32;
}

#ifdef HAVE_PTH
#define PTH(reader) reader
#else
#define PTH(reader) NULL
#endif

#ifdef HAVE_ONNX
#define ONNX(reader) reader
#else
#define ONNX(reader) NULL
#endif

static const Format formats[] = {
    { "a safetensors file", probe_safetensors, hrnet_safetensors_open },
    { "a PyTorch checkpoint", probe_zip, PTH(hrnet_pth_zip_open) },
    { "a PyTorch checkpoint", probe_legacy, PTH(hrnet_pth_legacy_open) },
    { "an ONNX file", probe_onnx, ONNX(hrnet_onnx_open) },
    { "a pickle", probe_pickle, refuse_pickle },
};

HrnetSource *hrnet_formats_open(const gchar *path, GError **error)
{
    guint8 start[PROBE_BYTES];
    HrnetFile *file = hrnet_file_open(path, error);
    if (!file)
        return NULL;
    gsize n_bytes = MIN(sizeof start, file->size_bytes);
    if (!hrnet_file_read(file, 0, start, n_bytes, error))
        goto error;
    if (n_bytes == 0) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, path, "is empty, and no checkpoint");
        goto error;
    }
    const gchar *mistake = name_mistake(start, n_bytes);
    if (mistake) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, path, "%s", mistake);
        goto error;
    }
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (!formats[i].probe(start, n_bytes))
            continue;
        if (formats[i].open)
            return formats[i].open(file, error);
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, path,
                           "%s, and this library was built without the reader for those",
                           formats[i].name);
        goto error;
    }
    hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, path,
                       "no checkpoint: it starts like none of the formats that can be read");
error:
    hrnet_file_close(file);
    return NULL;
}
