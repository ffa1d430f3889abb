/* Orderly ends on SIGINT and SIGTERM.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t asked;

static void note(int number)
{
    (void)number;
    asked = 1;
}

void cop_interrupt_catch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cop_interrupted(void)
{
    return asked != 0;
}
