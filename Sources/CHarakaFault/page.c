/* The fault page: a sealed memory file that worker and supervisor map. */
#define _GNU_SOURCE
#include "haraka_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A page that shrank under the supervisor would kill it with SIGBUS. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void close_keeping_errno(int descriptor)
{
    int saved = errno;
    close(descriptor);
    errno = saved;
}

static haraka_fault_page *map(int descriptor)
{
    void *page = mmap(NULL, sizeof(haraka_fault_page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return page == MAP_FAILED ? NULL : page;
}

haraka_fault_page *haraka_fault_page_create(int *descriptor)
{
    /* Sparse: only what is written takes memory, of some 6 MB. */
    int fd = memfd_create("haraka-faults", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    haraka_fault_page *page;
    if (fd < 0)
        return NULL;
    if (ftruncate(fd, sizeof(haraka_fault_page)) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0 ||
        (page = map(fd)) == NULL) {
        close_keeping_errno(fd);
        return NULL;
    }
    *descriptor = fd;
    return page;
}

haraka_fault_page *haraka_fault_page_map(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return NULL;
    if (status.st_size != (off_t)sizeof(haraka_fault_page)) {
        errno = EINVAL;
        return NULL;
    }
    return map(descriptor);
}

void haraka_fault_page_unmap(haraka_fault_page *page)
{
    if (page != NULL)
        munmap(page, sizeof *page);
}
