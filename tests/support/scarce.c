/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/scarce.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t n_bytes);
void *__libc_calloc(size_t n, size_t n_bytes);
void *__libc_realloc(void *memory, size_t n_bytes);
void *__libc_memalign(size_t alignment, size_t n_bytes);
void __libc_free(void *memory);
void *malloc(size_t n_bytes);
void *calloc(size_t n, size_t n_bytes);
void *realloc(void *memory, size_t n_bytes);
int posix_memalign(void **memory, size_t alignment, size_t n_bytes);
void free(void *memory);

/* Blocks that are kept in mind: a table of open addresses, which is never full. */
#define N_PLACES 131072u
#define GONE     ((void *)1)

static struct {
    atomic_bool begun, lasting;
    atomic_uint nth, n_asked;
    atomic_flag lock;
    atomic_uint n_kept;
    guint n_places; /* that hold or held a block */
    struct {
        void *memory, *caller;
    } places[N_PLACES];
} scarce = { .lock = ATOMIC_FLAG_INIT };

/* The program and these libraries bear that there is no memory. */
static const gchar *const bearing[] = {
    "libhrnet-1.0", "libgsthrnet", "libzip.so", "libprotobuf-c.so", "libpng16.so", NULL,
};
static const gchar *const watched[] = {
    "libglib-2.0", "libgobject-2.0", "libgio-2.0", "libjson-glib-1.0", NULL,
};

static gboolean is_one_of(void *caller, const gchar *const *names, gboolean program)
{
    struct dl_find_object object;
    if (_dl_find_object(caller, &object) != 0)
        return FALSE;
    const char *path = object.dlfo_link_map->l_name;
    if (!path || !*path)
        return program;
    for (; *names; names++)
        if (strstr(path, *names))
            return TRUE;
    return FALSE;
}

/* Whether what `caller` asks for is refused; counts it. */
static gboolean refuses(void *caller)
{
    if (!atomic_load(&scarce.begun) || !is_one_of(caller, bearing, TRUE))
        return FALSE;
    const guint n = atomic_fetch_add(&scarce.n_asked, 1) + 1, nth = atomic_load(&scarce.nth);
    if (!nth || n < nth || (n > nth && !atomic_load(&scarce.lasting)))
        return FALSE;
    errno = ENOMEM;
    return TRUE;
}

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&scarce.lock, memory_order_acquire))
        continue;
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&scarce.lock, memory_order_release);
}

static guint place_of(const void *memory)
{
    return (guint)(((guintptr)memory >> 4) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 40) %
           N_PLACES;
}

static void *keep(void *memory, void *caller)
{
    if (!memory || !atomic_load(&scarce.begun) ||
        !(is_one_of(caller, bearing, TRUE) || is_one_of(caller, watched, FALSE)))
        return memory;
    lock();
    guint i = place_of(memory);
    while (scarce.places[i].memory && scarce.places[i].memory != GONE)
        i = (i + 1) % N_PLACES;
    if (!scarce.places[i].memory && ++scarce.n_places > N_PLACES / 2) {
        static const char message[] = "scarce: more blocks than there are places\n";
        _exit(write(STDERR_FILENO, message, sizeof message - 1) < 0 ? 98 : 99);
    }
    scarce.places[i].memory = memory;
    scarce.places[i].caller = caller;
    atomic_fetch_add(&scarce.n_kept, 1);
    unlock();
    return memory;
}

static void forget(const void *memory)
{
    if (!memory || !atomic_load(&scarce.n_kept))
        return;
    lock();
    guint i = place_of(memory);
    while (scarce.places[i].memory && scarce.places[i].memory != memory)
        i = (i + 1) % N_PLACES;
    if (scarce.places[i].memory) {
        scarce.places[i].memory = GONE;
        atomic_fetch_sub(&scarce.n_kept, 1);
    }
    unlock();
}

void *malloc(size_t n_bytes)
{
    void *caller = __builtin_return_address(0);
    return refuses(caller) ? NULL : keep(__libc_malloc(n_bytes), caller);
}

void *calloc(size_t n, size_t n_bytes)
{
    void *caller = __builtin_return_address(0);
    return refuses(caller) ? NULL : keep(__libc_calloc(n, n_bytes), caller);
}

static void *resize(void *memory, size_t n_bytes, void *caller)
{
    if (refuses(caller))
        return NULL;
    forget(memory);
    return keep(__libc_realloc(memory, n_bytes), caller);
}

void *realloc(void *memory, size_t n_bytes)
{
    return resize(memory, n_bytes, __builtin_return_address(0));
}

int posix_memalign(void **memory, size_t alignment, size_t n_bytes)
{
    void *caller = __builtin_return_address(0);
    void *made = refuses(caller) ? NULL : keep(__libc_memalign(alignment, n_bytes), caller);
    if (!made)
        return ENOMEM;
    *memory = made;
    return 0;
}

void free(void *memory)
{
    forget(memory);
    __libc_free(memory);
}

/* Anonymous memory; of files it is the loader's. */
void *mmap(void *address, size_t n_bytes, int protection, int flags, int file, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && refuses(__builtin_return_address(0)))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, n_bytes, protection, flags, file, offset);
}

static gpointer try_array(gsize n, gsize n_bytes, gboolean zero, void *caller)
{
    if (n == 0 || n_bytes == 0 || n > G_MAXSIZE / n_bytes || refuses(caller))
        return NULL;
    return keep(zero ? __libc_calloc(n, n_bytes) : __libc_malloc(n * n_bytes), caller);
}

gpointer(g_try_malloc)(gsize n_bytes)
{
    return try_array(1, n_bytes, FALSE, __builtin_return_address(0));
}

gpointer(g_try_malloc0)(gsize n_bytes)
{
    return try_array(1, n_bytes, TRUE, __builtin_return_address(0));
}

gpointer(g_try_malloc_n)(gsize n, gsize n_bytes)
{
    return try_array(n, n_bytes, FALSE, __builtin_return_address(0));
}

gpointer(g_try_malloc0_n)(gsize n, gsize n_bytes)
{
    return try_array(n, n_bytes, TRUE, __builtin_return_address(0));
}

gpointer(g_try_realloc)(gpointer memory, gsize n_bytes)
{
    return resize(memory, n_bytes, __builtin_return_address(0));
}

gpointer(g_try_realloc_n)(gpointer memory, gsize n, gsize n_bytes)
{
    return n_bytes && n > G_MAXSIZE / n_bytes
               ? NULL
               : resize(memory, n * n_bytes, __builtin_return_address(0));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*func)(void *),
                   void *data)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return refuses(__builtin_return_address(0)) ? EAGAIN : real(thread, attributes, func, data);
}

GThread *g_thread_try_new(const gchar *name, GThreadFunc func, gpointer data, GError **error)
{
    static GThread *(*real)(const gchar *, GThreadFunc, gpointer, GError **);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "g_thread_try_new");
    if (!refuses(__builtin_return_address(0)))
        return real(name, func, data, error);
    g_set_error_literal(error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "no thread is to be had");
    return NULL;
}

void scarce_begin(guint nth, gboolean lasting)
{
    lock();
    memset(scarce.places, 0, sizeof scarce.places);
    scarce.n_places = 0;
    atomic_store(&scarce.n_kept, 0);
    unlock();
    atomic_store(&scarce.nth, nth);
    atomic_store(&scarce.lasting, lasting);
    atomic_store(&scarce.n_asked, 0);
    atomic_store(&scarce.begun, TRUE);
}

guint scarce_end(void)
{
    atomic_store(&scarce.begun, FALSE);
    return atomic_load(&scarce.n_asked);
}

guint scarce_kept(void)
{
    return atomic_load(&scarce.n_kept);
}

void scarce_print_kept(void)
{
    for (guint i = 0; i < N_PLACES; i++) {
        Dl_info info;
        if (scarce.places[i].memory && scarce.places[i].memory != GONE &&
            dladdr(scarce.places[i].caller, &info))
            g_printerr("kept: %p, of %s (%s)\n", scarce.places[i].memory,
                       info.dli_sname ? info.dli_sname : "?", info.dli_fname);
    }
}
