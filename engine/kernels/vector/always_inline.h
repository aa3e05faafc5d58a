/* What the kernels' templates are made of: functions that see their constant arguments.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_VECTOR_ALWAYS_INLINE_H
#define HRNET_KERNELS_VECTOR_ALWAYS_INLINE_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
