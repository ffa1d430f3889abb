/* Time that passes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_CLOCK_H
#define COP_CORE_CLOCK_H

/* Seconds since some moment; never runs back. */
double cop_clock(void);

#endif
