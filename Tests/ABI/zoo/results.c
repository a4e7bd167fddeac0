/* Results of every kind. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

HARAKA_HOOK(mail)
{
    const haraka_object object = haraka_of_connection(call->connection);
    const haraka_str name = haraka_text(ZOO_NAME);
    const haraka_value a = haraka_text_value(haraka_text("a"));
    const haraka_value b = haraka_text_value(haraka_text("b"));
    haraka_value value;
    haraka_str text;
    haraka_result(call->self, object, "pass", "a");
    haraka_result(call->self, object, "pass", "b");
    haraka_result(call->self, object, "single", "old");
    haraka_result(call->self, object, "single", "new");
    haraka_table->result_push(call->self, object, haraka_text("mine"), &a);
    haraka_table->result_push(call->self, object, haraka_text("mine"), &b);
    haraka_table->result_incr(call->self, object, haraka_text("count"), 2);
    haraka_table->result_incr(call->self, object, haraka_text("count"), -0.5);
    haraka_table->result_add(call->self, object, haraka_text("fail"), &a, 1);
    haraka_result(call->self, object, "err", "broken");
    haraka_table->result_get(object, name, haraka_text(NULL), &value);
    say(call->self, "%s", show(&value));
    haraka_table->result_get(object, name, haraka_text("single"), &value);
    say(call->self, "%s", show(&value));
    say(call->self, "%s", status_text(haraka_table->result_get(object, name, haraka_text("none"), &value)));
    say(call->self, "%s", show(&value));
    say(call->self, "%s", status_text(haraka_table->result_get(object, haraka_text("nobody"), haraka_text(NULL), &value)));
    say(call->self, "%d %d %d", haraka_table->result_has(object, name, haraka_text("pass"), &b),
        haraka_table->result_has(object, name, haraka_text("single"), &b),
        haraka_table->result_has(object, name, haraka_text("mine"), &a));
    haraka_table->result_collate(object, name, &text);
    say(call->self, "%.*s", (int)text.len, text.ptr);
    say(call->self, "%s %s %s", status_text(haraka_result(call->self, haraka_of_server(), "pass", "a")),
        status_text(haraka_result(call->self, object, "", "a")),
        status_text(haraka_table->result_incr(call->self, object, haraka_text("count"), 1e308 * 10)));
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
