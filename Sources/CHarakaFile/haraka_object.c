/* dladdr(3). */
#define _GNU_SOURCE
#include "haraka_object.h"

#include <dlfcn.h>
#include <stddef.h>

const void *haraka_object_base(const void *address)
{
    Dl_info info;
    return dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}
