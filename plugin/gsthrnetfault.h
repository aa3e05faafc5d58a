/* Faults on demand, for the tests of what happens then.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tests have a plugin of their own, which is not installed and obeys the environment variable
 * HRNET_FAULT, a list separated by commas:
 *
 *     run:N       the process's N-th inference fails
 *     run:N-      that one and all after it
 *     slow:MS     each inference takes MS milliseconds at least
 *     slow:MSxN   the process's first N do
 *     free:MS     freeing a network that another has replaced takes so long at least
 *
 * In the plugin that is installed nothing of it is there. */
#ifndef GST_HRNET_FAULT_H
#define GST_HRNET_FAULT_H

#include <gst/gst.h>

G_BEGIN_DECLS

#ifdef HRNET_FAULT_HOOK

/* Whether the inference that is about to begin shall fail; counts it. Any thread. */
gboolean gst_hrnet_fault_strikes(void);

/* Sleeps until an inference that began at `start` has taken its time; counts it. Any thread. */
void gst_hrnet_fault_delay(GstClockTime start);

/* The same where a network is freed that another has replaced. */
void gst_hrnet_fault_delay_free(GstClockTime start);

#else

static inline gboolean gst_hrnet_fault_strikes(void)
{
    return FALSE;
}

static inline void gst_hrnet_fault_delay(G_GNUC_UNUSED GstClockTime start)
{
}

static inline void gst_hrnet_fault_delay_free(G_GNUC_UNUSED GstClockTime start)
{
}

#endif

G_END_DECLS

#endif
