/*
 * haraka_kit.h: what Swift plugins need from C.
 *
 * Embedded Swift has no Glibc module, so the few libc calls that the kit and the plugins use are here, each as a
 * function that reads well from Swift: no varargs, no errno, no macros. Failures are negative errno numbers.
 * Everything is hidden: a plugin exports its entry points and nothing else.
 */
#ifndef HARAKA_KIT_H
#define HARAKA_KIT_H

#include <haraka/plugin.h>

/* ---- the host's table ---- */

/* The table that haraka_register was given. Never NULL once Plugin.register has run. */
static inline const haraka_host *_Nonnull haraka_kit_host(void) { return haraka_table; }

/* ---- registration: the first failure of a plugin's registration, so that hook() needs no `try` ---- */

/* Stores a status and returns the one that was there. */
HARAKA_HIDDEN int32_t haraka_kit_swap_status(int32_t status);
/* Stores a status unless one is there already. */
HARAKA_HIDDEN void haraka_kit_note_status(int32_t status);

/* ---- the hook that runs now: see Next.swift ---- */

/* The hook function of `next` begins. Returns what haraka_kit_leave must be given. */
HARAKA_HIDDEN uint64_t haraka_kit_enter(haraka_next next);
/* It ends. What was left by haraka_kit_mark; HARAKA_PENDING if nothing was. */
HARAKA_HIDDEN int32_t haraka_kit_leave(uint64_t outer);
/* Leaves a code (0: dropped) for haraka_kit_leave. 1 if it is the hook of `next` that runs, else 0. Any thread. */
HARAKA_HIDDEN int32_t haraka_kit_mark(haraka_next next, int32_t code);

/* ---- files; paths are NUL-terminated, `folder` is a descriptor ---- */

/* What to do with a name that is taken, or missing. */
#define HARAKA_KIT_CREATE_NEW 1 /* must not exist; mode 0600 */
#define HARAKA_KIT_READ 2

HARAKA_HIDDEN int32_t haraka_kit_open_folder(const char *_Nonnull path);
HARAKA_HIDDEN int32_t haraka_kit_open_folder_at(int32_t folder, const char *_Nonnull name);
HARAKA_HIDDEN int32_t haraka_kit_open_file_at(int32_t folder, const char *_Nonnull name, int32_t how);
HARAKA_HIDDEN int32_t haraka_kit_make_folder_at(int32_t folder, const char *_Nonnull name); /* mode 0700 */
/* All bytes, or the error. */
HARAKA_HIDDEN int32_t haraka_kit_write(int32_t file, const void *_Nullable bytes, size_t count);
HARAKA_HIDDEN int64_t haraka_kit_read(int32_t file, void *_Nullable bytes, size_t count);
HARAKA_HIDDEN int32_t haraka_kit_sync(int32_t file);
HARAKA_HIDDEN int32_t haraka_kit_close(int32_t file);
HARAKA_HIDDEN int32_t haraka_kit_link(int32_t from, const char *_Nonnull name, int32_t to,
                                      const char *_Nonnull new_name);
HARAKA_HIDDEN int32_t haraka_kit_rename(int32_t from, const char *_Nonnull name, int32_t to,
                                        const char *_Nonnull new_name);
HARAKA_HIDDEN int32_t haraka_kit_unlink(int32_t folder, const char *_Nonnull name);
/* Permission bits of a regular file. */
HARAKA_HIDDEN int32_t haraka_kit_mode_at(int32_t folder, const char *_Nonnull name);
HARAKA_HIDDEN int32_t haraka_kit_set_mode(int32_t file, int32_t mode);
/* Waits until nobody else holds this file or folder, in any process; until it is closed. */
HARAKA_HIDDEN int32_t haraka_kit_lock(int32_t file);
/* Permission bits, bytes, and seconds since 1970 of the last change of a regular file. */
typedef struct haraka_kit_file_info {
    int64_t size;
    int64_t changed;
    int32_t mode;
} haraka_kit_file_info;
/* -EINVAL if it is no regular file. */
HARAKA_HIDDEN int32_t haraka_kit_info_at(int32_t folder, const char *_Nonnull name,
                                         haraka_kit_file_info *_Nonnull info);
/* Calls `each` with every name but those that begin with a dot. */
HARAKA_HIDDEN int32_t haraka_kit_list(int32_t folder, void *_Nullable context,
                                      void (*_Nonnull each)(void *_Nullable context, const char *_Nonnull name));

/* ---- process ---- */

/* Text of an error number, in English, never NULL. */
HARAKA_HIDDEN const char *_Nonnull haraka_kit_error_text(int32_t number);
HARAKA_HIDDEN const char *_Nullable haraka_kit_environment(const char *_Nonnull name);
HARAKA_HIDDEN int64_t haraka_kit_process(void);
/* Writes the host's name, NUL-terminated, "localhost" if there is none. */
HARAKA_HIDDEN void haraka_kit_host_name(char *_Nonnull buffer, size_t size);
/* A decimal number, blanks at its ends left aside; negative: it is none. */
HARAKA_HIDDEN int32_t haraka_kit_number(haraka_str text, double *_Nonnull number);
/* Microseconds since 1970. */
HARAKA_HIDDEN int64_t haraka_kit_now(void);
/* Microseconds on a clock that never goes back. */
HARAKA_HIDDEN int64_t haraka_kit_monotonic(void);
/* The local date and time as a number: 20240229235959. 0: no such time. */
HARAKA_HIDDEN int64_t haraka_kit_local_time(int64_t seconds);

/* ---- other programs; they block: for work that was offloaded. Times are those of haraka_kit_monotonic ---- */

/* Both ends are closed on exec. */
HARAKA_HIDDEN int32_t haraka_kit_pipe(int32_t *_Nonnull reading, int32_t *_Nonnull writing);
/* Starts `path` without a shell. `arguments` begins with its name and ends with NULL. It gets descriptors[0] as 0, [1] as
 * 1 ..., at most 16, and of the server's others those up to 2. Its number, for haraka_kit_wait. */
HARAKA_HIDDEN int64_t haraka_kit_start(const char *_Nonnull path, const char *_Nullable const *_Nonnull arguments,
                                       const int32_t *_Nullable descriptors, size_t count);
/* Writes all bytes; -ETIMEDOUT if nobody reads them in time, -EPIPE if nobody will. */
HARAKA_HIDDEN int32_t haraka_kit_feed(int32_t pipe, const void *_Nullable bytes, size_t count, int64_t deadline);
/* Waits until the program has ended: 0..255 its exit status, 256 and more: the signal that ended it. At the deadline it is
 * killed: -ETIMEDOUT. Exactly once for each program. */
HARAKA_HIDDEN int32_t haraka_kit_wait(int64_t process, int64_t deadline);

/* ---- datagrams to a service on this machine ---- */

/* A socket (AF_UNIX) that is connected to `path` and never waits; its descriptor, or a negative errno. */
HARAKA_HIDDEN int32_t haraka_kit_datagrams(const char *_Nonnull path);
/* One datagram, whole or not at all. -EAGAIN: the service does not keep up. */
HARAKA_HIDDEN int32_t haraka_kit_send(int32_t descriptor, const void *_Nullable bytes, size_t count);
/* syslog's number of a facility ("mail", "local0"), in any case; -EINVAL if it is none. */
HARAKA_HIDDEN int32_t haraka_kit_syslog_facility(haraka_str name);

#endif
