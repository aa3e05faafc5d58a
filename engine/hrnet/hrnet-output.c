/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "base/output.h"

#include <errno.h>

gboolean hrnet_fail_to_write(const gchar *path, GError **error)
{
    const gint code = errno;
    g_set_error(error, HRNET_ERROR, code == ENOMEM ? HRNET_ERROR_NO_MEMORY : HRNET_ERROR_NOT_FOUND,
                "%s: cannot be written: %s", path, g_strerror(code));
    return FALSE;
}

/**
 * hrnet_write_file:
 * @path: (type filename): the file to write
 * @data: (array length=n_bytes): its contents
 * @n_bytes: bytes of @data
 * @error: return location for an error
 *
 * Writes a file as hrnet_model_convert() and the tools do: under a name of its own beside @path,
 * which takes the place of what was there when all of it is on the disk, so that there is never
 * half a file; behind a symbolic link it is the link's target that is replaced. Permissions are
 * those of a new file. What is there and no regular file, such as a pipe or `/dev/stdout`, is
 * written to as it is. Any thread.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_NOT_FOUND where it cannot be written, or with
 * %HRNET_ERROR_NO_MEMORY; what was there then stays
 */
gboolean hrnet_write_file(const gchar *path, const guint8 *data, gsize n_bytes, GError **error)
{
    g_return_val_if_fail(path != NULL && (data != NULL || n_bytes == 0), FALSE);
    HrnetOutput *output = hrnet_output_open(path, HRNET_OUTPUT_ANY);
    if (output && hrnet_output_write(output, data, n_bytes))
        return hrnet_output_finish(output) || hrnet_fail_to_write(path, error);
    hrnet_fail_to_write(path, error);
    hrnet_output_discard(output);
    return FALSE;
}

/**
 * hrnet_discard_unfinished_files:
 *
 * Removes what hrnet_write_file(), hrnet_model_convert() and hrnet_model_tune() have begun to write
 * in other threads, or in the one that a signal has interrupted. For programs whose end a signal
 * is: a handler may call it, as it neither locks nor allocates. Those calls then fail, if the
 * program goes on.
 */
void hrnet_discard_unfinished_files(void)
{
    hrnet_output_discard_all();
}
