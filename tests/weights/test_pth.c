/* Broken and hostile PyTorch files: nothing is called, each is refused with one clear message.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <time.h>
#include <zip.h>

#include "checkpoint.h"
#include "graph/convs.h"
#include "weights/pth.h"
#include "weights/weights.h"

#define MAGIC    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define PROTOCOL "\x80\x02M\xe9\x03."
#define LITTLE   "\x80\x02}X\x0d\0\0\0little_endian\x88s."
#define BIG      "\x80\x02}X\x0d\0\0\0little_endian\x89s."
#define KEYS                                                                                       \
    "\x80\x02]X\x01\0\0\0"                                                                         \
    "0a."
#define NO_KEYS "\x80\x02]."
/* A storage "0" of 4 floats, and a tensor of it: offset, dims, strides follow as pickled. */
#define STORAGE                                                                                    \
    "(U\x07storagectorch\nFloatStorage\nU\x01"                                                     \
    "0U\x03"                                                                                       \
    "cpuK\x04tQ"
#define TENSOR(offset, dims, strides)                                                              \
    "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE offset dims strides "\x89}tR"
#define NAMED(value)                                                                               \
    "\x80\x02}U\x0c"                                                                               \
    "conv1.weight" value "s."

static GByteArray *bytes_new(const gchar *first, gsize n)
{
    return g_byte_array_append(g_byte_array_new(), (const guint8 *)first, (guint)n);
}

#define ADD(bytes, literal)                                                                        \
    g_byte_array_append(bytes, (const guint8 *)(literal), sizeof(literal) - 1)

static gchar *write_bytes(GByteArray *bytes, const gchar *name)
{
    gchar *path = g_build_filename(checkpoint_folder(), name, NULL);
    g_assert_true(g_file_set_contents(path, (gchar *)bytes->data, bytes->len, NULL));
    g_byte_array_unref(bytes);
    return path;
}

static void expect(const gchar *path, const gchar *text)
{
    const gint code = checkpoint_expect_refusal(path, text);
    g_assert_true(code == HRNET_WEIGHTS_ERROR_INVALID || code == HRNET_WEIGHTS_ERROR_UNSUPPORTED);
}

typedef struct {
    const gchar *name, *object;
    gsize n_bytes;
    const gchar *message;
} Case;

#define CASE(name, object, message)                                                                \
    {                                                                                              \
        name, object, sizeof(object) - 1, message                                                  \
    }

static const Case cases[] = {
    CASE("system",
         "\x80\x02"
         "cposix\nsystem\nU\x10touch hrnet-owned\x85R.",
         "posix.system"),
    CASE("eval-by-stack",
         "\x80\x04\x8c\x08"
         "builtins\x8c\x04"
         "eval\x93\x8c\x01"
         "1\x85R.",
         "builtins.eval"),
    CASE("getattr",
         "\x80\x02"
         "c__builtin__\ngetattr\n(ctorch\nload\nU\x01xtR.",
         "torch.load"),
    CASE("hidden-in-optimizer",
         "\x80\x02}(U\x0astate_dict}U\x09optimizercsubprocess\nPopen\n(]tRu.", "subprocess.Popen"),
    CASE("build",
         "\x80\x02"
         "cos\nsystem\n)\x81}b.",
         "os.system"),
    CASE("call-of-result",
         "\x80\x02"
         "ccollections\nOrderedDict\n)R)R.",
         "a call of something"),
    CASE("call-of-storage",
         "\x80\x02"
         "ctorch\nFloatStorage\nK\x05\x85R.",
         "a call of a storage"),
    CASE("inst", "\x80\x02(U\x02lsios\nsystem\n.", "opcode 0x69"),
    CASE("object", "\x80\x02(cos\nsystem\no.", "os.system"),
    CASE("extension", "\x80\x02\x82\x01.", "opcode 0x82"),
    CASE("persistent-text", "\x80\x02Pstorage\n.", "opcode 0x50"),
    CASE("persistent-other", "\x80\x02U\x06moduleU\x06module\x86Q.", "persistent id"),
    CASE("empty-stack", "\x80\x02.", "stack is empty"),
    CASE("pop-empty",
         "\x80\x02"
         "0.",
         "mark"),
    CASE("no-mark", "\x80\x02]u.", "mark"),
    CASE("odd-dict",
         "\x80\x02}(U\x01"
         "au.",
         "a key and no value"),
    CASE("append-to-number",
         "\x80\x02K\x01K\x02"
         "a.",
         "holds none"),
    CASE("memo-unset", "\x80\x02h\x07.", "never set"),
    CASE("long-text",
         "\x80\x02X\xff\xff\xff\x7f"
         "abc.",
         "longer than the file"),
    CASE("longer-text",
         "\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
         "abc.",
         "longer than the file"),
    CASE("long-number",
         "\x80\x02\x8b\xff\xff\xff\xff"
         "abc.",
         "longer than the file"),
    CASE("number", "\x80\x02K\x01.", "holds no state dict"),
    CASE("empty-dict", "\x80\x02}.", "holds no state dict"),
    CASE("wrapped-in-itself", "\x80\x02}q\x01U\x0astate_dicth\x01s.", "holds no state dict"),
    CASE("list-in-itself",
         "\x80\x02]q\x01h\x01"
         "a.",
         "holds no state dict"),
    CASE("tensor-of-numbers",
         "\x80\x02"
         "ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x02))tR.",
         "without storage"),
    CASE("parameter-of-number",
         "\x80\x02"
         "ctorch._utils\n_rebuild_parameter\nK\x01\x85R.",
         "without a tensor"),
    CASE("beyond-storage", NAMED(TENSOR("K\0", "K\x05\x85", "K\x01\x85")), "reaches beyond"),
    CASE("offset-beyond", NAMED(TENSOR("K\x03", "K\x02\x85", "K\x01\x85")), "reaches beyond"),
    CASE("stride-beyond", NAMED(TENSOR("K\0", "K\x02\x85", "K\x04\x85")), "reaches beyond"),
    CASE("stride-0", NAMED(TENSOR("K\0", "J\xff\xff\xff\x7f\x85", "K\0\x85")), "reaches beyond"),
    CASE("overflow", NAMED(TENSOR("K\0", "\x8a\x08\0\0\0\0\0\0\0\x40K\x08\x86", "K\0K\0\x86")),
         "overflows"),
    CASE("stride-overflow",
         NAMED(TENSOR("K\0", "K\x02\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85")),
         "reaches beyond"),
    CASE("negative-size", NAMED(TENSOR("K\0", "J\xff\xff\xff\xff\x85", "K\x01\x85")),
         "whole numbers"),
    CASE("negative-offset", NAMED(TENSOR("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85")),
         "without storage and offset"),
    CASE("many-dims",
         NAMED(TENSOR("K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t")),
         "whole numbers"),
    CASE("dims-strides-differ", NAMED(TENSOR("K\0", "K\x01\x85", ")")), "whole numbers"),
    CASE("small", NAMED(TENSOR("K\0", "K\x02K\x02\x86", "K\x02K\x01\x86")), "no HRNetV2"),
};

static void test_case(gconstpointer data)
{
    const Case *hostile = data;
    GByteArray *bytes = bytes_new(MAGIC PROTOCOL, sizeof(MAGIC PROTOCOL) - 1);
    ADD(bytes, LITTLE);
    g_byte_array_append(bytes, (const guint8 *)hostile->object, (guint)hostile->n_bytes);
    if (strstr(hostile->object, "conv1") || memmem(hostile->object, hostile->n_bytes, "conv1", 5)) {
        ADD(bytes, KEYS);
        ADD(bytes, "\4\0\0\0\0\0\0\0"
                   "0123456789abcdef");
    } else {
        ADD(bytes, NO_KEYS);
    }
    g_autofree gchar *path = write_bytes(bytes, "hostile.pth");
    expect(path, hostile->message);
    g_assert_false(g_file_test("hrnet-owned", G_FILE_TEST_EXISTS));
}

static void test_preamble(void)
{
    static const struct {
        const gchar *start;
        gsize n_bytes;
        const gchar *message;
    } starts[] = {
        { MAGIC "\x80\x02M\xea\x03." LITTLE NAMED("}") NO_KEYS,
          sizeof(MAGIC "\x80\x02M\xea\x03." LITTLE NAMED("}") NO_KEYS) - 1, "another protocol" },
        { MAGIC PROTOCOL BIG NAMED("}") NO_KEYS, sizeof(MAGIC PROTOCOL BIG NAMED("}") NO_KEYS) - 1,
          "big-endian" },
        { MAGIC, sizeof(MAGIC) - 1, "ends too early" },
        { MAGIC PROTOCOL LITTLE NAMED("}") "\x80\x02}.",
          sizeof(MAGIC PROTOCOL LITTLE NAMED("}") "\x80\x02}.") - 1, "list of storages" },
        { MAGIC PROTOCOL LITTLE NAMED("}") KEYS, sizeof(MAGIC PROTOCOL LITTLE NAMED("}") KEYS) - 1,
          "no storage of the object" },
        { "\x80\x02K\x01.", 5, "none that torch.save() wrote" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autofree gchar *path =
            write_bytes(bytes_new(starts[i].start, starts[i].n_bytes), "preamble.pth");
        expect(path, starts[i].message);
    }
}

/* Storages that are shorter than they say, missing, or of an impossible size. */
static void test_storages(void)
{
    static const gchar *const counts[] = { "\4\0\0\0\0\0\0\0", "\5\0\0\0\0\0\0\0",
                                           "\xff\xff\xff\xff\xff\xff\xff\x3f",
                                           "\xff\xff\xff\xff\xff\xff\xff\xff", "\3\0\0\0\0\0\0\0" };
    static const gchar object[] =
        MAGIC PROTOCOL LITTLE NAMED(TENSOR("K\0", "K\x04\x85", "K\x01\x85")) KEYS;
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        GByteArray *bytes = bytes_new(object, sizeof object - 1);
        g_byte_array_append(bytes, (const guint8 *)counts[i], 8);
        ADD(bytes, "0123456789abcde");
        g_autofree gchar *path = write_bytes(bytes, "storages.pth");
        expect(path, i == 4 ? "has only 12 bytes" : "truncated");
    }
    g_autofree gchar *path = write_bytes(bytes_new(object, sizeof object - 1), "storages.pth");
    expect(path, "truncated");
}

static void test_truncated(void)
{
    static const gchar whole[] =
        MAGIC PROTOCOL LITTLE NAMED(TENSOR("K\0", "K\x04\x85", "K\x01\x85")) KEYS
        "\4\0\0\0\0\0\0\0"
        "0123456789abcdef";
    for (gsize n = 0; n < sizeof whole - 1; n++) {
        g_autofree gchar *path = write_bytes(bytes_new(whole, n), "truncated.pth");
        expect(path, "");
    }
}

/* Programs that are small or cheap to write and would take memory, time or stack without end. */
static void test_floods(void)
{
    static const struct {
        const gchar *unit;
        guint n;
    } floods[] = { { "(", 5000000 },
                   { "}", 2000000 },
                   { "]\x85", 1000000 },
                   { "N2", 3000000 },
                   { "(]", 1500000 },
                   { "]q\x01h\x01"
                     "a",
                     1100000 } };
    for (guint i = 0; i < G_N_ELEMENTS(floods); i++) {
        GByteArray *bytes = bytes_new(MAGIC PROTOCOL, sizeof(MAGIC PROTOCOL) - 1);
        ADD(bytes, LITTLE);
        ADD(bytes, "\x80\x02N");
        for (guint k = 0; k < floods[i].n; k++)
            g_byte_array_append(bytes, (const guint8 *)floods[i].unit,
                                (guint)strlen(floods[i].unit));
        ADD(bytes, ".");
        g_autofree gchar *path = write_bytes(bytes, "flood.pth");
        checkpoint_expect_cheap_refusal(path, "");
        g_remove(path);
    }
}

/* A pickle of a file of before PyTorch 1.6, from its parts. */
static gchar *write_object(const GString *object)
{
    GByteArray *bytes = bytes_new(MAGIC PROTOCOL LITTLE, sizeof(MAGIC PROTOCOL LITTLE) - 1);
    g_byte_array_append(bytes, (const guint8 *)object->str, (guint)object->len);
    ADD(bytes, KEYS "\4\0\0\0\0\0\0\0"
                    "0123456789abcdef");
    return write_bytes(bytes, "object.pth");
}

/* One long list, and a call that copies it, again and again. */
static void test_copies(void)
{
    g_autoptr(GString) object = g_string_new("\x80\x02"
                                             "ccollections\nOrderedDict\nq");
    g_string_append_len(object, "\0(](", 4);
    for (guint i = 0; i < 4000; i++)
        g_string_append(object, "NN\x86");
    g_string_append(object, "e\x85q\1"
                            "1");
    for (guint i = 0; i < 10000; i++)
        g_string_append_len(object, "h\0h\1R0", 6);
    g_string_append(object, "N.");
    g_autofree gchar *path = write_object(object);
    checkpoint_expect_cheap_refusal(path, "too much memory");
}

/* 32,768 tensors whose names have one value of g_str_hash(); as many memo numbers that a table of
 * that size would put on one place. */
static void test_chosen_keys(void)
{
    static const gchar tensor[] = TENSOR("K\0", "K\x04\x85", "K\x01\x85");
    g_autoptr(GString) object = g_string_new("\x80\x02}(U\1t");
    g_string_append_len(object, tensor, sizeof tensor - 1);
    g_string_append_len(object, "q\0", 2);
    for (guint i = 0; i < 1u << 15; i++) {
        g_string_append(object, "U\x1e");
        for (guint bit = 0; bit < 15; bit++)
            g_string_append(object, i >> bit & 1 ? "bA" : "ab");
        g_string_append_len(object, "h\0", 2);
        const guint32 number = (i + 1) * 131071u;
        g_string_append_c(object, 'r');
        g_string_append_len(object, (const gchar *)&number, 4);
    }
    g_string_append(object, "u.");
    g_autofree gchar *path = write_object(object);
    const clock_t start = clock();
    checkpoint_expect_refusal(path, "");
    g_assert_cmpfloat((gdouble)(clock() - start) / CLOCKS_PER_SEC, <, 2);
}

typedef struct {
    const gchar *name, *content;
    gsize n_bytes;
    zip_int32_t method;
} Entry;

static gchar *write_zip(const Entry *entries, guint n)
{
    gchar *path = g_build_filename(checkpoint_folder(), "archive.pth", NULL);
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    g_assert_nonnull(archive);
    for (guint i = 0; i < n; i++) {
        zip_source_t *content =
            zip_source_buffer(archive, entries[i].content, entries[i].n_bytes, 0);
        zip_int64_t index = zip_file_add(archive, entries[i].name, content, 0);
        g_assert_cmpint(index, >=, 0);
        zip_set_file_compression(archive, (zip_uint64_t)index, entries[i].method, 0);
    }
    g_assert_cmpint(zip_close(archive), ==, 0);
    return path;
}

static void test_zip(void)
{
    static const gchar object[] = NAMED(TENSOR("K\0", "K\x04\x85", "K\x01\x85"));
    static const gchar evil[] = "\x80\x02"
                                "cnt\nsystem\nU\x05"
                                "dir c\x85R.";
    static gchar zeros[1 << 20];
    static const struct {
        Entry entries[3];
        guint n;
        const gchar *message;
    } zips[] = {
        { { { "a/data.pkl", evil, sizeof evil - 1, ZIP_CM_STORE } }, 1, "nt.system" },
        { { { "a/data.pkl", object, sizeof object - 1, ZIP_CM_STORE } },
          1,
          "a/data/0: is missing" },
        { { { "a/data.pkl", object, sizeof object - 1, ZIP_CM_STORE },
            { "a/data/0", "0123456789abcde", 15, ZIP_CM_STORE } },
          2,
          "has only 15 bytes" },
        { { { "a/data.pkl", object, sizeof object - 1, ZIP_CM_STORE },
            { "a/data/0", zeros, sizeof zeros, ZIP_CM_DEFLATE } },
          2,
          "is compressed" },
        { { { "a/data.pkl", zeros, sizeof zeros, ZIP_CM_DEFLATE } }, 1, "is compressed" },
        { { { "a/data.pkl", object, sizeof object - 1, ZIP_CM_STORE },
            { "a/byteorder", "big", 3, ZIP_CM_STORE } },
          2,
          "byte order" },
        { { { "data.pkl", object, sizeof object - 1, ZIP_CM_STORE } }, 1, "without data.pkl" },
        { { { "a/data.pkl", object, sizeof object - 1, ZIP_CM_STORE },
            { "a/data/0", "0123456789abcdef", 16, ZIP_CM_STORE } },
          2,
          "no HRNetV2" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(zips); i++) {
        g_autofree gchar *path = write_zip(zips[i].entries, zips[i].n);
        expect(path, zips[i].message);
    }
}

/* A whole network whose tensors all lie in one storage: each is within it, all together would fill
 * the memory. */
static gboolean add_shared(const HrnetConvSpec *spec, gpointer data)
{
    static const gchar *const parts[] = { "weight", "bias", "running_mean", "running_var" };
    const guint32 dims[4] = { spec->out_channels, spec->in_channels, spec->kernel, spec->kernel };
    for (guint part = 0; part < 5; part++) {
        const gboolean is_norm = part > 0;
        g_autofree gchar *name = g_strconcat(is_norm ? spec->norm : spec->conv, ".",
                                             parts[is_norm ? part - 1 : 0], NULL);
        if (is_norm && !spec->norm)
            break;
        const guint32 n_bytes = GUINT32_TO_LE((guint32)strlen(name));
        g_string_append_c(data, 'X');
        g_string_append_len(data, (const gchar *)&n_bytes, sizeof n_bytes);
        g_string_append(data, name);
        g_string_append_len(data, "h\0(h\1K\0(", 8);
        guint32 strides[4] = { dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1 };
        for (guint pass = 0; pass < 2; pass++) {
            for (guint d = 0; d < (is_norm ? 1 : 4); d++) {
                const guint32 number = pass ? (is_norm ? 1 : strides[d]) : dims[d];
                g_string_append_c(data, 'J');
                g_string_append_len(data, (const gchar *)&number, 4);
            }
            g_string_append(data, pass ? "t" : "t(");
        }
        g_string_append(data, "\x89}tR");
    }
    return TRUE;
}

static void test_shared_storage(void)
{
    static const gchar storage[] = "(U\x07storagectorch\nFloatStorage\nU\x01"
                                   "0U\x03"
                                   "cpuJ\0\0\x40\0tQq\1"
                                   "0";
    const gsize n_bytes = 4 * 0x400000;
    HrnetConfig config;
    checkpoint_config(&config, 1, 64, 1, 4, 3, 4, 64, 2);
    g_autoptr(GString) object = g_string_new("\x80\x02"
                                             "ctorch._utils\n_rebuild_tensor_v2\nq");
    g_string_append_len(object,
                        "\0"
                        "0",
                        2);
    g_string_append_len(object, storage, sizeof storage - 1);
    g_string_append(object, "}(");
    hrnet_config_each_conv(&config, add_shared, object);
    g_string_append(object, "u.");
    g_autofree gchar *zeros = g_malloc0(n_bytes);
    const Entry entries[] = { { "a/data.pkl", object->str, object->len, ZIP_CM_STORE },
                              { "a/data/0", zeros, n_bytes, ZIP_CM_STORE } };
    g_autofree gchar *path = write_zip(entries, 2);
    checkpoint_expect_cheap_refusal(path, "far more than");
}

/* Every single byte of an archive changed or cut off. */
static void test_damaged_zip(void)
{
    static const gchar object[] = NAMED(TENSOR("K\0", "K\x04\x85", "K\x01\x85"));
    const Entry entries[] = { { "a/data.pkl", object, sizeof object - 1, ZIP_CM_STORE },
                              { "a/data/0", "0123456789abcdef", 16, ZIP_CM_STORE } };
    g_autofree gchar *path = write_zip(entries, 2);
    g_autofree gchar *whole = NULL;
    gsize n_bytes;
    g_assert_true(g_file_get_contents(path, &whole, &n_bytes, NULL));
    for (gsize i = 0; i < n_bytes; i++) {
        whole[i] ^= 0x55;
        g_autofree gchar *changed = write_bytes(bytes_new(whole, n_bytes), "changed.pth");
        expect(changed, "");
        whole[i] ^= 0x55;
        g_autofree gchar *cut = write_bytes(bytes_new(whole, i), "cut.pth");
        expect(cut, "");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree gchar *path = g_strconcat("/pth/hostile/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/pth/preamble", test_preamble);
    g_test_add_func("/pth/storages", test_storages);
    g_test_add_func("/pth/truncated", test_truncated);
    g_test_add_func("/pth/floods", test_floods);
    g_test_add_func("/pth/copies", test_copies);
    g_test_add_func("/pth/chosen-keys", test_chosen_keys);
    g_test_add_func("/pth/shared-storage", test_shared_storage);
    g_test_add_func("/pth/zip", test_zip);
    g_test_add_func("/pth/damaged-zip", test_damaged_zip);
    return g_test_run();
}
