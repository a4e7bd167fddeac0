/* Answers its hooks more than once: within the hook, after it, and against its own thread. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("mail rcpt_ok data quit"));

static haraka_next kept;

HARAKA_HOOK(mail)
{
    const haraka_callback callback = {say_destroyed, (void *)"cancel", say_destroyed};
    haraka_table->on_cancel(call->next, &callback);
    haraka_answer(call, HARAKA_OK, "first");
    say(call->self, "%s", status_text(haraka_complete_text(call->next, HARAKA_DENY, haraka_text("second"))));
    say(call->self, "on_cancel %s", status_text(haraka_table->on_cancel(call->next, &callback)));
    kept = call->next;
    return HARAKA_DENYSOFT;
}

/* After the hook has returned. */
HARAKA_HOOK(rcpt_ok)
{
    say(call->self, "%s", status_text(haraka_complete(kept, HARAKA_DENY, NULL)));
    return HARAKA_OK;
}

static void *complete(void *context)
{
    say(me, "%s", status_text(haraka_complete_text(*(haraka_next *)context, HARAKA_DENY, haraka_text("thread"))));
    return NULL;
}

/* The thread is first, the function's own value comes too late. */
HARAKA_HOOK(data)
{
    pthread_t thread;
    haraka_next next = call->next;
    pthread_create(&thread, NULL, complete, &next);
    pthread_join(thread, NULL);
    return HARAKA_OK;
}

HARAKA_HOOK(quit)
{
    pthread_t thread;
    (void)call;
    pthread_create(&thread, NULL, complete, &kept);
    pthread_join(thread, NULL);
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
