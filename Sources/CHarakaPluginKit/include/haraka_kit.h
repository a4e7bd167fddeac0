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
/* Seconds since 1970 of the last change of a regular file; negative: error, or not a regular file. */
HARAKA_HIDDEN int64_t haraka_kit_changed_at(int32_t folder, const char *_Nonnull name);
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
/* The local date as a number: 20240229. */
HARAKA_HIDDEN int32_t haraka_kit_date(int64_t seconds);

#endif
