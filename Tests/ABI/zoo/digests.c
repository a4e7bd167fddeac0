/* digest/1: the vectors of the RFCs, the ways in which it can be called wrongly, and another thread. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static const haraka_digest_1 *digest;

static const char *hex(const unsigned char *bytes, int32_t count)
{
    static char line[160];
    int32_t i;
    if (count < 0) return status_text(count);
    for (i = 0; i < count; i++) sprintf(line + 2 * i, "%02x", bytes[i]);
    return line;
}

/* At once and byte by byte: both must be the same. */
static void show_digest(int32_t algorithm, haraka_str key, haraka_str bytes)
{
    unsigned char once[64], slowly[64];
    const int32_t count = digest->digest(algorithm, key, bytes, once, sizeof once);
    void *state = digest->begin(algorithm, key);
    int32_t added = 0;
    size_t i;
    for (i = 0; i < bytes.len; i++) added |= digest->update(state, haraka_bytes(bytes.ptr + i, 1));
    if (added != 0 || digest->finish(state, slowly, sizeof slowly) != count || memcmp(once, slowly, (size_t)count) != 0)
        say(me, "piece by piece it is another one");
    say(me, "%s", hex(once, count));
}

static void *elsewhere(void *context)
{
    show_digest(HARAKA_DIGEST_SHA256, haraka_text(NULL), haraka_text("abc"));
    return context;
}

static haraka_str repeated(char with, size_t count)
{
    static char text[256];
    memset(text, with, count);
    return haraka_bytes(text, count);
}

static void misuse(void)
{
    unsigned char out[64];
    const haraka_str none = haraka_text(NULL), no_pointer = {NULL, 5}, abc = haraka_text("abc");
    void *state;
    say(me, "%s", status_text(digest->digest(0, none, abc, out, sizeof out)));
    say(me, "%s", status_text(digest->digest(5, none, abc, out, sizeof out)));
    say(me, "%s", status_text(digest->digest(HARAKA_DIGEST_MD5, none, abc, NULL, sizeof out)));
    say(me, "%s", status_text(digest->digest(HARAKA_DIGEST_MD5, none, abc, out, 15)));
    say(me, "%s", status_text(digest->digest(HARAKA_DIGEST_MD5, no_pointer, abc, out, sizeof out)));
    say(me, "%s", status_text(digest->digest(HARAKA_DIGEST_MD5, none, no_pointer, out, sizeof out)));
    say(me, "begin %d %d", digest->begin(-1, none) == NULL, digest->begin(HARAKA_DIGEST_MD5, no_pointer) == NULL);
    say(me, "%s", status_text(digest->update(NULL, abc)));
    say(me, "%s", status_text(digest->finish(NULL, out, sizeof out)));
    digest->drop(NULL);
    state = digest->begin(HARAKA_DIGEST_SHA512, none);
    say(me, "%s", status_text(digest->update(state, no_pointer)));
    say(me, "%s", status_text(digest->finish(state, out, 63)));
    digest->drop(digest->begin(HARAKA_DIGEST_SHA1, abc));
}

static void derive(int32_t algorithm, haraka_str password, haraka_str salt, uint32_t rounds, size_t room)
{
    unsigned char key[64];
    const int32_t status = digest->derive(algorithm, password, salt, rounds, room == 0 ? NULL : key, room);
    say(me, "%s", hex(key, status == HARAKA_SUCCESS ? (int32_t)room : status));
}

/* RFC 6070, RFC 7914 section 11, and nothing at all. */
static void derive_all(void)
{
    const haraka_str no_pointer = {NULL, 3}, none = haraka_text(NULL), salt = haraka_text("salt");
    derive(HARAKA_DIGEST_SHA1, haraka_text("password"), salt, 4096, 20);
    derive(HARAKA_DIGEST_SHA256, haraka_text("passwd"), salt, 1, 64);
    derive(HARAKA_DIGEST_SHA1, haraka_bytes("pass\0word", 9), haraka_bytes("sa\0lt", 5), 4096, 16);
    derive(HARAKA_DIGEST_SHA512, none, none, 2, 64);
    derive(5, salt, salt, 1, 20);
    derive(HARAKA_DIGEST_SHA1, no_pointer, salt, 1, 20);
    derive(HARAKA_DIGEST_SHA1, salt, no_pointer, 1, 20);
    derive(HARAKA_DIGEST_SHA1, salt, salt, 0, 20);
    derive(HARAKA_DIGEST_SHA1, salt, salt, UINT32_MAX, 20);
    derive(HARAKA_DIGEST_SHA1, salt, salt, 1, 0);
}

static void chance(void)
{
    static unsigned char bytes[2][1000];
    size_t i, zeros = 0;
    const int32_t first = digest->random(bytes[0], 999), second = digest->random(bytes[1], 999);
    for (i = 0; i < 999; i++) zeros += bytes[0][i] == 0;
    say(me, "%d %d %d %d %d", first, second, memcmp(bytes[0], bytes[1], 999) != 0, zeros < 100, bytes[0][999]);
    say(me, "%s", status_text(digest->random(NULL, 3)));
    say(me, "%s", status_text(digest->random(bytes, (size_t)-1)));
    say(me, "%s", status_text(digest->random(bytes, 0)));
}

HARAKA_HOOK(unrecognized_command)
{
    const haraka_str none = haraka_text(NULL), abc = haraka_text("abc");
    int32_t algorithm;
    COMMAND("PLAIN") for (algorithm = 1; algorithm <= 4; algorithm++) show_digest(algorithm, none, abc);
    COMMAND("EMPTY") for (algorithm = 1; algorithm <= 4; algorithm++) show_digest(algorithm, none, none);
    COMMAND("KEYED")
    {
        const haraka_str key = haraka_text("Jefe"), what = haraka_text("what do ya want for nothing?");
        for (algorithm = 1; algorithm <= 4; algorithm++) show_digest(algorithm, key, what);
        /* A key that is longer than a block is digested first. */
        show_digest(HARAKA_DIGEST_SHA256, repeated('\xaa', 131),
                    haraka_text("Test Using Larger Than Block-Size Key - Hash Key First"));
        show_digest(HARAKA_DIGEST_SHA256, haraka_bytes("", 0), none);
    }
    COMMAND("DERIVE") derive_all();
    COMMAND("RANDOM") chance();
    COMMAND("MISUSE") misuse();
    COMMAND("EQUAL")
    {
        const haraka_str no_pointer = {NULL, 3};
        say(me, "%d%d%d%d%d%d", digest->equal(abc, haraka_text("abc")), digest->equal(abc, haraka_text("abd")),
            digest->equal(abc, haraka_text("ab")), digest->equal(none, none), digest->equal(abc, none),
            digest->equal(no_pointer, no_pointer));
    }
    COMMAND("THREAD")
    {
        pthread_t thread;
        pthread_create(&thread, NULL, elsewhere, NULL);
        pthread_join(thread, NULL);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = self;
    digest = haraka_table->service(haraka_text("digest/1"));
    return digest != NULL && digest->size == sizeof *digest ? HARAKA_SUCCESS : HARAKA_E_UNSUPPORTED;
}
