/* For the tests of reload: writes which build of it decided at MAIL, RCPT and the end of DATA. -DBUILD=\"7\" */
#include <haraka/plugin.h>

HARAKA_PLUGIN("stamp", "1.0", "Stamps each message with this build's number", HARAKA_HOOKS("mail rcpt data_post"));
HARAKA_REGISTER(self)
{
    (void)self;
    return HARAKA_SUCCESS;
}

HARAKA_HOOK(mail)
{
    (void)haraka_header_add(call->transaction, "X-Stamp-Mail", haraka_text(BUILD));
    return HARAKA_CONT;
}

HARAKA_HOOK(rcpt)
{
    (void)haraka_header_add(call->transaction, "X-Stamp-Rcpt", haraka_text(BUILD));
    return HARAKA_CONT;
}

HARAKA_HOOK(data_post)
{
    (void)haraka_header_add(call->transaction, "X-Stamp-Data-Post", haraka_text(BUILD));
    return HARAKA_CONT;
}

HARAKA_SHUTDOWN()
{
    haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), "build " BUILD " is shut down");
    return HARAKA_SUCCESS;
}
