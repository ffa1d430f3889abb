/* The sub-commands, in the order of the help.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "pipeline/cli.h"

extern const CopCommand cop_cmd_synth;
extern const CopCommand cop_cmd_corrupt;
extern const CopCommand cop_cmd_list;
extern const CopCommand cop_cmd_config;

/* clang-format off */
const CopCommand *const cop_commands[] = {
    &cop_cmd_synth,
    &cop_cmd_corrupt,
    &cop_cmd_list,
    &cop_cmd_config,
    NULL,
};
