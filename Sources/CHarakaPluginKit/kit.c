/* The table pointer, and what must be remembered across one call from the host. */
#include "haraka_kit.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>

const haraka_host *haraka_table HARAKA_HIDDEN = NULL;

/* Only touched inside haraka_register, which runs on the loop. */
static int32_t registration_status = HARAKA_SUCCESS;

int32_t haraka_kit_swap_status(int32_t status)
{
    const int32_t old = registration_status;
    registration_status = status;
    return old;
}

void haraka_kit_note_status(int32_t status)
{
    if (registration_status == HARAKA_SUCCESS && status < 0) registration_status = status;
}

/*
 * The Next whose hook function is on the stack. One that is consumed while its own hook runs only leaves a mark, and
 * the trampoline does the rest: a code becomes the function's value, which is cheaper than a call back to the host;
 * and only the trampoline knows whether the closure of a dropped Next threw ("plugin failed") or forgot it ("plugin
 * gave no answer"). A Next may be consumed on any thread: the exchange decides which side answers, so that never both
 * or neither do. Marks are numbers that no handle has.
 */
#define MARK (UINT64_C(0xFFFFFFFF) << 32)
static _Atomic uint64_t running = 0;

uint64_t haraka_kit_enter(haraka_next next)
{
    return atomic_exchange_explicit(&running, next.bits, memory_order_acq_rel);
}

int32_t haraka_kit_leave(uint64_t outer)
{
    const uint64_t left = atomic_exchange_explicit(&running, outer, memory_order_acq_rel);
    return (left & MARK) == MARK ? (int32_t)(uint32_t)left : HARAKA_PENDING;
}

int32_t haraka_kit_mark(haraka_next next, int32_t code)
{
    uint64_t expected = next.bits;
    return atomic_compare_exchange_strong_explicit(&running, &expected, MARK | (uint32_t)code, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* Embedded Swift seeds its hash tables with this one. glibc has it since 2.36 only, and a plugin should load on older
 * systems too. The seed need not be secret: without entropy it stays what the buffer held. */
HARAKA_HIDDEN void arc4random_buf(void *buffer, size_t count)
{
    unsigned char *bytes = buffer;
    while (count > 0) {
        const ssize_t got = getrandom(bytes, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        bytes += got;
        count -= (size_t)got;
    }
}
