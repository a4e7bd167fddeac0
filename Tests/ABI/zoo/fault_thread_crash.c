/* Crashes in a thread of its own, 100 ms after the hook came back. */
#include "fault.h"

#include <pthread.h>
#include <time.h>

FAULT_PLUGIN("fault_thread_crash", "Crashes in a thread of its own", "rcpt");
FAULT_REGISTER

static void *run(void *unused)
{
    const struct timespec pause = {0, 100000000};
    (void)unused;
    nanosleep(&pause, NULL);
    fault_crash();
    return NULL;
}

HARAKA_HOOK(rcpt)
{
    pthread_t thread;
    if (fault_now(call) && pthread_create(&thread, NULL, run, NULL) == 0) pthread_detach(thread);
    return HARAKA_CONT;
}
