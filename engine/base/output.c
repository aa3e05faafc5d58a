/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS   40 /* of a chain, as the kernel */
#define MOST_TRIES   100
#define MOST_OUTPUTS 8

struct HrnetOutput {
    int fd;
    int slot;    /* in unfinished, or -1 */
    char *place; /* what is replaced; NULL: no regular file */
    char *path;  /* where it is written meanwhile */
};

/* A signal handler may neither lock nor read what another thread frees, so names are copied here,
 * and each is good while its state says so. */
enum { FREE, TAKEN, FILLED };
static struct {
    atomic_int state;
    char path[PATH_MAX];
} unfinished[MOST_OUTPUTS];

static int note_unfinished(const char *path)
{
    const size_t n = strlen(path) + 1;
    for (int i = 0; i < MOST_OUTPUTS && n <= PATH_MAX; i++) {
        int expected = FREE;
        if (!atomic_compare_exchange_strong(&unfinished[i].state, &expected, TAKEN))
            continue;
        memcpy(unfinished[i].path, path, n);
        atomic_store(&unfinished[i].state, FILLED);
        return i;
    }
    return -1;
}

void hrnet_output_discard_all(void)
{
    const int before = errno;
    for (int i = 0; i < MOST_OUTPUTS; i++)
        if (atomic_load(&unfinished[i].state) == FILLED)
            unlink(unfinished[i].path);
    errno = before;
}

static bool refuse(int code)
{
    errno = code;
    return false;
}

/* "FOLDER/NAME" for the folder that path is in; a plain copy of an absolute name. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash && name[0] != '/' ? (size_t)(slash - path) + 1 : 0;
    const size_t n_name = strlen(name);
    char *result = malloc(n + n_name + 1);
    if (!result)
        return NULL;
    memcpy(result, path, n);
    memcpy(result + n, name, n_name + 1);
    return result;
}

/* The path at the end of a chain of symbolic links, where there may be nothing yet. */
static char *follow_links(const char *path)
{
    char target[PATH_MAX];
    char *at = beside("", path);
    for (int i = 0; at && i <= MOST_LINKS; i++) {
        const ssize_t n = readlink(at, target, sizeof target - 1);
        if (n < 0)
            return at; /* no link: a file, or nothing */
        target[n] = '\0';
        char *next = beside(at, target);
        free(at);
        at = next;
    }
    errno = at ? ELOOP : ENOMEM;
    free(at);
    return NULL;
}

/* A new file beside the place; its path is the output's. */
static bool open_beside(HrnetOutput *output)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        uint64_t number;
        char name[32];
        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
            return false;
        snprintf(name, sizeof name, ".hrnet-%016llx", (unsigned long long)number);
        output->path = beside(output->place, name);
        if (!output->path)
            return refuse(ENOMEM);
        output->slot = note_unfinished(output->path);
        output->fd = open(output->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (output->fd >= 0)
            return true;
        const int code = errno;
        if (output->slot >= 0)
            atomic_store(&unfinished[output->slot].state, FREE);
        output->slot = -1;
        free(output->path);
        output->path = NULL;
        errno = code;
        if (code != EEXIST)
            return false;
    }
    return false;
}

static void output_free(HrnetOutput *output)
{
    if (output->slot >= 0)
        atomic_store(&unfinished[output->slot].state, FREE);
    free(output->place);
    free(output->path);
    free(output);
}

static bool open_any(HrnetOutput *output, const char *path, HrnetOutputKind kind)
{
    struct stat info;
    const bool there = stat(path, &info) == 0;
    if (!there && errno != ENOENT)
        return false;
    if (there && S_ISDIR(info.st_mode))
        return refuse(EISDIR);
    if (there && !S_ISREG(info.st_mode)) {
        if (kind == HRNET_OUTPUT_REGULAR)
            return refuse(ENOTSUP);
        output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return output->fd >= 0;
    }
    /* A file that its owner has protected is not to be replaced by the back door either. */
    if (there && access(path, W_OK) != 0)
        return false;
    output->place = follow_links(path);
    return output->place && open_beside(output);
}

HrnetOutput *hrnet_output_open(const char *path, HrnetOutputKind kind)
{
    HrnetOutput *output = calloc(1, sizeof *output);
    if (!output)
        return NULL;
    output->fd = output->slot = -1;
    if (open_any(output, path, kind))
        return output;
    const int code = errno;
    output_free(output);
    errno = code;
    return NULL;
}

bool hrnet_output_write(HrnetOutput *output, const void *bytes, size_t n_bytes)
{
    for (size_t done = 0; done < n_bytes;) {
        const ssize_t n = write(output->fd, (const char *)bytes + done, n_bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

bool hrnet_output_rewind(HrnetOutput *output)
{
    if (!output->path)
        return refuse(EINVAL);
    return lseek(output->fd, 0, SEEK_SET) == 0 && ftruncate(output->fd, 0) == 0;
}

const char *hrnet_output_path(const HrnetOutput *output)
{
    return output->path;
}

/* What has come into the place meanwhile is to be a regular file as well. */
static bool take_place(const HrnetOutput *output)
{
    struct stat info;
    if (lstat(output->place, &info) == 0 && !S_ISREG(info.st_mode))
        return refuse(EEXIST);
    return rename(output->path, output->place) == 0;
}

/* So that the new name outlives a loss of power, too; where a folder cannot do that, it can't. */
static void sync_folder(const char *path)
{
    char *folder = beside(path, ".");
    const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

bool hrnet_output_finish(HrnetOutput *output)
{
    if (output->path && fsync(output->fd) != 0) {
        hrnet_output_discard(output);
        return false;
    }
    const int fd = output->fd;
    output->fd = -1;
    if (close(fd) != 0 || (output->path && !take_place(output))) {
        hrnet_output_discard(output);
        return false;
    }
    if (output->path)
        sync_folder(output->place);
    output_free(output);
    return true;
}

void hrnet_output_discard(HrnetOutput *output)
{
    const int before = errno;
    if (!output)
        return;
    if (output->fd >= 0)
        close(output->fd);
    if (output->path)
        unlink(output->path);
    output_free(output);
    errno = before;
}

bool hrnet_output_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}
