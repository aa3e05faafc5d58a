/* Cache lines fetched before they are read: into the first level, into the second.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_VECTOR_FETCH_H
#define HRNET_KERNELS_VECTOR_FETCH_H

#define fetch_near(p) __builtin_prefetch(p, 0, 3)
#define fetch_far(p)  __builtin_prefetch(p, 0, 2)

#endif
