/* Other programs: started without a shell, fed through pipes, and never waited for longer than was said. */
#define _GNU_SOURCE
#include "haraka_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Weak, because older C libraries lack them: glibc has the first since 2.36, the second since 2.34. */
extern int pidfd_open(pid_t process, unsigned int flags) __attribute__((weak));
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first)
    __attribute__((weak));

/* Above what the program gets, so that no end of a pipe lies where another one has to go. */
#define FIRST_FREE 16

int32_t haraka_kit_pipe(int32_t *reading, int32_t *writing)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    *reading = fcntl(ends[0], F_DUPFD_CLOEXEC, FIRST_FREE);
    *writing = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FREE);
    const int32_t failure = *reading < 0 || *writing < 0 ? -errno : 0;
    close(ends[0]);
    close(ends[1]);
    if (failure == 0) return 0;
    if (*reading >= 0) close(*reading);
    if (*writing >= 0) close(*writing);
    return failure;
}

/* The program begins as if it had been started from a shell: no signal blocked, none ignored. */
static int attributes_of(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int64_t haraka_kit_start(const char *path, const char *const *arguments, const int32_t *descriptors, size_t count)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t process = 0;
    int failure;
    if (count > FIRST_FREE) return -EINVAL;
    if ((failure = posix_spawn_file_actions_init(&actions)) != 0) return -failure;
    if ((failure = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -failure;
    }
    for (size_t i = 0; i < count && failure == 0; i++)
        failure = posix_spawn_file_actions_adddup2(&actions, descriptors[i], (int)i);
    /* Nothing of the server's: a client's socket that a program holds stays open when the server closes it. */
    if (failure == 0 && posix_spawn_file_actions_addclosefrom_np != NULL)
        failure = posix_spawn_file_actions_addclosefrom_np(&actions, count < 3 ? 3 : (int)count);
    if (failure == 0) failure = attributes_of(&attributes);
    if (failure == 0)
        failure = posix_spawn(&process, path, &actions, &attributes, (char *const *)(uintptr_t)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure != 0 ? -failure : (int64_t)process;
}

/* poll with the rest of the time; signals do not make it longer. */
static int32_t ready(int descriptor, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd one = {descriptor, events, 0};
        const int64_t left = (deadline - haraka_kit_monotonic()) / 1000;
        const int found = poll(&one, 1, left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left);
        if (found > 0) return 0;
        if (found < 0 && errno != EINTR) return -errno;
        if (haraka_kit_monotonic() >= deadline) return -ETIMEDOUT;
    }
}

int32_t haraka_kit_feed(int32_t pipe, const void *bytes, size_t count, int64_t deadline)
{
    const char *rest = bytes;
    const int flags = fcntl(pipe, F_GETFL);
    if (flags < 0 || fcntl(pipe, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    while (count > 0) {
        const ssize_t written = write(pipe, rest, count);
        if (written >= 0) {
            rest += written;
            count -= (size_t)written;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return -errno;
        const int32_t status = ready(pipe, POLLOUT, deadline);
        if (status < 0) return status;
    }
    return 0;
}

/* 0..255: its exit status; 256 and the signal's number if one ended it. */
static int32_t collected(pid_t process, int options)
{
    int status = 0;
    pid_t found;
    do found = waitpid(process, &status, options);
    while (found < 0 && errno == EINTR);
    if (found < 0) return -errno;
    if (found == 0) return -EAGAIN;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int32_t haraka_kit_wait(int64_t process, int64_t deadline)
{
    const struct timespec moment = {0, 10 * 1000 * 1000};
    const int descriptor = pidfd_open != NULL ? pidfd_open((pid_t)process, 0) : -1;
    int32_t status = -EAGAIN;
    if (descriptor >= 0) {
        (void)ready(descriptor, POLLIN, deadline);
        close(descriptor);
        status = collected((pid_t)process, WNOHANG);
    } else { /* Linux before 5.3, glibc before 2.36 */
        while ((status = collected((pid_t)process, WNOHANG)) == -EAGAIN && haraka_kit_monotonic() < deadline)
            (void)nanosleep(&moment, NULL);
    }
    if (status != -EAGAIN) return status;
    (void)kill((pid_t)process, SIGKILL);
    (void)collected((pid_t)process, 0);
    return -ETIMEDOUT;
}
