/* coppice corrupt: one corruption over a video, a stream, a picture or a folder of these.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/core/pool.h"
#include "models/core/rng.h"
#include "pipeline/cli.h"
#include "pipeline/corrupt/corrupt_file.h"
#include "pipeline/data/media_folder.h"
#include "pipeline/interrupt.h"

extern const CopCommand cop_cmd_corrupt;

/* The command's words, as given. */
typedef struct Arguments {
    char *corruption, *severity, *seed, *clip_id, *preset, *params, *temporal;
    int crf, threads;
    const char *in, *out;
} Arguments;

/* A mode that a corruption does not know would be taken for its own: here it is asked for. */
static CopStatus check_temporal(const CopCorruptDesc *desc, CopTemporal mode, CopError *err)
{
    if (mode == COP_TEMPORAL_AUTO || desc->temporal & 1u << mode)
        return COP_OK;
    char known[64] = "";
    for (int i = COP_TEMPORAL_IID; cop_temporal_names[i]; i++)
        if (desc->temporal & 1u << i) {
            g_strlcat(known, *known ? ", " : "", sizeof known);
            g_strlcat(known, cop_temporal_names[i], sizeof known);
        }
    return cop_error_set(err, COP_ERR_CONFIG, "--temporal %s: %s knows %s",
                         cop_temporal_names[mode], desc->name, *known ? known : "no modes");
}

static CopStatus make_spec(const Arguments *arguments, CopCorruptSpec *spec, CopError *err)
{
    uint64_t clip = 0;
    *spec = (CopCorruptSpec){
        .name = arguments->corruption, .preset = arguments->preset, .params = arguments->params};
    if (!arguments->corruption || !arguments->severity)
        return cop_error_set(err, COP_ERR_CONFIG, "%s is missing",
                             arguments->corruption ? "--severity (0 to 5)" : "--corruption NAME");
    if (!cop_parse_double(arguments->severity, &spec->severity))
        return cop_error_set(err, COP_ERR_CONFIG, "--severity \"%s\": must be a number, 0 to 5",
                             arguments->severity);
    if (arguments->seed && !cop_parse_u64(arguments->seed, &spec->seed))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "--seed \"%s\": must be a whole number, 0 or more", arguments->seed);
    if (arguments->clip_id && (!cop_parse_u64(arguments->clip_id, &clip) || clip > UINT32_MAX))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "--clip-id \"%s\": must be a whole number, 0 to %" PRIu32,
                             arguments->clip_id, UINT32_MAX);
    spec->clip = (uint32_t)clip;
    if (arguments->crf < 0 || arguments->crf > 51)
        return cop_error_set(err, COP_ERR_CONFIG, "--crf %d: must be 0 to 51", arguments->crf);
    if (arguments->threads < 1 || arguments->threads > 16)
        return cop_error_set(err, COP_ERR_CONFIG, "--threads %d: must be 1 to 16",
                             arguments->threads);
    return cop_temporal_find(arguments->temporal, &spec->temporal, err);
}

/* Says what was left out of a file that is otherwise whole, or not known of it. */
static void note_losses(const char *in, const CopCorruptFile *job)
{
    if (job->broken)
        cop_cli_note("corrupt: %s: %d broken packets were skipped", in, job->broken);
    if (job->no_bits)
        cop_cli_note("corrupt: %s: its bit rate is not known: %s goes by bits_per_pixel", in,
                     job->spec.name);
    if (job->mute)
        cop_cli_note("corrupt: %s: %d sound streams are left out: the output's format has no "
                     "place for them",
                     in, job->mute);
}

/* --- a folder ------------------------------------------------------------------ */

typedef struct Folder {
    const CopCorruptFile *job;
    const char *in, *out;
    GPtrArray *names; /* relative to `in` */
    GMutex lock;      /* of all below */
    CopProgress *progress;
    GString *failures;
    long done, failed;
    CopError first; /* of those failures that would meet every file */
} Folder;

/* The same name below OUT; formats that are only read become the lossless one of their kind. */
static char *output_name(const Folder *folder, const char *name)
{
    static const char *const kept[] = {".mp4", ".mov", ".mkv", ".avi", ".y4m", ".png"};
    static const char *const pictures[] = {".jpg", ".jpeg", ".bmp",  ".ppm",
                                           ".pgm", ".tif",  ".tiff", ".webp"};
    const char *suffix = strrchr(name, '.');
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
        if (g_ascii_strcasecmp(suffix, kept[i]) == 0)
            return g_build_filename(folder->out, name, NULL);
    const char *as = ".mkv";
    for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++)
        if (g_ascii_strcasecmp(suffix, pictures[i]) == 0)
            as = ".png";
    char *whole = g_strconcat(name, as, NULL); /* "a.webm.mkv": two inputs never meet */
    char *path = g_build_filename(folder->out, whole, NULL);
    g_free(whole);
    return path;
}

static CopStatus make_parent(const char *path, CopError *err)
{
    char *parent = g_path_get_dirname(path);
    CopStatus status = COP_OK;
    if (g_mkdir_with_parents(parent, 0777) != 0)
        status = cop_error_set(err, COP_ERR_IO, "%s: %s", parent, g_strerror(errno));
    g_free(parent);
    return status;
}

static void do_file(void *ctx, int i, int worker)
{
    (void)worker;
    Folder *folder = ctx;
    const char *name = g_ptr_array_index(folder->names, i);
    char *in = g_build_filename(folder->in, name, NULL), *out = output_name(folder, name);
    CopError err = {0};
    CopCorruptFile job = *folder->job;
    job.threads = 1;
    job.spec.clip = (uint32_t)cop_fnv1a(name, strlen(name));
    g_mutex_lock(&folder->lock);
    CopStatus status = folder->first.status;
    g_mutex_unlock(&folder->lock);
    const bool stop = status != COP_OK || cop_interrupted();
    if (!stop)
        status = make_parent(out, &err);
    if (!stop && status == COP_OK)
        status = cop_corrupt_file(&job, in, out, &err);
    g_mutex_lock(&folder->lock);
    if (!stop && status == COP_OK) {
        note_losses(in, &job);
    } else if (!stop && status == COP_ERR_DATA) {
        folder->failed++;
        g_string_append_printf(folder->failures, "%s\n", err.text);
    } else if (!stop && folder->first.status == COP_OK) {
        folder->first = err; /* what cannot be written, say */
    }
    cop_progress_step(folder->progress, ++folder->done, NULL);
    g_mutex_unlock(&folder->lock);
    g_free(in);
    g_free(out);
}

/* What one run writes the next one would take for its input. */
static CopStatus check_apart(const Folder *folder, CopError *err)
{
    char *in = g_canonicalize_filename(folder->in, NULL);
    char *out = g_canonicalize_filename(folder->out, NULL);
    char *below = g_strconcat(in, "/", NULL);
    const bool inside = strcmp(in, out) == 0 || g_str_has_prefix(out, below);
    g_free(below);
    g_free(out);
    g_free(in);
    return inside ? cop_error_set(err, COP_ERR_CONFIG, "%s lies in %s: name a folder outside",
                                  folder->out, folder->in)
                  : COP_OK;
}

/* One broken file stops nothing: it is listed at the end. A full disk stops it all. */
static CopStatus corrupt_folder(const CopCorruptFile *job, const Arguments *arguments,
                                CopError *err)
{
    Folder folder = {.job = job,
                     .in = arguments->in,
                     .out = arguments->out,
                     .names = g_ptr_array_new_with_free_func(g_free),
                     .failures = g_string_new(NULL)};
    CopPool *pool = NULL;
    CopStatus status = check_apart(&folder, err);
    if (status == COP_OK)
        status = cop_media_walk(folder.in, "", folder.names, err);
    if (status == COP_OK && folder.names->len == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: holds no video and no picture", folder.in);
    if (status == COP_OK)
        status = cop_pool_create(&pool, arguments->threads);
    if (status == COP_OK) {
        cop_interrupt_catch();
        g_mutex_init(&folder.lock);
        folder.progress = cop_progress_start("corrupt", folder.names->len);
        cop_parallel_for(pool, (int)folder.names->len, do_file, &folder);
        cop_progress_end(&folder.progress);
        g_mutex_clear(&folder.lock);
        fputs(folder.failures->str, stderr);
        if (folder.first.status != COP_OK)
            *err = folder.first;
        else if (cop_interrupted())
            cop_error_set(err, COP_ERR_INTERRUPTED, "interrupted");
        else if (folder.failed)
            cop_error_set(err, COP_ERR_DATA, "%s: %ld of %u files could not be used", folder.in,
                          folder.failed, folder.names->len);
        status = err->status;
    }
    cop_pool_destroy(&pool);
    g_ptr_array_unref(folder.names);
    g_string_free(folder.failures, TRUE);
    return status;
}

static CopStatus process(const Arguments *arguments, CopError *err)
{
    CopCorruptFile job = {.crf = arguments->crf, .threads = arguments->threads};
    CopCorrupt *trial;
    COP_TRY(make_spec(arguments, &job.spec, err));
    COP_TRY(
        cop_corrupt_create(&trial, &job.spec, err)); /* what is wrong with it, before any work */
    const CopStatus status = check_temporal(trial->desc, job.spec.temporal, err);
    cop_corrupt_destroy(&trial);
    COP_TRY(status);
    if (!g_file_test(arguments->in, G_FILE_TEST_IS_DIR)) {
        COP_TRY(cop_corrupt_file(&job, arguments->in, arguments->out, err));
        note_losses(arguments->in, &job);
        return COP_OK;
    }
    if (arguments->clip_id)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "--clip-id is for one file: in a folder it follows from the name");
    return corrupt_folder(&job, arguments, err);
}

static int run(int argc, char **argv)
{
    Arguments arguments = {.crf = 18, .threads = 1};
    const GOptionEntry entries[] = {
        {"corruption", 0, 0, G_OPTION_ARG_FILENAME, &arguments.corruption,
         "What to do (coppice list corruptions)", "NAME"},
        {"severity", 0, 0, G_OPTION_ARG_FILENAME, &arguments.severity,
         "0 (untouched) to 5; fractions lie between the table's rows", "S"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &arguments.seed, "Seed of the random draws (0)", "N"},
        {"preset", 0, 0, G_OPTION_ARG_FILENAME, &arguments.preset, "Severity table", "NAME"},
        {"params", 0, 0, G_OPTION_ARG_FILENAME, &arguments.params,
         "Override the table, e.g. \"sigma=0.1\"", "LIST"},
        {"temporal", 0, 0, G_OPTION_ARG_FILENAME, &arguments.temporal,
         "Randomness over time: auto, iid, static or coherent (auto)", "MODE"},
        {"clip-id", 0, 0, G_OPTION_ARG_FILENAME, &arguments.clip_id,
         "Tells clips of one seed apart (0)", "N"},
        {"crf", 0, 0, G_OPTION_ARG_INT, &arguments.crf, "Quality of an H.264 OUT, 0 to 51 (18)",
         "N"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &arguments.threads,
         "Decoder threads, or files of a folder at once, 1 to 16 (1)", "N"},
        {.long_name = NULL},
    };
    bool done = false;
    int code = cop_cli_parse(&cop_cmd_corrupt, entries, &argc, &argv, &done);
    if (!done) {
        CopError err = {0};
        if (argc == 3) {
            arguments.in = argv[1];
            arguments.out = argv[2];
            err.status = process(&arguments, &err);
        } else {
            cop_error_set(&err, COP_ERR_CONFIG, "expected two names, IN and OUT, not %d", argc - 1);
        }
        if (err.status != COP_OK)
            code = cop_cli_fail("corrupt", &err);
    }
    g_free(arguments.corruption);
    g_free(arguments.severity);
    g_free(arguments.seed);
    g_free(arguments.clip_id);
    g_free(arguments.preset);
    g_free(arguments.params);
    g_free(arguments.temporal);
    return code;
}

const CopCommand cop_cmd_corrupt = {
    .name = "corrupt",
    .usage = "IN OUT --corruption NAME --severity S",
    .summary = "corrupt a video, a y4m stream (-), a picture or a folder of them",
    .run = run,
};
