/*
 * What the plugins that break share. Each fault_*.c does one thing that no plugin should, in one kind of call.
 *
 * When: at the recipient boom@..., so that whoever tests says when, and other mail passes. With -DFAULT_ALWAYS every
 * recipient will do, for testers that cannot choose. Where there is no mail, config/fault.ini decides. -DZOO_NAME="name"
 * gives the plugin another name than its file's.
 */
#ifndef FAULT_H
#define FAULT_H

#include <haraka/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ZOO_NAME
#define FAULT_PLUGIN(name_, summary_, hooks_) HARAKA_PLUGIN(ZOO_NAME, "1.0", summary_, HARAKA_HOOKS(hooks_))
#else
#define FAULT_PLUGIN(name_, summary_, hooks_) HARAKA_PLUGIN(name_, "1.0", summary_, HARAKA_HOOKS(hooks_))
#endif
#define FAULT_UNUSED __attribute__((unused))

/* A plugin that has nothing to say when it is registered. */
#define FAULT_REGISTER HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }

/* The recipient of this call of rcpt has this local part. */
static FAULT_UNUSED int fault_is(const haraka_call *call, const char *user)
{
    const haraka_address *recipient = haraka_argument_address(call, 0);
    return recipient != NULL && haraka_equal(recipient->user, haraka_text(user));
}

/* It is time. */
static FAULT_UNUSED int fault_now(const haraka_call *call)
{
#ifdef FAULT_ALWAYS
    (void)call;
    return 1;
#else
    return fault_is(call, "boom");
#endif
}

/* A number under [main] of config/fault.ini. */
static FAULT_UNUSED int64_t fault_number(haraka_self self, const char *key, int64_t fallback)
{
    haraka_value ini;
    if (haraka_config_get(self, "fault.ini", HARAKA_CONFIG_INI, "", &ini) < 0) return fallback;
    return haraka_value_integer(haraka_value_key(haraka_value_key(&ini, "main"), key), fallback);
}

/* A memory fault that no compiler can foresee. */
static FAULT_UNUSED __attribute__((noinline)) void fault_crash(void)
{
    static int *volatile nowhere;
    *nowhere = 1;
}

/* The same as a callback. */
static FAULT_UNUSED void fault_crash_with(void *context)
{
    (void)context;
    fault_crash();
}

#endif
