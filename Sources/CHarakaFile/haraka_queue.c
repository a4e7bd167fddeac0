/* O_TMPFILE and linkat(2), renameat2(2). */
#define _GNU_SOURCE
#include "haraka_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int haraka_nameless(int folder)
{
    int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    /* What kernels and file systems say that do not know the flag. */
    if (fd < 0 && (errno == EISDIR || errno == EINVAL))
        errno = EOPNOTSUPP;
    return fd;
}

int haraka_open_unnoted(int folder, const char *name, int flags, unsigned mode)
{
    int fd = openat(folder, name, flags | O_NOATIME, mode);
    /* Somebody else's file, whom the system lets decide about its times. */
    if (fd < 0 && errno == EPERM)
        fd = openat(folder, name, flags, mode);
    return fd;
}

int haraka_name_file(int fd, int folder, const char *name)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno != ENOENT)
        return -1;
    /* No /proc. Since Linux 6.10 whoever opened the file may do this, before that only root. */
    return linkat(fd, "", folder, name, AT_EMPTY_PATH);
}

int haraka_rename_new(int folder, const char *from, const char *to)
{
    if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* The file system does not know the flag: two steps, between which the file has both names. */
    if (linkat(folder, from, folder, to, 0) != 0)
        return -1;
    if (unlinkat(folder, from, 0) == 0)
        return 0;
    /* Not half: whoever is told of a failure must not find the file under its new name. */
    int why = errno;
    unlinkat(folder, to, 0);
    errno = why;
    return -1;
}
