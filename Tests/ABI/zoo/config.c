/* Reads configuration of several kinds. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

static void read(haraka_self self, const char *name, int32_t type, const char *booleans)
{
    haraka_value value = haraka_null();
    const int32_t status = haraka_config_get(self, name, type, booleans, &value);
    say(self, "%s %s", status_text(status), show(&value));
}

HARAKA_HOOK(mail)
{
    read(call->self, "x.ini", HARAKA_CONFIG_INI, "main.on");
    read(call->self, "list", HARAKA_CONFIG_LIST, NULL);
    read(call->self, "missing", HARAKA_CONFIG_BY_NAME, NULL);
    read(call->self, "broken.ini", HARAKA_CONFIG_BY_NAME, NULL);
    read(call->self, "", HARAKA_CONFIG_VALUE, NULL);
    read(call->self, "x.ini", 9, NULL);
    read(call->self, "x.ini", -1, NULL);
    say(call->self, "%s", status_text(haraka_config_get(call->self, "x.ini", 0, NULL, NULL)));
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
