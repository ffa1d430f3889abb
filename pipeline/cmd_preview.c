/* coppice preview: what corruptions do to a video, on one sheet.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/cli.h"
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/media/decode.h"
#include "pipeline/report/contact_sheet.h"

extern const CopCommand cop_cmd_preview;

typedef struct Arguments {
    char *out, *corruption, *preset, *params, *temporal, *seed;
    int frames, step, tile;
    const char *in;
} Arguments;

/* One sheet on its way. Rows are times of one corruption, or corruptions at one time. */
typedef struct Preview {
    const Arguments *arguments;
    CopCorruptSpec spec;
    const CopCorruptDesc **rows; /* [n_rows] */
    int *time;                   /* [n_rows] frame of each row */
    int n_rows, total;
    CopContactSheet *sheet;
} Preview;

static CopStatus read_words(const Arguments *arguments, CopCorruptSpec *spec, CopError *err)
{
    *spec = (CopCorruptSpec){.preset = arguments->preset, .params = arguments->params};
    if (arguments->seed && !cop_parse_u64(arguments->seed, &spec->seed))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "--seed \"%s\": must be a whole number, 0 or more", arguments->seed);
    COP_TRY(cop_temporal_find(arguments->temporal, &spec->temporal, err));
    if (arguments->frames < 1 || arguments->frames > 64)
        return cop_error_set(err, COP_ERR_CONFIG, "--frames %d: must be 1 to 64",
                             arguments->frames);
    if (arguments->step < 0)
        return cop_error_set(err, COP_ERR_CONFIG, "--step %d: must be 0 or more", arguments->step);
    if (arguments->tile < 16 || arguments->tile > 1024)
        return cop_error_set(err, COP_ERR_CONFIG, "--tile %d: must be 16 to 1024", arguments->tile);
    return COP_OK;
}

static bool in_family(const CopCorruptDesc *desc, const char *word)
{
    return !word || cop_name_equal(word, "all") ||
           cop_name_equal(word, cop_family_names[desc->family]);
}

/* Rows of a corruption by name; else of a family, or of all. */
static CopStatus plan_rows(Preview *preview, CopError *err)
{
    const Arguments *a = preview->arguments;
    int n = 0, count = 0;
    while (cop_corrupt_registry[count])
        n += in_family(cop_corrupt_registry[count++], a->corruption);
    const CopCorruptDesc *one = n ? NULL : cop_corrupt_find(a->corruption, err);
    if (!n && !one)
        return COP_ERR_CONFIG;
    if (!one && a->params)
        return cop_error_set(err, COP_ERR_CONFIG, "--params are of one corruption: name it");
    preview->n_rows = one ? MIN(a->frames, preview->total) : n;
    preview->rows = g_new0(const CopCorruptDesc *, preview->n_rows);
    preview->time = g_new0(int, preview->n_rows);
    for (int i = 0, row = 0; row < preview->n_rows; i++) {
        if (!one && !in_family(cop_corrupt_registry[i], a->corruption))
            continue;
        preview->rows[row] = one ? one : cop_corrupt_registry[i];
        /* Spread over the file, or step by step from its middle. */
        int at = (int)((row + 0.5) * preview->total / preview->n_rows);
        if (a->step > 0)
            at = (preview->total - (preview->n_rows - 1) * a->step) / 2 + row * a->step;
        if (!one)
            at = preview->total / 2;
        preview->time[row++] = CLAMP(at, 0, preview->total - 1);
    }
    return COP_OK;
}

/* One row: the corruption at each severity, and the frames that any of them reads. */
typedef struct Row {
    CopCorrupt *corrupt[1 + COP_SEVERITIES]; /* NULL: cannot be made here */
    CopFrame *frame;
    int from, to;
} Row;

static CopStatus make_row(Preview *preview, int row, Row *out, CopError *err)
{
    const CopCorruptDesc *desc = preview->rows[row];
    CopCorruptSpec spec = preview->spec;
    const int at = out->from = out->to = preview->time[row];
    spec.name = desc->name;
    if (spec.preset && !cop_corrupt_has_preset(desc, spec.preset) && preview->n_rows > 1)
        spec.preset = NULL;
    for (int severity = 0; severity <= COP_SEVERITIES; severity++) {
        int from, to;
        spec.severity = severity;
        const CopStatus status = cop_corrupt_create(&out->corrupt[severity], &spec, err);
        if (status == COP_ERR_UNSUPPORTED) { /* an encoder is missing: the others are shown */
            cop_contact_sheet_remark(preview->sheet, row, severity, err->text);
            *err = (CopError){0};
            continue;
        }
        COP_TRY(status);
        if (cop_corrupt_wants_source(out->corrupt[severity]))
            cop_corrupt_set_source(out->corrupt[severity], cop_video_bits(preview->arguments->in));
        cop_corrupt_span(out->corrupt[severity], at, at, preview->total, &from, &to);
        out->from = MIN(out->from, from);
        out->to = MAX(out->to, to);
    }
    return COP_OK;
}

static CopStatus read_row(const Preview *preview, Row *row, CopError *err)
{
    int got = 0;
    const int n = row->to - row->from + 1;
    row->frame = g_new0(CopFrame, n);
    COP_TRY(
        cop_video_read(preview->arguments->in, row->from, row->to, NULL, row->frame, &got, err));
    return got == n ? COP_OK
                    : cop_error_set(err, COP_ERR_DATA, "%s: ends at frame %d",
                                    preview->arguments->in, row->from + got);
}

static CopStatus put_tile(Preview *preview, int number, const Row *row, int severity, CopError *err)
{
    CopCorrupt *corrupt = row->corrupt[severity];
    const int at = preview->time[number];
    int from, to;
    if (!corrupt)
        return COP_OK;
    cop_corrupt_span(corrupt, at, at, preview->total, &from, &to);
    const int n = to - from + 1;
    CopFrame *out = g_new0(CopFrame, n);
    CopStatus status = cop_corrupt_frames(corrupt, row->frame + (from - row->from), n, out);
    if (status == COP_OK)
        status = cop_contact_sheet_put(preview->sheet, number, severity, &out[at - from]);
    if (status != COP_OK)
        cop_error_set(err, status, "%s: %s failed (%s)", preview->arguments->in,
                      corrupt->desc->name, cop_status_name(status));
    cop_frames_unref(out, n);
    g_free(out);
    return status;
}

static CopStatus put_row(Preview *preview, int number, CopError *err)
{
    Row row = {.frame = NULL};
    CopStatus status = make_row(preview, number, &row, err);
    if (status == COP_OK)
        status = read_row(preview, &row, err);
    for (int severity = 0; severity <= COP_SEVERITIES; severity++) {
        if (status == COP_OK)
            status = put_tile(preview, number, &row, severity, err);
        cop_corrupt_destroy(&row.corrupt[severity]);
    }
    cop_frames_unref(row.frame, row.frame ? row.to - row.from + 1 : 0);
    g_free(row.frame);
    return status;
}

static CopStatus start_sheet(Preview *preview, CopError *err)
{
    CopFrame first = {0};
    int got;
    const Arguments *a = preview->arguments;
    COP_TRY(cop_video_read(a->in, 0, 0, NULL, &first, &got, err));
    const bool one = preview->n_rows < 2 || preview->rows[0] == preview->rows[1];
    char *base = g_path_get_basename(a->in);
    char *title = one ? g_strdup_printf("%s: %s", preview->rows[0]->name, base)
                      : g_strdup_printf("%s, frame %d", base, preview->time[0]);
    const CopStatus status =
        cop_contact_sheet_create(&preview->sheet, preview->n_rows, 1 + COP_SEVERITIES, first.width,
                                 first.height, a->tile, title, err);
    cop_frame_unref(&first);
    g_free(title);
    g_free(base);
    COP_TRY(status);
    for (int severity = 0; severity <= COP_SEVERITIES; severity++) {
        char text[32];
        g_snprintf(text, sizeof text, severity ? "severity %d" : "clean", severity);
        cop_contact_sheet_column(preview->sheet, severity, text);
    }
    for (int row = 0; row < preview->n_rows; row++) {
        char text[32];
        g_snprintf(text, sizeof text, "frame %d", preview->time[row]);
        cop_contact_sheet_row(preview->sheet, row, one ? text : preview->rows[row]->name);
    }
    return COP_OK;
}

static CopStatus draw(Preview *preview, CopError *err)
{
    COP_TRY(read_words(preview->arguments, &preview->spec, err));
    COP_TRY(cop_video_count(preview->arguments->in, &preview->total, err));
    COP_TRY(plan_rows(preview, err));
    COP_TRY(start_sheet(preview, err));
    CopProgress *progress = cop_progress_start("preview", preview->n_rows);
    CopStatus status = COP_OK;
    for (int i = 0; i < preview->n_rows && status == COP_OK; i++) {
        status = put_row(preview, i, err);
        cop_progress_step(progress, i + 1, NULL);
    }
    cop_progress_end(&progress);
    COP_TRY(status);
    return cop_contact_sheet_write(preview->sheet, preview->arguments->out, err);
}

static int run(int argc, char **argv)
{
    Arguments arguments = {.frames = 4, .tile = 224};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &arguments.out, "The sheet, a PNG file", "FILE"},
        {"corruption", 0, 0, G_OPTION_ARG_FILENAME, &arguments.corruption,
         "One over time; or a family or all, a row each (all)", "NAME"},
        {"frames", 0, 0, G_OPTION_ARG_INT, &arguments.frames, "Rows of one corruption (4)", "N"},
        {"step", 0, 0, G_OPTION_ARG_INT, &arguments.step,
         "Frames from row to row; 0: spread over the video (0)", "N"},
        {"tile", 0, 0, G_OPTION_ARG_INT, &arguments.tile, "Longer side of a picture (224)",
         "PIXELS"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &arguments.seed, "Seed of the random draws (0)", "N"},
        {"preset", 0, 0, G_OPTION_ARG_FILENAME, &arguments.preset, "Severity table", "NAME"},
        {"params", 0, 0, G_OPTION_ARG_FILENAME, &arguments.params,
         "Override the table, e.g. \"sigma=0.1\"", "LIST"},
        {"temporal", 0, 0, G_OPTION_ARG_FILENAME, &arguments.temporal,
         "Randomness over time: auto, iid, static or coherent (auto)", "MODE"},
        {.long_name = NULL},
    };
    bool done = false;
    int code = cop_cli_parse(&cop_cmd_preview, entries, &argc, &argv, &done);
    if (!done) {
        CopError err = {0};
        Preview preview = {.arguments = &arguments};
        if (argc != 2) {
            cop_error_set(&err, COP_ERR_CONFIG, "expected one video, not %d", argc - 1);
        } else if (!arguments.out) {
            cop_error_set(&err, COP_ERR_CONFIG, "-o FILE is missing");
        } else {
            arguments.in = argv[1];
            err.status = draw(&preview, &err);
        }
        if (err.status != COP_OK)
            code = cop_cli_fail("preview", &err);
        cop_contact_sheet_destroy(&preview.sheet);
        g_free(preview.rows);
        g_free(preview.time);
    }
    g_free(arguments.out);
    g_free(arguments.corruption);
    g_free(arguments.preset);
    g_free(arguments.params);
    g_free(arguments.temporal);
    g_free(arguments.seed);
    return code;
}

const CopCommand cop_cmd_preview = {
    .name = "preview",
    .usage = "IN -o SHEET.png [--corruption NAME]",
    .summary = "contact sheet of corruptions: severities across, time or corruptions down",
    .run = run,
};
