/* The folder of a training run: configuration, metrics, checkpoint, and what a
 * checkpoint belongs to.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/file.h"
#include "models/train/checkpoint.h"
#include "pipeline/json_text.h"
#include "pipeline/model/folder_lock.h"
#include "pipeline/model/training_private.h"

static const char skip_key[] = "skipped";

char *cop_training_path(const CopTrainingState *run, const char *name)
{
    return g_build_filename(run->out, name, NULL);
}

/* What a process that was killed left half written: its number stands at the end. Another
 * machine's may be at work on it, so it must have lain still for a while, too. */
static void remove_parts(const char *folder)
{
    enum { STILL = 600 }; /* seconds */
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        const char *tail = g_strrstr(name, ".part");
        char *path = g_build_filename(folder, name, NULL);
        uint64_t process;
        GStatBuf info;
        if (tail && cop_parse_u64(tail + strlen(".part"), &process) && process < G_MAXINT32 &&
            kill((pid_t)process, 0) != 0 && errno == ESRCH && g_stat(path, &info) == 0 &&
            info.st_mtime + STILL < g_get_real_time() / G_USEC_PER_SEC)
            g_unlink(path);
        g_free(path);
    }
    if (dir)
        g_dir_close(dir);
}

CopStatus cop_training_own_folder(const CopTrainingState *run, int *lock)
{
    if (g_mkdir_with_parents(run->out, 0777) != 0)
        return cop_error_set(run->err, COP_ERR_IO, "%s: cannot be made: %s", run->out,
                             g_strerror(errno));
    return cop_folder_lock(run->out, lock, run->err);
}

CopStatus cop_training_folder(const CopTrainingState *run)
{
    remove_parts(run->out);
    char *text = cop_config_text(run->config, COP_CONFIG_ALL);
    char *path = cop_training_path(run, "config.cfg");
    const CopStatus status = text ? cop_file_write(path, text, strlen(text), run->err)
                                  : cop_error_set(run->err, COP_ERR_NOMEM, "out of memory");
    g_free(path);
    free(text);
    return status;
}

/* --- what a checkpoint belongs to ---------------------------------------------- */

/* Leaves in the copy what moves the training; the lists stand for the folders. */
static CopStatus neutralise(CopConfig *copy, CopError *err)
{
    static const char *const whole[] = {"corrupt", "eval", "sweep", NULL};
    static const char *const keys[] = {"run.out=",
                                       "run.threads=0",
                                       "train.checkpoint_every=0",
                                       "train.checkpoint_minutes=0",
                                       "model.name=",
                                       "clip.clips=1",
                                       "clip.crops=1",
                                       "prep.preset=none",
                                       "sparse.preset=none",
                                       "data.max_skip=0",
                                       "data.format=folder",
                                       "data.timeout=0",
                                       "train.recompute=true"};
    /* Of the grid that is evaluated later, training on corruptions takes how they are made. */
    static const char *const grid[] = {"corrupt.corruptions=all", "corrupt.severities=1",
                                       "corrupt.seed=1", "corrupt.stage=native"};
    const bool spoilt = copy->augment.corrupt_probability > 0;
    for (const CopConfigBlock *block = cop_config_blocks; block->name; block++)
        if (g_strv_contains(whole, block->name) &&
            !(spoilt && strcmp(block->name, "corrupt") == 0)) {
            cop_options_free(block->options, (char *)copy + block->offset);
            COP_TRY(cop_options_defaults(block->options, (char *)copy + block->offset, err));
        }
    for (gsize i = 0; i < G_N_ELEMENTS(grid); i++)
        COP_TRY(cop_config_set(copy, grid[i], err));
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        COP_TRY(cop_config_set(copy, keys[i], err));
    char **const paths[] = {&copy->data.root,  &copy->data.annotation, &copy->data.classes,
                            &copy->data.index, &copy->model.weights,   &copy->model.kernels};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
        *paths[i][0] = '\0';
    return COP_OK;
}

/* Weights to start from count by what they hold, and so does a table of kernels. */
static CopStatus hash_weights(const char *path, uint64_t *hash, CopError *err)
{
    char *bytes = NULL;
    gsize size;
    GError *error = NULL;
    *hash = 0;
    if (!*path)
        return COP_OK;
    if (!g_file_get_contents(path, &bytes, &size, &error)) {
        cop_error_set(err, COP_ERR_MODEL, "%s", error->message);
        g_error_free(error);
        return COP_ERR_MODEL;
    }
    *hash = cop_fnv1a(bytes, size);
    g_free(bytes);
    return COP_OK;
}

/* Of a configuration's text, the files it names and the clips to train on. */
static CopStatus hash_config(const CopTrainingState *run, const CopConfig *config, uint64_t weights,
                             char **out)
{
    char *text = cop_config_text(config, COP_CONFIG_IDENTITY);
    if (!text)
        return cop_error_set(run->err, COP_ERR_NOMEM, "out of memory");
    const uint64_t hash = cop_mix64(cop_fnv1a(text, strlen(text)) ^ weights ^ run->kernels.hash) ^
                          cop_mix64(cop_dataset_hash(&run->train));
    *out = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash);
    free(text);
    return COP_OK;
}

CopStatus cop_training_hash(CopTrainingState *run)
{
    CopConfig copy;
    uint64_t weights;
    COP_TRY(hash_weights(run->config->model.weights, &weights, run->err));
    COP_TRY(cop_config_copy(&copy, run->config));
    CopStatus status = neutralise(&copy, run->err);
    if (status == COP_OK)
        status = hash_config(run, &copy, weights, &run->config_hash);
    /* Runs that differ in their seed alone are repetitions of one recipe. */
    if (status == COP_OK)
        status = cop_config_set(&copy, "run.seed=1", run->err);
    if (status == COP_OK)
        status = hash_config(run, &copy, weights, &run->recipe_hash);
    cop_config_free(&copy);
    return status;
}

/* --- clips that cannot be read -------------------------------------------------- */

static void note_skip(CopTrainingState *run, const CopDataset *dataset, const CopSkip *skip)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, skip_key);
    json_builder_add_string_value(b, dataset->item[skip->item].relative);
    json_builder_set_member_name(b, "reason");
    json_builder_add_string_value(b, skip->reason);
    json_builder_end_object(b);
    char *text = cop_json_text(b, FALSE);
    g_string_append_printf(run->metrics, "%s\n", text);
    g_free(text);
}

CopStatus cop_training_note_skips(CopTrainingState *run, const CopLoader *loader,
                                  const CopDataset *dataset)
{
    const CopSkip *skips;
    const int n = cop_loader_skips(loader, &skips);
    for (int i = 0; i < n; i++)
        if (g_hash_table_insert(run->skipped, g_strdup(dataset->item[skips[i].item].relative),
                                g_strdup(skips[i].reason)))
            note_skip(run, dataset, &skips[i]);
    const int all = run->train.n + run->test.n, skipped = (int)g_hash_table_size(run->skipped);
    if ((double)skipped / all <= run->config->data.max_skip)
        return COP_OK;
    return cop_error_set(run->err, COP_ERR_DATA,
                         "%d of %d clips cannot be read, more than data.max_skip = %g; the last "
                         "one: %s",
                         skipped, all, run->config->data.max_skip,
                         n > 0 ? skips[n - 1].reason : "");
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

char *cop_training_skips(const CopTrainingState *run)
{
    enum { MOST = 1000 }; /* the header of a model is no place for more: metrics.jsonl has all */
    GList *names = g_list_sort(g_hash_table_get_keys(run->skipped), by_text);
    JsonBuilder *b = json_builder_new();
    int n = 0;
    json_builder_begin_array(b);
    for (const GList *name = names; name && n < MOST; name = name->next, n++) {
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "path");
        json_builder_add_string_value(b, name->data);
        json_builder_set_member_name(b, "reason");
        json_builder_add_string_value(b, g_hash_table_lookup(run->skipped, name->data));
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    g_list_free(names);
    return cop_json_text(b, FALSE);
}

/* A member's text, "" where there is none; g_malloc'ed and returned. */
static char *string_of(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);
    const bool text = node && json_node_get_value_type(node) == G_TYPE_STRING;
    return g_strdup(text ? json_node_get_string(node) : "");
}

/* Clips that the lines of an earlier sitting list. */
static void recall_skips(CopTrainingState *run)
{
    char **lines = g_strsplit(run->metrics->str, "\n", -1);
    for (char **line = lines; *line; line++) {
        JsonParser *parser = json_parser_new_immutable();
        JsonNode *top = json_parser_load_from_data(parser, *line, -1, NULL)
                            ? json_parser_get_root(parser)
                            : NULL;
        JsonObject *object = top && JSON_NODE_HOLDS_OBJECT(top) ? json_node_get_object(top) : NULL;
        const char *name = object && json_object_has_member(object, skip_key)
                               ? json_object_get_string_member(object, skip_key)
                               : NULL;
        if (name)
            g_hash_table_insert(run->skipped, g_strdup(name), string_of(object, "reason"));
        g_object_unref(parser);
    }
    g_strfreev(lines);
}

/* --- checkpoint ---------------------------------------------------------------- */

CopStatus cop_training_checkpoint(CopTrainingState *run)
{
    char epoch[32], batch[32], so_far[160], metrics[32], accuracy[32], kernels[COP_KERNEL_HASH];
    char clips[16], skipped[16];
    char *path = cop_training_path(run, "checkpoint.safetensors");
    g_snprintf(epoch, sizeof epoch, "%d", run->epoch);
    g_snprintf(batch, sizeof batch, "%ld", run->batch);
    g_snprintf(so_far, sizeof so_far, "%.17g %.17g %.17g %d %d", run->so_far.loss,
               run->so_far.waited, run->so_far.seconds, run->so_far.correct, run->so_far.clips);
    g_snprintf(metrics, sizeof metrics, "%" G_GSIZE_FORMAT, run->metrics->len);
    g_snprintf(clips, sizeof clips, "%d", run->train.n + run->test.n);
    g_snprintf(skipped, sizeof skipped, "%u", g_hash_table_size(run->skipped));
    char *skips = cop_training_skips(run);
    const CopStMeta extra[] = {
        {"run.epoch", epoch},
        {"run.batch", batch},
        {"run.so_far", so_far},
        {"run.metrics", metrics},
        {"run.test_top1", cop_format_double(run->result->test_accuracy, accuracy)},
        {"run.config", run->config_hash},
        {"run.kernels", cop_kernel_table_name(&run->kernels, kernels)},
        {"data.clips", clips},
        {"data.skipped", skipped},
        {"data.skips", skips},
        {"version", COP_VERSION}};
    /* The metrics first: a checkpoint says how many of their bytes are of its past. */
    CopStatus status = cop_training_write_metrics(run);
    if (status == COP_OK)
        status =
            cop_checkpoint_save(&run->trainer, path, extra, (int)G_N_ELEMENTS(extra), run->err);
    run->saved_at = g_get_monotonic_time();
    /* A model of what lay here before does not go with this checkpoint. */
    if (status == COP_OK && run->epoch < run->config->train.epochs) {
        char *model = cop_training_path(run, "model.safetensors");
        g_unlink(model);
        g_free(model);
    }
    g_free(skips);
    g_free(path);
    return status;
}

/* The metrics up to the checkpoint: lines of later epochs will come again. */
static void recall_metrics(CopTrainingState *run, uint64_t length)
{
    char *path = cop_training_path(run, "metrics.jsonl"), *text = NULL;
    gsize size;
    if (g_file_get_contents(path, &text, &size, NULL))
        g_string_append_len(run->metrics, text, (gssize)(length < size ? length : size));
    g_free(text);
    g_free(path);
    recall_skips(run);
}

static bool read_part(const char *text, CopTrainingEpoch *part)
{
    enum { FIELDS = 5 };
    char **field = g_strsplit(text, " ", FIELDS + 1);
    const bool ok =
        g_strv_length(field) == FIELDS && cop_parse_double(field[0], &part->loss) &&
        cop_parse_double(field[1], &part->waited) && cop_parse_double(field[2], &part->seconds) &&
        cop_parse_int(field[3], &part->correct) && cop_parse_int(field[4], &part->clips);
    g_strfreev(field);
    return ok;
}

static CopStatus read_checkpoint(CopTrainingState *run, const CopSafetensors *file,
                                 const char *path)
{
    const char *hash = cop_safetensors_meta(file, "run.config");
    const char *epoch = cop_safetensors_meta(file, "run.epoch");
    const char *batch = cop_safetensors_meta(file, "run.batch");
    const char *so_far = cop_safetensors_meta(file, "run.so_far");
    const char *metrics = cop_safetensors_meta(file, "run.metrics");
    const char *accuracy = cop_safetensors_meta(file, "run.test_top1");
    uint64_t length, batches;
    int epochs;
    double top1;
    CopTrainingEpoch part = {0};
    if (!hash || strcmp(hash, run->config_hash) != 0)
        return cop_error_set(run->err, COP_ERR_CONFIG,
                             "%s: belongs to another configuration or data set; train into "
                             "another folder, or without --resume",
                             path);
    if (!epoch || !cop_parse_int(epoch, &epochs) || epochs < 0 ||
        epochs > run->config->train.epochs || !batch || !cop_parse_u64(batch, &batches) ||
        batches > (uint64_t)cop_training_batches(run) || !so_far || !read_part(so_far, &part) ||
        !metrics || !cop_parse_u64(metrics, &length) || !accuracy ||
        !cop_parse_double(accuracy, &top1))
        return cop_error_set(run->err, COP_ERR_MODEL,
                             "%s: is not whole: epoch, metrics or accuracy "
                             "is missing",
                             path);
    COP_TRY(cop_checkpoint_load(&run->trainer, file, run->err));
    run->epoch = epochs;
    run->batch = (long)batches;
    run->so_far = part;
    run->result->test_accuracy = top1;
    recall_metrics(run, length);
    return COP_OK;
}

CopStatus cop_training_take_up(CopTrainingState *run)
{
    char *path = cop_training_path(run, "checkpoint.safetensors");
    CopSafetensors *file = NULL;
    CopStatus status = COP_OK;
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        status = cop_safetensors_open(&file, path, run->err);
    if (file)
        status = read_checkpoint(run, file, path);
    cop_safetensors_close(&file);
    g_free(path);
    return status;
}
