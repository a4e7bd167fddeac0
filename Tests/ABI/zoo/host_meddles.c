/* Takes the server's signal handlers and closes descriptors that are not its own. -DEARLY: while it registers. */
#include "zoo.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static void handler(int number) { _exit(number); }

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("HANDLER") signal(SIGBUS, handler);
    COMMAND("DEFAULT") signal(SIGFPE, SIG_DFL);
    COMMAND("CLOSE")
    {
        const int result = close(atoi(REST));
        say(call->self, "%d %s", result, errno == EBADF ? "EBADF" : "?");
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    (void)self;
#ifdef EARLY
    signal(SIGSEGV, handler);
#endif
    return HARAKA_SUCCESS;
}
