/* Training the runs of a sweep: alone, beside others, or with workers of its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CLI_SWEEP_H
#define COP_CLI_SWEEP_H

#include "pipeline/model/sweep.h"

/* Trains all runs that nobody has trained or is training, in folder `out`, waits for those of other
 * processes, and prints a line each on stdout. With sweep.workers above 1 as many child processes
 * train, which share run.threads and leave what they say in out/worker-N.log. */
CopStatus cop_cli_sweep_train(const CopSweep *sweep, const CopConfig *config, const char *out,
                              CopError *err) COP_MUST_CHECK;

/* A line a run on stdout: its state, epochs, accuracy. */
void cop_cli_sweep_list(const CopSweep *sweep, int epochs);

#endif
