/*
 * Faults of plugins: who was running, kept where it survives the process.
 *
 * A fault page is memory shared by a worker and its supervisor (or of one process alone). The worker writes into it
 * which plugin runs which hook for which connection; a fatal signal adds a backtrace. After the worker's end, whatever
 * ended it, the supervisor reads there whom to blame. In C because a signal handler may not run Swift.
 *
 * Both sides are the same binary, so the layout is nobody else's business. A plugin may have scribbled on the page: the
 * supervisor trusts no index, no length and no NUL that it finds there.
 */
#ifndef HARAKA_FAULT_H
#define HARAKA_FAULT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HARAKA_FAULT_PLUGINS 2048      /* plugins and their parents, of all generations that are mapped */
#define HARAKA_FAULT_HOOKS 256         /* names of hooks and other kinds of calls */
#define HARAKA_FAULT_CONNECTIONS 65536 /* connections beyond that are not named */
#define HARAKA_FAULT_JOBS 64           /* jobs on pool threads at one time */
#define HARAKA_FAULT_ADDRESSES 64      /* depth of a backtrace */
#define HARAKA_FAULT_MAPS 65536        /* bytes of memory map that are kept */

/* Who runs at this moment. All zero: the host. Written by one thread, read by the signal handler, the watch thread and
 * the supervisor. `plugin`, `hook` and `connection` are 1 + index into the tables below. */
typedef struct haraka_fault_frame {
    uint32_t plugin;
    uint32_t hook;
    uint32_t connection;
    uint32_t reserved;
    uint64_t calls; /* counted up at each call */
} haraka_fault_frame;

/* A plugin or parent of one generation. */
typedef struct haraka_fault_plugin {
    char name[96];
    char hash[65];
    uint8_t is_used;
    uint32_t generation;
    uint64_t start, end; /* where its object is mapped */
} haraka_fault_plugin;

typedef struct haraka_fault_connection {
    char uuid[37];
    char remote[51];
} haraka_fault_connection;

/* What a worker leaves behind. */
#define HARAKA_FAULT_NONE 0
#define HARAKA_FAULT_SIGNAL 1   /* a fatal signal */
#define HARAKA_FAULT_WATCHDOG 2 /* a plugin held the loop for too long */

typedef struct haraka_fault_record {
    uint32_t kind;
    int32_t signal;
    int32_t code; /* si_code */
    int32_t thread;
    uint64_t address;           /* si_addr; only the kernel's signals (code > 0) have one */
    haraka_fault_frame frame;   /* of the thread that faulted; zero if it ran no plugin */
    uint32_t blamed_by_address; /* 1 + index of the plugin whose code the thread was in, if the frame names none */
    uint32_t is_loop;           /* it was the loop's thread */
    uint32_t held_ms;           /* watchdog: for how long */
    uint32_t count;             /* of addresses */
    uint64_t addresses[HARAKA_FAULT_ADDRESSES]; /* innermost first: the instruction, then return addresses */
    uint32_t maps_size;
    /* /proc/self/maps at that moment, cut at its end: of it the lines that tell where code is (executable ones, and
     * those of offset 0 of a file, which say where the file begins). */
    char maps[HARAKA_FAULT_MAPS];
} haraka_fault_record;

typedef struct haraka_fault_job {
    int32_t thread; /* 0: free */
    haraka_fault_frame frame;
} haraka_fault_job;

typedef struct haraka_fault_page {
    haraka_fault_frame loop;
    /* The last plugin call that came back to the host, for a fault of the host soon after it. While `loop.plugin` is
     * not zero and `last.calls` stays, it is the same call: a call inside a call does not touch it. */
    haraka_fault_frame last;
    int32_t loop_thread;
    uint32_t speaks;       /* nobody outlives the process: the handler writes a line to standard error itself */
    uint32_t plugin_limit; /* entries of `plugins` that have ever been used are below it */
    haraka_fault_record record;
    haraka_fault_job jobs[HARAKA_FAULT_JOBS];
    char hooks[HARAKA_FAULT_HOOKS][64];
    haraka_fault_plugin plugins[HARAKA_FAULT_PLUGINS];
    haraka_fault_connection connections[HARAKA_FAULT_CONNECTIONS];
} haraka_fault_page;

/* ---- the page: supervisor and worker ----------------------------------------------------------------------------- */

/* A new page in a memory file, which is closed on exec and can't change its size. NULL with errno. */
haraka_fault_page *haraka_fault_page_create(int *descriptor);
/* The page of a descriptor from haraka_fault_page_create, which may be closed afterwards. NULL with errno. */
haraka_fault_page *haraka_fault_page_map(int descriptor);
void haraka_fault_page_unmap(haraka_fault_page *page);

/* ---- naming: the loop's thread ----------------------------------------------------------------------------------- */

/* 1 + index; 0 if the table is full. Names that are too long are cut. */
uint32_t haraka_fault_add_plugin(haraka_fault_page *page, const char *name, const char *hash, uint32_t generation);
void haraka_fault_set_mapping(haraka_fault_page *page, uint32_t plugin, const void *start, const void *end);
/* Its name stays until the entry is used again, which happens as late as possible. */
void haraka_fault_remove_plugin(haraka_fault_page *page, uint32_t plugin);
/* Interns the name of a hook or another kind of call. 1 + index; 0 if the table is full. */
uint32_t haraka_fault_hook(haraka_fault_page *page, const char *name);
/* Names the connection of that index (not 1 + index); too large an index is ignored. NUL-terminated texts. */
void haraka_fault_set_connection(haraka_fault_page *page, uint32_t index, const char *uuid, const char *remote);
/* 1 + index of the plugin whose mapping holds the address; 0: none. Async-signal-safe. */
uint32_t haraka_fault_plugin_at(const haraka_fault_page *page, const void *address);

/* ---- reading: the supervisor ------------------------------------------------------------------------------------- */

/* What frames point to; NULL for 0 and for numbers that are too large. Texts may lack their NUL. (Swift doesn't see
 * arrays as long as these tables.) */
const haraka_fault_plugin *haraka_fault_plugin_entry(const haraka_fault_page *page, uint32_t plugin);
const haraka_fault_connection *haraka_fault_connection_entry(const haraka_fault_page *page, uint32_t connection);
const char *haraka_fault_hook_entry(const haraka_fault_page *page, uint32_t hook);
/* The record's maps and their size, which is at most HARAKA_FAULT_MAPS. */
const char *haraka_fault_maps(const haraka_fault_page *page, uint32_t *size);
/* The record's address of that index, 0 beyond the last. */
uint64_t haraka_fault_address(const haraka_fault_page *page, uint32_t index);
/* The job of that index, NULL if it is free or the index too large. */
const haraka_fault_job *haraka_fault_job_entry(const haraka_fault_page *page, uint32_t index);

/* ---- handlers: the worker ---------------------------------------------------------------------------------------- */

/* Installs the handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP and SIGABRT, with a stack of their own for the
 * calling thread, which becomes the page's loop thread. 0, or -1 with errno. Once per process (then EALREADY); the page
 * stays mapped from now on. A process that a plugin forks off dies of its faults without a word on the page. */
int haraka_fault_install(haraka_fault_page *page);
/* A handler's stack for the calling thread too (pool threads), and none of our signals blocked: without it a stack
 * overflow cannot be recorded, nor what happens on a thread that blocks signals. 0, or -1 with errno. Once per thread,
 * more often does nothing; the stack is freed with the thread. */
int haraka_fault_thread_begins(void);
/* A job of a plugin begins on the calling thread: its frame. NULL if too many jobs run. Jobs don't nest. */
haraka_fault_frame *haraka_fault_job_begins(haraka_fault_page *page, uint32_t plugin, uint32_t hook);
/* `frame` may be NULL. On the thread of the job. */
void haraka_fault_job_ends(haraka_fault_page *page, haraka_fault_frame *frame);
/* Looks whether our handlers are still installed and puts them back if not. Returns 0 if all was well, else the first
 * signal that was changed, with the address of what had been put in its place (NULL for SIG_DFL and SIG_IGN) in
 * `*handler`. Any thread; seven system calls. */
int haraka_fault_check_handlers(void **handler);

/* ---- the watchdog ------------------------------------------------------------------------------------------------ */

/* Called on the watch thread when a plugin call has held the loop for `warn_ms` (once per call), and again just before
 * the worker is ended at `kill_ms`. `frame` is a copy: who runs now, maybe in a call inside the call that is timed. */
typedef void (*haraka_fault_held)(void *context, const haraka_fault_frame *frame, uint32_t held_ms, int is_fatal);
/* Starts the watch thread: looks some 5 times per warn_ms (at most every 5 ms, at least every 100 ms). warn_ms and
 * kill_ms 0: not. When fatal it fills the record (kind WATCHDOG), raises SIGABRT on the loop's thread so that the
 * record gets its backtrace, and if the process still lives a second later kills it with SIGKILL. Time in which the
 * process or the machine was stopped does not count. Once per process, after haraka_fault_install. 0 or an errno. */
int haraka_fault_watch_start(haraka_fault_page *page, uint32_t warn_ms, uint32_t kill_ms, haraka_fault_held held,
                             void *context);
/* New limits for the running watch thread. Any thread. */
void haraka_fault_watch_limits(uint32_t warn_ms, uint32_t kill_ms);

/* ---- the host's descriptors -------------------------------------------------------------------------------------- */

/* Plugins share the process's descriptors. This room defines close(), close_range() and closefrom() for the whole
 * process: inside a plugin call on the loop's thread or in a job, closing a descriptor that the host has protected, or
 * the connection of a client (a socket whose own address is that of a protected listener), fails with EBADF and is
 * reported; closing a range of descriptors is refused as a whole. Everything else goes to the system: code of the
 * executable itself, which a plugin may have called back, and processes that a plugin has forked off.
 *
 * It does not see what the C library closes by itself (fclose, dup2). */
void haraka_fault_protect(int descriptor);
/* Not needed before the host's own close(), which ends the protection too. */
void haraka_fault_unprotect(int descriptor);
/* Protects every descriptor that is open now: call it before the first plugin is mapped. */
void haraka_fault_protect_all(void);
/* How many closes were refused since the last call, and the frame of the first. `*descriptor` is -1 for a range. Loop's
 * thread. */
uint32_t haraka_fault_take_refused(haraka_fault_frame *first, int *descriptor);

#endif
