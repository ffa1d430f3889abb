/* coppice eval: models on the test clips, clean and corrupted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "pipeline/cli_config.h"
#include "pipeline/eval/grid.h"
#include "pipeline/interrupt.h"

extern const CopCommand cop_cmd_eval;

typedef struct Words {
    CopConfigWords config;
    char **models, *db, *only, *shard, *command;
    int limit;
    gboolean dry_run;
} Words;

/* "i/N"; "auto" goes by the job array of SLURM that the process belongs to. */
static CopStatus read_shard(const char *word, int *shard, int *shards, CopError *err)
{
    const char *task = g_getenv("SLURM_ARRAY_TASK_ID"), *least = g_getenv("SLURM_ARRAY_TASK_MIN");
    const char *count = g_getenv("SLURM_ARRAY_TASK_COUNT");
    int id, first;
    bool ok = false;
    if (!word)
        return COP_OK;
    if (strcmp(word, "auto") == 0) {
        ok = task && least && count && cop_parse_int(task, &id) && cop_parse_int(least, &first) &&
             cop_parse_int(count, shards);
        *shard = ok ? id - first + 1 : 0;
    } else {
        char **part = g_strsplit(word, "/", 3);
        ok = g_strv_length(part) == 2 && cop_parse_int(part[0], shard) &&
             cop_parse_int(part[1], shards);
        g_strfreev(part);
    }
    if (ok && *shard >= 1 && *shard <= *shards)
        return COP_OK;
    return cop_error_set(err, COP_ERR_ARG,
                         "--shard %s: must be i/N with i from 1 to N, or auto in a job array of "
                         "SLURM (whose numbers must be without gaps)",
                         word);
}

static void print_result(const CopGridOptions *o, const CopGridResult *r)
{
    char *part = o->shards ? cop_grid_part(o->db, o->shard, o->shards) : g_strdup(o->db);
    if (o->dry_run) {
        printf("%s: %d clips, %d cells, %ld predictions missing\n", part, r->clips, r->cells,
               r->missing);
    } else {
        printf("%s: %d clips, %d cells, %ld predictions made, %ld were there", part, r->clips,
               r->cells, r->predictions, (long)r->clips * r->cells - r->missing);
        if (r->skipped)
            printf(", %d clips skipped", r->skipped);
        printf(", %.1f s\n", r->seconds);
    }
    g_free(part);
}

static CopStatus eval(const Words *words, CopError *err)
{
    if (!words->models || !words->db)
        return cop_error_set(err, COP_ERR_ARG, "%s is missing",
                             words->models ? "--db R.db" : "--model M");
    if (words->limit < 0)
        return cop_error_set(err, COP_ERR_ARG, "--limit %d: must be 0 or more", words->limit);
    CopConfig config;
    CopGridResult result;
    int shard = 0, shards = 0;
    COP_TRY(read_shard(words->shard, &shard, &shards, err));
    const CopGridOptions options = {.config = &config,
                                    .models = (const char *const *)words->models,
                                    .n_models = (int)g_strv_length(words->models),
                                    .db = words->db,
                                    .command = words->command,
                                    .limit = words->limit,
                                    .only = words->only,
                                    .shard = shard,
                                    .shards = shards,
                                    .dry_run = words->dry_run};
    CopStatus status = cop_cli_load(&words->config, &config, err);
    if (status == COP_OK) {
        cop_interrupt_catch();
        status = cop_grid_run(&options, "eval", &result, err);
        if (status == COP_OK)
            print_result(&options, &result);
    }
    cop_config_free(&config);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {.command = cop_cli_command(argc, argv)};
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words.config),
        {"model", 'm', 0, G_OPTION_ARG_FILENAME_ARRAY, &words.models,
         "Model to evaluate; may be repeated", "M"},
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &words.db,
         "Result file; what it holds is not done again", "R.db"},
        {"limit", 0, 0, G_OPTION_ARG_INT, &words.limit, "At most N clips, spread over the list",
         "N"},
        {"only", 0, 0, G_OPTION_ARG_FILENAME, &words.only, "One corruption, or one cell",
         "CORRUPTION[:SEVERITY]"},
        {"shard", 0, 0, G_OPTION_ARG_FILENAME, &words.shard,
         "Each N-th clip, from the i-th on, into a file of its own beside R.db (R.db.iofN)", "i/N"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &words.dry_run, "Only say what there is to do", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_eval, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && (cop_cli_no_words(argc, argv, &err) != COP_OK || eval(&words, &err) != COP_OK))
        code = cop_cli_fail("eval", &err);
    cop_cli_free_words(&words.config);
    g_strfreev(words.models);
    g_free(words.db);
    g_free(words.only);
    g_free(words.shard);
    g_free(words.command);
    return code;
}

const CopCommand cop_cmd_eval = {
    .name = "eval",
    .usage = "-c FILE --model M --db R.db",
    .summary = "evaluate models, clean and corrupted, cell by cell",
    .run = run,
};
