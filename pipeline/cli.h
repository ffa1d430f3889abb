/* Sub-commands: one cmd_*.c each, listed in cli_registry.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CLI_H
#define COP_CLI_H

#include <stdbool.h>

#include "models/core/status.h"
#include "pipeline/config/config.h"

typedef enum CopExit {
    COP_EXIT_OK = 0,
    COP_EXIT_GATE = 1,
    COP_EXIT_USAGE = 2,
    COP_EXIT_DATA = 3,
    COP_EXIT_MODEL = 4,
    COP_EXIT_RUN = 5,
    COP_EXIT_INTERRUPTED = 75
} CopExit;

typedef struct CopCommand {
    const char *name, *usage, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the sub-command; returns a CopExit */
    char *(*details)(void); /* more for --help, g_malloc'ed and returned; NULL: nothing */
} CopCommand;
extern const CopCommand *const cop_commands[]; /* ended by NULL */

/* Exit code that goes with a failed status. */
CopExit cop_exit_code(CopStatus status);

/* Prints "coppice COMMAND: text" to stderr and returns the exit code of `err`. */
int cop_cli_fail(const char *command, const CopError *err);

/* Parses argv with GLib option entries (a GOptionEntry array, passed as void so
 * that this header needs no GLib). --help prints to stdout and sets *done with
 * exit 0; a wrong option prints one line that names it, what is allowed and the
 * nearest name, and sets *done with exit 2. Positional words stay in argv. */
int cop_cli_parse(const CopCommand *command, const void *entries, int *argc, char ***argv,
                  bool *done);

/* What --tile says (NULL: auto) for steps of `clips` clips: true to spread each clip over the
 * lanes. auto does where there is one clip. COP_ERR_ARG for any other word than auto, on
 * and off. */
CopStatus cop_cli_tile(const char *word, int clips, bool *tile, CopError *err) COP_MUST_CHECK;

/* One line on stderr, of what a command is about to do. */
void cop_cli_note(const char *fmt, ...) COP_PRINTF(1, 2);

/* Progress on stderr, on a terminal only: label, done of total, rate, ETA. */
typedef struct CopProgress CopProgress;
CopProgress *cop_progress_start(const char *label, long total);
/* `done` items are from an earlier sitting: they count for nothing in rate and ETA. */
void cop_progress_skip(CopProgress *progress, long done);
void cop_progress_step(CopProgress *progress, long done, const char *note);
void cop_progress_end(CopProgress **progress);

#endif
