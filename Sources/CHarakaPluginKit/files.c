/* Files and folders for plugins that store mail. */
#define _GNU_SOURCE
#include "haraka_kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int32_t status(int result) { return result < 0 ? -errno : result; }

int32_t haraka_kit_open_folder(const char *path)
{
    return status(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* O_NOFOLLOW: a link inside the store must not lead out of it. */
int32_t haraka_kit_open_folder_at(int32_t folder, const char *name)
{
    return status(openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

int32_t haraka_kit_open_file_at(int32_t folder, const char *name, int32_t how)
{
    const int flags = how == HARAKA_KIT_CREATE_NEW ? O_WRONLY | O_CREAT | O_EXCL : O_RDONLY;
    return status(openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600));
}

int32_t haraka_kit_make_folder_at(int32_t folder, const char *name) { return status(mkdirat(folder, name, 0700)); }

int32_t haraka_kit_write(int32_t file, const void *bytes, size_t count)
{
    const char *rest = bytes;
    while (count > 0) {
        const ssize_t written = write(file, rest, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        rest += written;
        count -= (size_t)written;
    }
    return 0;
}

int64_t haraka_kit_read(int32_t file, void *bytes, size_t count)
{
    ssize_t got;
    do got = read(file, bytes, count);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

int32_t haraka_kit_sync(int32_t file) { return status(fsync(file)); }
int32_t haraka_kit_close(int32_t file) { return status(close(file)); }

int32_t haraka_kit_link(int32_t from, const char *name, int32_t to, const char *new_name)
{
    return status(linkat(from, name, to, new_name, 0));
}

int32_t haraka_kit_rename(int32_t from, const char *name, int32_t to, const char *new_name)
{
    return status(renameat(from, name, to, new_name));
}

int32_t haraka_kit_unlink(int32_t folder, const char *name) { return status(unlinkat(folder, name, 0)); }

int32_t haraka_kit_mode_at(int32_t folder, const char *name)
{
    struct stat info;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    return S_ISREG(info.st_mode) ? (int32_t)(info.st_mode & 0777) : -EINVAL;
}

int32_t haraka_kit_set_mode(int32_t file, int32_t mode) { return status(fchmod(file, (mode_t)mode & 0777)); }

int32_t haraka_kit_lock(int32_t file)
{
    int result;
    do result = flock(file, LOCK_EX);
    while (result < 0 && errno == EINTR);
    return status(result);
}

int32_t haraka_kit_info_at(int32_t folder, const char *name, haraka_kit_file_info *known)
{
    struct stat info;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    if (!S_ISREG(info.st_mode)) return -EINVAL;
    known->mode = (int32_t)(info.st_mode & 07777);
    known->size = (int64_t)info.st_size;
    known->changed = (int64_t)info.st_mtime;
    return 0;
}

int32_t haraka_kit_list(int32_t folder, void *context, void (*each)(void *context, const char *name))
{
    const struct dirent *entry;
    /* A descriptor of its own: reading a folder moves the position that duplicates share. */
    const int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = own < 0 ? NULL : fdopendir(own);
    if (stream == NULL) {
        const int32_t failure = -errno;
        if (own >= 0) close(own);
        return failure;
    }
    while ((entry = readdir(stream)) != NULL)
        if (entry->d_name[0] != '.') each(context, entry->d_name);
    closedir(stream);
    return 0;
}
