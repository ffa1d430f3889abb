/* coppice verify: a data set looked through before anything is made of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "pipeline/cli_config.h"
#include "pipeline/data/verify.h"
#include "pipeline/interrupt.h"
#include "pipeline/json_text.h"

extern const CopCommand cop_cmd_verify;

typedef struct Words {
    CopConfigWords config;
    char *count;
    gboolean json, again;
} Words;

/* "short,leak" as bits. */
static CopStatus parse_count(const char *text, unsigned *count, CopError *err)
{
    char **name = g_strsplit(text ? text : "", ",", -1);
    CopStatus status = COP_OK;
    *count = 0;
    for (int i = 0; name[i] && status == COP_OK; i++) {
        int kind = COP_FINDING_SHORT;
        g_strstrip(name[i]);
        while (kind < COP_FINDING_COUNT && strcmp(cop_finding_names[kind], name[i]) != 0)
            kind++;
        if (kind == COP_FINDING_COUNT)
            status = cop_error_set(err, COP_ERR_ARG,
                                   "--count: got \"%s\"; allowed: short, damaged, duplicate, leak",
                                   name[i]);
        else
            *count |= 1u << kind;
    }
    g_strfreev(name);
    return status;
}

static double share(const CopVerifyResult *r)
{
    return (double)r->n_broken / r->n;
}

static void print_text(const CopVerifyResult *r)
{
    for (int i = 0; i < r->n_notes; i++)
        printf("%s: %s: %s\n", r->file[r->note[i].file].item->relative,
               cop_finding_names[r->note[i].kind], r->note[i].text);
    printf("%d files (%d training, %d test), %ld frames: %d good, %d broken", r->n, r->train.n,
           r->test.n, r->frames, r->n - r->n_broken, r->n_broken);
    const char *separator = "; ";
    for (int kind = 0; kind < COP_FINDING_COUNT; kind++)
        if (r->found[kind]) {
            printf("%s%d %s", separator, r->found[kind], cop_finding_names[kind]);
            separator = ", ";
        }
    printf("\n%s: %d files decoded, %d known before\n", r->index, r->n - r->n_known, r->n_known);
}

static void add_note(JsonBuilder *b, const CopVerifyResult *r, const CopVerifyNote *note,
                     unsigned count)
{
    const CopVerifyFile *file = &r->file[note->file];
    json_builder_begin_object(b);
    cop_json_put_text(b, "path", file->item->relative);
    cop_json_put_text(b, "split",
                      file->train && file->test ? "both"
                      : file->train             ? "train"
                                                : "test");
    cop_json_put_text(b, "kind", cop_finding_names[note->kind]);
    json_builder_set_member_name(b, "broken");
    json_builder_add_boolean_value(b, note->kind < COP_FINDING_SHORT || (count >> note->kind & 1));
    cop_json_put_text(b, "reason", note->text);
    json_builder_end_object(b);
}

static void print_json(const CopVerifyResult *r, const CopDataOptions *data, unsigned count)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    cop_json_put_text(b, "root", data->root);
    cop_json_put_text(b, "index", r->index);
    cop_json_put_int(b, "files", r->n);
    cop_json_put_int(b, "train", r->train.n);
    cop_json_put_int(b, "test", r->test.n);
    cop_json_put_int(b, "frames", r->frames);
    cop_json_put_int(b, "known", r->n_known);
    cop_json_put_int(b, "good", r->n - r->n_broken);
    cop_json_put_int(b, "broken", r->n_broken);
    json_builder_set_member_name(b, "max_skip");
    json_builder_add_double_value(b, data->max_skip);
    json_builder_set_member_name(b, "tolerable");
    json_builder_add_boolean_value(b, share(r) <= data->max_skip);
    json_builder_set_member_name(b, "found");
    json_builder_begin_object(b);
    for (int kind = 1; kind < COP_FINDING_COUNT; kind++)
        cop_json_put_int(b, cop_finding_names[kind], r->found[kind]);
    json_builder_end_object(b);
    json_builder_set_member_name(b, "findings");
    json_builder_begin_array(b);
    for (int i = 0; i < r->n_notes; i++)
        add_note(b, r, &r->note[i], count);
    json_builder_end_array(b);
    json_builder_end_object(b);
    char *text = cop_json_text(b, TRUE);
    printf("%s\n", text);
    g_free(text);
}

static CopStatus verify(const Words *words, CopError *err)
{
    CopConfig config;
    CopVerifyResult result = {0};
    CopVerifyOptions options = {.again = words->again};
    COP_TRY(parse_count(words->count, &options.count, err));
    CopStatus status = cop_cli_load(&words->config, &config, err);
    if (status == COP_OK) {
        cop_interrupt_catch();
        status = cop_verify(&config, &options, "verify", &result, err);
    }
    if (status == COP_OK) {
        if (words->json)
            print_json(&result, &config.data, options.count);
        else
            print_text(&result);
        if (share(&result) > config.data.max_skip)
            status = cop_error_set(err, COP_ERR_DATA,
                                   "%d of %d files cannot be used, more than data.max_skip = %g",
                                   result.n_broken, result.n, config.data.max_skip);
    }
    cop_verify_free(&result);
    cop_config_free(&config);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {0};
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words.config),
        {"count", 0, 0, G_OPTION_ARG_STRING, &words.count,
         "Remarks that make a file broken: short, damaged, duplicate, leak", "KIND,..."},
        {"again", 0, 0, G_OPTION_ARG_NONE, &words.again, "Decode also what the index knows", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words.json, "Print JSON", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_verify, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && (cop_cli_no_words(argc, argv, &err) != COP_OK || verify(&words, &err) != COP_OK))
        code = cop_cli_fail("verify", &err);
    cop_cli_free_words(&words.config);
    g_free(words.count);
    return code;
}

const CopCommand cop_cmd_verify = {
    .name = "verify",
    .usage = "-c FILE",
    .summary = "decode every video of a data set once; list what is wrong",
    .run = run,
};
