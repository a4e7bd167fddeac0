/* Which mapped object an address belongs to: dladdr(3), which Swift's Glibc module does not offer. Any thread. */
#ifndef HARAKA_OBJECT_H
#define HARAKA_OBJECT_H

/* Where the object that holds `address` is mapped; NULL: in none. */
const void *haraka_object_base(const void *address);

#endif
