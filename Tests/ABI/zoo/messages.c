/* Headers, and the message from the loop and from another thread. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("data_post unrecognized_command"));

static haraka_message message;

static void *read_there(void *context)
{
    char buffer[8] = "";
    (void)context;
    const int64_t size = haraka_table->message_size(message);
    const int64_t count = haraka_table->message_read(message, 2, buffer, 7);
    const int64_t end = haraka_table->message_read(message, (uint64_t)size, buffer, 7);
    say(me, "size %lld, read %lld '%.7s', at the end %lld", (long long)size, (long long)count, buffer, (long long)end);
    return NULL;
}

HARAKA_HOOK(data_post)
{
    haraka_value value;
    pthread_t thread;
    say(call->self, "retain %s", status_text(haraka_table->message_retain(call->transaction, &message)));
    pthread_create(&thread, NULL, read_there, NULL);
    pthread_join(thread, NULL);
    haraka_header_add(call->transaction, "X-End", haraka_text("end"));
    haraka_header_add_leading(call->transaction, "X-First", haraka_text("first"));
    haraka_table->header_remove(call->transaction, haraka_text("X-Gone"));
    say(call->self, "no name %s", status_text(haraka_header_add(call->transaction, "", haraka_text("x"))));
    say(call->self, "%s", status_text(haraka_table->header_get(call->transaction, haraka_text("Subject"), &value)));
    say(call->self, "%s", show(&value));
    say(call->self, "%s", status_text(haraka_table->header_get(call->transaction, haraka_text("None"), &value)));
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    pthread_t thread;
    char byte;
    COMMAND("READ")
    {
        pthread_create(&thread, NULL, read_there, NULL);
        pthread_join(thread, NULL);
    }
    COMMAND("RELEASE")
    {
        say(call->self, "%s", status_text(haraka_table->message_release(message)));
        say(call->self, "%s", status_text(haraka_table->message_release(message)));
        say(call->self, "%s", status_text(haraka_table->message_size(message)));
        say(call->self, "%s", status_text(haraka_table->message_read(message, 0, &byte, 1)));
    }
    COMMAND("MISUSE")
    {
        say(call->self, "%s", status_text(haraka_table->message_read(message, 0, NULL, 5)));
        say(call->self, "%s", status_text(haraka_table->message_read(message, UINT64_MAX, &byte, 1)));
        say(call->self, "%s", status_text(haraka_table->message_read(message, 0, &byte, SIZE_MAX)));
        say(call->self, "%s", status_text(haraka_table->message_read(message, 0, NULL, 0)));
        say(call->self, "%s", status_text(haraka_table->message_retain(call->transaction, NULL)));
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
