/* A worker in miniature, for CHarakaFaultTests: `fault_cases CASE PLUGIN.so`, with the fault page as descriptor 3. Each
 * case ends in the way that its name says, or with 0 if it should survive. Failures are told on standard error. */
#ifndef FAULT_CASES_H
#define FAULT_CASES_H

#include "haraka_fault.h"

#include <stdatomic.h>

/* What the plugin may call in its host. */
typedef struct host_table {
    int (*close_for)(int descriptor);
    void (*nested)(void);
} host_table;

/* The plugin's one hook: does what it is told. `number` is an argument of some deeds. */
typedef int (*plugin_hook)(const char *deed, int number, const host_table *host);

extern haraka_fault_page *page;
extern uint32_t plugin, hook;
extern const host_table host;

/* Calls the plugin in a frame on the loop's thread, for connection 7. */
int call(const char *deed, int number);
/* The same without frame. */
int call_plainly(const char *deed, int number);
/* The frame around such a call. */
void enter(void);
void leave(void);

void fail(const char *file, int line, const char *what) __attribute__((noreturn));
#define CHECK(what) ((what) ? (void)0 : fail(__FILE__, __LINE__, #what))

typedef struct fault_case {
    const char *name;
    void (*run)(void);
} fault_case;
extern const fault_case crash_cases[], watch_cases[], descriptor_cases[];

/* Makes backtrace() misbehave: the C library's stands behind it. */
extern atomic_int backtrace_mode;
#define BACKTRACE_FAULTS 1
#define BACKTRACE_HANGS 2

#endif
