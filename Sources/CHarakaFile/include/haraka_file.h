/*
 * Sealed memory files: Linux calls that Swift's Glibc module does not offer.
 *
 * Every function is safe on any thread. Errors are -1 with errno.
 */
#ifndef HARAKA_FILE_H
#define HARAKA_FILE_H

/*
 * Makes an empty memory file that may be sealed, and mapped as code.
 *
 * name: shown in /proc/self/maps after "memfd:"; at most 249 bytes, need not be unique.
 * Returns a descriptor that is closed on exec. The caller closes it.
 */
int haraka_memfd(const char *name);

/* Seals a memory file for good: its bytes and its size can't change any more. Returns 0. */
int haraka_memfd_seal(int fd);

/* 1 if the descriptor is a memory file sealed by haraka_memfd_seal, 0 if it is anything else. */
int haraka_memfd_is_sealed(int fd);

#endif
