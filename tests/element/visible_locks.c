/* GLib's locks by pthreads, for ThreadSanitizer: it cannot see those of GLib, which are futexes in
 * a library that is not instrumented. A program that has these functions has GStreamer and the
 * plugin use them as well; GLib keeps its own for itself, so no lock is ever taken by both.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <pthread.h>
#include <stdlib.h>

/* The pthread object behind one of GLib's, made by whoever comes first: GLib's need no init. */
static void *get(gpointer *place, gsize size, void (*init)(void *))
{
    void *there = __atomic_load_n(place, __ATOMIC_ACQUIRE), *mine;

    if (there)
        return there;
    mine = calloc(1, size);
    init(mine);
    if (__atomic_compare_exchange_n(place, &there, mine, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return mine;
    free(mine);
    return there;
}

static void drop(gpointer *place)
{
    free(*place);
    *place = NULL;
}

static void init_mutex(void *mutex)
{
    pthread_mutex_init(mutex, NULL);
}

static void init_recursive(void *mutex)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void init_cond(void *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void init_rw(void *lock)
{
    pthread_rwlock_init(lock, NULL);
}

static pthread_mutex_t *mutex_of(GMutex *mutex)
{
    return get(&mutex->p, sizeof(pthread_mutex_t), init_mutex);
}

static pthread_mutex_t *rec_of(GRecMutex *mutex)
{
    return get(&mutex->p, sizeof(pthread_mutex_t), init_recursive);
}

static pthread_cond_t *cond_of(GCond *cond)
{
    return get(&cond->p, sizeof(pthread_cond_t), init_cond);
}

static pthread_rwlock_t *rw_of(GRWLock *lock)
{
    return get(&lock->p, sizeof(pthread_rwlock_t), init_rw);
}

void g_mutex_init(GMutex *mutex)
{
    mutex->p = NULL;
}
void g_mutex_clear(GMutex *mutex)
{
    drop(&mutex->p);
}
void g_mutex_lock(GMutex *mutex)
{
    pthread_mutex_lock(mutex_of(mutex));
}
void g_mutex_unlock(GMutex *mutex)
{
    pthread_mutex_unlock(mutex_of(mutex));
}
gboolean g_mutex_trylock(GMutex *mutex)
{
    return pthread_mutex_trylock(mutex_of(mutex)) == 0;
}

void g_rec_mutex_init(GRecMutex *mutex)
{
    mutex->p = NULL;
}
void g_rec_mutex_clear(GRecMutex *mutex)
{
    drop(&mutex->p);
}
void g_rec_mutex_lock(GRecMutex *mutex)
{
    pthread_mutex_lock(rec_of(mutex));
}
void g_rec_mutex_unlock(GRecMutex *mutex)
{
    pthread_mutex_unlock(rec_of(mutex));
}
gboolean g_rec_mutex_trylock(GRecMutex *mutex)
{
    return pthread_mutex_trylock(rec_of(mutex)) == 0;
}

void g_cond_init(GCond *cond)
{
    cond->p = NULL;
}
void g_cond_clear(GCond *cond)
{
    drop(&cond->p);
}
void g_cond_signal(GCond *cond)
{
    pthread_cond_signal(cond_of(cond));
}
void g_cond_broadcast(GCond *cond)
{
    pthread_cond_broadcast(cond_of(cond));
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    pthread_cond_wait(cond_of(cond), mutex_of(mutex));
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    const struct timespec until = { .tv_sec = end_time / G_USEC_PER_SEC,
                                    .tv_nsec = end_time % G_USEC_PER_SEC * 1000 };

    return pthread_cond_timedwait(cond_of(cond), mutex_of(mutex), &until) == 0;
}

void g_rw_lock_init(GRWLock *lock)
{
    lock->p = NULL;
}
void g_rw_lock_clear(GRWLock *lock)
{
    drop(&lock->p);
}
void g_rw_lock_writer_lock(GRWLock *lock)
{
    pthread_rwlock_wrlock(rw_of(lock));
}
void g_rw_lock_writer_unlock(GRWLock *lock)
{
    pthread_rwlock_unlock(rw_of(lock));
}
void g_rw_lock_reader_lock(GRWLock *lock)
{
    pthread_rwlock_rdlock(rw_of(lock));
}
void g_rw_lock_reader_unlock(GRWLock *lock)
{
    pthread_rwlock_unlock(rw_of(lock));
}

/* A call in a thread of its own, as GThreadPool's queue is one of GLib's own locks. */
typedef struct {
    GstElement *element;
    GstElementCallAsyncFunc func;
    gpointer user_data;
    GDestroyNotify destroy;
} Call;

static gpointer run_call(gpointer data)
{
    Call *call = data;

    call->func(call->element, call->user_data);
    if (call->destroy)
        call->destroy(call->user_data);
    gst_object_unref(call->element);
    g_free(call);
    return NULL;
}

void gst_element_call_async(GstElement *element, GstElementCallAsyncFunc func, gpointer user_data,
                            GDestroyNotify destroy_notify)
{
    Call *call = g_new(Call, 1);

    *call = (Call){ gst_object_ref(element), func, user_data, destroy_notify };
    g_thread_unref(g_thread_new("call", run_call, call));
}
