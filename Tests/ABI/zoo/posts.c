/* Posts from the loop, from a thread, and offloads work to a thread. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static pthread_t loop;
static haraka_next kept;

static void run(void *context)
{
    say(me, "%s, on the loop %d", (const char *)context, pthread_equal(loop, pthread_self()) != 0);
}

static int32_t post(const char *name)
{
    const haraka_callback callback = {run, (void *)(uintptr_t)name, say_destroyed};
    return haraka_table->post(me, &callback);
}

static void *post_many(void *context)
{
    int i;
    (void)context;
    for (i = 0; i < 3; i++) (void)post("posted there");
    return NULL;
}

static void work(void *context)
{
    int64_t left;
    const haraka_callback callback = {run, (void *)"posted from work", say_destroyed};
    say(me, "working on %s, on the loop %d, deadline %s", (const char *)context,
        pthread_equal(loop, pthread_self()) != 0, status_text(haraka_table->deadline(kept, &left)));
    haraka_table->post(me, &callback);
}

static void work_and_answer(void *context)
{
    (void)context;
    say(me, "%s", status_text(haraka_complete(kept, HARAKA_OK, NULL)));
}

static void bare(void *context) { (void)context; say(me, "bare"); }

HARAKA_HOOK(unrecognized_command)
{
    pthread_t thread;
    loop = pthread_self();
    kept = call->next;
    COMMAND("HERE") say(me, "%s", status_text(post("posted here")));
    COMMAND("THERE")
    {
        pthread_create(&thread, NULL, post_many, NULL);
        pthread_join(thread, NULL);
    }
    COMMAND("WORK") haraka_offload(me, work, run, (void *)"job", say_destroyed);
    COMMAND("ANSWER")
    {
        haraka_offload(me, work_and_answer, run, (void *)"answering", say_destroyed);
        return HARAKA_PENDING;
    }
    COMMAND("REFUSED")
    {
        const haraka_callback nothing = {NULL, NULL, say_destroyed};
        const haraka_self nobody = {99};
        say(me, "%s", status_text(haraka_table->post(me, NULL)));
        say(me, "%s", status_text(haraka_table->post(me, &nothing)));
        say(me, "%s", status_text(haraka_table->post(nobody, &(haraka_callback){bare, NULL, NULL})));
        say(me, "%s", status_text(haraka_table->offload(me, NULL, &(haraka_callback){bare, NULL, NULL})));
        say(me, "%s", status_text(haraka_table->offload(me, bare, NULL)));
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
