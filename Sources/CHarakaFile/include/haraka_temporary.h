/* Files without a name: open(2) with O_TMPFILE, which Swift's Glibc module does not offer. Any thread. */
#ifndef HARAKA_TEMPORARY_H
#define HARAKA_TEMPORARY_H

/* Opens a file for reading and writing that has no name in `folder` and is gone when closed. -1 with errno. */
int haraka_temporary(const char *folder);

#endif
