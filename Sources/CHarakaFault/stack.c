/* Backtraces: from the interrupted instruction outwards, without the signal handler's own frames. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <execinfo.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

/* Frames of the handler itself and of what it calls, which are dropped. */
#define OWN_FRAMES 8

#if defined(__x86_64__)
#define INSTRUCTION(context) ((uint64_t)(context)->uc_mcontext.gregs[REG_RIP])
#elif defined(__aarch64__)
#define INSTRUCTION(context) ((uint64_t)(context)->uc_mcontext.pc)
#else
#define INSTRUCTION(context) ((void)(context), (uint64_t)0)
#endif

uint64_t haraka_fault_instruction(const ucontext_t *context)
{
    return INSTRUCTION(context);
}

/* Who called a function that has not begun: after a jump to nowhere this is all that can be found. */
static uint64_t caller(const ucontext_t *context)
{
#if defined(__x86_64__)
    uint64_t address = 0;
    struct iovec here = {&address, sizeof address};
    struct iovec there = {(void *)(uintptr_t)context->uc_mcontext.gregs[REG_RSP], sizeof address};
    /* By a system call, since the stack pointer may point anywhere. */
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)sizeof address ? address : 0;
#elif defined(__aarch64__)
    return context->uc_mcontext.regs[30];
#else
    (void)context;
    return 0;
#endif
}

static void append(haraka_fault_record *record, uint64_t address)
{
    if (record->count >= HARAKA_FAULT_ADDRESSES)
        return;
    record->addresses[record->count] = address;
    haraka_fault_order();
    record->count++;
}

void haraka_fault_prime_backtrace(void)
{
    void *address[2];
    /* The first call loads libgcc_s, which allocates. */
    backtrace(address, 2);
}

void haraka_fault_save_backtrace(haraka_fault_record *record, const ucontext_t *context)
{
    void *found[HARAKA_FAULT_ADDRESSES + OWN_FRAMES];
    uint64_t instruction = INSTRUCTION(context), called_from;
    int first = 0, count;
    record->count = 0;
    append(record, instruction);
    count = backtrace(found, HARAKA_FAULT_ADDRESSES + OWN_FRAMES);
    while (first < count && (uint64_t)(uintptr_t)found[first] != instruction)
        first++;
    for (int index = first + 1; index < count; index++)
        append(record, (uint64_t)(uintptr_t)found[index]);
    if (record->count == 1 && (called_from = caller(context)) != 0)
        append(record, called_from);
}
