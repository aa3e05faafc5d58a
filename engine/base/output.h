/* Files that are there whole or not at all.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A new file gets a name of its own beside the one that is wanted, which nobody can foresee and
 * O_EXCL keeps from being anybody else's, and takes the other's place when all of it is on the
 * disk. Until then what was there stays. Behind a symbolic link it is the link's target that is
 * replaced. What is no regular file (a terminal, a pipe, /dev/null) is written to as it is, and
 * never replaced or removed. Permissions are those of any new file: 0666 less the umask.
 *
 * One thread at a time may use an output; different ones are independent. */
#ifndef HRNET_BASE_OUTPUT_H
#define HRNET_BASE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct HrnetOutput HrnetOutput;

typedef enum {
    HRNET_OUTPUT_ANY,
    HRNET_OUTPUT_REGULAR, /* refuse, with ENOTSUP, what is there and no regular file */
} HrnetOutputKind;

/* NULL with errno set. */
HrnetOutput *hrnet_output_open(const char *path, HrnetOutputKind kind);

/* Appends; false with errno set. */
bool hrnet_output_write(HrnetOutput *output, const void *bytes, size_t n_bytes);

/* Begins anew; false with errno set, EINVAL where it is no regular file. */
bool hrnet_output_rewind(HrnetOutput *output);

/* Where the bytes are until the output is finished, complete to a reader once they are written;
 * NULL where it is no regular file. */
const char *hrnet_output_path(const HrnetOutput *output);

/* Puts the file in its place and frees the output; false with errno set, and nothing changed. */
bool hrnet_output_finish(HrnetOutput *output);

/* Removes what was written and frees the output. NULL is fine; errno stays. */
void hrnet_output_discard(HrnetOutput *output);

/* Removes the files of outputs that are not finished, for a program that a signal ends: may be
 * called from a handler. Of 8 outputs at once, no more. */
void hrnet_output_discard_all(void);

/* Whether both paths lead to one regular file. */
bool hrnet_output_same_file(const char *a, const char *b);

#endif
