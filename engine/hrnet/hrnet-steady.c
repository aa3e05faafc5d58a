/* Steady masks: the session's settings.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include <math.h>

/**
 * hrnet_session_set_smoothing:
 * @session: a session
 * @half_life_ms: the half-life of class scores in milliseconds, 0 = off, which is what a session
 * begins with
 *
 * Makes masks that flicker less. Each class's scores are averaged over the frames, and what a frame
 * adds loses half of its weight in @half_life_ms. The average is taken of the network's logits, at
 * a quarter of its input's size and for any number of classes, so that a frame that cannot tell two
 * classes apart hardly moves it. It gives way, pixel by pixel, where the frame's scores are
 * decidedly for another class than the average's, and where the frame's luma has changed: what
 * moves keeps its own edges.
 *
 * Frames have to come through hrnet_session_segment_at(), with times. The average begins anew with
 * a frame without a time or with one before the last frame's, with one of another size or format,
 * after hrnet_session_reset_smoothing(), when smoothing or refining is turned on or off, and by
 * itself where most of the picture's luma has changed, as at a cut.
 *
 * The next frame may allocate, later ones do not. Like all of a session, for one thread at a time.
 */
void hrnet_session_set_smoothing(HrnetSession *session, guint half_life_ms)
{
    g_return_if_fail(session != NULL);
    session->half_life_ms = half_life_ms;
}

/**
 * hrnet_session_get_smoothing:
 * @session: a session
 *
 * Returns: the half-life of class scores in milliseconds, 0 = off
 */
guint hrnet_session_get_smoothing(const HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, 0);
    return session->half_life_ms;
}

/**
 * hrnet_session_reset_smoothing:
 * @session: a session
 *
 * Forgets the frames before: the next one's mask is its own alone. For seeks, lost frames and other
 * breaks that pictures do not show.
 */
void hrnet_session_reset_smoothing(HrnetSession *session)
{
    g_return_if_fail(session != NULL);
    session->last_time = HRNET_TIME_NONE;
}

/**
 * hrnet_session_set_edge_refine:
 * @session: a session
 * @edge_refine: whether edges follow the frame's luma; a session begins without
 *
 * The network's scores have a quarter of its input's size, and interpolation makes smooth edges of
 * them that pass by those of the picture. With @edge_refine the scores near edges become lines over
 * the frame's luma (fast guided filter, K. He and J. Sun, arXiv 1505.00996, 2015), which places the
 * edges at the frame's own size. Masks are the same elsewhere.
 *
 * The next frame may allocate, later ones do not. Like all of a session, for one thread at a time.
 */
void hrnet_session_set_edge_refine(HrnetSession *session, gboolean edge_refine)
{
    g_return_if_fail(session != NULL);
    session->refines_edges = edge_refine != FALSE;
}

/**
 * hrnet_session_get_edge_refine:
 * @session: a session
 *
 * Returns: whether edges follow the frame's luma
 */
gboolean hrnet_session_get_edge_refine(const HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, FALSE);
    return session->refines_edges;
}

gfloat hrnet_session_advance(HrnetSession *session, guint64 time_ns)
{
    const guint64 last = session->last_time;
    session->last_time = time_ns;
    if (session->half_life_ms == 0 || last == HRNET_TIME_NONE || time_ns == HRNET_TIME_NONE ||
        time_ns < last)
        return 1;
    return (gfloat)(1 - exp2(-(gdouble)(time_ns - last) / (1e6 * session->half_life_ms)));
}
