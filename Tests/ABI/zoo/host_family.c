/* A parent, or with -DPARENT="name" a child that keeps its parent's method and calls it from the hook mail. With -DTHREADS
 * it looks as if it started threads. */
#include "zoo.h"

#include <pthread.h>

#ifdef PARENT
ZOO_PLUGIN(HARAKA_PARENTS(PARENT));
#else
ZOO_PLUGIN(HARAKA_NOTHING_ELSE);
#endif

__attribute__((destructor)) static void unmapped(void) { say(me, "unmapped " ZOO_NAME); }

HARAKA_EXPORT int32_t word(const haraka_call *call)
{
    say(call->self, "word of %s", ZOO_NAME);
    return HARAKA_CONT;
}

#ifdef THREADS
static void *nothing(void *context) { return context; }

HARAKA_EXPORT int32_t start(const haraka_call *call)
{
    pthread_t thread;
    (void)call;
    return pthread_create(&thread, NULL, nothing, NULL);
}
#endif

#ifdef PARENT
static haraka_method kept;

HARAKA_HOOK(mail) { return haraka_invoke(&kept, call, NULL, 0, NULL); }

HARAKA_REGISTER(self)
{
    const int32_t status = haraka_inherits(self, PARENT);
    me = self;
    if (status < 0) return status;
    haraka_find_parent_method(self, PARENT, "word", &kept);
#ifdef REFUSES
    return HARAKA_E_IO;
#else
    return HARAKA_SUCCESS;
#endif
}
#else
HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
#endif
