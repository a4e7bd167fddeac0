/* A base plugin: a method that asks for what `this.word` is, data of its own for each child, hooks, a shutdown. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("helo mail"));

struct data { int calls; };

static void free_data(void *context)
{
    say(me, "data with %d calls destroyed", ((struct data *)context)->calls);
    free(context);
}

HARAKA_EXPORT int32_t word(const haraka_call *call)
{
    if (call->result != NULL) *call->result = haraka_text_value(haraka_text("parent's word"));
    return HARAKA_OK;
}

HARAKA_EXPORT int32_t greet(const haraka_call *call)
{
    haraka_method method;
    haraka_value value = haraka_null();
    const haraka_str name = haraka_table->plugin_name(call->self);
    const int32_t status = haraka_find_method(call->self, "word", &method);
    if (status < 0) say(call->self, "no word: %s", status_text(status));
    else haraka_invoke(&method, call, NULL, 0, &value);
    say(call->self, "%.*s greets with %s", (int)name.len, name.ptr, show(&value));
    return HARAKA_CONT;
}

HARAKA_HOOK(mail)
{
    struct data *data = call->data;
    data->calls++;
    say(call->self, "parent's hook, call %d, same data %d", data->calls, haraka_get_data(call->self) == call->data);
    return HARAKA_CONT;
}

HARAKA_SHUTDOWN()
{
    say(call->self, "parent shuts down after %d calls", ((struct data *)call->data)->calls);
    return HARAKA_SUCCESS;
}

HARAKA_REGISTER(self)
{
    me = self;
    haraka_set_data(self, calloc(1, sizeof(struct data)), free_data);
    return haraka_register_hook(self, "helo", "greet", 0);
}
