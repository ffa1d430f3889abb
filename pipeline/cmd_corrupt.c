/* coppice corrupt: one corruption over one video, stream or picture.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/cli.h"
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/media/decode.h"
#include "pipeline/media/encode.h"

extern const CopCommand cop_cmd_corrupt;

/* The command's words, as given. */
typedef struct Arguments {
    char *corruption, *severity, *seed, *clip_id, *preset, *params, *temporal;
    int crf, threads;
    const char *in, *out;
} Arguments;

typedef struct Job {
    CopDecoder *decoder;
    CopCorrupt *corrupt;
    CopEncoder *encoder; /* opened by the first frame that comes out */
    const Arguments *arguments;
} Job;

static CopStatus find_temporal(const char *name, CopTemporal *temporal, CopError *err)
{
    *temporal = COP_TEMPORAL_AUTO;
    if (!name)
        return COP_OK;
    for (int i = 0; cop_temporal_names[i]; i++)
        if (cop_name_equal(cop_temporal_names[i], name)) {
            *temporal = (CopTemporal)i;
            return COP_OK;
        }
    return cop_error_set(err, COP_ERR_CONFIG,
                         "--temporal \"%s\": must be one of auto, iid, static, coherent", name);
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
    return find_temporal(arguments->temporal, &spec->temporal, err);
}

static CopStatus write_frame(Job *job, const CopFrame *frame, CopError *err)
{
    const CopVideoInfo *info = cop_decoder_info(job->decoder);
    if (!job->encoder) {
        const CopEncodeOptions options = {.rate_num = info->rate_num,
                                          .rate_den = info->rate_den,
                                          .crf = job->arguments->crf,
                                          .threads = 1};
        COP_TRY(cop_encoder_open(&job->encoder, job->arguments->out, frame, &options, err));
    }
    return cop_encoder_write(job->encoder, frame, err);
}

/* Writes what the corruption has ready. */
static CopStatus drain(Job *job, CopError *err)
{
    for (;;) {
        CopFrame frame = {0};
        CopStatus status = cop_corrupt_pull(job->corrupt, &frame);
        if (status == COP_AGAIN || status == COP_EOF)
            return COP_OK;
        if (status == COP_OK)
            status = write_frame(job, &frame, err);
        cop_frame_unref(&frame);
        COP_TRY(status);
    }
}

/* Gives a failure of the engine, which has no text, one. */
static CopStatus corrupted(const Job *job, CopStatus status, CopError *err)
{
    if (status == COP_OK)
        return COP_OK;
    return cop_error_set(err, status, "%s: %s failed (%s)", job->arguments->in,
                         job->corrupt->desc->name, cop_status_name(status));
}

static CopStatus corrupt_all(Job *job, CopError *err)
{
    for (;;) {
        CopFrame frame = {0};
        CopStatus status = cop_decoder_next(job->decoder, &frame, err);
        if (status == COP_EOF)
            break;
        if (status == COP_OK)
            status = corrupted(job, cop_corrupt_push(job->corrupt, &frame), err);
        cop_frame_unref(&frame);
        COP_TRY(status);
        COP_TRY(drain(job, err));
    }
    COP_TRY(corrupted(job, cop_corrupt_flush(job->corrupt), err));
    COP_TRY(drain(job, err));
    return cop_encoder_finish(job->encoder, err);
}

static CopStatus process(const Arguments *arguments, CopError *err)
{
    CopCorruptSpec spec;
    COP_TRY(make_spec(arguments, &spec, err));
    Job job = {.arguments = arguments};
    CopStatus status = cop_corrupt_create(&job.corrupt, &spec, err);
    if (status == COP_OK)
        status = cop_decoder_open(&job.decoder, arguments->in, arguments->threads, err);
    if (status == COP_OK) {
        status = corrupt_all(&job, err);
        const int broken = cop_decoder_errors(job.decoder);
        if (status == COP_OK && broken)
            fprintf(stderr, "coppice corrupt: %s: %d broken packets were skipped\n", arguments->in,
                    broken);
    }
    cop_encoder_close(&job.encoder);
    cop_decoder_close(&job.decoder);
    cop_corrupt_destroy(&job.corrupt);
    return status;
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
        {"threads", 0, 0, G_OPTION_ARG_INT, &arguments.threads, "Decoder threads, 1 to 16 (1)",
         "N"},
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
    .summary = "corrupt a video, a y4m stream (-) or a picture",
    .run = run,
};
