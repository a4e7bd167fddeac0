/* Calls every function of the table with random, stale, foreign and zero handles, and with NULL. On the loop. */
#include "every_slot.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail unrecognized_command"));

static uint64_t seed = 42;
static uint64_t seen[64];
static int seen_count;

static uint64_t random_bits(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Forged, stale or of another kind; now and then a good one. */
static uint64_t handle(void)
{
    const uint64_t kind = random_bits() % 15;
    switch (random_bits() % 6) {
    case 0: return 0;
    case 1: return random_bits();
    case 2: return kind << 60 | random_bits() % 4 << 36 | random_bits() % 8;
    case 3: return kind << 60 | (random_bits() & 0x0fffffffffffffff);
    case 4: return seen[random_bits() % (uint64_t)seen_count] ^ (uint64_t)1 << random_bits() % 64;
    default: return seen[random_bits() % (uint64_t)seen_count];
    }
}

static int32_t function(const haraka_call *call) { (void)call; return HARAKA_CONT; }

static void spray(int rounds)
{
    static haraka_value values[4], out;
    static haraka_str out_text, texts[6];
    static haraka_method method = {sizeof method, NULL, {0}, NULL, NULL};
    static haraka_callback callbacks[2];
    static haraka_reply reply;
    static char buffer[16];
    struct answer answers[200];
    const int32_t numbers[] = {0, -1, 1, 250, 902, 1001, INT32_MAX, INT32_MIN};
    callbacks[0].function = nothing;
    reply = haraka_no_reply();
    values[0] = haraka_text_value(haraka_text("text"));
    values[1] = haraka_list_value(NULL, 3);
    values[2].type = 1000;
    values[3] = haraka_integer(3);
    texts[1] = haraka_text("body/1");
    texts[2].len = 9;
    texts[3] = haraka_bytes("\xff\0.", 3);
    texts[4] = haraka_bytes(buffer, (size_t)-1);
    texts[5] = haraka_text("skip_plugins");
    while (rounds-- > 0) {
        const int null = random_bits() % 4 == 0;
        const struct arguments a = {handle(), handle(), handle(), handle(), handle(), handle(), handle(), handle(),
            texts[random_bits() % 6], null ? NULL : &values[random_bits() % 4], null ? NULL : &reply,
            null ? NULL : &callbacks[random_bits() % 2], null ? NULL : function, null ? NULL : buffer,
            numbers[random_bits() % 8], null ? NULL : &out, null ? NULL : &out_text, null ? NULL : &method,
            null ? NULL : buffer, handle(), handle(), handle()};
        every_slot(&a, answers);
        every_service_slot(&a, answers);
    }
}

static void remember(const haraka_call *call)
{
    const uint64_t bits[] = {call->self.bits, call->next.bits, call->connection.bits, call->transaction.bits};
    int i;
    for (i = 0; i < 4; i++) seen[seen_count++ % 64] = bits[i];
    if (seen_count > 64) seen_count = 64;
}

HARAKA_HOOK(mail)
{
    remember(call);
    spray(200);
    return HARAKA_PENDING;
}

/* Every slot, each with zero handles and NULL alone. */
HARAKA_HOOK(unrecognized_command)
{
    struct answer answers[200];
    struct arguments a;
    int i, count, accepted = 0;
    memset(&a, 0, sizeof a);
    remember(call);
    count = every_slot(&a, answers);
    count += every_service_slot(&a, answers + count);
    for (i = 0; i < count; i++) {
        const int harmless = answers[i].on_any_thread && answers[i].status >= 0;
        if (!harmless && answers[i].status >= 0) say(me, "%s took nothing", answers[i].slot);
        if (harmless) accepted++;
    }
    say(me, "%d harmless", accepted);
    spray(2000);
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
