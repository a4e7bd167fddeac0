/* The host's descriptors, kept from plugins that close them by mistake: a number closed twice, or kept too long, is the
 * number of somebody else's socket by then. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Numbers beyond are not protected: more than the kernel's usual limit for a process. */
#define DESCRIPTORS (1 << 20)
#define WORD_BITS 64
/* Listeners whose connections are protected. */
#define LISTENERS 256

static _Atomic uint64_t protected[DESCRIPTORS / WORD_BITS];

/* The address that a listener and the connections it accepts share. */
typedef struct local_address {
    sa_family_t family;
    in_port_t port;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
} local_address;

/* Written by the loop's thread, or before there are others. */
static struct {
    _Atomic int descriptor; /* 0: free */
    local_address address;
} listeners[LISTENERS];
static _Atomic uint32_t listener_limit;

static _Atomic uint32_t refused;
static haraka_fault_frame refused_frame;
static int refused_descriptor;

/* ---- what is protected ------------------------------------------------------------------------------------------- */

static bool is_protected(int descriptor)
{
    return descriptor >= 0 && descriptor < DESCRIPTORS &&
           (protected[descriptor / WORD_BITS] >> (descriptor % WORD_BITS) & 1) != 0;
}

static bool local_address_of(int descriptor, local_address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
    } own = {0};
    socklen_t length = sizeof own;
    if (getsockname(descriptor, &own.any, &length) != 0)
        return false;
    if (length > sizeof own.path)
        length = sizeof own.path;
    memset(address, 0, sizeof *address);
    address->family = own.any.sa_family;
    if (own.any.sa_family == AF_INET)
        address->port = own.v4.sin_port;
    else if (own.any.sa_family == AF_INET6)
        address->port = own.v6.sin6_port;
    else if (own.any.sa_family == AF_UNIX && length > offsetof(struct sockaddr_un, sun_path))
        memcpy(address->path, own.path.sun_path, length - offsetof(struct sockaddr_un, sun_path));
    else
        return false;
    return address->family == AF_UNIX || address->port != 0;
}

static bool is_connected(int descriptor)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    return getpeername(descriptor, (struct sockaddr *)&peer, &length) == 0;
}

static void forget_listener(int descriptor)
{
    for (uint32_t index = 0; index < listener_limit; index++)
        if (listeners[index].descriptor == descriptor)
            listeners[index].descriptor = 0;
}

static void remember_listener(int descriptor)
{
    local_address address;
    uint32_t index = 0;
    /* Standard input as a socket is the client's under inetd, not a listener. */
    if (descriptor == 0 || is_connected(descriptor) || !local_address_of(descriptor, &address))
        return;
    while (index < listener_limit && listeners[index].descriptor != 0)
        index++;
    if (index == LISTENERS)
        return;
    listeners[index].address = address;
    listeners[index].descriptor = descriptor;
    if (index == listener_limit)
        listener_limit = index + 1;
}

void haraka_fault_protect(int descriptor)
{
    if (descriptor < 0 || descriptor >= DESCRIPTORS || is_protected(descriptor))
        return;
    remember_listener(descriptor);
    protected[descriptor / WORD_BITS] |= UINT64_C(1) << (descriptor % WORD_BITS);
}

void haraka_fault_unprotect(int descriptor)
{
    if (!is_protected(descriptor))
        return;
    protected[descriptor / WORD_BITS] &= ~(UINT64_C(1) << (descriptor % WORD_BITS));
    forget_listener(descriptor);
}

void haraka_fault_protect_all(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        char *end;
        long descriptor = strtol(entry->d_name, &end, 10);
        if (*end == '\0' && descriptor != dirfd(folder))
            haraka_fault_protect((int)descriptor);
    }
    closedir(folder);
}

/* ---- refusing ---------------------------------------------------------------------------------------------------- */

static bool is_client(int descriptor)
{
    local_address address;
    if (!local_address_of(descriptor, &address) || !is_connected(descriptor))
        return false;
    for (uint32_t index = 0; index < listener_limit; index++)
        if (listeners[index].descriptor != 0 && memcmp(&listeners[index].address, &address, sizeof address) == 0)
            return true;
    return false;
}

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
    if (!is_protected(descriptor) && (is_host || !is_client(descriptor)))
        return false;
    note_refused(frame, descriptor);
    errno = EBADF;
    return true;
}

uint32_t haraka_fault_take_refused(haraka_fault_frame *first, int *descriptor)
{
    if (refused == 0)
        return 0;
    *first = refused_frame;
    *descriptor = refused_descriptor;
    return atomic_exchange(&refused, 0);
}

/* ---- close() ----------------------------------------------------------------------------------------------------- */

/* These sanitizers have a close() of their own. */
#if defined(__SANITIZE_THREAD__)
#define HAS_OTHER_CLOSE
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_OTHER_CLOSE
#endif
#endif

#ifndef HAS_OTHER_CLOSE

/* The frame of the calling thread's plugin call; NULL: it is in none. */
static inline const haraka_fault_frame *current_call(void)
{
    const haraka_fault_frame *frame = haraka_fault_own_frame;
    return __builtin_expect(frame != NULL && frame->plugin != 0, 0) ? frame : NULL;
}

static int close_by_host(int descriptor)
{
    /* The number will be somebody else's, perhaps a plugin's own. */
    if (is_protected(descriptor))
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
    for (unsigned descriptor = first; is_ours && closes && descriptor < DESCRIPTORS && descriptor <= last; descriptor++)
        haraka_fault_unprotect((int)descriptor);
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
