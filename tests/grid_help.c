/* A drawn data set, random models and runs of the grid on them, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/grid_help.h"

#include <glib.h>
#include <gst/check/check.h>
#include <sqlite3.h>
#include <string.h>

#include "pipeline/data/synth.h"
#include "tests/media_help.h"
#include "tests/model_help.h"
#include "tests/net_help.h"

void grid_config(CopConfig *config, const char *const *sets)
{
    char *root = g_strdup_printf("data.root=%s/set/videos", help_folder());
    char *annotation = g_strdup_printf("data.annotation=%s/set/annotations", help_folder());
    const char *const base[] = {
        "data.format=ucf101",
        root,
        annotation,
        "run.threads=2",
        "clip.stride=2",
        "corrupt.corruptions=gaussian_noise, brightness, motion_blur_temporal",
        "corrupt.severities=1, 5",
        NULL};
    CopError err = {0};
    model_config(config, base);
    for (int i = 0; sets && sets[i]; i++)
        must(cop_config_set(config, sets[i], &err), &err);
    g_free(root);
    g_free(annotation);
}

static void write_model(const char *name, const CopStrings *classes, uint64_t seed, bool half,
                        const char *const *sets)
{
    CopConfig config;
    grid_config(&config, sets);
    model_write(help_path(name), &config, classes, seed, half);
    cop_config_free(&config);
}

void grid_set_up(void)
{
    const CopSynthOptions synth = {
        .classes = GRID_CLASSES, .clips = 8, .size = 32, .frames = GRID_FRAMES, .threads = 2};
    CopSynthSummary summary;
    CopError err = {0};
    must(cop_synth_write(help_path("set"), &synth, &summary, NULL, NULL, &err), &err);
    ck_assert_int_eq(summary.test, GRID_CLIPS);
    CopConfig config;
    CopDataset dataset;
    grid_config(&config, NULL);
    must(cop_dataset_load(&config.data, COP_SPLIT_TEST, &dataset, &err), &err);
    cop_config_free(&config);
    const char *const b[] = {"run.seed=2", NULL};
    const char *const c[] = {"run.seed=3", "clip.frames=5", "prep.resize=20, 20", "prep.crop=16",
                             NULL};
    write_model("a.safetensors", &dataset.classes, 1, false, NULL);
    write_model("b.safetensors", &dataset.classes, 2, true, b);
    write_model("c.safetensors", &dataset.classes, 3, false, c);
    cop_dataset_free(&dataset);
}

void grid_tear_down(void)
{
    help_remove_folder();
}

static CopStatus run_shard(const char *db, const char *models, const char *const *sets, int limit,
                           const char *only, int shard, int shards, CopGridResult *result,
                           CopError *err)
{
    CopConfig config;
    char *path[3], *file = g_strdup(help_path(db));
    char *typed = shards ? g_strdup_printf("as typed, shard %d", shard) : g_strdup("as typed");
    const int n = (int)strlen(models);
    ck_assert_int_le(n, 3);
    for (int i = 0; i < n; i++)
        path[i] = g_strdup_printf("%s/%c.safetensors", help_folder(), models[i]);
    grid_config(&config, sets);
    const CopGridOptions options = {.config = &config,
                                    .models = (const char *const *)path,
                                    .n_models = n,
                                    .db = file,
                                    .command = typed,
                                    .limit = limit,
                                    .only = only,
                                    .shard = shard,
                                    .shards = shards};
    *err = (CopError){0};
    const CopStatus status = cop_grid_run(&options, "test", result, err);
    cop_config_free(&config);
    for (int i = 0; i < n; i++)
        g_free(path[i]);
    g_free(typed);
    g_free(file);
    return status;
}

CopStatus grid_run(const char *db, const char *models, const char *const *sets, int limit,
                   const char *only, CopGridResult *result, CopError *err)
{
    return run_shard(db, models, sets, limit, only, 0, 0, result, err);
}

CopGridResult grid_do_shard(const char *db, int shard, int shards)
{
    CopGridResult result;
    CopError err;
    must(run_shard(db, "ab", NULL, 0, NULL, shard, shards, &result, &err), &err);
    return result;
}

CopGridResult grid_do(const char *db, const char *models, const char *const *sets)
{
    CopGridResult result;
    CopError err;
    must(grid_run(db, models, sets, 0, NULL, &result, &err), &err);
    return result;
}

char *grid_query(const char *db, const char *query)
{
    sqlite3 *handle;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open_v2(help_path(db), &handle, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    sqlite3_busy_timeout(handle, 10000);
    ck_assert_msg(sqlite3_prepare_v2(handle, query, -1, &statement, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(handle));
    GString *text = g_string_new(NULL);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        for (int i = 0, n = sqlite3_column_count(statement); i < n; i++) {
            const unsigned char *value = sqlite3_column_text(statement, i);
            g_string_append_printf(text, "%s%c", value ? (const char *)value : "-",
                                   i + 1 < n ? '|' : '\n');
        }
    ck_assert_int_eq(code, SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return g_string_free(text, FALSE);
}

int64_t grid_number(const char *db, const char *query)
{
    char *text = grid_query(db, query);
    const int64_t number = g_ascii_strtoll(text, NULL, 10);
    g_free(text);
    return number;
}

char *grid_dump(const char *db)
{
    return grid_query(db, "SELECT model.name, setup.text, corruption, severity, path, view, top1, "
                          "top2, top3, top4, printf('%.9g %.9g %.9g', score1, score2, score3) "
                          "FROM prediction JOIN cell ON cell.id = prediction.cell JOIN model ON "
                          "model.id = cell.model JOIN setup ON setup.id = cell.setup JOIN clip ON "
                          "clip.id = prediction.clip ORDER BY 1, 2, 3, 4, 5, 6");
}
