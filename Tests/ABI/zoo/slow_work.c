/* A job that is on its thread until it is let go, and a thread that outlives the plugin. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int is_free;

static void work(void *context)
{
    (void)context;
    say(me, "job begins");
    pthread_mutex_lock(&lock);
    while (!is_free) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    say(me, "job ends, post %s", status_text(haraka_table->post(me, &(haraka_callback){free, NULL, NULL})));
}

static void done(void *context) { say(me, "done %s", (const char *)context); }

HARAKA_HOOK(unrecognized_command)
{
    (void)call;
    haraka_offload(me, work, done, (void *)"job", say_destroyed);
    return HARAKA_OK;
}

/* Called by the test, which looks the symbol up: nothing of the host's is involved. */
HARAKA_EXPORT int32_t let_go(const haraka_call *call)
{
    (void)call;
    pthread_mutex_lock(&lock);
    is_free = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return 0;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
