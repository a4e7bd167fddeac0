// A C++ plugin that lets an exception out of a hook.
#include "fault.h"

#include <stdexcept>

FAULT_PLUGIN("fault_throws", "Throws through the border", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) throw std::runtime_error("nobody catches this");
    return HARAKA_CONT;
}
