/* Stacks for signal handlers: a thread whose own stack is full has nowhere else to run one. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define HANDLER_STACK (64 * 1024)

static pthread_key_t stack_key;
static pthread_once_t stack_key_once = PTHREAD_ONCE_INIT;
static int stack_key_error;

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The kernel saves all registers there, which are many on some machines. */
static size_t stack_size(void)
{
    return (HANDLER_STACK + getauxval(AT_MINSIGSTKSZ) + page_size() - 1) & ~(page_size() - 1);
}

static void free_stack(void *start)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(start, page_size() + stack_size());
}

static void make_stack_key(void)
{
    stack_key_error = pthread_key_create(&stack_key, free_stack);
}

int haraka_fault_thread_begins(void)
{
    size_t guard = page_size();
    stack_t stack = {.ss_size = stack_size()};
    char *start;
    pthread_once(&stack_key_once, make_stack_key);
    if (stack_key_error != 0) {
        errno = stack_key_error;
        return -1;
    }
    if (pthread_getspecific(stack_key) != NULL)
        return 0;
    haraka_fault_unblock();
    start = mmap(NULL, guard + stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (start == MAP_FAILED)
        return -1;
    stack.ss_sp = start + guard;
    if (mprotect(start, guard, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0 ||
        (errno = pthread_setspecific(stack_key, start)) != 0) {
        int saved = errno;
        free_stack(start);
        errno = saved;
        return -1;
    }
    return 0;
}
