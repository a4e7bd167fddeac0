/* What the files of this room share. Not for the outside: variables of the process whose page is installed. */
#ifndef HARAKA_FAULT_INTERNAL_H
#define HARAKA_FAULT_INTERNAL_H

#include "haraka_fault.h"

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#define INTERNAL __attribute__((visibility("hidden")))

/* The page that haraka_fault_install was given; NULL before. It is never unmapped. */
extern haraka_fault_page *haraka_fault_installed INTERNAL;

/* The frame that the calling thread's plugin calls are in: the page's `loop`, or that of a job. NULL: a thread that
 * runs none. "initial-exec" so that reading it is one load also in position-independent code. */
extern __thread haraka_fault_frame *haraka_fault_own_frame INTERNAL __attribute__((tls_model("initial-exec")));

/* The kernel's number of the calling thread. */
int32_t haraka_fault_thread(void) INTERNAL;
/* False in a process that a plugin has forked off: it shares the page, but not the blame. */
bool haraka_fault_is_our_process(void) INTERNAL;

/* ---- handlers.c -------------------------------------------------------------------------------------------------- */

/* The calling thread takes the signals that we handle, whatever it has inherited: a fault whose signal is blocked kills
 * without a word, and so do threads of libraries that block all they can. */
void haraka_fault_unblock(void) INTERNAL;
/* The watch thread makes itself the one that fills the record. False: a fault was quicker. */
bool haraka_fault_claim_for_watch(int32_t watch_thread) INTERNAL;

/* ---- stack.c ----------------------------------------------------------------------------------------------------- */

/* The addresses of the calling thread's stack into the record, the interrupted instruction first. Async-signal-safe
 * after haraka_fault_prime_backtrace. */
void haraka_fault_save_backtrace(haraka_fault_record *record, const ucontext_t *context) INTERNAL;
/* Lets the C library load what backtrace() needs. */
void haraka_fault_prime_backtrace(void) INTERNAL;
/* Says on standard error whom the record blames. Async-signal-safe. */
void haraka_fault_say_last_words(const haraka_fault_page *page) INTERNAL;
/* The interrupted instruction. */
uint64_t haraka_fault_instruction(const ucontext_t *context) INTERNAL;

/* ---- maps.c ------------------------------------------------------------------------------------------------------ */

/* The memory map into the record, unless it is there already. Async-signal-safe. */
void haraka_fault_save_maps(haraka_fault_record *record) INTERNAL;

/* ---- descriptors.c ----------------------------------------------------------------------------------------------- */

/* Numbers beyond are not protected: more than the kernel's usual limit for a process. */
#define HARAKA_FAULT_DESCRIPTORS (1 << 20)

extern _Atomic uint64_t haraka_fault_protected[HARAKA_FAULT_DESCRIPTORS / 64] INTERNAL;

static inline bool haraka_fault_is_protected(int descriptor)
{
    return descriptor >= 0 && descriptor < HARAKA_FAULT_DESCRIPTORS &&
           (haraka_fault_protected[descriptor / 64] >> (descriptor % 64) & 1) != 0;
}

/* Whether the descriptor is a connection that a protected listener has accepted. */
bool haraka_fault_is_client(int descriptor) INTERNAL;

/* ---- order ------------------------------------------------------------------------------------------------------- */

/* Keeps the compiler from moving stores across it: a signal handler sees them in the order that is written. */
static inline void haraka_fault_order(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
