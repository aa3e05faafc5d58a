/* What the worker threads have from the process around them: priorities, names, and a child of
 * fork().
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <hrnet/hrnet.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEIGHT 48
#define WIDTH  64

static HrnetSession *new_session(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), NULL, &error);
    g_assert_no_error(error);
    HrnetSession *session = hrnet_session_new(model, 64, 96, 3, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    return session;
}

static HrnetMask *segment(HrnetSession *session)
{
    g_autoptr(GError) error = NULL;
    guint8 pixels[HEIGHT * WIDTH];
    HrnetImage image;
    for (guint i = 0; i < sizeof pixels; i++)
        pixels[i] = (guint8)(i * 7 + i / 333);
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_GRAY8, WIDTH, HEIGHT);
    g_assert_true(hrnet_image_set_data(&image, pixels, sizeof pixels, 0, NULL));
    HrnetMask *mask = hrnet_session_segment(session, &image, &error);
    g_assert_no_error(error);
    return mask;
}

/* Runs what a child does, which must end of itself. */
static void in_child(void (*func)(HrnetSession *), HrnetSession *session)
{
    const pid_t child = fork();
    int status = -1;
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        alarm(60);
        func(session);
        _exit(0);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static void go_on(HrnetSession *session)
{
    hrnet_mask_unref(segment(session));
}

static void begin(HrnetSession *session)
{
    g_autoptr(HrnetSession) own = new_session();
    hrnet_mask_unref(segment(own));
    in_child(go_on, own);
    hrnet_session_unref(session);
}

static void compare(HrnetSession *session)
{
    g_autoptr(HrnetSession) own = new_session();
    g_autoptr(HrnetMask) mask = segment(session), same = segment(own);
    g_assert_cmpmem(hrnet_mask_get_labels(mask, NULL), HEIGHT * WIDTH,
                    hrnet_mask_get_labels(same, NULL), HEIGHT * WIDTH);
}

/* A child goes on with the parent's session, makes its own, and has a child; and the parent is none
 * the worse for it. */
static void test_fork(void)
{
    g_autoptr(HrnetSession) session = new_session();
    g_autoptr(HrnetMask) before = segment(session);
    in_child(go_on, session);
    in_child(begin, session);
    in_child(compare, session);
    g_autoptr(HrnetMask) after = segment(session);
    g_assert_cmpmem(hrnet_mask_get_labels(before, NULL), HEIGHT * WIDTH,
                    hrnet_mask_get_labels(after, NULL), HEIGHT * WIDTH);
}

/* The niceness of all worker threads, which has to be the same; -100 where there are none. */
static int workers_niceness(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/task", 0, NULL);
    int niceness = -100;
    const gchar *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree gchar *path = g_build_filename("/proc/self/task", name, "comm", NULL),
                         *comm = NULL;
        if (!g_file_get_contents(path, &comm, NULL, NULL) || !g_str_has_prefix(comm, "hrnet-work"))
            continue;
        const int own = getpriority(PRIO_PROCESS, (id_t)atoi(name));
        g_assert_true(niceness == -100 || niceness == own);
        niceness = own;
    }
    return niceness;
}

/* A worker that was told to end may take a moment. */
static void wait_for_niceness(int expected)
{
    for (guint tries = 0; tries < 200; tries++) {
        g_autoptr(GDir) dir = g_dir_open("/proc/self/task", 0, NULL);
        guint n = 0;
        while (g_dir_read_name(dir))
            n++;
        if (n <= 3 + 1)
            break;
        g_usleep(10000);
    }
    g_assert_cmpint(workers_niceness(), ==, expected);
}

static gpointer segment_nicely(gpointer session)
{
    const id_t thread = (id_t)syscall(SYS_gettid);
    g_assert_cmpint(setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + 4), ==,
                    0);
    hrnet_mask_unref(segment(session));
    return NULL;
}

/* Workers are as nice as the thread that they work for, whoever came first, and have a name of
 * their own. */
static void test_niceness(void)
{
    g_autoptr(HrnetSession) session = new_session();
    const int niceness = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
    for (guint i = 0; i < 3; i++) {
        g_thread_join(g_thread_new("nice", segment_nicely, session));
        wait_for_niceness(niceness + 4);
        hrnet_mask_unref(segment(session));
        wait_for_niceness(niceness);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process/fork", test_fork);
    g_test_add_func("/process/niceness", test_niceness);
    return g_test_run();
}
