/* Ways to crash. */
#define _GNU_SOURCE
#include "fault_cases.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- on the loop's thread ---------------------------------------------------------------------------------------- */

static void in_hook_segv(void) { call("segv", 0); }
static void in_hook_abort(void) { call("abort", 0); }
static void in_hook_fpe(void) { call("fpe", 0); }
static void in_hook_trap(void) { call("trap", 0); }
static void in_hook_double_free(void) { call("double_free", 0); }
static void in_hook_overflow(void) { call("overflow", 0); }
static void in_hook_nowhere(void) { call("nowhere", 0); }
static void in_hook_exit_at_once(void) { call("_exit", 3); }
static void in_hook_exit(void) { call("exit", 0); }
static void in_hook_kill(void) { call("kill", SIGKILL); }

/* The host, soon after a plugin. */
static void host_segv(void)
{
    call("nothing", 0);
    raise(SIGSEGV);
}

/* ---- on other threads -------------------------------------------------------------------------------------------- */

static void *job_thread(void *deed)
{
    CHECK(haraka_fault_thread_begins() == 0);
    CHECK(haraka_fault_thread_begins() == 0);
    haraka_fault_frame *frame = haraka_fault_job_begins(page, plugin, hook);
    CHECK(frame != NULL);
    call_plainly(deed, 0);
    haraka_fault_job_ends(page, frame);
    return NULL;
}

static void run_job(const char *deed)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    /* As little as there may be: the handler must not need it. */
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    CHECK(pthread_create(&thread, &attributes, job_thread, (void *)deed) == 0);
    pthread_join(thread, NULL);
}

static void job_segv(void) { run_job("segv"); }
static void job_overflow(void) { run_job("overflow"); }
static void job_ends(void)
{
    run_job("nothing");
    for (int index = 0; index < HARAKA_FAULT_JOBS; index++)
        CHECK(haraka_fault_job_entry(page, (uint32_t)index) == NULL);
}

/* A thread that the plugin has started by itself, as the frame is empty. */
static void foreign_segv(void) { call_plainly("thread_segv", 0); }
/* The same, and the instruction is in the C library. */
static void foreign_abort(void) { call_plainly("thread_abort", 0); }

static pthread_barrier_t both_ready;

static void *fault_together(void *deed)
{
    CHECK(haraka_fault_thread_begins() == 0);
    CHECK(haraka_fault_job_begins(page, plugin, hook) != NULL);
    pthread_barrier_wait(&both_ready);
    call_plainly(deed, 0);
    return NULL;
}

static void two_at_once(void)
{
    pthread_t threads[2];
    pthread_barrier_init(&both_ready, NULL, 2);
    for (int index = 0; index < 2; index++)
        CHECK(pthread_create(&threads[index], NULL, fault_together, "segv") == 0);
    pthread_join(threads[0], NULL);
}

/* The second fault comes while the first one's handler certainly runs: it does not end, but the process does. */
static void *fault_while_recording(void *deed)
{
    volatile uint32_t *kind = &page->record.kind;
    while (*kind == HARAKA_FAULT_NONE)
        continue;
    call_plainly(deed, 0);
    return NULL;
}

static void second_while_recording(void)
{
    pthread_t thread;
    backtrace_mode = BACKTRACE_HANGS;
    CHECK(pthread_create(&thread, NULL, fault_while_recording, "segv") == 0);
    call("abort", 0);
}

/* ---- a handler in trouble ---------------------------------------------------------------------------------------- */

atomic_int backtrace_mode;

int backtrace(void **addresses, int size)
{
    static int (*genuine)(void **, int);
    volatile uintptr_t nowhere = 16;
    if (backtrace_mode == BACKTRACE_FAULTS)
        *(volatile char *)nowhere = 1;
    while (backtrace_mode == BACKTRACE_HANGS)
        continue;
    if (genuine == NULL)
        genuine = (int (*)(void **, int))(uintptr_t)dlsym(RTLD_NEXT, "backtrace");
    return genuine(addresses, size);
}

static void backtrace_faults(void)
{
    backtrace_mode = BACKTRACE_FAULTS;
    call("abort", 0);
}

static void backtrace_hangs(void)
{
    backtrace_mode = BACKTRACE_HANGS;
    call("abort", 0);
}

/* ---- handlers ---------------------------------------------------------------------------------------------------- */

static void changed_handler(void)
{
    void *handler = NULL;
    CHECK(haraka_fault_check_handlers(&handler) == 0 && handler == NULL);
    CHECK(call("handle", SIGBUS) == 0);
    CHECK(haraka_fault_check_handlers(&handler) == SIGBUS);
    CHECK(haraka_fault_plugin_at(page, handler) == plugin);
    CHECK(call("ignore", SIGSEGV) == 0);
    CHECK(haraka_fault_check_handlers(&handler) == SIGSEGV && handler == NULL);
    CHECK(haraka_fault_check_handlers(&handler) == 0);
    CHECK(haraka_fault_install(page) == -1 && errno == EALREADY);
    call("segv", 0);
}

/* A process that the plugin forks off crashes: the worker's page says nothing. */
static void forked_crash(void)
{
    int status = call("fork_segv", 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK(page->record.kind == HARAKA_FAULT_NONE);
}

const fault_case crash_cases[] = {
    {"segv", in_hook_segv},
    {"abort", in_hook_abort},
    {"fpe", in_hook_fpe},
    {"trap", in_hook_trap},
    {"double_free", in_hook_double_free},
    {"overflow", in_hook_overflow},
    {"nowhere", in_hook_nowhere},
    {"exit_at_once", in_hook_exit_at_once},
    {"exit", in_hook_exit},
    {"kill", in_hook_kill},
    {"host_segv", host_segv},
    {"job_segv", job_segv},
    {"job_overflow", job_overflow},
    {"job_ends", job_ends},
    {"foreign_segv", foreign_segv},
    {"foreign_abort", foreign_abort},
    {"two_at_once", two_at_once},
    {"second_while_recording", second_while_recording},
    {"backtrace_faults", backtrace_faults},
    {"backtrace_hangs", backtrace_hangs},
    {"changed_handler", changed_handler},
    {"forked_crash", forked_crash},
    {NULL, NULL},
};
