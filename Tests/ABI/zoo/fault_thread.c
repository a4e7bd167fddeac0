/* Starts a thread that nobody ends: it goes on in the plugin's code after haraka_shutdown. Says so each time. */
#include "fault.h"

#include <pthread.h>
#include <time.h>

FAULT_PLUGIN("fault_thread", "Leaves a thread behind", "rcpt");

static haraka_self me;
static volatile int is_shut_down;

HARAKA_REGISTER(self)
{
    me = self;
    return HARAKA_SUCCESS;
}

static void *run(void *unused)
{
    const struct timespec pause = {0, 10000000};
    int left = 5;
    (void)unused;
    for (;;) {
        nanosleep(&pause, NULL);
        if (is_shut_down && left > 0 && --left == 0)
            haraka_log(me, HARAKA_LOG_NOTICE, haraka_of_server(), "the thread goes on after the shutdown");
    }
    return NULL;
}

HARAKA_HOOK(rcpt)
{
    pthread_t thread;
    if (fault_now(call) && pthread_create(&thread, NULL, run, NULL) == 0) pthread_detach(thread);
    return HARAKA_CONT;
}

HARAKA_SHUTDOWN()
{
    (void)call;
    is_shut_down = 1;
    return HARAKA_SUCCESS;
}
