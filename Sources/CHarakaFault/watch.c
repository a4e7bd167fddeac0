/* The watch thread: tells when a plugin call holds the loop, and ends a process whose loop will not come back. It reads
 * the page and nothing else of the host's: the loop's thread may hold any lock. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SHORTEST_PERIOD 5
#define LONGEST_PERIOD 100
/* A gap between two looks of this many periods says that we did not run, so the loop may not have either. */
#define GAP 4
#define MILLISECOND UINT64_C(1000000)

static struct {
    _Atomic bool is_running;
    _Atomic uint32_t warn_ms, kill_ms;
    haraka_fault_held held;
    void *context;
} watch;

/* One call under observation, from the first look that saw it. */
typedef struct observation {
    uint64_t call;
    uint64_t held; /* ns */
    bool is_busy, has_warned;
} observation;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 * MILLISECOND + (uint64_t)time.tv_nsec;
}

static uint64_t period(void)
{
    uint32_t warn_ms = watch.warn_ms, kill_ms = watch.kill_ms;
    uint32_t wanted = (warn_ms != 0 && (kill_ms == 0 || warn_ms < kill_ms) ? warn_ms : kill_ms) / 5;
    if (warn_ms == 0 && kill_ms == 0)
        wanted = LONGEST_PERIOD;
    if (wanted < SHORTEST_PERIOD)
        wanted = SHORTEST_PERIOD;
    return (wanted > LONGEST_PERIOD ? LONGEST_PERIOD : wanted) * MILLISECOND;
}

static void sleep_for(uint64_t time)
{
    const uint64_t second = 1000 * MILLISECOND;
    struct timespec left = {.tv_sec = (time_t)(time / second), .tv_nsec = (long)(time % second)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        continue;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

/* The loop's thread writes with plain stores. What is torn is seen whole at the next look. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
__attribute__((no_sanitize("thread")))
#endif
#endif
static haraka_fault_frame running(const volatile haraka_fault_page *page, uint64_t *call)
{
    haraka_fault_frame frame = {
        page->loop.plugin, page->loop.hook, page->loop.connection, 0, page->loop.calls,
    };
    /* Calls inside the call count up `loop.calls`, but not this one. */
    *call = page->last.calls;
    return frame;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

static void fill_record(haraka_fault_page *page, const haraka_fault_frame *frame, uint32_t held_ms)
{
    haraka_fault_record *record = &page->record;
    record->frame = *frame;
    record->signal = SIGABRT;
    record->code = SI_TKILL;
    record->thread = page->loop_thread;
    record->is_loop = 1;
    record->held_ms = held_ms;
    record->address = 0;
    record->blamed_by_address = 0;
    /* Here already: the loop's thread may not get to its handler. */
    haraka_fault_save_maps(record);
    haraka_fault_order();
    __atomic_store_n(&record->kind, HARAKA_FAULT_WATCHDOG, __ATOMIC_RELEASE);
}

static void end_process(haraka_fault_page *page, const haraka_fault_frame *frame, uint32_t held_ms)
{
    void *handler;
    /* Another fault is being recorded, and ends the process. */
    if (!haraka_fault_claim_for_watch(haraka_fault_thread()))
        return;
    fill_record(page, frame, held_ms);
    if (watch.held != NULL)
        watch.held(watch.context, frame, held_ms, 1);
    haraka_fault_check_handlers(&handler);
    syscall(SYS_tgkill, getpid(), page->loop_thread, SIGABRT);
    sleep_for(1000 * MILLISECOND);
    kill(getpid(), SIGKILL);
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

static void look(haraka_fault_page *page, observation *seen, uint64_t passed)
{
    uint64_t call;
    haraka_fault_frame frame = running(page, &call);
    uint32_t warn_ms = watch.warn_ms, kill_ms = watch.kill_ms, held_ms;
    if (frame.plugin == 0 || !seen->is_busy || call != seen->call) {
        *seen = (observation){.call = call, .is_busy = frame.plugin != 0};
        return;
    }
    seen->held += passed;
    held_ms = (uint32_t)(seen->held / MILLISECOND);
    if (warn_ms != 0 && held_ms >= warn_ms && !seen->has_warned) {
        seen->has_warned = true;
        if (watch.held != NULL)
            watch.held(watch.context, &frame, held_ms, 0);
    }
    if (kill_ms != 0 && held_ms >= kill_ms)
        end_process(page, &frame, held_ms);
}

static void *watch_loop(void *argument)
{
    haraka_fault_page *page = argument;
    observation seen = {0};
    uint64_t before = now();
    prctl(PR_SET_NAME, "haraka-watch");
    for (;;) {
        uint64_t nap = period(), after;
        sleep_for(nap);
        after = now();
        /* A process that was stopped, a machine that was asleep or starved: as if one period had passed. */
        look(page, &seen, after - before > GAP * nap ? nap : after - before);
        before = after;
    }
    return NULL;
}

/* With all signals blocked, which the thread inherits: they are for the loop's thread. */
static int start_thread(haraka_fault_page *page)
{
    sigset_t all, old;
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, watch_loop, page);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

int haraka_fault_watch_start(haraka_fault_page *page, uint32_t warn_ms, uint32_t kill_ms, haraka_fault_held held,
                             void *context)
{
    int error;
    if (atomic_exchange(&watch.is_running, true))
        return EALREADY;
    watch.warn_ms = warn_ms;
    watch.kill_ms = kill_ms;
    watch.held = held;
    watch.context = context;
    error = start_thread(page);
    if (error != 0)
        watch.is_running = false;
    return error;
}

void haraka_fault_watch_limits(uint32_t warn_ms, uint32_t kill_ms)
{
    watch.warn_ms = warn_ms;
    watch.kill_ms = kill_ms;
}
