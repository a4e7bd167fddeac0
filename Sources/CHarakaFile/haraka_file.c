/* Sealed memory files: memfd_create(2) and its seals, fcntl(2). */
#define _GNU_SOURCE
#include "haraka_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

/* Since Linux 6.3; older C libraries do not define it. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define HARAKA_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int haraka_memfd(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    /* Before Linux 6.3 the flag is unknown, and every memory file may be mapped as code. */
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

int haraka_memfd_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, HARAKA_SEALS);
}

int haraka_memfd_is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & HARAKA_SEALS) == HARAKA_SEALS;
}
