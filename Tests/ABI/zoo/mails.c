/* Is asked about queued mails, and uses and abuses them. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("pre_send_trans_email send_email get_mx delivered deferred bounce mine unrecognized_command"));

/* What the hooks do. */
static char mode[32];
static haraka_next kept;
static haraka_hmail mail;
static int gone_pointers;

static void pointer_gone(void *context) { say(me, "pointer %s gone, %d", (const char *)context, ++gone_pointers); }
static void cancelled(void *context) { say(me, "cancelled %s", (const char *)context); }

static void *complete(void *context)
{
    const haraka_value seconds = haraka_integer(7);
    haraka_reply reply = haraka_no_reply();
    reply.value = &seconds;
    say(me, "thread %s", status_text(haraka_complete(kept, HARAKA_DENYSOFT, &reply)));
    return context;
}

static void on_thread(void *(*function)(void *))
{
    pthread_t thread;
    pthread_create(&thread, NULL, function, NULL);
    pthread_join(thread, NULL);
}

static void properties(haraka_hmail hmail)
{
    haraka_value value;
    int32_t id;
    for (id = 3000; id <= 3020; id++)
        if (haraka_table->get(haraka_of_hmail(hmail), id, &value) == HARAKA_SUCCESS) say(me, "%d %s", id, show(&value));
}

static void write_all(haraka_hmail hmail)
{
    const haraka_value values[] = {haraka_null(), haraka_boolean(1), haraka_integer(5), haraka_text_value(haraka_text("x")),
                                   haraka_list_value(NULL, 0)};
    int32_t id, kind;
    for (id = 2999; id <= 3020; id++)
        for (kind = 0; kind < 5; kind++)
            if (haraka_table->set(haraka_of_hmail(hmail), id, &values[kind]) == HARAKA_SUCCESS) say(me, "%d takes %d", id, kind);
    say(me, "%s", status_text(haraka_table->append(haraka_of_hmail(hmail), HARAKA_HMAIL_RCPT_TO, &values[3])));
}

/* Everything that takes an object. */
static void use(haraka_self self, haraka_hmail hmail)
{
    const haraka_object object = haraka_of_hmail(hmail);
    const haraka_value text = haraka_text_value(haraka_text("noted"));
    haraka_value value = haraka_null();
    haraka_str line = haraka_text("?");
    void *pointer = NULL;
    say(self, "get %s", status_text(haraka_table->get(object, HARAKA_HMAIL_UUID, &value)));
    say(self, "note_set %s", status_text(haraka_note_set(object, "a.b", &text)));
    say(self, "note_get %s", status_text(haraka_note_get(object, "a", &value)));
    say(self, "note %s", show(&value));
    say(self, "result %s", status_text(haraka_result(self, object, "pass", "spf")));
    say(self, "err %s", status_text(haraka_result(self, object, "err", "wrong")));
    value = haraka_null();
    say(self, "result_get %s", status_text(haraka_table->result_get(object, haraka_text(ZOO_NAME), haraka_text("pass"), &value)));
    say(self, "%s", show(&value));
    say(self, "collate %s", status_text(haraka_table->result_collate(object, haraka_text(ZOO_NAME), &line)));
    say(self, "set_pointer %s",
        status_text(haraka_table->note_set_pointer(self, object, haraka_text("p"), (void *)(uintptr_t)"p", pointer_gone)));
    say(self, "get_pointer %s", status_text(haraka_table->note_get_pointer(self, object, haraka_text("p"), &pointer)));
    haraka_log(self, HARAKA_LOG_NOTICE, object, "a line");
}

static void *use_elsewhere(void *context)
{
    const haraka_value yes = haraka_boolean(1);
    haraka_value value;
    say(me, "thread %s", status_text(haraka_table->get(haraka_of_hmail(mail), HARAKA_HMAIL_UUID, &value)));
    say(me, "thread %s", status_text(haraka_table->set(haraka_of_hmail(mail), HARAKA_HMAIL_FORCE_TLS, &yes)));
    haraka_log(me, HARAKA_LOG_NOTICE, haraka_of_hmail(mail), "from a thread");
    return context;
}

static int32_t answer_mx(const haraka_call *call)
{
    haraka_value items[2] = {haraka_text_value(haraka_text("mx.example:26")), haraka_null()};
    haraka_mx mx;
    haraka_value list = haraka_list_value(items, 2);
    memset(&mx, 0, sizeof mx);
    mx.size = sizeof mx;
    mx.flags = HARAKA_MX_LMTP | HARAKA_MX_TLS_REQUIRED | HARAKA_MX_NO_TLS;
    mx.exchange = haraka_text("10.0.0.1");
    mx.port = 2424;
    items[1].type = HARAKA_TYPE_MX;
    items[1].as.mx = &mx;
    return haraka_answer_value(call, HARAKA_OK, &list);
}

static void line_came(void *context, int32_t status, haraka_str line)
{
    say(me, "%s: %s, %zu", (const char *)context, status_text(status), line.len);
}

static void decided(void *context, int32_t code, const haraka_reply *reply)
{
    say(me, "%s: %d, %zu", (const char *)context, code, reply->line_count);
}

/* The client, other plugins, a new session: all in good order, but for the place. */
static void ask(const haraka_call *call)
{
    const haraka_line_callback line = {line_came, (void *)(uintptr_t)"line", say_destroyed};
    const haraka_verdict_callback verdict = {decided, (void *)(uintptr_t)"verdict", say_destroyed};
    haraka_reply reply = haraka_no_reply();
    reply.code = 334;
    say(call->self, "client %s", status_text(haraka_table->ask_client(call->next, &reply, 100, &line)));
    say(call->self, "hook %s", status_text(haraka_table->ask_hook(call->next, haraka_text("mine"), NULL, 0, &verdict)));
    say(call->self, "restart %s", status_text(haraka_table->restart(call->connection, 0)));
}

static int32_t decide(const haraka_call *call)
{
    const haraka_callback callback = {cancelled, (void *)(uintptr_t)"mail", say_destroyed};
    const haraka_value five = haraka_integer(5);
    haraka_value value;
#define MODE(text) if (strcmp(mode, text) == 0)
    MODE("quiet") return HARAKA_CONT;
    MODE("quiet pending") { kept = call->next; return HARAKA_PENDING; }
    say(call->self, "%.*s %s", (int)call->hook.len, call->hook.ptr, show_arguments(call));
    MODE("objects") say(call->self, "%d %d %d", call->connection.bits != 0, call->transaction.bits != 0, call->hmail.bits != 0);
    MODE("properties") properties(call->hmail);
    MODE("write") write_all(call->hmail);
    MODE("use") use(call->self, call->hmail);
    MODE("elsewhere") { mail = call->hmail; on_thread(use_elsewhere); }
    MODE("delay") return haraka_answer_value(call, HARAKA_DELAY, &five);
    MODE("mx") return answer_mx(call);
    MODE("deny") return haraka_answer(call, HARAKA_DENY, "nowhere");
    MODE("junk") return 12345;
    MODE("stop") return HARAKA_STOP;
    MODE("twice") { haraka_complete(call->next, HARAKA_OK, NULL); haraka_complete(call->next, HARAKA_DENY, NULL); return HARAKA_CONT; }
    MODE("ask") ask(call);
    MODE("arguments")
    {
        say(call->self, "%s", status_text(haraka_table->next_arguments(call->next, &value)));
        say(call->self, "%s", show(&value));
    }
    MODE("pending")
    {
        kept = call->next;
        mail = call->hmail;
        haraka_table->on_cancel(call->next, &callback);
        return HARAKA_PENDING;
    }
    return HARAKA_CONT;
}

HARAKA_HOOK(pre_send_trans_email) { return decide(call); }
HARAKA_HOOK(send_email) { return decide(call); }
HARAKA_HOOK(get_mx) { return decide(call); }
HARAKA_HOOK(delivered) { return decide(call); }
HARAKA_HOOK(deferred) { return decide(call); }
HARAKA_HOOK(bounce) { return decide(call); }

/* A hook of our own, for who asks it. */
HARAKA_HOOK(mine) { return haraka_answer(call, HARAKA_OK, "mine"); }

HARAKA_HOOK(unrecognized_command)
{
    const haraka_hmail forged = {mail.bits ^ 1}, wrong = {call->connection.bits}, other_kind = {call->self.bits};
    haraka_value value;
    COMMAND("MODE") snprintf(mode, sizeof mode, "%s", REST);
    COMMAND("ANSWER") say(call->self, "%s", status_text(haraka_complete_text(kept, HARAKA_OK, haraka_text("late"))));
    COMMAND("THREAD") on_thread(complete);
    COMMAND("USE") use(call->self, mail);
    COMMAND("FORGED")
    {
        say(call->self, "%s", status_text(haraka_table->get(haraka_of_hmail(forged), HARAKA_HMAIL_UUID, &value)));
        say(call->self, "%s", status_text(haraka_table->get(haraka_of_hmail(wrong), HARAKA_HMAIL_UUID, &value)));
        say(call->self, "%s", status_text(haraka_table->get(haraka_of_hmail(other_kind), HARAKA_HMAIL_UUID, &value)));
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }

HARAKA_EXPORT int32_t haraka_shutdown(const haraka_call *call) { say(call->self, "shuts down"); return HARAKA_CONT; }
