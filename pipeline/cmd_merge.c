/* coppice merge: result files of shards, joined.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "pipeline/cli.h"
#include "pipeline/eval/merge.h"

extern const CopCommand cop_cmd_merge;

static CopStatus merge(int argc, char **argv, CopError *err)
{
    if (argc < 3)
        return cop_error_set(err, COP_ERR_ARG, "wanted: R.db, the file to merge into, and parts");
    for (int i = 2; i < argc; i++) {
        CopMergeResult result;
        COP_TRY(cop_merge(argv[1], argv[i], &result, err));
        printf("%s: %ld predictions, %ld of them new\n", argv[i], result.predictions, result.added);
    }
    char *skips;
    COP_TRY(cop_merge_skips(argv[1], &skips, err));
    fputs(skips, stdout);
    g_free(skips);
    return COP_OK;
}

static int run(int argc, char **argv)
{
    const GOptionEntry entries[] = {{.long_name = NULL}};
    bool done;
    int code = cop_cli_parse(&cop_cmd_merge, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && merge(argc, argv, &err) != COP_OK)
        code = cop_cli_fail("merge", &err);
    return code;
}

const CopCommand cop_cmd_merge = {
    .name = "merge",
    .usage = "R.db PART...",
    .summary = "join result files, as eval --shard writes them; each part whole or not at all",
    .run = run,
};
