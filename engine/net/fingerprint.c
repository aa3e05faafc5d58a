/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/fingerprint.h"

#include <string.h>

/* FNV-1a's (G. Fowler, L. Noll, P. Vo), by words of 32 bits. */
#define BASIS G_GUINT64_CONSTANT(0xcbf29ce484222325)
#define PRIME G_GUINT64_CONSTANT(0x100000001b3)

static guint64 add_word(guint64 mark, guint32 word)
{
    mark = (mark ^ word) * PRIME;
    return mark ^ mark >> 32;
}

static guint64 add_floats(guint64 mark, const gfloat *values, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        guint32 word;
        memcpy(&word, &values[i], sizeof word);
        mark = add_word(mark, word);
    }
    return mark;
}

guint64 hrnet_fingerprint_layer(const HrnetNode *node, const HrnetLayerBuffer *buffer)
{
    const HrnetNodeShape *shape = &node->shape;
    const guint64 mark = add_floats(BASIS, buffer->weights,
                                    (gsize)shape->out_channels * node->total_channels *
                                        shape->kernel * shape->kernel);
    return add_floats(mark, buffer->bias, shape->out_channels);
}

guint64 hrnet_fingerprint_join(const HrnetConfig *config, const guint64 *marks, guint n)
{
    const guint32 words[] = {
        config->input_channels,  config->exchange_upsample,
        config->head_upsample,   config->exchange_align != 0,
        config->head_align != 0, config->exchange_twice != 0,
        config->padding,         config->bgr != 0,
    };
    guint64 mark = BASIS;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        mark = add_word(mark, words[i]);
    mark = add_floats(mark, config->mean, config->input_channels);
    mark = add_floats(mark, config->std, config->input_channels);
    for (guint i = 0; i < n; i++) {
        mark = add_word(mark, (guint32)marks[i]);
        mark = add_word(mark, (guint32)(marks[i] >> 32));
    }
    return mark;
}
