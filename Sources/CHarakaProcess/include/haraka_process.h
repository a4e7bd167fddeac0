/* What processes of one server hand to each other, in C because Swift does not import the macros: descriptors over a unix
 * socket, and signals as a descriptor. */
#ifndef HARAKA_PROCESS_H
#define HARAKA_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* The most descriptors of one call. */
#define HARAKA_DESCRIPTORS 200

/* Sends bytes, with descriptors attached to the first of them. How many bytes went, or -1 with errno. Without SIGPIPE. */
ssize_t haraka_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);

/* Receives up to `count` bytes and the descriptors that came with them, closed on exec. `*descriptor_count` is the room in
 * `descriptors` before and their number afterwards. How many bytes, 0 at the end, -1 with errno. */
ssize_t haraka_receive(int socket, void *bytes, size_t count, int *descriptors, size_t *descriptor_count);

/* A descriptor from which these signals are read; the caller has blocked them. -1 with errno. */
int haraka_signal_descriptor(const int *signals, size_t count);

/* The next signal that has come, or 0. */
int haraka_next_signal(int descriptor);

/* accept4, pipe2, open with O_PATH: all closed on exec, the first not blocking. -1 with errno. */
int haraka_accept(int listener);
int haraka_pipe(int ends[2]);
int haraka_open_path(const char *path);
/* The process's name in ps and top. */
void haraka_name_process(const char *name);
/* What ps shows with arguments; count 0: as it was started. Cut to the room there is. One thread at a time. -1 with errno. */
int haraka_process_title(const char *text, size_t count);
/* POSIX_SPAWN_SETSID. */
short haraka_spawn_new_session(void);

#endif
