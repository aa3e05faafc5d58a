/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_VISIBILITY_H
#define HRNET_VISIBILITY_H

#if defined(HRNET_COMPILATION) && defined(__GNUC__)
#define HRNET_API __attribute__((visibility("default"))) extern
#else
#define HRNET_API extern
#endif

#endif
