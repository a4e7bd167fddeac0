/* Messages read from the front, in every form, from the loop and from other threads. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("data_post unrecognized_command"));

static haraka_message message;
static haraka_stream shared;

/* All of a stream in pieces of `step`, as text. */
static void show_stream(haraka_stream stream, size_t step)
{
    static char text[65536];
    size_t used = 0;
    int64_t count;
    while (used + step < sizeof text && (count = haraka_table->stream_read(stream, text + used, step)) != 0) {
        if (count < 0) {
            say(me, "read %s", status_text(count));
            return;
        }
        used += (size_t)count;
    }
    say(me, "%zu: %.*s", used, used < 3500 ? (int)used : 3500, visible(text, used));
}

static void *read_all(void *context)
{
    char buffer[1000];
    int64_t count;
    size_t *total = context;
    while ((count = haraka_table->stream_read(shared, buffer, sizeof buffer)) > 0) *total += (size_t)count;
    return NULL;
}

/* Two threads on one stream, which nobody may do: no byte may come twice, and nothing may break. */
static void race(uint32_t flags)
{
    size_t totals[2] = {0, 0};
    pthread_t threads[2];
    int i;
    haraka_message_stream(message, flags, &shared);
    for (i = 0; i < 2; i++) pthread_create(&threads[i], NULL, read_all, &totals[i]);
    for (i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    say(me, "together %zu", totals[0] + totals[1]);
    say(me, "%s", status_text(haraka_table->stream_close(shared)));
}

static void *misuse_elsewhere(void *context)
{
    const haraka_stream stale = {(uint64_t)9 << 60 | 77};
    char byte;
    say(me, "%s", status_text(haraka_table->stream_read(stale, &byte, 1)));
    return context;
}

static int32_t open_with(size_t size, uint32_t flags, uint32_t chunk, haraka_stream *out)
{
    const haraka_stream_options options = {size, flags, chunk};
    return haraka_table->message_stream(message, &options, out);
}

static void misuse(void)
{
    const size_t size = sizeof(haraka_stream_options);
    const haraka_message none = {0};
    haraka_stream stream = {0}, forged;
    pthread_t thread;
    char byte;
    int i, opened = 0;
    say(me, "%s", status_text(haraka_table->message_stream(none, NULL, &stream)));
    say(me, "%s", status_text(haraka_table->message_stream(message, NULL, NULL)));
    say(me, "%s", status_text(open_with(0, 0, 0, &stream)));
    say(me, "%s", status_text(open_with(size - 1, 0, 0, &stream)));
    say(me, "%s", status_text(open_with(size, 32, 0, &stream)));
    say(me, "%s", status_text(open_with(size, UINT32_MAX, 0, &stream)));
    say(me, "%s", status_text(open_with(size, HARAKA_STREAM_CLAMD, UINT32_MAX, &stream)));
    say(me, "untouched %d", stream.bits == 0);
    say(me, "%s", status_text(open_with(size, 0, 0, &stream)));
    forged.bits = stream.bits ^ 1;
    say(me, "%s", status_text(haraka_table->stream_read(forged, &byte, 1)));
    say(me, "%s", status_text(haraka_table->stream_close(forged)));
    forged.bits = message.bits;
    say(me, "%s", status_text(haraka_table->stream_read(forged, &byte, 1)));
    forged.bits = stream.bits;
    say(me, "%lld", (long long)haraka_table->message_size((haraka_message){forged.bits}));
    say(me, "%s", status_text(haraka_table->stream_read(stream, NULL, 5)));
    say(me, "%s", status_text(haraka_table->stream_read(stream, NULL, 0)));
    say(me, "%s", status_text(haraka_table->stream_read(stream, &byte, 0)));
    say(me, "%s", status_text(haraka_table->stream_read(stream, &byte, SIZE_MAX)));
    say(me, "%lld", (long long)haraka_table->stream_read(stream, &byte, 1));
    say(me, "%s", status_text(haraka_table->stream_close(stream)));
    say(me, "%s", status_text(haraka_table->stream_close(stream)));
    say(me, "%s", status_text(haraka_table->stream_read(stream, &byte, 1)));
    pthread_create(&thread, NULL, misuse_elsewhere, NULL);
    pthread_join(thread, NULL);
    for (i = 0; i < 20000 && open_with(size, 0, 0, &stream) == HARAKA_SUCCESS; i++) opened++;
    say(me, "%d open, then %s", opened, status_text(open_with(size, 0, 0, &stream)));
}

HARAKA_HOOK(data_post)
{
    haraka_table->message_retain(call->transaction, &message);
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    haraka_stream stream;
    COMMAND("READ")
    {
        unsigned flags = 0, chunk = 0, step = 3;
        sscanf(REST, "%u %u %u", &flags, &chunk, &step);
        say(me, "%s", status_text(open_with(sizeof(haraka_stream_options), flags, chunk, &stream)));
        show_stream(stream, step);
        haraka_table->stream_close(stream);
    }
    COMMAND("PLAIN")
    {
        haraka_table->message_stream(message, NULL, &stream);
        show_stream(stream, 1000);
    }
    /* The stream outlives the message's handle. */
    COMMAND("OUTLIVE")
    {
        haraka_message_stream(message, HARAKA_STREAM_SKIP_HEADERS, &stream);
        haraka_table->message_release(message);
        show_stream(stream, 1000);
    }
    COMMAND("RACE") race((uint32_t)atoi(REST));
    COMMAND("MISUSE") misuse();
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
