/* Watches and reads configuration files. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static int32_t watch(const char *name, const char *context);

static void changed(void *context)
{
    say(me, "changed: %s", (const char *)context);
    if (strcmp(context, "again") == 0) watch("a.ini", "replaced");
    if (strcmp(context, "other") == 0) watch("b.ini", "replaced");
}

static int32_t watch(const char *name, const char *context)
{
    const haraka_callback callback = {changed, (void *)(uintptr_t)context, say_destroyed};
    return haraka_table->config_watch(me, haraka_text(name), &callback);
}

HARAKA_HOOK(unrecognized_command)
{
    haraka_value value;
    int made = 0;
    COMMAND("AGAIN") watch("a.ini", "again");
    COMMAND("OTHER") watch("a.ini", "other");
    COMMAND("READ") haraka_config_get(me, "late.ini", 0, NULL, &value);
    COMMAND("REFUSED")
    {
        const haraka_callback nothing = {NULL, NULL, NULL};
        say(me, "%s", status_text(haraka_table->config_watch(me, haraka_text(""), &nothing)));
        say(me, "%s", status_text(haraka_table->config_watch(me, haraka_text("x"), &nothing)));
        say(me, "%s", status_text(haraka_table->config_watch(me, haraka_text("x"), NULL)));
        say(me, "%s", status_text(haraka_table->config_watch((haraka_self){7}, haraka_text("x"), &nothing)));
    }
    COMMAND("MANY")
    {
        char name[16];
        do snprintf(name, sizeof name, "%d", made);
        while (haraka_config_watch(me, name, changed, (void *)"many") == HARAKA_SUCCESS && ++made);
        say(me, "%d", made);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    haraka_value value;
    me = self;
    haraka_config_get(self, "a.ini", HARAKA_CONFIG_INI, NULL, &value);
    haraka_config_get(self, "read.yaml", HARAKA_CONFIG_YAML, NULL, &value);
    haraka_config_get(self, "read.hjson", HARAKA_CONFIG_HJSON, NULL, &value);
    watch("a.ini", "a");
    return watch("b.ini", "b");
}
