/* The header must need nothing before it, and including it twice must be harmless. */
#include <haraka/plugin.h>
#include <haraka/plugin.h>

haraka_str header_alone(void);
haraka_str header_alone(void) { return haraka_bytes("x", 1); }
const haraka_host *haraka_table HARAKA_HIDDEN = NULL;
