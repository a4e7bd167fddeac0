/* Plugins that close what is not theirs. */
#define _GNU_SOURCE
#include "fault_cases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_open(int descriptor)
{
    return fcntl(descriptor, F_GETFD) >= 0;
}

static uint32_t refused(int *descriptor)
{
    haraka_fault_frame frame = {0};
    uint32_t count = haraka_fault_take_refused(&frame, descriptor);
    if (count > 0)
        CHECK(frame.plugin == plugin && frame.hook == hook);
    return count;
}

/* That a deed is refused, and reported once. */
static void check_refused(const char *deed, int descriptor)
{
    int reported = -2;
    errno = 0;
    CHECK(call(deed, descriptor) == -1 && errno == EBADF);
    CHECK(is_open(descriptor));
    CHECK(refused(&reported) == 1 && reported == descriptor);
    CHECK(refused(&reported) == 0);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static void protected_ones(void)
{
    int old = dup(2), later, reported;
    haraka_fault_protect_all();
    later = dup(2);
    check_refused("close", old);
    check_refused("close", 2);
    /* Where the function ends in a jump to close(), which then seems to be called by the host. */
    check_refused("close_and_end", old);
    /* Opened later, and so its own; or called by the host. */
    CHECK(call("close", later) == 0 && !is_open(later));
    CHECK(call_plainly("close", dup(2)) == 0);
    CHECK(call("close", later) == -1 && errno == EBADF);
    CHECK(refused(&reported) == 0);
    check_refused("close", old);
    haraka_fault_unprotect(old);
    CHECK(call("close", old) == 0 && !is_open(old));
}

/* The host may close what it wants, also when a plugin has called it back. The number is free again. */
static void host_closes(void)
{
    int first = dup(2), second = dup(2), reported;
    haraka_fault_protect_all();
    CHECK(call("close_by_host", first) == 0 && !is_open(first));
    CHECK(close(second) == 0);
    CHECK(dup2(2, first) == first && dup2(2, second) == second);
    CHECK(call("close", first) == 0 && call("close", second) == 0);
    CHECK(refused(&reported) == 0);
}

static void several_refused(void)
{
    int reported, first = dup(2), second = dup(2);
    haraka_fault_protect_all();
    call("close", first);
    call("close", second);
    call("close", second);
    CHECK(refused(&reported) == 3 && reported == first);
}

/* ---- ranges ------------------------------------------------------------------------------------------------------ */

static void ranges(void)
{
    int old = dup(2), reported = 0;
    haraka_fault_protect_all();
    CHECK(call("close_range", old) == -1 && errno == EBADF && is_open(old));
    CHECK(refused(&reported) == 1 && reported == -1);
    CHECK(call("closefrom", 3) == 0 && is_open(old) && refused(&reported) == 1);
    /* The host's own, which ends the protection. */
    CHECK(close_range((unsigned)old, (unsigned)old, 0) == 0 && !is_open(old));
    CHECK(dup2(2, old) == old && call("close", old) == 0);
    closefrom(3);
    CHECK(!is_open(3) && is_open(2));
}

/* Between fork and exec a plugin may close all that it has inherited. */
static void forked(void)
{
    int old = dup(2), reported, status;
    haraka_fault_protect_all();
    status = call("fork_close", old);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(is_open(old) && refused(&reported) == 0);
    check_refused("close", old);
}

/* ---- clients ----------------------------------------------------------------------------------------------------- */

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
} socket_address;

typedef struct line {
    int listener, client, server;
} line;

static int listen_on(socket_address *address, socklen_t size)
{
    int listener = socket(address->any.sa_family, SOCK_STREAM, 0);
    CHECK(listener >= 0 && bind(listener, &address->any, size) == 0 && listen(listener, 8) == 0);
    CHECK(getsockname(listener, &address->any, &size) == 0);
    return listener;
}

static line connected(int listener, const socket_address *address, socklen_t size)
{
    line made = {.listener = listener, .client = socket(address->any.sa_family, SOCK_STREAM, 0)};
    CHECK(connect(made.client, &address->any, size) == 0);
    made.server = accept(listener, NULL, NULL);
    CHECK(made.server >= 0);
    return made;
}

/* A client that has torn its connection down is still the host's to close. */
static void check_refused_when_gone(line client)
{
    const struct linger at_once = {1, 0};
    char byte;
    setsockopt(client.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client.client);
    CHECK(recv(client.server, &byte, 1, 0) <= 0);
    check_refused("close", client.server);
    close(client.server);
}

static void check_line(socket_address host, socket_address own, socklen_t size)
{
    int listener = listen_on(&host, size), reported;
    line client, its_own;
    haraka_fault_protect_all();
    client = connected(listener, &host, size);
    check_refused("close", client.server);
    check_refused_when_gone(connected(listener, &host, size));
    its_own = connected(listen_on(&own, size), &own, size);
    CHECK(call("close", its_own.server) == 0 && call("close", its_own.client) == 0);
    CHECK(call("close", its_own.listener) == 0 && call("close", client.client) == 0);
    CHECK(call("close_by_host", client.server) == 0);
    /* The listener is gone: its address may be anybody's. */
    client = connected(listener, &host, size);
    CHECK(close(listener) == 0 && call("close", client.server) == 0);
    CHECK(refused(&reported) == 0);
}

static void clients(void)
{
    const socket_address v4 = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socket_address first = {.path = {.sun_family = AF_UNIX}}, second = first;
    check_line(v4, v4, sizeof v4.v4);
    /* Abstract names, which need no folder. */
    snprintf(first.path.sun_path + 1, 40, "haraka-fault-%d-a", getpid());
    snprintf(second.path.sun_path + 1, 40, "haraka-fault-%d-b", getpid());
    check_line(first, second, sizeof(sa_family_t) + 40);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static void *job(void *argument)
{
    int descriptor = *(int *)argument;
    haraka_fault_frame *frame = haraka_fault_job_begins(page, plugin, hook);
    CHECK(call_plainly("close", descriptor) == -1 && errno == EBADF);
    haraka_fault_job_ends(page, frame);
    CHECK(call_plainly("close", descriptor) == 0);
    return NULL;
}

static void in_job(void)
{
    int old = dup(2), reported;
    pthread_t thread;
    haraka_fault_protect_all();
    CHECK(pthread_create(&thread, NULL, job, &old) == 0);
    pthread_join(thread, NULL);
    CHECK(refused(&reported) == 1 && reported == old);
}

const fault_case descriptor_cases[] = {
    {"protected_ones", protected_ones},
    {"host_closes", host_closes},
    {"several_refused", several_refused},
    {"ranges", ranges},
    {"forked", forked},
    {"clients", clients},
    {"in_job", in_job},
    {NULL, NULL},
};
