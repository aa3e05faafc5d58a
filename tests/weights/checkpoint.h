/* Checkpoints made by the tests themselves.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_CHECKPOINT_H
#define HRNET_TESTS_CHECKPOINT_H

#include "weights/weights.h"

/* A .safetensors file in the making; the tests' own writer, apart from the engine's. */
typedef struct {
    GString *header; /* members of the JSON object so far */
    GByteArray *data;
    guint64 data_bytes; /* described so far; more than data->len where the rest is to be zeros */
} Checkpoint;

Checkpoint *checkpoint_new(void);
void checkpoint_free(Checkpoint *checkpoint);

/* Appends one tensor. data: its bytes, or NULL for zeros that take no room on disc. */
void checkpoint_add(Checkpoint *checkpoint, const gchar *name, const gchar *dtype,
                    guint element_bytes, const guint64 *dims, guint n_dims, const void *data);
void checkpoint_add_metadata(Checkpoint *checkpoint, const gchar *json_object);

/* All tensors of a configuration in F32, filled with numbers that depend on name and index;
 * with_data FALSE: zeros that take no room. skip: how the names of tensors to leave out begin, or
 * NULL. */
void checkpoint_add_network(Checkpoint *checkpoint, const HrnetConfig *config, gboolean with_data,
                            const gchar *skip);

/* The number at an index of a tensor that checkpoint_add_network() wrote. */
gfloat checkpoint_value(const gchar *name, guint64 index);

/* Writes the file; n_bytes_short are left off its end. Returns its path; free with g_free(). */
gchar *checkpoint_write(const Checkpoint *checkpoint, const gchar *folder, const gchar *file,
                        guint64 n_bytes_short);

/* A variant's configuration: stage-1 blocks and planes, modules, blocks, channels of branch 0. */
void checkpoint_config(HrnetConfig *config, guint layer1_blocks, guint layer1_planes,
                       guint modules2, guint modules3, guint modules4, guint blocks, guint channels,
                       guint classes);

/* The least that every part of a network is in; and a file of it, with metadata or NULL. */
void checkpoint_tiny_config(HrnetConfig *config, guint classes);
Checkpoint *checkpoint_tiny(guint classes, const gchar *metadata);

/* Writes model.safetensors, frees the checkpoint, and opens the file. */
HrnetWeights *checkpoint_open(Checkpoint *checkpoint, const gchar *const *options, GError **error);

/* Fails the test unless opening the file does, with one line that begins with the path and has the
 * text. Returns the error's code. */
gint checkpoint_expect_refusal(const gchar *path, const gchar *text);

/* The same in a process of its own, which may take 5 seconds of CPU time, and 64 MiB and ten times
 * the file's size of memory. */
void checkpoint_expect_cheap_refusal(const gchar *path, const gchar *text);

/* A folder of this test's own, removed at exit. */
const gchar *checkpoint_folder(void);

#endif
