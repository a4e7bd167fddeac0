/* Datagrams to a service on this machine, such as syslog.
 *
 * Not libc's syslog(): it waits when the daemon's queue is full, and with it would wait all clients of the process. */
#define _GNU_SOURCE
#include "haraka_kit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

int32_t haraka_kit_datagrams(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    const int32_t failure = -errno;
    close(descriptor);
    return failure;
}

int32_t haraka_kit_send(int32_t descriptor, const void *bytes, size_t count)
{
    ssize_t sent;
    do sent = send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int32_t haraka_kit_syslog_facility(haraka_str text)
{
    static const struct { const char *name; int32_t number; } names[] = {
        {"kern", LOG_KERN}, {"user", LOG_USER}, {"mail", LOG_MAIL}, {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},
        {"syslog", LOG_SYSLOG}, {"lpr", LOG_LPR}, {"news", LOG_NEWS}, {"uucp", LOG_UUCP}, {"cron", LOG_CRON},
        {"authpriv", LOG_AUTHPRIV}, {"ftp", LOG_FTP}, {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
        {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
        {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (haraka_equal_caseless(haraka_text(names[i].name), text)) return names[i].number;
    return -EINVAL;
}
