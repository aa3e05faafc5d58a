/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_ERROR_H
#define HRNET_ERROR_H

#include <glib-object.h>
#include <hrnet/hrnet-visibility.h>

G_BEGIN_DECLS

/**
 * HRNET_ERROR:
 *
 * The domain of the errors that the engine returns.
 */
#define HRNET_ERROR (hrnet_error_quark())
HRNET_API GQuark hrnet_error_quark(void);

/**
 * HrnetError:
 * @HRNET_ERROR_NOT_FOUND: no such model, or its file cannot be read, or written
 * @HRNET_ERROR_INVALID_FILE: a model file that is truncated, corrupt, or lacks tensors
 * @HRNET_ERROR_UNSUPPORTED: a sound file whose network this library does not run
 * @HRNET_ERROR_INVALID_ARGUMENT: a size, option, image or other argument out of its range
 * @HRNET_ERROR_NO_MEMORY: memory ran out
 * @HRNET_ERROR_NOT_FINITE: the network's scores are no numbers, so that they tell no class: its
 * weights, or its input, are out of all range
 *
 * What went wrong. Each message says what, where, and what was expected.
 */
typedef enum {
    HRNET_ERROR_NOT_FOUND,
    HRNET_ERROR_INVALID_FILE,
    HRNET_ERROR_UNSUPPORTED,
    HRNET_ERROR_INVALID_ARGUMENT,
    HRNET_ERROR_NO_MEMORY,
    HRNET_ERROR_NOT_FINITE,
} HrnetError;

G_END_DECLS

#endif
