/* JSON and nothing else is taken for JSON, in bounded memory, stack and time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <time.h>

#include "checkpoint.h"
#include "weights/json-grammar.h"
#include "weights/json.h"

static void expect_fault(const gchar *text, gsize length, const gchar *fault)
{
    g_autofree gchar *found = hrnet_json_fault(text, length);
    if (!found || !strstr(found, fault))
        g_error("%.60s: \"%s\", expected \"%s\"", text, found ? found : "no fault", fault);
    g_autoptr(GError) error = NULL;
    g_assert_null(hrnet_json_parse(text, length, "p", "text", HRNET_WEIGHTS_ERROR_INVALID, &error));
    g_assert_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_INVALID);
}

static void test_good(void)
{
    static const gchar *const texts[] = {
        "0",
        "-0",
        " [ ] ",
        "{}",
        "\"\"",
        "null",
        "[true,false,null]",
        "[1,-1,0.5,-0.25e-3,1E5,12e+02,18446744073709551616]",
        "{\"a\":{\"b\":[{\"a\":1},{\"a\":2}]},\"c\":\"\"}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDE00 \xc3\xa9\"",
        "\t\r\n{ \"a\" : [ 1 , 2 ] }\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree gchar *fault = hrnet_json_fault(texts[i], strlen(texts[i]));
        g_assert_cmpstr(fault, ==, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) node = hrnet_json_parse(texts[i], strlen(texts[i]), "p", "text",
                                                    HRNET_WEIGHTS_ERROR_INVALID, &error);
        g_assert_no_error(error);
        g_assert_nonnull(node);
    }
}

static void test_bad(void)
{
    static const gchar *const texts[] = {
        "",
        " ",
        "/* */ 1",
        "1 // one",
        "[1,/**/2]",
        "# 1",
        "'a'",
        "{'a':1}",
        "{a:1}",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":}",
        "{1:2}",
        "[1",
        "[1}",
        "{\"a\":1]",
        "]",
        "1 2",
        "{} {}",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "-",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "True",
        "nul",
        "nullx",
        "\"",
        "\"\n\"",
        "\"\x1f\"",
        "\"\\a\"",
        "\"\\x41\"",
        "\"\\u12g4\"",
        "\"\\u12",
        "\"\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"\xff\"",
        "\"\xed\xa0\x80\"",
        "\"\xc0\x80\"",
        "\xef\xbb\xbf{}",
        ("\xc2\xa0"
         "1"),
        "var a = 1;",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        expect_fault(texts[i], strlen(texts[i]), "is no valid JSON");
    expect_fault("{\"a\0b\":1}", 9, "is no valid JSON");
    expect_fault("{\"a\\u0000b\":1}", 14, "\\u0000");
    expect_fault("{\"a\":{\"b\":1,\"c\":2,\"\\u0062\":3}}", 30, "has b twice");
}

/* What a comment or a quote of the other kind hid from a look at brackets alone. */
static void test_hidden_depth(void)
{
    static const gchar *const starts[] = { "{/*\"*/\"a\":", "{'\"':1,\"a\":", "{//\"\n\"a\":",
                                           "{\"a\":" };
    for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autoptr(GString) text = g_string_new(starts[i]);
        for (guint k = 0; k < 4000000; k++)
            g_string_append_c(text, '[');
        expect_fault(text->str, text->len, i == 3 ? "nested too deeply" : "is no valid JSON");
    }
}

static void test_bounds(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint depth = HRNET_JSON_DEEPEST; depth <= HRNET_JSON_DEEPEST + 1; depth++) {
        g_string_truncate(text, 0);
        for (guint k = 0; k < depth; k++)
            g_string_append_c(text, '[');
        for (guint k = 0; k < depth; k++)
            g_string_append_c(text, ']');
        if (depth > HRNET_JSON_DEEPEST)
            expect_fault(text->str, text->len, "nested too deeply");
        else
            g_assert_null(hrnet_json_fault(text->str, text->len));
    }
    g_string_assign(text, "[0");
    for (guint k = 0; k < HRNET_JSON_MOST_VALUES; k++)
        g_string_append(text, ",0");
    g_string_append_c(text, ']');
    expect_fault(text->str, text->len, "too many values");
    g_string_assign(text, "{");
    for (guint k = 0; k <= HRNET_JSON_MOST_NAMES; k++)
        g_string_append_printf(text, "%s\"%u\":0", k ? "," : "", k);
    g_string_append_c(text, '}');
    expect_fault(text->str, text->len, "too many names");
}

/* Names with one value of g_str_hash(), which is 33 h + c: "ab" and "bA" have the same. */
static void append_name(GString *text, guint number, guint n_pairs)
{
    for (guint bit = 0; bit < n_pairs; bit++)
        g_string_append(text, number >> bit & 1 ? "bA" : "ab");
}

static void test_chosen_names(void)
{
    g_autoptr(GString) text = g_string_new("{");
    for (guint k = 0; k < 8000; k++) {
        g_string_append(text, k ? ",\"" : "\"");
        append_name(text, k, 14);
        g_string_append(text, "\":0");
    }
    g_string_append_c(text, '}');
    const clock_t start = clock();
    expect_fault(text->str, text->len, "slow to look up");
    g_assert_cmpfloat((gdouble)(clock() - start) / CLOCKS_PER_SEC, <, 1);
    g_string_assign(text, "{\"");
    append_name(text, 1, 4);
    g_string_append(text, "\":0,\"");
    append_name(text, 2, 4);
    g_string_append(text, "\":0}");
    g_assert_null(hrnet_json_fault(text->str, text->len));
}

/* The largest header that is taken for JSON. */
static void test_cost(void)
{
    g_autoptr(GString) header = g_string_new("{");
    for (guint object = 0; object < 36; object++) {
        g_string_append_printf(header, "%s\"%u\":{", object ? "," : "", object);
        for (guint k = 0; k < 8000; k++)
            g_string_append_printf(header, "%s\"%u\":0", k ? "," : "", k);
        g_string_append_c(header, '}');
    }
    g_string_append_c(header, '}');
    const guint64 length = header->len;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)&length, 8);
    g_byte_array_append(bytes, (const guint8 *)header->str, (guint)length);
    g_autofree gchar *path = g_build_filename(checkpoint_folder(), "large.safetensors", NULL);
    g_assert_true(g_file_set_contents(path, (gchar *)bytes->data, bytes->len, NULL));
    checkpoint_expect_cheap_refusal(path, "has no dtype");
}

static void test_numbers(void)
{
    static const struct {
        const gchar *text;
        gboolean good;
    } cases[] = {
        { "1.5", TRUE }, { "-3", TRUE }, { "1e999", FALSE }, { "-1e999", FALSE }, { "\"1\"", FALSE }
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gdouble number;
        g_autoptr(JsonNode) node = hrnet_json_parse(cases[i].text, strlen(cases[i].text), "p",
                                                    "text", HRNET_WEIGHTS_ERROR_INVALID, NULL);
        g_assert_nonnull(node);
        g_assert_cmpint(hrnet_json_number(node, &number), ==, cases[i].good);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/good", test_good);
    g_test_add_func("/json/bad", test_bad);
    g_test_add_func("/json/hidden-depth", test_hidden_depth);
    g_test_add_func("/json/bounds", test_bounds);
    g_test_add_func("/json/chosen-names", test_chosen_names);
    g_test_add_func("/json/cost", test_cost);
    g_test_add_func("/json/numbers", test_numbers);
    return g_test_run();
}
