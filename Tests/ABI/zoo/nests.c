/* Values that are very deep, hold themselves, or grow without end. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail unrecognized_command"));

static haraka_value levels[1001], pairs[41][2], self_list, wide[4];
static haraka_entry self_entry;

static const haraka_value *deep(int count)
{
    int i;
    levels[0] = haraka_integer(1);
    for (i = 1; i < count; i++) levels[i] = haraka_list_value(&levels[i - 1], 1);
    return &levels[count - 1];
}

static void set(const haraka_call *call, const char *name, const haraka_value *value)
{
    say(call->self, "%s %s", name, status_text(haraka_note_set(haraka_of_connection(call->connection), "n", value)));
}

HARAKA_HOOK(mail)
{
    int i;
    set(call, "32 deep", deep(32));
    set(call, "33 deep", deep(33));
    set(call, "1000 deep", deep(1000));
    self_list = haraka_list_value(&self_list, 1);
    set(call, "itself", &self_list);
    self_entry.key = haraka_text("me");
    self_entry.value.type = HARAKA_TYPE_MAP;
    self_entry.value.as.map.entries = &self_entry;
    self_entry.value.as.map.count = 1;
    set(call, "map of itself", &self_entry.value);
    /* 2^30 leaves in 31 small lists. */
    pairs[0][0] = pairs[0][1] = haraka_integer(1);
    for (i = 1; i < 31; i++) pairs[i][0] = pairs[i][1] = haraka_list_value(pairs[i - 1], 2);
    set(call, "doubling", &pairs[30][0]);
    wide[0] = haraka_list_value(&wide[1], (size_t)1 << 40);
    set(call, "wide", &wide[0]);
    wide[0] = haraka_list_value(&wide[1], (size_t)-1);
    set(call, "negative", &wide[0]);
    wide[0] = haraka_list_value(NULL, 2);
    set(call, "no items", &wide[0]);
    wide[0].type = 9;
    set(call, "no type", &wide[0]);
    set(call, "no value", NULL);
    wide[0] = haraka_text_value(haraka_bytes(levels, (size_t)17 << 20));
    set(call, "long", &wide[0]);
    wide[0] = haraka_text_value(haraka_bytes(NULL, 1));
    set(call, "no text", &wide[0]);
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    enum { COUNT = 100000 };
    haraka_entry *entries = calloc(COUNT, sizeof *entries);
    char (*keys)[8] = calloc(COUNT, 8);
    haraka_value map = haraka_null(), out;
    int i;
    char *text = malloc(1 << 20);
    haraka_value texts[20];
    for (i = 0; i < COUNT; i++) {
        entries[i].key = haraka_bytes(keys[i], (size_t)snprintf(keys[i], 8, "%d", i / 2));
        entries[i].value = haraka_integer(i);
    }
    map.type = HARAKA_TYPE_MAP;
    map.as.map.entries = entries;
    map.as.map.count = COUNT;
    set(call, "many keys", &map);
    haraka_note_get(haraka_of_connection(call->connection), "n", &out);
    say(call->self, "%zu, the last is %lld", out.as.map.count,
        (long long)out.as.map.entries[out.as.map.count - 1].value.as.integer);
    memset(text, 'x', 1 << 20);
    for (i = 0; i < 20; i++) texts[i] = haraka_text_value(haraka_bytes(text, 1 << 20));
    map = haraka_list_value(texts, 16);
    set(call, "16 MiB", &map);
    map = haraka_list_value(texts, 17);
    set(call, "17 MiB", &map);
    free(text);
    free(entries);
    free(keys);
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
