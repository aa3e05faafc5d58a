/* Models of one content share their weights; other contents never do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/model-content.h"
#include "hrnet/hrnet-private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

/* A copy of the test model that a test may change, in a folder of its own. */
typedef struct {
    gchar *folder, *path, *bytes;
    gsize n_bytes;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    f->folder = g_dir_make_tmp("hrnet-sharing-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->folder, "model.safetensors", NULL);
    g_file_get_contents(g_getenv("HRNET_TEST_MODEL"), &f->bytes, &f->n_bytes, &error);
    g_assert_no_error(error);
    g_file_set_contents(f->path, f->bytes, (gssize)f->n_bytes, &error);
    g_assert_no_error(error);
}

static guint n_contents(void)
{
    guint n, n_loads;
    hrnet_model_content_count(&n, &n_loads);
    return n;
}

static guint n_loads(void)
{
    guint n, loads;
    hrnet_model_content_count(&n, &loads);
    return loads;
}

static void remove_beside(const Fixture *f, const gchar *name)
{
    g_autofree gchar *path = g_build_filename(f->folder, name, NULL);
    g_unlink(path);
}

/* All is given back, whatever a case did. */
static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(n_contents(), ==, 0);
    remove_beside(f, "copy.safetensors");
    remove_beside(f, "model.safetensors.json");
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->folder);
    g_free(f->path);
    g_free(f->bytes);
}

static HrnetModel *load(const gchar *path, const gchar *option)
{
    const gchar *const options[] = { option, NULL };
    g_autoptr(GError) error = NULL;
    HrnetModel *model = hrnet_model_load(path, options, &error);
    g_assert_no_error(error);
    return model;
}

static gboolean share(const HrnetModel *a, const HrnetModel *b)
{
    return hrnet_model_peek_network(a) == hrnet_model_peek_network(b);
}

static void test_same_file(Fixture *f, gconstpointer data)
{
    (void)data;
    const guint before = n_loads();
    g_autoptr(HrnetModel) a = load(f->path, NULL);
    g_autofree gchar *other_name = g_strdup_printf("%s/./model.safetensors", f->folder);
    g_autoptr(HrnetModel) b = load(other_name, NULL);
    g_assert_true(share(a, b));
    g_assert_cmpuint(n_loads(), ==, before + 1);
    g_assert_cmpuint(n_contents(), ==, 1);
    /* what is each one's own stays so */
    g_assert_cmpstr(hrnet_model_get_name(a), ==, f->path);
    g_assert_cmpstr(hrnet_model_get_name(b), ==, other_name);
    /* the first may go before the others */
    g_clear_pointer(&a, hrnet_model_unref);
    g_autoptr(HrnetSession) session = hrnet_session_new(b, 64, 96, 1, HRNET_PRECISION_FP32, NULL);
    g_clear_pointer(&b, hrnet_model_unref);
    g_autoptr(HrnetModel) c = load(f->path, NULL);
    g_assert_true(share(hrnet_session_get_model(session), c));
    g_assert_cmpuint(n_loads(), ==, before + 1);
}

/* Not kept for later: what nobody uses takes no memory. */
static void test_released(Fixture *f, gconstpointer data)
{
    (void)data;
    const guint before = n_loads();
    for (guint i = 0; i < 3; i++) {
        g_autoptr(HrnetModel) model = load(f->path, NULL);
        g_assert_nonnull(model);
        g_assert_cmpuint(n_contents(), ==, 1);
    }
    g_assert_cmpuint(n_contents(), ==, 0);
    g_assert_cmpuint(n_loads(), ==, before + 3);
}

static void test_options(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(HrnetModel) plain = load(f->path, NULL);
    g_autoptr(HrnetModel) aligned = load(f->path, "align_corners=true");
    g_autoptr(HrnetModel) again = load(f->path, "align_corners=true");
    g_autoptr(HrnetModel) described = load(f->path, "description=other");
    g_assert_false(share(plain, aligned));
    g_assert_true(share(aligned, again));
    g_assert_false(share(plain, described));
    g_assert_cmpstr(hrnet_model_get_metadata(described, "description"), ==, "other");
    g_assert_null(hrnet_model_get_metadata(plain, "description"));
}

static void test_copy(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree gchar *copy = g_build_filename(f->folder, "copy.safetensors", NULL);
    g_assert_true(g_file_set_contents(copy, f->bytes, (gssize)f->n_bytes, NULL));
    g_autoptr(HrnetModel) a = load(f->path, NULL);
    g_autoptr(HrnetModel) b = load(copy, NULL);
    g_assert_true(share(a, b));
    g_assert_cmpuint(n_contents(), ==, 1);
    g_assert_cmpstr(hrnet_model_get_path(b), ==, copy);
    /* by now the copy is known by its name as well */
    const guint before = n_loads();
    g_clear_pointer(&a, hrnet_model_unref);
    g_autoptr(HrnetModel) c = load(copy, NULL);
    g_assert_true(share(b, c));
    g_assert_cmpuint(n_loads(), ==, before);
}

static void test_side_file(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree gchar *side = g_strconcat(f->path, ".json", NULL);
    g_autoptr(HrnetModel) before = load(f->path, NULL);
    g_assert_true(g_file_set_contents(side, "{\"description\": \"one\"}", -1, NULL));
    g_autoptr(HrnetModel) one = load(f->path, NULL);
    g_assert_true(g_file_set_contents(side, "{\"description\": \"two\"}", -1, NULL));
    g_autoptr(HrnetModel) two = load(f->path, NULL);
    g_assert_null(hrnet_model_get_metadata(before, "description"));
    g_assert_cmpstr(hrnet_model_get_metadata(one, "description"), ==, "one");
    g_assert_cmpstr(hrnet_model_get_metadata(two, "description"), ==, "two");
    g_assert_cmpuint(n_contents(), ==, 3);
}

typedef enum { RENAMED_OVER, WRITTEN_OVER, WRITTEN_OVER_KEEPING_TIME } Change;

/* Other bytes of the same number; those of the last tensor, so that it stays a model. */
static void change_file(Fixture *f, Change how)
{
    GStatBuf status;
    f->bytes[f->n_bytes - 1] ^= 1;
    g_assert_cmpint(g_stat(f->path, &status), ==, 0);
    if (how == RENAMED_OVER) {
        g_assert_true(g_file_set_contents(f->path, f->bytes, (gssize)f->n_bytes, NULL));
        return;
    }
    FILE *file = g_fopen(f->path, "r+");
    g_assert_cmpuint(fwrite(f->bytes, 1, f->n_bytes, file), ==, f->n_bytes);
    g_assert_cmpint(fclose(file), ==, 0);
    const struct utimbuf times = { status.st_atime, status.st_mtime };
    if (how == WRITTEN_OVER_KEEPING_TIME)
        g_assert_cmpint(utime(f->path, &times), ==, 0);
}

static void test_changed_file(Fixture *f, gconstpointer data)
{
    HrnetModel *models[8];
    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        models[i] = load(f->path, NULL);
        /* There are two contents, which take turns. */
        for (guint j = 0; j < i; j++)
            g_assert_cmpint(share(models[i], models[j]), ==, i % 2 == j % 2);
        change_file(f, (Change)GPOINTER_TO_INT(data));
    }
    g_assert_cmpuint(n_contents(), ==, 2);
    for (guint i = 0; i < G_N_ELEMENTS(models); i++)
        hrnet_model_unref(models[i]);
}

typedef struct {
    const gchar *path;
    gint *n_ready;
    guint n_threads;
} Start;

/* Waits for the others, then loads. */
static gpointer load_together(gpointer data)
{
    const Start *start = data;
    g_autoptr(GError) error = NULL;
    g_atomic_int_inc(start->n_ready);
    while (g_atomic_int_get(start->n_ready) < (gint)start->n_threads)
        g_thread_yield();
    HrnetModel *model = hrnet_model_load(start->path, NULL, &error);
    g_assert_true(!model == !!error);
    return model;
}

static void load_in_threads(const gchar *path, HrnetModel **models, guint n)
{
    gint n_ready = 0;
    Start start = { path, &n_ready, n };
    g_autofree GThread **threads = g_new(GThread *, n);
    for (guint i = 0; i < n; i++)
        threads[i] = g_thread_new("load", load_together, &start);
    for (guint i = 0; i < n; i++)
        models[i] = g_thread_join(threads[i]);
}

static void test_at_once(Fixture *f, gconstpointer data)
{
    (void)data;
    HrnetModel *models[8];
    const guint before = n_loads();
    load_in_threads(f->path, models, G_N_ELEMENTS(models));
    g_assert_cmpuint(n_loads(), ==, before + 1);
    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        g_assert_true(share(models[0], models[i]));
        if (i > 0)
            hrnet_model_unref(models[i]);
    }
    hrnet_model_unref(models[0]);
}

/* Nobody waits for ever on a load that fails. */
static void test_failures_at_once(Fixture *f, gconstpointer data)
{
    (void)data;
    HrnetModel *models[8];
    g_assert_true(g_file_set_contents(f->path, f->bytes, (gssize)f->n_bytes / 2, NULL));
    load_in_threads(f->path, models, G_N_ELEMENTS(models));
    for (guint i = 0; i < G_N_ELEMENTS(models); i++)
        g_assert_null(models[i]);
    g_assert_cmpuint(n_contents(), ==, 0);
    g_assert_true(g_file_set_contents(f->path, f->bytes, (gssize)f->n_bytes, NULL));
    g_autoptr(HrnetModel) model = load(f->path, NULL);
    g_assert_nonnull(model);
}

typedef struct {
    const Fixture *f;
    guint seed;
} Churn;

static gpointer load_and_release(gpointer data)
{
    const Churn *churn = data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(churn->seed);
    HrnetModel *held[3] = { NULL };
    for (guint i = 0; i < 40; i++) {
        HrnetModel **place = &held[g_rand_int_range(rand, 0, G_N_ELEMENTS(held))];
        g_clear_pointer(place, hrnet_model_unref);
        if (g_rand_int_range(rand, 0, 8) == 0)
            g_utime(churn->f->path, NULL);
        *place = load(churn->f->path, g_rand_boolean(rand) ? "align_corners=true" : NULL);
        g_assert_cmpuint(hrnet_model_get_n_labels(*place), ==, 4);
        g_assert_cmpuint(hrnet_model_get_packed_bytes(*place), >, 0);
    }
    for (guint i = 0; i < G_N_ELEMENTS(held); i++)
        g_clear_pointer(&held[i], hrnet_model_unref);
    return NULL;
}

/* Loads and releases of a file that is touched all the time, in any order. */
static void test_churn(Fixture *f, gconstpointer data)
{
    (void)data;
    GThread *threads[4];
    Churn churns[G_N_ELEMENTS(threads)];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        churns[i] = (Churn){ f, i };
        threads[i] = g_thread_new("churn", load_and_release, &churns[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static void add(const gchar *name, gconstpointer data, void (*test)(Fixture *, gconstpointer))
{
    g_autofree gchar *path = g_strconcat("/sharing/", name, NULL);
    g_test_add(path, Fixture, data, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("same-file", NULL, test_same_file);
    add("released", NULL, test_released);
    add("options", NULL, test_options);
    add("copy", NULL, test_copy);
    add("side-file", NULL, test_side_file);
    add("renamed-over", GINT_TO_POINTER(RENAMED_OVER), test_changed_file);
    add("written-over", GINT_TO_POINTER(WRITTEN_OVER), test_changed_file);
    add("written-over-keeping-time", GINT_TO_POINTER(WRITTEN_OVER_KEEPING_TIME), test_changed_file);
    add("at-once", NULL, test_at_once);
    add("failures-at-once", NULL, test_failures_at_once);
    add("churn", NULL, test_churn);
    return g_test_run();
}
