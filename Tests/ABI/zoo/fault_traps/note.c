/* Who fault_traps is: the note and the host's table, which Swift cannot define. */
#include "../fault.h"

FAULT_PLUGIN("fault_traps", "Traps in Swift", "rcpt");
