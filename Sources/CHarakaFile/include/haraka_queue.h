/*
 * Files that get their name when they are written: Linux calls that Swift's Glibc module does not offer.
 *
 * Every function is safe on any thread. Errors are -1 with errno.
 */
#ifndef HARAKA_QUEUE_H
#define HARAKA_QUEUE_H

/*
 * Opens a file without a name, mode 0600, for reading and writing, in the folder that `folder` is open on. It is gone when
 * closed, unless haraka_name_file gives it a name. EOPNOTSUPP: the file system or the kernel has no such files.
 */
int haraka_nameless(int folder);

/*
 * openat(2), and reading leaves no trace in the file's times where that can be had: who owns the file, and root, may ask for it.
 */
int haraka_open_unnoted(int folder, const char *name, int flags, unsigned mode);

/* Gives such a file its name in that folder. EEXIST: the name is taken. ENOENT: not without /proc here. Returns 0. */
int haraka_name_file(int fd, int folder, const char *name);

/* Renames inside a folder and never replaces what has the new name: EEXIST. Returns 0. */
int haraka_rename_new(int folder, const char *from, const char *to);

#endif
