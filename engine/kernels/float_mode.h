/* The host's floating-point mode put aside while kernels run that promise the same bits everywhere.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An application may have set another rounding, or denormals to be flushed, for its thread; and
 * threads inherit that from the one that starts them. Such kernels set the default mode on entry
 * and put back the caller's on return. What computes stands in a function that is not inlined
 * between the two, so that no compiler moves an operation out. */
#ifndef HRNET_KERNELS_FLOAT_MODE_H
#define HRNET_KERNELS_FLOAT_MODE_H

#if defined(__x86_64__)

typedef unsigned HrnetFloatMode;

#define HRNET_MXCSR_DEFAULT 0x1f80u /* nearest even, denormals kept, nothing trapped */

static inline HrnetFloatMode hrnet_float_mode_default(void)
{
    const HrnetFloatMode before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(HRNET_MXCSR_DEFAULT);
    return before;
}

static inline void hrnet_float_mode_restore(const HrnetFloatMode *before)
{
    __builtin_ia32_ldmxcsr(*before);
}

#else

#include <fenv.h>

typedef fenv_t HrnetFloatMode;

static inline HrnetFloatMode hrnet_float_mode_default(void)
{
    HrnetFloatMode before;
    fegetenv(&before);
    fesetenv(FE_DFL_ENV);
    return before;
}

static inline void hrnet_float_mode_restore(const HrnetFloatMode *before)
{
    fesetenv(before);
}

#endif

#endif
