/* Where code is mapped: /proc/self/maps, of which the record keeps what turns addresses into file and offset. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A line is "START-END PERMS OFFSET DEVICE INODE PATH": kept if executable, or if it is where a file begins. */
static bool is_wanted(const char *line, size_t length)
{
    const char *perms = memchr(line, ' ', length);
    const char *end = line + length;
    if (perms == NULL || end - perms < 7)
        return false;
    if (perms[3] == 'x')
        return true;
    return strncmp(perms + 6, "00000000 ", 9) == 0 && memchr(perms, '/', (size_t)(end - perms)) != NULL;
}

/* Drops unwanted lines of the text between `kept` and `filled`. What follows the last line end is moved down and waits
 * for its rest; `*rest` is its length. Returns the new end of what is kept. */
static uint32_t sieve(char *text, uint32_t kept, uint32_t filled, uint32_t *rest)
{
    uint32_t start = kept;
    char *end;
    while ((end = memchr(text + start, '\n', filled - start)) != NULL) {
        uint32_t length = (uint32_t)(end - (text + start)) + 1;
        if (is_wanted(text + start, length)) {
            memmove(text + kept, text + start, length);
            kept += length;
        }
        start += length;
    }
    *rest = filled - start;
    memmove(text + kept, text + start, *rest);
    return kept;
}

void haraka_fault_save_maps(haraka_fault_record *record)
{
    uint32_t rest = 0, kept = 0;
    int file;
    if (record->maps_size != 0)
        return;
    file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    /* Into the record itself: the handler's stack is small, and what is there counts if this never ends. */
    while (kept + rest < HARAKA_FAULT_MAPS) {
        ssize_t got = read(file, record->maps + kept + rest, HARAKA_FAULT_MAPS - kept - rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        kept = sieve(record->maps, kept, kept + rest + (uint32_t)got, &rest);
        record->maps_size = kept;
    }
    syscall(SYS_close, file);
}
