/* Calls every function of the table from a thread of its own. */
#include "every_slot.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

static struct arguments arguments;

static int32_t function(const haraka_call *call) { (void)call; return HARAKA_CONT; }

static void *call_all(void *context)
{
    struct answer answers[200];
    int i, refused = 0, slots = every_slot(&arguments, answers);
    const int count = slots + every_service_slot(&arguments, answers + slots);
    (void)context;
    for (i = 0; i < count; i++) {
        if (answers[i].on_any_thread) continue;
        if (answers[i].status == HARAKA_E_WRONG_THREAD) refused++;
        else say(me, "%s answered %s", answers[i].slot, status_text(answers[i].status));
    }
    say(me, "%d refused, table has %zu slots, %d called", refused,
        (sizeof(haraka_host) - offsetof(haraka_host, register_hook)) / sizeof(void (*)(void)), slots);
    return NULL;
}

HARAKA_HOOK(mail)
{
    static haraka_value value, out;
    static haraka_str out_text;
    static haraka_method method = {sizeof method, NULL, {0}, NULL, NULL};
    static haraka_callback callback = {nothing, NULL, NULL};
    static haraka_reply reply;
    static char buffer[16];
    pthread_t thread;
    reply = haraka_no_reply();
    value = haraka_integer(1);
    arguments = (struct arguments){call->self.bits, call->next.bits, call->connection.bits, call->transaction.bits,
        call->connection.bits, 0, 0, 0, haraka_text("x"), &value, &reply, &callback, function, buffer, 300, &out,
        &out_text, &method, buffer, 0, 0, 0};
    pthread_create(&thread, NULL, call_all, NULL);
    pthread_join(thread, NULL);
    return HARAKA_PENDING;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
