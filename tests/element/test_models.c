/* The element's model: missing, broken, changed, shared.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>

#define WIDTH  64
#define HEIGHT 48

static gchar *test_model_path(void)
{
    return g_build_filename(g_getenv("HRNET_MODEL_PATH"), "test.safetensors", NULL);
}

/* The first n_bytes of the test model (0: all) with a byte of its header replaced, as a file of its
 * own. */
static gchar *broken_copy(gsize n_bytes, gssize broken_byte)
{
    gchar *path = test_model_path(), *copy = NULL, *contents;
    gsize size;
    gint file = g_file_open_tmp("hrnet-XXXXXX.safetensors", &copy, NULL);

    fail_unless(file >= 0);
    g_close(file, NULL);
    fail_unless(g_file_get_contents(path, &contents, &size, NULL));
    if (broken_byte >= 0)
        contents[broken_byte] ^= 0x55;
    fail_unless(
        g_file_set_contents(copy, contents, n_bytes ? (gssize)n_bytes : (gssize)size, NULL));
    g_free(contents);
    g_free(path);
    return copy;
}

static GstElement *pipeline_with(const gchar *properties, GstElement **seg)
{
    gchar *line = g_strdup_printf("videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! "
                                  "hrnetseg name=seg %s ! fakesink",
                                  properties);
    GstElement *pipeline = gst_parse_launch(line, NULL);

    fail_unless(pipeline != NULL);
    *seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg");
    g_free(line);
    return pipeline;
}

/* Exactly one error, which names both; the state change fails; with a good model the same element
 * then plays. */
static void check_failure(const gchar *property, const gchar *value, const gchar *named)
{
    GstElement *seg, *pipeline = pipeline_with("model=test", &seg);
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message;
    gchar *text;

    g_object_set(seg, property, value, NULL);
    fail_unless_equals_int(gst_element_set_state(pipeline, GST_STATE_PLAYING),
                           GST_STATE_CHANGE_FAILURE);
    text = only_message(bus, GST_MESSAGE_ERROR);
    fail_unless(strstr(text, named) != NULL, "\"%s\" does not name \"%s\"", text, named);
    g_free(text);
    fail_unless_equals_int(gst_element_set_state(pipeline, GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);

    g_object_set(seg, "model", "test", "model-options", "", "classes", "", "palette", "model",
                 "inference-size", "model", NULL);
    fail_if(gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
    message = wait_message(bus, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message != NULL && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
    fail_unless_equals_uint64(seg_stat(seg, "inferences"), 3);
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
}

GST_START_TEST(test_bad_settings)
{
    static const gchar *const table[][3] = {
        { "model", "/nonexistent/x.safetensors", "/nonexistent/x.safetensors" },
        { "model", "no-such-name", "no-such-name" },
        { "model", "", "No model" },
        { "model", "/dev/null", "/dev/null" },
        { "model", "/tmp", "/tmp" },
        { "model-options", "options,align_corners=maybe", "maybe" },
        { "model-options", "options,no_such_key=1", "no_such_key" },
        { "model-options", "options,=,", "model-options" },
        { "model-options", "nonsense", "nonsense" },
        { "classes", "person,dragon", "dragon" },
        { "classes", "4", "4" },
        { "classes", "dog", "model \"test\" has no class \"dog\"" },
        { "palette", "#000000", "palette" },
        { "palette", "red,green,blue", "red" },
        { "inference-size", "15x64", "15x64" },
        { "inference-size", "64", "64" },
    };

    check_failure(table[__i__][0], table[__i__][1], table[__i__][2]);
}
GST_END_TEST

GST_START_TEST(test_broken_file)
{
    static const struct {
        gsize n_bytes;
        gssize broken_byte;
    } table[] = {
        { 4, -1 }, { 2000, -1 }, { 100000, -1 }, { 0, 0 }, { 0, 7 }, { 0, 8 }, { 0, 40 }
    };
    gchar *path = broken_copy(table[__i__].n_bytes, table[__i__].broken_byte);

    check_failure("model", path, path);
    g_unlink(path);
    g_free(path);
}
GST_END_TEST

GST_START_TEST(test_options)
{
    GstHarness *h;
    GstVideoInfo info;
    GstBuffer *out;
    const GValue *classes;

    h = harness_new("hrnetseg model=test mode=meta "
                    "model-options=\"options,classes=<one,(string)two,three>,foreground=<one>\"");
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, 0));
    classes = gst_structure_get_value(seg_structure(out), "classes");
    fail_unless_equals_int(gst_value_array_get_size(classes), 4);
    fail_unless_equals_string(g_value_get_string(gst_value_array_get_value(classes, 2)), "two");
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static gchar *class_name(GstBuffer *frame, guint label)
{
    const GValue *classes = gst_structure_get_value(seg_structure(frame), "classes");

    return g_value_dup_string(gst_value_array_get_value(classes, label));
}

/* Sets another model with options of its own after a frame, and pushes frames until one is the new
 * model's. Returns the longest time that one took, in microseconds. */
static gint64 change_model(GstHarness *h, const gchar *model)
{
    gchar *name = NULL;
    GstVideoInfo info;
    gint64 longest = 0;
    guint n = 0;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 0)));
    g_object_set(h->element, "model", model, "model-options",
                 "options,classes=<a,b,c>,foreground=<b>", NULL);
    do {
        GstBuffer *in = frame_new(&info, 0, ++n), *out;
        const gint64 start = g_get_monotonic_time();

        out = gst_harness_push_and_pull(h, in);
        longest = MAX(longest, g_get_monotonic_time() - start);
        fail_unless(out != NULL);
        g_free(name);
        name = class_name(out, 1);
        gst_buffer_unref(out);
        g_usleep(10000);
    } while (!g_str_equal(name, "a") && n < 1000);
    fail_unless_equals_string(name, "a");
    fail_unless_equals_uint64(seg_stat(h->element, "frames"), n + 1);
    g_free(name);
    return longest;
}

/* A model's change takes effect at some later frame, and no frame before it is held up or lost. */
GST_START_TEST(test_change_while_playing)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    gchar *path = test_model_path();

    change_model(h, path);
    g_free(path);
    gst_harness_teardown(h);
}
GST_END_TEST

/* The frame that switches does not wait for the former model to be freed; stopping does, so that
 * nothing of the element is left behind. */
GST_START_TEST(test_former_is_freed_beside)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    const gint64 start = g_get_monotonic_time();

    g_setenv("HRNET_FAULT", "free:3000", TRUE);
    fail_unless(change_model(h, "test") < 2000000);
    gst_harness_teardown(h);
    fail_unless(g_get_monotonic_time() - start >= 3000000);
    g_unsetenv("HRNET_FAULT");
}
GST_END_TEST

/* A change that fails is a warning, and the former model stays. */
GST_START_TEST(test_failing_change)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;
    GstMessage *message;
    GstBuffer *out;
    GError *error = NULL;
    gchar *name;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 0)));
    g_object_set(h->element, "model", "/nonexistent.safetensors", NULL);
    message = wait_message(bus, GST_MESSAGE_WARNING);
    fail_unless(message != NULL);
    gst_message_parse_warning(message, &error, NULL);
    fail_unless(strstr(error->message, "/nonexistent.safetensors") != NULL);
    g_clear_error(&error);
    gst_message_unref(message);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, 1));
    name = class_name(out, 1);
    fail_unless_equals_string(name, "road");
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL);
    g_free(name);
    gst_buffer_unref(out);
    harness_close(h, bus);
}
GST_END_TEST

/* An element that is stopped while its next model loads. */
GST_START_TEST(test_stop_while_loading)
{
    for (guint i = 0; i < 20; i++) {
        GstHarness *h = harness_new("hrnetseg model=test mode=meta");
        GstVideoInfo info;

        harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
        g_object_set(h->element, "model-options", "align_corners=true", NULL);
        if (i % 2)
            gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 0)));
        gst_harness_teardown(h);
    }
}
GST_END_TEST

GST_START_TEST(test_state_cycles)
{
    GstElement *seg, *pipeline = pipeline_with("model=test", &seg);
    GstBus *bus = gst_element_get_bus(pipeline);

    for (guint i = 0; i < 5; i++) {
        GstMessage *message;

        fail_if(gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
        message = wait_message(bus, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
        fail_unless(message != NULL && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
        gst_message_unref(message);
        fail_unless_equals_uint64(seg_stat(seg, "frames"), 3);
        fail_unless_equals_uint64(seg_stat(seg, "inferences"), 3);
        fail_unless(seg_stat(seg, "inference-ns") > 0);
        fail_unless(seg_stat(seg, "render-ns") > 0);
        fail_unless(seg_stat(seg, "pool-buffers") > 0);
        fail_unless_equals_uint64(seg_stat(seg, "mask-age-ns"), 0);
        gst_element_set_state(pipeline, i % 2 ? GST_STATE_READY : GST_STATE_NULL);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
}
GST_END_TEST

static gpointer run_one(gpointer data)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=mask attach-meta=false");
    GstVideoInfo info, out_info;
    GByteArray *all = g_byte_array_new();

    (void)data;
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    gst_video_info_set_format(&out_info, GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
    for (guint i = 0; i < 20; i++) {
        GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, i));
        guint8 *bytes = frame_bytes(&out_info, out, NULL);

        g_byte_array_append(all, bytes, WIDTH * HEIGHT);
        g_free(bytes);
        gst_buffer_unref(out);
    }
    gst_harness_teardown(h);
    return all;
}

/* Elements side by side with one model give what each gives alone. */
GST_START_TEST(test_two_elements)
{
    GByteArray *alone = run_one(NULL), *together[2];
    GThread *threads[2];

    for (guint i = 0; i < 2; i++)
        threads[i] = g_thread_new("element", run_one, NULL);
    for (guint i = 0; i < 2; i++) {
        together[i] = g_thread_join(threads[i]);
        fail_unless_equals_int(together[i]->len, alone->len);
        fail_unless(memcmp(together[i]->data, alone->data, alone->len) == 0);
        g_byte_array_unref(together[i]);
    }
    g_byte_array_unref(alone);
}
GST_END_TEST

static Suite *models_suite(void)
{
    Suite *suite = suite_create("hrnetseg-models");
    TCase *chain = tcase_create("models");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_bad_settings, 0, 16);
    tcase_add_loop_test(chain, test_broken_file, 0, 7);
    tcase_add_test(chain, test_options);
    tcase_add_test(chain, test_change_while_playing);
    tcase_add_test(chain, test_former_is_freed_beside);
    tcase_add_test(chain, test_failing_change);
    tcase_add_test(chain, test_stop_while_loading);
    tcase_add_test(chain, test_state_cycles);
    tcase_add_test(chain, test_two_elements);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(models)
