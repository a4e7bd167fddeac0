/* Handlers of fatal signals: they fill the record, then the process dies of its signal, as it would without them. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* A handler that hangs ends here; so does one that waits for it, later. */
#define HANDLER_SECONDS 2
#define WAITING_SECONDS 10

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
#define SIGNALS (sizeof signals / sizeof signals[0])

haraka_fault_page *haraka_fault_installed;
static pid_t our_process;
/* Who fills the record: 0 nobody yet, else a thread. The first one is the fault that counts. */
static int32_t recording_thread;
static int32_t watching_thread;
/* What the process is to die of. */
static volatile sig_atomic_t deadly_signal = SIGABRT;

int32_t haraka_fault_thread(void)
{
    return (int32_t)syscall(SYS_gettid);
}

bool haraka_fault_is_our_process(void)
{
    return getpid() == our_process;
}

/* ---- dying ------------------------------------------------------------------------------------------------------- */

static void mask(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(how, &set, NULL);
}

static void set_default(int signal)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
}

/* At once, wherever we are. */
static _Noreturn void die_now(int signal)
{
    set_default(signal);
    mask(SIG_UNBLOCK, signal);
    syscall(SYS_tgkill, getpid(), haraka_fault_thread(), signal);
    kill(getpid(), SIGKILL);
    _exit(128 + signal);
}

/* When the handler returns: the signal waits, with all that was known about it, until the interrupted code goes on. So
 * a core file shows that code rather than ours. */
static void die_on_return(int signal, siginfo_t *info, ucontext_t *context)
{
    set_default(signal);
    mask(SIG_BLOCK, signal);
    sigdelset(&context->uc_sigmask, signal);
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), haraka_fault_thread(), signal, info) != 0)
        die_now(signal);
}

static void on_alarm(int signal)
{
    (void)signal;
    die_now(deadly_signal);
}

/* Whatever is broken, a process with a fault must not stay. */
static void limit_time(void)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK};
    sigaction(SIGALRM, &action, NULL);
    mask(SIG_UNBLOCK, SIGALRM);
    alarm(HANDLER_SECONDS);
}

/* ---- recording --------------------------------------------------------------------------------------------------- */

static void wait_for_the_end(int signal)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    for (int left = WAITING_SECONDS * 100; left > 0; left--)
        nanosleep(&pause, NULL);
    die_now(signal);
}

bool haraka_fault_claim_for_watch(int32_t watch_thread)
{
    int32_t nobody = 0;
    watching_thread = watch_thread;
    return __atomic_compare_exchange_n(
        &recording_thread, &nobody, watch_thread, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* The calling thread fills the record from here on, or does not come back. */
static void claim(haraka_fault_page *page, int signal, int32_t thread)
{
    volatile uint32_t *kind = &page->record.kind;
    int32_t owner = 0;
    if (__atomic_compare_exchange_n(&recording_thread, &owner, thread, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        deadly_signal = signal;
        return;
    }
    /* A fault inside the handler: what is recorded so far has to do. */
    if (owner == thread)
        die_now(deadly_signal);
    /* The watch thread has filled its part and asks the loop's thread for the rest. */
    if (owner == watching_thread && thread == page->loop_thread && *kind == HARAKA_FAULT_WATCHDOG) {
        __atomic_store_n(&recording_thread, thread, __ATOMIC_RELEASE);
        return;
    }
    wait_for_the_end(signal);
}

static const haraka_fault_frame *frame_of(const haraka_fault_page *page, int32_t thread)
{
    if (thread == page->loop_thread)
        return &page->loop;
    for (int index = 0; index < HARAKA_FAULT_JOBS; index++)
        if (page->jobs[index].thread == thread)
            return &page->jobs[index].frame;
    return NULL;
}

/* Whom to blame: first, so that nothing that goes wrong later can hide it. */
static void record_fault(haraka_fault_page *page, int32_t thread, const siginfo_t *info, uint64_t instruction)
{
    haraka_fault_record *record = &page->record;
    const haraka_fault_frame *frame = frame_of(page, thread);
    record->frame = frame != NULL && frame->plugin != 0 ? *frame : (haraka_fault_frame){0};
    record->is_loop = thread == page->loop_thread;
    record->thread = thread;
    record->signal = info->si_signo;
    record->code = info->si_code;
    record->address = (uint64_t)(uintptr_t)info->si_addr;
    record->blamed_by_address = 0;
    if (record->frame.plugin == 0)
        record->blamed_by_address = haraka_fault_plugin_at(page, (void *)(uintptr_t)instruction);
    haraka_fault_order();
    record->kind = HARAKA_FAULT_SIGNAL;
    haraka_fault_order();
}

/* The innermost plugin on the stack: it may have died in a library that it called. */
static void blame_caller(haraka_fault_page *page)
{
    haraka_fault_record *record = &page->record;
    /* A return address may be the first byte after its function. */
    for (uint32_t index = 1; index < record->count && record->blamed_by_address == 0; index++)
        record->blamed_by_address = haraka_fault_plugin_at(page, (void *)(uintptr_t)(record->addresses[index] - 1));
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    haraka_fault_page *page = haraka_fault_installed;
    int32_t thread = haraka_fault_thread();
    if (!haraka_fault_is_our_process()) {
        die_on_return(signal, info, context);
        return;
    }
    claim(page, signal, thread);
    limit_time();
    if (page->record.kind != HARAKA_FAULT_WATCHDOG)
        record_fault(page, thread, info, haraka_fault_instruction(context));
    haraka_fault_save_maps(&page->record);
    haraka_fault_save_backtrace(&page->record, context);
    if (page->record.frame.plugin == 0)
        blame_caller(page);
    if (page->speaks)
        haraka_fault_say_last_words(page);
    die_on_return(signal, info, context);
}

/* ---- installing -------------------------------------------------------------------------------------------------- */

void haraka_fault_unblock(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < SIGNALS; index++)
        sigaddset(&set, signals[index]);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int install_one(int signal)
{
    /* SA_NODEFER: a fault inside the handler comes back to it, and dies with what is recorded. */
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER};
    return sigaction(signal, &action, NULL);
}

int haraka_fault_install(haraka_fault_page *page)
{
    if (haraka_fault_installed != NULL) {
        errno = EALREADY;
        return -1;
    }
    if (haraka_fault_thread_begins() != 0)
        return -1;
    haraka_fault_prime_backtrace();
    our_process = getpid();
    page->loop_thread = haraka_fault_thread();
    haraka_fault_own_frame = &page->loop;
    __atomic_store_n(&haraka_fault_installed, page, __ATOMIC_RELEASE);
    for (size_t index = 0; index < SIGNALS; index++)
        if (install_one(signals[index]) != 0)
            return -1;
    return 0;
}

int haraka_fault_check_handlers(void **handler)
{
    int changed = 0;
    *handler = NULL;
    if (haraka_fault_installed == NULL)
        return 0;
    for (size_t index = 0; index < SIGNALS; index++) {
        struct sigaction now;
        if (sigaction(signals[index], NULL, &now) != 0)
            continue;
        if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault && (now.sa_flags & SA_ONSTACK) != 0)
            continue;
        if (changed == 0) {
            changed = signals[index];
            if (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)
                *handler = (void *)(uintptr_t)now.sa_sigaction;
        }
        install_one(signals[index]);
    }
    return changed;
}
