/* Inherits; overrides `word` and calls super. With -DPLAIN it overrides nothing. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_PARENTS(PARENT));

#ifndef PLAIN
static haraka_value answer;

HARAKA_EXPORT int32_t word(const haraka_call *call)
{
    static char text[5000];
    haraka_method super;
    haraka_value value = haraka_null();
    if (haraka_find_parent_method(call->self, PARENT, "word", &super) == HARAKA_SUCCESS)
        haraka_invoke(&super, call, NULL, 0, &value);
    snprintf(text, sizeof text, "%s's word over %s", ZOO_NAME, show(&value));
    answer = haraka_text_value(haraka_text(text));
    *call->result = answer;
    return HARAKA_OK;
}
#endif

HARAKA_SHUTDOWN()
{
    say(call->self, "child shuts down, data %s", call->data == NULL ? "none" : "some");
    return HARAKA_SUCCESS;
}

HARAKA_REGISTER(self)
{
    haraka_method method;
    const int32_t status = haraka_inherits(self, PARENT);
    if (status < 0) return status;
    say(self, "no such method: %s", status_text(haraka_find_method(self, "nothing", &method)));
    say(self, "no such parent: %s", status_text(haraka_find_parent_method(self, "nobody", "word", &method)));
    method.size = 1;
    say(self, "small struct: %s", status_text(haraka_table->find_method(self, haraka_text("word"), &method)));
    return HARAKA_SUCCESS;
}
