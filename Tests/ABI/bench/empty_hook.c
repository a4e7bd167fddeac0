/* For Scripts/bench: a plugin whose hooks do nothing, so that what is measured is the call itself. -DHOOKS=10: how often
 * it is registered on noop. */
#include <haraka/plugin.h>

HARAKA_PLUGIN("empty_hook", "1.0", "Answers nothing, many times", HARAKA_HOOKS("noop"));

static int32_t empty(const haraka_call *call)
{
    (void)call;
    return HARAKA_CONT;
}

HARAKA_REGISTER(self)
{
    for (int count = 0; count < HOOKS; count++) {
        const int32_t status = haraka_register_function(self, "noop", empty, NULL, NULL, 0);
        if (status < 0) return status;
    }
    return HARAKA_SUCCESS;
}
