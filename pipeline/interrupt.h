/* Orderly ends on SIGINT and SIGTERM.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_INTERRUPT_H
#define COP_INTERRUPT_H

#include <stdbool.h>

/* Catches SIGINT and SIGTERM from now on: the first asks for an orderly end, a second
 * one of the same kind ends the process at once. */
void cop_interrupt_catch(void);

/* True once a signal has asked for an end. */
bool cop_interrupted(void);

#endif
