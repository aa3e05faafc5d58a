/* Programs of pickles: opcodes dropped, doubled, moved, exchanged, and given other arguments.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mutate.h"

#include <string.h>

#define MOST_COPIED 24 /* opcodes at once */

typedef struct {
    gsize at, n_bytes;
} Op;

static gsize line_bytes(const guint8 *data, gsize n_bytes)
{
    const guint8 *end = n_bytes ? memchr(data, '\n', n_bytes) : NULL;
    return end ? (gsize)(end - data) + 1 : 0;
}

/* A string behind its length of that many bytes. */
static gsize counted_bytes(const guint8 *data, gsize n_bytes, guint n_length)
{
    guint64 length = 0;
    for (guint i = 0; i < n_length && i < n_bytes; i++)
        length |= (guint64)data[i] << 8 * i;
    return n_bytes >= n_length && length <= n_bytes - n_length ? n_length + (gsize)length : 0;
}

/* How long an opcode is with its argument; 0 where it is none, or cut off. */
static gsize op_bytes(const guint8 *data, gsize n_bytes)
{
    static const gchar bare[] = "().]}t0uelasbdoQRN12N\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94";
    static const gchar one[] = "Khq\x80\x82", four[] = "Jrj\x84";
    gsize argument = 0;
    gsize lines = 0;
    if (strchr(bare, *data) && *data)
        return 1;
    if (strchr(one, *data))
        return n_bytes >= 2 ? 2 : 0;
    if (strchr(four, *data))
        return n_bytes >= 5 ? 5 : 0;
    switch (*data) {
    case 'M':
    case 0x83:
        return n_bytes >= 3 ? 3 : 0;
    case 'G':
    case 0x95:
        return n_bytes >= 9 ? 9 : 0;
    case 'U':
    case 'C':
    case 0x8a:
    case 0x8c:
        argument = counted_bytes(data + 1, n_bytes - 1, 1);
        break;
    case 'T':
    case 'X':
    case 'B':
    case 0x8b:
        argument = counted_bytes(data + 1, n_bytes - 1, 4);
        break;
    case 0x8d:
    case 0x8e:
        argument = counted_bytes(data + 1, n_bytes - 1, 8);
        break;
    case 'c':
    case 'i':
        lines = line_bytes(data + 1, n_bytes - 1);
        argument = lines ? line_bytes(data + 1 + lines, n_bytes - 1 - lines) : 0;
        argument = argument ? lines + argument : 0;
        break;
    case 'F':
    case 'I':
    case 'L':
    case 'S':
    case 'V':
    case 'P':
    case 'g':
    case 'p':
        argument = line_bytes(data + 1, n_bytes - 1);
        break;
    default:
        return 0;
    }
    return argument ? 1 + argument : 0;
}

static GArray *split(const guint8 *data, gsize n_bytes)
{
    GArray *ops = g_array_new(FALSE, FALSE, sizeof(Op));
    for (gsize at = 0; at < n_bytes;) {
        const Op op = { at, op_bytes(data + at, n_bytes - at) };
        if (!op.n_bytes)
            break;
        g_array_append_val(ops, op);
        at += op.n_bytes;
    }
    return ops;
}

/* An opcode of any kind, with an argument that fits. */
static void append_random(GByteArray *out, GRand *rand)
{
    static const gchar *const some[] = {
        "(",
        ")",
        "]",
        "}",
        "t",
        "u",
        "e",
        "s",
        "a",
        "b",
        "R",
        "Q",
        "o",
        "0",
        "1",
        "2",
        "N",
        "\x81",
        "\x85",
        "\x86",
        "\x87",
        "\x88",
        "\x93",
        "\x94",
        "\x90",
        "\x91",
        "\x8f",
        "h\x01",
        "q\x01",
        "K\x07",
        "M\xff\xff",
        "J\xff\xff\xff\xff",
        "J\xff\xff\xff\x7f",
        "I0\n",
        "I-1\n",
        "L99999999999999999999L\n",
        "F1e308\n",
        "cos\nsystem\n",
        "ccollections\nOrderedDict\n",
        "ctorch._utils\n_rebuild_tensor_v2\n",
        "ctorch\nFloatStorage\n",
        "ctorch._utils\n_rebuild_parameter\n",
        "ctorch\nSize\n",
        "cargparse\nNamespace\n",
        "P0\n",
        "\x8c\x07storage",
        "\x8c\x03"
        "cpu",
        "\x8c\x05"
        "state",
    };
    const gchar *op = some[g_rand_int_range(rand, 0, G_N_ELEMENTS(some))];
    g_byte_array_append(out, (const guint8 *)op, (guint)strlen(op));
}

/* The program with the ops of [at, at + n) of another length. */
static void splice(GByteArray *out, const guint8 *data, const GArray *ops, guint from, guint n)
{
    const Op *first = &g_array_index(ops, Op, from), *last = &g_array_index(ops, Op, from + n - 1);
    g_byte_array_append(out, data + first->at, (guint)(last->at + last->n_bytes - first->at));
}

static void change(GByteArray *program, GRand *rand)
{
    g_autofree guint8 *data = g_memdup2(program->data, program->len);
    const gsize n_bytes = program->len;
    GArray *ops = split(data, n_bytes);
    if (ops->len > 0) {
        const guint at = (guint)g_rand_int_range(rand, 0, (gint)ops->len);
        const guint most = MIN(MOST_COPIED, ops->len - at), n = 1 + g_rand_int(rand) % most;
        const guint to = (guint)g_rand_int_range(rand, 0, (gint)ops->len);
        const Op op = g_array_index(ops, Op, at), target = g_array_index(ops, Op, to);
        const guint kind = g_rand_int(rand) % 6;
        g_byte_array_set_size(program, 0);
        if (kind <= 1) /* dropped, or another in its place */
            g_byte_array_append(program, data, (guint)op.at);
        else /* a run of others, or a single one, in front of it */
            g_byte_array_append(program, data, (guint)target.at);
        if (kind == 1 || kind == 2)
            append_random(program, rand);
        if (kind == 3)
            splice(program, data, ops, at, n);
        const gsize rest = kind <= 1 ? op.at + op.n_bytes : target.at;
        g_byte_array_append(program, data + rest, (guint)(n_bytes - rest));
        if (kind >= 4 && op.n_bytes > 1) { /* its argument */
            g_byte_array_set_size(program, 0);
            g_byte_array_append(program, data, (guint)n_bytes);
            const guint byte = kind == 4 ? g_rand_int(rand) : data[op.at + op.n_bytes - 1] + 1u;
            program->data[op.at + 1 + g_rand_int(rand) % (op.n_bytes - 1)] = (guint8)byte;
        }
    }
    g_array_unref(ops);
}

guint8 *fuzz_mutate(const guint8 *data, gsize n_bytes, gsize max_bytes, guint32 seed,
                    gsize *n_mutated)
{
    if (n_bytes == 0 || n_bytes > G_MAXINT32)
        return NULL;
    GRand *rand = g_rand_new_with_seed(seed);
    GByteArray *program = g_byte_array_new();
    g_byte_array_append(program, data, (guint)n_bytes);
    for (guint n = 1 + g_rand_int(rand) % 4; n > 0 && program->len > 0; n--)
        change(program, rand);
    g_rand_free(rand);
    *n_mutated = program->len;
    if (program->len <= max_bytes)
        return g_byte_array_free(program, FALSE);
    g_byte_array_unref(program);
    return NULL;
}
