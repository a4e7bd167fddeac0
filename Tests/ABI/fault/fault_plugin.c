/* The plugin of these cases: one hook that does what it is told. */
#define _GNU_SOURCE
#include "fault_cases.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sink;

/* ---- crashes ----------------------------------------------------------------------------------------------------- */

/* Exported, so that a backtrace has a name for it. */
__attribute__((noinline)) void write_nowhere(void)
{
    volatile uintptr_t nowhere = 16;
    *(volatile int *)nowhere = 1;
}

static __attribute__((noinline)) int overflow(int depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static void divide_by_zero(void)
{
    sink = 1000 / sink;
    /* Where dividing is no fault. */
    raise(SIGFPE);
}

static void free_twice(void)
{
    void *volatile memory = malloc(4000);
    void *volatile wall = malloc(16);
    free(memory);
    free(memory);
    free(wall);
}

static void *crash_on_thread(void *deed)
{
    if (strcmp(deed, "thread_abort") == 0)
        abort();
    write_nowhere();
    return NULL;
}

static void on_own_thread(const char *deed)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, crash_on_thread, (void *)deed) == 0)
        pthread_join(thread, NULL);
}

/* ---- signals and processes --------------------------------------------------------------------------------------- */

static void own_handler(int signal)
{
    (void)signal;
}

static int set_handler(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    return sigaction(signal, &action, NULL);
}

static void be_deaf(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static int in_child(const char *deed, int number)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        if (strcmp(deed, "fork_segv") == 0)
            write_nowhere();
        _exit(close(number) == 0 && close_range(3, ~0U, 0) == 0 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status;
}

/* ---- the hook ---------------------------------------------------------------------------------------------------- */

static bool crash(const char *deed, int number)
{
    bool is_known = true;
    void (*volatile nowhere)(void) = NULL;
    if (strcmp(deed, "segv") == 0)
        write_nowhere();
    else if (strcmp(deed, "abort") == 0)
        abort();
    else if (strcmp(deed, "fpe") == 0)
        divide_by_zero();
    else if (strcmp(deed, "trap") == 0)
        __builtin_trap();
    else if (strcmp(deed, "double_free") == 0)
        free_twice();
    else if (strcmp(deed, "overflow") == 0)
        sink = overflow(1);
    else if (strcmp(deed, "nowhere") == 0)
        nowhere();
    else if (strcmp(deed, "_exit") == 0)
        _exit(number);
    else if (strcmp(deed, "exit") == 0)
        exit(number);
    else if (strcmp(deed, "kill") == 0)
        kill(getpid(), number);
    else if (strncmp(deed, "thread_", 7) == 0)
        on_own_thread(deed);
    else
        is_known = false;
    return is_known;
}

static bool hold(const char *deed, const host_table *host)
{
    if (strcmp(deed, "deaf_loop") == 0)
        be_deaf();
    else if (strcmp(deed, "loop") != 0 && strcmp(deed, "nested_loop") != 0)
        return false;
    for (;;)
        if (strcmp(deed, "nested_loop") == 0)
            host->nested();
}

int run(const char *deed, int number, const host_table *host)
{
    int answer = 0;
    if (crash(deed, number) || hold(deed, host))
        return 0;
    if (strcmp(deed, "handle") == 0)
        return set_handler(number, own_handler);
    if (strcmp(deed, "ignore") == 0)
        return set_handler(number, SIG_IGN);
    if (strncmp(deed, "fork_", 5) == 0)
        return in_child(deed, number);
    if (strcmp(deed, "close_by_host") == 0)
        return host->close_for(number);
    if (strcmp(deed, "close_and_end") == 0)
        return close(number);
    if (strcmp(deed, "close") == 0)
        answer = close(number);
    else if (strcmp(deed, "close_range") == 0)
        answer = close_range((unsigned)number, (unsigned)number, 0);
    else if (strcmp(deed, "closefrom") == 0)
        closefrom(number);
    /* What is above shall be calls, not jumps. */
    __asm__ volatile("" ::: "memory");
    return answer;
}
