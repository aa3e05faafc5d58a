/* hrnetseg: the model, and what the properties make of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetfault.h"
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* A copy of the properties that a model is made from, to read without the lock. */
typedef struct {
    gchar *name, *options, *classes, *palette, *style, *inference_size;
    GstHrnetNetworkParams params;
    gboolean adaptive;
    guint serial;
} Wish;

static Wish *wish_new_locked(GstHrnetSeg *self)
{
    const GstHrnetSettings *settings = &self->settings;
    Wish *wish = g_new0(Wish, 1);

    wish->name = g_strdup(settings->model);
    wish->options = g_strdup(settings->model_options);
    wish->classes = g_strdup(settings->classes);
    wish->palette = g_strdup(settings->palette);
    wish->style = g_strdup(settings->class_style);
    wish->inference_size = g_strdup(settings->inference_size);
    wish->params = (GstHrnetNetworkParams){
        .inference_size = wish->inference_size,
        .aspect = gst_hrnet_seg_orientation_aspect_locked(self),
        .n_threads = settings->n_threads,
        .precision = settings->precision,
    };
    wish->adaptive = settings->adaptive_size;
    wish->serial = self->load_serial;
    return wish;
}

static void wish_free(Wish *wish)
{
    g_free(wish->name);
    g_free(wish->options);
    g_free(wish->classes);
    g_free(wish->palette);
    g_free(wish->style);
    g_free(wish->inference_size);
    g_free(wish);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wish, wish_free)

/* Posts an error or a warning with the code that GStreamer has for it. */
static void post(GstHrnetSeg *self, GstMessageType type, const gchar *what, const GError *error)
{
    GQuark domain = GST_LIBRARY_ERROR;
    gint code = GST_LIBRARY_ERROR_SETTINGS;

    if (g_error_matches(error, HRNET_ERROR, HRNET_ERROR_NOT_FOUND)) {
        domain = GST_RESOURCE_ERROR;
        code = GST_RESOURCE_ERROR_NOT_FOUND;
    } else if (g_error_matches(error, HRNET_ERROR, HRNET_ERROR_INVALID_FILE)) {
        domain = GST_RESOURCE_ERROR;
        code = GST_RESOURCE_ERROR_READ;
    } else if (g_error_matches(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED)) {
        domain = GST_STREAM_ERROR;
        code = GST_STREAM_ERROR_WRONG_TYPE;
    } else if (g_error_matches(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY)) {
        domain = GST_RESOURCE_ERROR;
        code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    }
    gst_element_message_full(GST_ELEMENT(self), type, domain, code,
                             g_strdup_printf("%s: %s", what, error->message), NULL, __FILE__,
                             G_STRFUNC, __LINE__);
}

static void post_model(GstHrnetSeg *self, GstMessageType type, const Wish *wish,
                       const GError *error)
{
    g_autofree gchar *what =
        g_strdup_printf("Cannot use model \"%s\"", wish->name ? wish->name : "");

    post(self, type, what, error);
}

/* A network with all that the properties ask of it, and its paint; NULL and the error where one of
 * them is wrong. */
static GstHrnetNetwork *fulfil(const Wish *wish, GstHrnetPaint *paint, GError **error)
{
    g_autoptr(GstHrnetNetwork) network = gst_hrnet_network_load(wish->name, wish->options, error);
    GstHrnetShape shape;

    if (!network || !gst_hrnet_paint_setup(paint, network->model, wish->classes, wish->palette,
                                           wish->style, error))
        return NULL;
    if (!gst_hrnet_network_shape(network->model, &wish->params, &shape, error) ||
        (wish->params.aspect > 0 && !gst_hrnet_network_prepare(network, &shape, error)))
        return NULL;
    return g_steal_pointer(&network);
}

gboolean gst_hrnet_seg_model_open(GstHrnetSeg *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Wish) wish = NULL;

    GST_OBJECT_LOCK(self);
    self->load_serial++;
    self->wishes = FALSE;
    self->aspect = 0;
    self->changes = GST_HRNET_CHANGED_SYNC;
    wish = wish_new_locked(self);
    self->started = TRUE;
    GST_OBJECT_UNLOCK(self);

    self->load = (GstHrnetLoad){ 0 };
    self->network = fulfil(wish, &self->paint, &error);
    if (self->network &&
        gst_hrnet_network_shape(self->network->model, &wish->params, &self->shape, &error)) {
        GST_INFO_OBJECT(self, "model %s: %s", wish->name,
                        hrnet_model_get_variant(self->network->model));
        gst_hrnet_seg_latency_estimate(self, &wish->params);
        return TRUE;
    }
    GST_OBJECT_LOCK(self);
    self->started = FALSE;
    GST_OBJECT_UNLOCK(self);
    post_model(self, GST_MESSAGE_ERROR, wish, error);
    return FALSE;
}

void gst_hrnet_seg_model_close(GstHrnetSeg *self)
{
    GstHrnetNetwork *pending;

    GST_OBJECT_LOCK(self);
    self->started = FALSE;
    self->load_serial++;
    pending = g_steal_pointer(&self->pending);
    GST_OBJECT_UNLOCK(self);

    gst_hrnet_network_free(pending);
    g_clear_pointer(&self->network, gst_hrnet_network_free);
    g_clear_pointer(&self->retiring, g_thread_join);
}

/* Takes the network over if it is still what is wished for; returns what is not needed any more. */
static GstHrnetNetwork *hand_over(GstHrnetSeg *self, guint serial, GstHrnetNetwork *network)
{
    GST_OBJECT_LOCK(self);
    if (self->load_serial == serial) {
        GstHrnetNetwork *former = self->pending;

        self->pending = network;
        self->changes |= GST_HRNET_CHANGED_MODEL;
        network = former;
    }
    GST_OBJECT_UNLOCK(self);
    return network;
}

/* Loads what a wish names, and hands it over. */
static void load(GstHrnetSeg *self, const Wish *wish)
{
    g_autoptr(GError) error = NULL;
    GstHrnetPaint paint;
    GstHrnetNetwork *network = fulfil(wish, &paint, &error);
    gboolean wanted;

    if (network) {
        gst_hrnet_network_free(hand_over(self, wish->serial, network));
        return;
    }
    GST_OBJECT_LOCK(self);
    wanted = self->load_serial == wish->serial;
    GST_OBJECT_UNLOCK(self);
    if (wanted)
        post_model(self, GST_MESSAGE_WARNING, wish, error);
}

/* The wish that no load has been begun for; NULL where there is none, which ends the loading. */
static Wish *next_wish(GstHrnetSeg *self)
{
    Wish *wish = NULL;

    GST_OBJECT_LOCK(self);
    self->loading = self->started && self->wishes;
    self->wishes = FALSE;
    if (self->loading)
        wish = wish_new_locked(self);
    GST_OBJECT_UNLOCK(self);
    return wish;
}

/* Properties may change faster than models load, and a load takes memory and threads: what was
 * wished for in the meantime and is not any more is never begun. */
static void load_all(GstElement *element, G_GNUC_UNUSED gpointer user_data)
{
    GstHrnetSeg *self = GST_HRNET_SEG(element);
    Wish *wish;

    while ((wish = next_wish(self)) != NULL) {
        load(self, wish);
        wish_free(wish);
    }
}

void gst_hrnet_seg_model_reload(GstHrnetSeg *self)
{
    gboolean begins = FALSE;

    GST_OBJECT_LOCK(self);
    if (self->started) {
        self->load_serial++;
        self->wishes = TRUE;
        begins = !self->loading;
        self->loading = TRUE;
    }
    GST_OBJECT_UNLOCK(self);
    if (begins)
        gst_element_call_async(GST_ELEMENT(self), load_all, NULL, NULL);
}

static gpointer free_network(gpointer network)
{
    const GstClockTime start = gst_util_get_timestamp();

    gst_hrnet_network_free(network);
    gst_hrnet_fault_delay_free(start);
    return NULL;
}

/* Frees a network in a thread of its own: without huge pages a large one takes as long as a frame
 * lasts. The thread of the network before has had the time of a load to end. */
static void retire(GstHrnetSeg *self, GstHrnetNetwork *network)
{
    g_clear_pointer(&self->retiring, g_thread_join);
    self->retiring = g_thread_try_new("hrnet-free", free_network, network, NULL);
    if (!self->retiring)
        gst_hrnet_network_free(network);
}

/* At a frame's boundary: from now on masks are the new network's. */
static void switch_network(GstHrnetSeg *self, GstHrnetNetwork *network, const Wish *wish)
{
    g_autoptr(GError) error = NULL;
    GstHrnetNetwork *former = self->network;

    if (!gst_hrnet_paint_setup(&self->paint, network->model, wish->classes, wish->palette,
                               wish->style, &error)) {
        post_model(self, GST_MESSAGE_WARNING, wish, error);
        retire(self, network);
        return;
    }
    self->network = network;
    self->load = (GstHrnetLoad){ 0 };
    gst_hrnet_seg_mask_reset(self);
    /* Last, as the former mask has a reference to its model. */
    retire(self, former);
    GST_INFO_OBJECT(self, "switched to model %s", hrnet_model_get_name(network->model));
}

/* Takes what has been set since the last frame; returns a wish where there is something. */
static Wish *take_changes(GstHrnetSeg *self, guint *changes, GstHrnetNetwork **pending)
{
    const gboolean busy = self->worker && !gst_hrnet_worker_is_idle(self->worker);
    /* Until the worker is done with the network. */
    const guint later = busy ? GST_HRNET_CHANGED_MODEL : 0;
    Wish *wish = NULL;

    *pending = NULL;
    GST_OBJECT_LOCK(self);
    *changes = self->changes & ~later;
    self->changes &= later;
    if (*changes & GST_HRNET_CHANGED_MODEL)
        *pending = g_steal_pointer(&self->pending);
    if (*changes)
        wish = wish_new_locked(self);
    GST_OBJECT_UNLOCK(self);
    return wish;
}

/* What the session shall be like. `latest` leaves making it to its worker, off the stream's thread.
 */
static gboolean update_shape(GstHrnetSeg *self, const Wish *wish, GError **error)
{
    GstHrnetNetworkParams params = wish->params;

    self->adapts = self->latest && wish->adaptive;
    if (!self->adapts)
        self->load = (GstHrnetLoad){ 0 };
    params.n_shrunk = self->load.n_shrunk;
    return gst_hrnet_network_shape(self->network->model, &params, &self->shape, error) &&
           (self->latest || gst_hrnet_network_prepare(self->network, &self->shape, error));
}

static void warn_of_shape(GstHrnetSeg *self, const GError *error)
{
    post(self, GST_MESSAGE_WARNING, "Keeping the former inference size", error);
}

void gst_hrnet_seg_model_keep_shape(GstHrnetSeg *self, const GError *error)
{
    self->shape = self->network->shape;
    warn_of_shape(self, error);
}

/* What decides about the session. */
#define SHAPE_CHANGES (GST_HRNET_CHANGED_MODEL | GST_HRNET_CHANGED_SESSION | GST_HRNET_CHANGED_SYNC)

gboolean gst_hrnet_seg_model_update(GstHrnetSeg *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Wish) wish = NULL;
    GstHrnetNetwork *pending;
    guint changes;

    wish = take_changes(self, &changes, &pending);
    if (!wish)
        return TRUE;
    if (changes & GST_HRNET_CHANGED_SYNC)
        gst_hrnet_seg_latency_choose(self);
    if (pending)
        switch_network(self, pending, wish);
    if (changes & GST_HRNET_CHANGED_PAINT &&
        !gst_hrnet_paint_setup(&self->paint, self->network->model, wish->classes, wish->palette,
                               wish->style, &error)) {
        post(self, GST_MESSAGE_WARNING, "Keeping the former classes and colours", error);
        g_clear_error(&error);
    }
    if (!(changes & SHAPE_CHANGES) || update_shape(self, wish, &error))
        return TRUE;
    /* No session yet: that of the size before, which has not been needed so far. */
    if (self->latest || self->network->session ||
        gst_hrnet_network_prepare(self->network, &self->shape, NULL)) {
        warn_of_shape(self, error);
        return TRUE;
    }
    post_model(self, GST_MESSAGE_ERROR, wish, error);
    return FALSE;
}
