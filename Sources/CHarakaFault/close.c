/* close(2) for the whole process: keeps the host's descriptors from plugins that close them by mistake. A number that
 * is closed twice, or kept too long, is the number of somebody else's socket by then. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint32_t refused;
static haraka_fault_frame refused_frame;
static int refused_descriptor;

uint32_t haraka_fault_take_refused(haraka_fault_frame *first, int *descriptor)
{
    if (refused == 0)
        return 0;
    *first = refused_frame;
    *descriptor = refused_descriptor;
    return atomic_exchange(&refused, 0);
}

/* These sanitizers have a close() of their own. */
#if defined(__SANITIZE_THREAD__)
#define HAS_OTHER_CLOSE
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_OTHER_CLOSE
#endif
#endif

#ifndef HAS_OTHER_CLOSE

/* ---- refusing ---------------------------------------------------------------------------------------------------- */

static void note_refused(const haraka_fault_frame *frame, int descriptor)
{
    if (atomic_fetch_add(&refused, 1) != 0)
        return;
    refused_frame = *frame;
    refused_descriptor = descriptor;
}

/* The code of the executable itself, from its linker. */
extern const char __executable_start[], etext[];

static bool is_host_code(const void *address)
{
    return (const char *)address >= __executable_start && (const char *)address < etext;
}

/* Whether the call that returns to `caller` names its function, rather than going through a pointer as calls of plugins
 * do: a plugin's function that ends in close() jumps there, so that close() returns to the host. */
static bool is_direct_call(const char *caller)
{
#if defined(__x86_64__)
    int32_t distance;
    memcpy(&distance, caller - sizeof distance, sizeof distance);
    return (uint8_t)caller[-5] == 0xe8 && is_host_code(caller + distance);
#elif defined(__aarch64__)
    uint32_t instruction;
    memcpy(&instruction, caller - sizeof instruction, sizeof instruction);
    return instruction >> 26 == 0x25;
#else
    (void)caller;
    return true;
#endif
}

static bool refuses(const haraka_fault_frame *frame, int descriptor, const void *caller)
{
    /* A plugin may have called back: then the host closes what it wants, as a client that was told to go. */
    bool is_host = is_host_code(caller);
    if (is_host && is_direct_call(caller))
        return false;
    if (!haraka_fault_is_protected(descriptor) && (is_host || !haraka_fault_is_client(descriptor)))
        return false;
    note_refused(frame, descriptor);
    errno = EBADF;
    return true;
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

/* The frame of the calling thread's plugin call; NULL: it is in none. */
static inline const haraka_fault_frame *current_call(void)
{
    const haraka_fault_frame *frame = haraka_fault_own_frame;
    return __builtin_expect(frame != NULL && frame->plugin != 0, 0) ? frame : NULL;
}

static int close_by_host(int descriptor)
{
    /* The number will be somebody else's, perhaps a plugin's own. */
    if (haraka_fault_is_protected(descriptor))
        haraka_fault_unprotect(descriptor);
    return (int)syscall(SYS_close, descriptor);
}

static __attribute__((noinline, cold)) int close_in_call(
    const haraka_fault_frame *frame, int descriptor, const void *caller)
{
    /* Between fork and exec a child may close what it has inherited. */
    if (!haraka_fault_is_our_process())
        return (int)syscall(SYS_close, descriptor);
    return refuses(frame, descriptor, caller) ? -1 : close_by_host(descriptor);
}

int close(int descriptor)
{
    const haraka_fault_frame *frame = current_call();
    if (frame != NULL)
        return close_in_call(frame, descriptor, __builtin_return_address(0));
    return close_by_host(descriptor);
}

static void unprotect_range(unsigned first, unsigned last)
{
    if (last >= HARAKA_FAULT_DESCRIPTORS)
        last = HARAKA_FAULT_DESCRIPTORS - 1;
    for (unsigned descriptor = first; descriptor <= last; descriptor++)
        haraka_fault_unprotect((int)descriptor);
}

static int close_range_from(unsigned first, unsigned last, int flags, const void *caller)
{
    const haraka_fault_frame *frame = current_call();
    bool is_ours = frame == NULL || haraka_fault_is_our_process();
    bool closes = (flags & CLOSE_RANGE_CLOEXEC) == 0 && first <= last;
    if (frame != NULL && is_ours && closes && !is_host_code(caller)) {
        note_refused(frame, -1);
        errno = EBADF;
        return -1;
    }
    if (is_ours && closes)
        unprotect_range(first, last);
    return (int)syscall(SYS_close_range, first, last, flags);
}

int close_range(unsigned first, unsigned last, int flags)
{
    return close_range_from(first, last, flags, __builtin_return_address(0));
}

void closefrom(int first)
{
    unsigned from = first < 0 ? 0 : (unsigned)first;
    if (close_range_from(from, ~0U, 0, __builtin_return_address(0)) == 0 || errno != ENOSYS)
        return;
    /* Before Linux 5.9. */
    for (long descriptor = from, limit = sysconf(_SC_OPEN_MAX); descriptor < limit; descriptor++)
        syscall(SYS_close, descriptor);
}

#endif
