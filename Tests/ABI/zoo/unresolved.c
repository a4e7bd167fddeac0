/* Calls a function that nobody has. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);
int a_function_that_nobody_has(int);
HARAKA_REGISTER(self) { (void)self; return a_function_that_nobody_has(1); }
