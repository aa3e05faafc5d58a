/* How large a network the machine keeps up with.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetload.h"

#define EIGHTHS    8
#define MOST       4  /* eighths that may be missing */
#define MIN_SHRINK 4  /* inferences that have to agree on one that is too slow */
#define MIN_GROW   32 /* in a row that have to leave time to spare */

guint gst_hrnet_load_scale(guint n_shrunk, guint full)
{
    return full * (EIGHTHS - n_shrunk) / EIGHTHS;
}

static gboolean change(GstHrnetLoad *load, guint n_shrunk)
{
    *load = (GstHrnetLoad){ .n_shrunk = n_shrunk };
    return TRUE;
}

/* What the mean would be, one step larger. */
static GstClockTime expected(const GstHrnetLoad *load)
{
    const guint side = EIGHTHS - load->n_shrunk;

    return load->mean * ((side + 1) * (side + 1)) / (side * side);
}

gboolean gst_hrnet_load_note(GstHrnetLoad *load, GstClockTime took, GstClockTime allowed)
{
    /* The first run at a size warms its memory up. */
    if (load->n++ == 0)
        return FALSE;
    load->mean = load->n == 2 ? took : (load->mean * 3 + took) / 4;
    if (load->n > MIN_SHRINK && load->mean > allowed && load->n_shrunk < MOST)
        return change(load, load->n_shrunk + 1);
    load->n_spare = expected(load) < allowed * 3 / 4 ? load->n_spare + 1 : 0;
    if (load->n_spare >= MIN_GROW && load->n_shrunk > 0)
        return change(load, load->n_shrunk - 1);
    return FALSE;
}
