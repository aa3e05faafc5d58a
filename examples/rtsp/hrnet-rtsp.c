/* RTSP in, segmented, RTSP out: serves a stream for any number of viewers, with one inference for
 * all of them, and none while nobody looks.
 *
 *     cc hrnet-rtsp.c -o hrnet-rtsp $(pkg-config --cflags --libs gstreamer-rtsp-server-1.0)
 *     ./hrnet-rtsp rtsp://camera/stream
 *     gst-play-1.0 rtsp://localhost:8554/stream
 *
 * One process serves one stream; hrnetseg@.service has systemd run and restart as many as there are
 * cameras.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gchar *address = NULL, *port = NULL, *path = NULL, *element = NULL, *encoder = NULL;

static GOptionEntry options[] = {
    { "address", 'a', 0, G_OPTION_ARG_STRING, &address, "Listen there (0.0.0.0)", "ADDRESS" },
    { "port", 'p', 0, G_OPTION_ARG_STRING, &port, "Listen there (8554)", "PORT" },
    { "path", 0, 0, G_OPTION_ARG_STRING, &path, "Serve the stream there (/stream)", "PATH" },
    { "element", 'e', 0, G_OPTION_ARG_STRING, &element, "What frames go through (hrnetseg)",
      "'hrnetseg PROPERTY=VALUE...'" },
    { "encoder", 0, 0, G_OPTION_ARG_STRING, &encoder, "How they leave (VP8)",
      "'ELEMENT ! PAYLOADER'" },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

/* Says on standard error what goes wrong in a pipeline, at once: the server would only tell its
 * clients that there is nothing to see. */
static GstBusSyncReply tell(GstBus *bus, GstMessage *message, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    (void)bus, (void)user_data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
        gst_message_parse_warning(message, &error, NULL);
    if (error)
        g_printerr("%s: %s\n", GST_OBJECT_NAME(GST_MESSAGE_SRC(message)), error->message);
    return GST_BUS_PASS;
}

static void on_media(GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer user_data)
{
    g_autoptr(GstElement) elements = gst_rtsp_media_get_element(media);
    g_autoptr(GstObject) pipeline = gst_object_get_parent(GST_OBJECT(elements));
    g_autoptr(GstBus) bus = gst_element_get_bus(GST_ELEMENT(pipeline));

    (void)factory, (void)user_data;
    gst_bus_set_sync_handler(bus, tell, NULL, NULL);
}

/* The pipeline of a stream. The server looks for a payloader by the name of pay0. */
static gchar *describe(const gchar *source)
{
    g_autofree gchar *from = NULL;

    if (strstr(source, "://"))
        from = g_strdup_printf("rtspsrc location=\"%s\" latency=200 ! "
                               "application/x-rtp,media=video ! decodebin",
                               source);
    return g_strdup_printf("( %s ! videoconvert ! %s ! videoconvert ! %s name=pay0 )",
                           from ? from : source, element ? element : "hrnetseg",
                           encoder ? encoder : "vp8enc deadline=1 cpu-used=8 ! rtpvp8pay");
}

/* Whether the hrnetsegs in a pipeline can start, which loads their models. */
static gboolean try_to_start(GstElement *trial, GError **error)
{
    g_autoptr(GstIterator) elements = gst_bin_iterate_recurse(GST_BIN(trial));
    g_autoptr(GstBus) bus = gst_bus_new();
    g_auto(GValue) item = G_VALUE_INIT;
    gboolean good = TRUE;

    while (good && gst_iterator_next(elements, &item) == GST_ITERATOR_OK) {
        GstElement *one = g_value_get_object(&item);
        GstElementFactory *factory = gst_element_get_factory(one);

        if (factory && g_str_equal(GST_OBJECT_NAME(factory), "hrnetseg")) {
            gst_element_set_bus(one, bus);
            good = gst_element_set_state(one, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
            gst_element_set_state(one, GST_STATE_NULL);
        }
        g_value_reset(&item);
    }
    if (!good) {
        g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);

        if (message)
            gst_message_parse_error(message, error, NULL);
        else
            g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
                        "hrnetseg does not start");
    }
    return good;
}

/* Makes it once in vain, so that mistakes are told now and not to the first viewer. */
static GstRTSPMediaFactory *make_factory(const gchar *description, GError **error)
{
    GstRTSPMediaFactory *factory;
    GstElement *trial =
        gst_parse_launch_full(description, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);

    const gboolean good = trial && try_to_start(trial, error);

    if (trial)
        gst_object_unref(trial);
    if (!good)
        return NULL;
    factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(factory, description);
    g_signal_connect(factory, "media-configure", G_CALLBACK(on_media), NULL);
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    return factory;
}

static gboolean serve(const gchar *description, GError **error)
{
    const gchar *at = path ? path : "/stream";
    GstRTSPMediaFactory *factory = make_factory(description, error);
    g_autoptr(GstRTSPServer) server = NULL;
    g_autoptr(GstRTSPMountPoints) mounts = NULL;
    g_autoptr(GMainLoop) loop = NULL;

    if (!factory)
        return FALSE;
    server = gst_rtsp_server_new();
    mounts = gst_rtsp_server_get_mount_points(server);
    gst_rtsp_mount_points_add_factory(mounts, at, factory);
    gst_rtsp_server_set_address(server, address ? address : "0.0.0.0");
    gst_rtsp_server_set_service(server, port ? port : "8554");
    if (gst_rtsp_server_attach(server, NULL) == 0) {
        g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
                    "cannot listen on port %s", port ? port : "8554");
        return FALSE;
    }
    g_print("rtsp://%s:%d%s\n", address ? address : "localhost",
            gst_rtsp_server_get_bound_port(server), at);
    loop = g_main_loop_new(NULL, FALSE);
    g_main_loop_run(loop);
    return TRUE;
}

/* A number of a port, and a path as an address has it. */
static gboolean check_options(GError **error)
{
    guint64 number;

    if (port && !g_ascii_string_to_unsigned(port, 10, 0, G_MAXUINT16, &number, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--port %s: it is a number from 0 (any that is free) to 65535", port);
        return FALSE;
    }
    if (path && (path[0] != '/' || strpbrk(path, " ?#"))) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--path %s: it begins with a slash, /stream for one, and has no blank, ? or #",
                    path);
        return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context =
        g_option_context_new("SOURCE - segment a stream and serve it by RTSP");
    g_autoptr(GError) error = NULL;
    g_autofree gchar *description = NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    g_option_context_set_description(
        context, "SOURCE is an rtsp:// address, or elements that make video: 'v4l2src'.\n");
    g_option_context_add_main_entries(context, options, NULL);
    g_option_context_add_group(context, gst_init_get_option_group());
    if (!g_option_context_parse(context, &argc, &argv, &error) || !check_options(&error) ||
        argc != 2) {
        g_printerr("%s: %s\n", argv[0],
                   error ? error->message : "one SOURCE is wanted, see --help");
        return 2;
    }
    description = describe(argv[1]);
    if (!serve(description, &error)) {
        g_printerr("%s: %s\n", argv[0], error->message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
