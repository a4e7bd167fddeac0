/* Which descriptors are the host's: those that it has protected, and the connections of its clients. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Listeners whose connections are protected. */
#define LISTENERS 256

_Atomic uint64_t haraka_fault_protected[HARAKA_FAULT_DESCRIPTORS / 64];

/* The address that a listener and the connections it accepts share. */
typedef struct local_address {
    int type;
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

/* ---- listeners --------------------------------------------------------------------------------------------------- */

static bool local_address_of(int descriptor, local_address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
    } own = {0};
    socklen_t length = sizeof own, type_size = sizeof address->type;
    /* They are compared as bytes. */
    memset(address, 0, sizeof *address);
    if (getsockname(descriptor, &own.any, &length) != 0 ||
        getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &address->type, &type_size) != 0)
        return false;
    if (length > sizeof own.path)
        length = sizeof own.path;
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

bool haraka_fault_is_client(int descriptor)
{
    local_address address;
    /* One that has gone away meanwhile has no address of its own any more, but ours is still there. */
    if (!local_address_of(descriptor, &address))
        return false;
    for (uint32_t index = 0; index < listener_limit; index++)
        if (listeners[index].descriptor != 0 && memcmp(&listeners[index].address, &address, sizeof address) == 0)
            return true;
    return false;
}

/* ---- protecting -------------------------------------------------------------------------------------------------- */

void haraka_fault_protect(int descriptor)
{
    if (descriptor < 0 || descriptor >= HARAKA_FAULT_DESCRIPTORS || haraka_fault_is_protected(descriptor))
        return;
    remember_listener(descriptor);
    haraka_fault_protected[descriptor / 64] |= UINT64_C(1) << (descriptor % 64);
}

void haraka_fault_unprotect(int descriptor)
{
    if (!haraka_fault_is_protected(descriptor))
        return;
    haraka_fault_protected[descriptor / 64] &= ~(UINT64_C(1) << (descriptor % 64));
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
