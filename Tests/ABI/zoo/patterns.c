/* regex/1: groups, options, errors, limits. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static const haraka_regex_1 *regex;

static void match(uint32_t options, const char *pattern, haraka_str subject)
{
    haraka_regex compiled;
    haraka_str error = haraka_text(NULL);
    haraka_str groups[4];
    char line[512] = "";
    size_t i, used = 0;
    int32_t status = regex->compile(me, haraka_text(pattern), options, &compiled, &error);
    if (status < 0) {
        say(me, "%s %.*s", status_text(status), (int)error.len, error.ptr);
        return;
    }
    memset(groups, 0xff, sizeof groups);
    status = regex->match(compiled, subject, groups, 4);
    for (i = 0; status == 1 && i < 4 && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " '%.*s'", (int)groups[i].len,
                                 groups[i].ptr ? groups[i].ptr : "");
    say(me, "%s%s", status_text(status), line);
    status = regex->free(compiled);
    if (status < 0 || regex->free(compiled) != HARAKA_E_HANDLE || regex->match(compiled, subject, NULL, 0) != HARAKA_E_HANDLE)
        say(me, "free is wrong");
}

static void match_text(uint32_t options, const char *pattern, const char *subject)
{
    match(options, pattern, haraka_text(subject));
}

static void fill(const char *pattern, char with, size_t count)
{
    char *subject = malloc(count + 1);
    const int64_t before = haraka_table->monotonic_clock();
    int64_t took;
    memset(subject, with, count);
    subject[count] = '\0';
    match(0, pattern, haraka_bytes(subject, count));
    took = haraka_table->monotonic_clock() - before;
    if (took > 5000) say(me, "%s took %lld ms", pattern, (long long)took);
    free(subject);
}

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("GROUPS")
    {
        match_text(0, "(\\w+)@(x)?(\\w+)", "joe@example");
        match_text(0, "joe", "nobody");
        match_text(HARAKA_REGEX_CASELESS, "JOE", "a joe b");
        match_text(HARAKA_REGEX_ANCHORED, "joe", "a joe b");
        match_text(HARAKA_REGEX_ANCHORED, "joe", "joe");
        match_text(0, "^$", "");
        match_text(0, "^b", "ab");
        match_text(0, "(?<=a)b$", "xxxxxxxxxxxxab");
        match_text(0, "\xc3\xa9t", "l'\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9t\xc3\xa9");
        match(0, "z", haraka_bytes("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80z", 12));
        match(0, "b.d", haraka_bytes("a\0b\0d", 5));
    }
    COMMAND("ERRORS")
    {
        haraka_regex compiled;
        const haraka_str bad = {NULL, 5};
        match_text(0, "(", "x");
        say(me, "%s", status_text(regex->compile(me, haraka_text("x"), 0, NULL, NULL)));
        say(me, "%s", status_text(regex->compile(me, bad, 0, &compiled, NULL)));
        say(me, "%s", status_text(regex->compile(me, haraka_text("("), 0, &compiled, NULL)));
    }
    COMMAND("LIMITS")
    {
        fill("(a+)+[^a]", 'a', 5000);
        fill("^(a|a)*[^a]", 'a', 40);
        fill("(a|aa)+[^a]", 'a', 60000);
        fill("(.*)(.*)(.*)(.*)(.*)[^a]", 'a', 2000);
        fill("a+[bc]", 'a', 65536);
        fill(".*?a++[bc]", 'a', 65536);
        fill("(a+b?)+[bc]", 'a', 65536);
        fill("a[^x]*a[^x]*a[^x]*[bc]", 'a', 65536);
        fill("^(a|b)+$", 'a', 10000);
        fill("b", 'a', 65537);
        fill("b", 'a', 65536);
        fill("a*", 'a', 65536 - 1);
    }
    COMMAND("MANY")
    {
        haraka_regex compiled;
        int made = 0;
        while (regex->compile(me, haraka_text("x"), 0, &compiled, NULL) == HARAKA_SUCCESS) made++;
        say(me, "%d", made);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = self;
    regex = haraka_service(haraka_table, "regex/1");
    say(self, "%s %s", regex == NULL ? "absent" : "present", haraka_service(haraka_table, "dns/99") ? "present" : "absent");
    return HARAKA_SUCCESS;
}
