/* The sub-commands, in the order of the help.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "pipeline/cli.h"

extern const CopCommand cop_cmd_synth, cop_cmd_verify, cop_cmd_train, cop_cmd_eval, cop_cmd_merge,
    cop_cmd_sweep, cop_cmd_compare, cop_cmd_report, cop_cmd_predict, cop_cmd_infer, cop_cmd_corrupt,
    cop_cmd_preview, cop_cmd_model, cop_cmd_profile, cop_cmd_analyse, cop_cmd_list, cop_cmd_config,
    cop_cmd_live;

const CopCommand *const cop_commands[] = {
    &cop_cmd_synth,
    &cop_cmd_verify,
    &cop_cmd_train,
    &cop_cmd_eval,
    &cop_cmd_merge,
    &cop_cmd_sweep,
    &cop_cmd_compare,
    &cop_cmd_report,
    &cop_cmd_predict,
    &cop_cmd_infer,
    &cop_cmd_corrupt,
    &cop_cmd_preview,
    &cop_cmd_model,
    &cop_cmd_profile,
    &cop_cmd_analyse,
    &cop_cmd_list,
    &cop_cmd_config,
    &cop_cmd_live,
    NULL,
};
