/* coppice list: what the registries hold, as text or JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/archs/arch.h"
#include "pipeline/cli.h"
#include "pipeline/cli_corruptions.h"
#include "pipeline/json_text.h"

extern const CopCommand cop_cmd_list;

/* One registered thing, whatever its kind. NULL where a kind has no such field. */
typedef struct Entry {
    const char *name, *summary, *reference, *family;
    const CopOption *options;
    const CopCorruptDesc *corruption;
    const char *settings; /* what a preset sets */
} Entry;

static bool arch(int i, Entry *entry)
{
    const CopArchDesc *desc = cop_arch_registry[i];
    if (desc)
        *entry = (Entry){.name = desc->name,
                         .summary = desc->summary,
                         .reference = desc->reference,
                         .options = desc->options};
    return desc != NULL;
}

static bool corruption(int i, Entry *entry)
{
    const CopCorruptDesc *desc = cop_corrupt_registry[i];
    if (desc)
        *entry = (Entry){.name = desc->name,
                         .summary = desc->summary,
                         .reference = desc->reference,
                         .family = cop_family_names[desc->family],
                         .options = desc->options,
                         .corruption = desc};
    return desc != NULL;
}

static bool method(int i, Entry *entry)
{
    const CopSparseDesc *desc = cop_sparse_registry[i];
    if (desc)
        *entry = (Entry){.name = desc->name,
                         .summary = desc->summary,
                         .reference = desc->reference,
                         .options = cop_sparse_options};
    return desc != NULL;
}

static bool format(int i, Entry *entry)
{
    const CopDataDesc *desc = cop_data_registry[i];
    if (desc)
        *entry = (Entry){.name = desc->name,
                         .summary = desc->summary,
                         .reference = desc->reference,
                         .options = cop_data_options};
    return desc != NULL;
}

static const CopOption *block_options(const char *name)
{
    for (const CopConfigBlock *block = cop_config_blocks; block->name; block++)
        if (cop_name_equal(block->name, name))
            return block->options;
    return NULL;
}

static bool sampler(int i, Entry *entry)
{
    static const char *const summaries[] = {
        [COP_SAMPLER_UNIFORM] = "clips spread evenly over the video; one clip: its middle",
        [COP_SAMPLER_RANDOM] = "training: clips begin anywhere, by the seed; testing: uniform",
        [COP_SAMPLER_TORCHVISION] = "torchvision: VideoClips with its random or uniform sampler",
        [COP_SAMPLER_MMACTION] = "MMAction2: SampleFrames",
        [COP_SAMPLER_SLOWFAST] = "SlowFast: clips of a duration, points spread over it",
        [COP_SAMPLER_SLOWFAST_OFFSET] = "SlowFast: the same with offset sampling at test time",
        [COP_SAMPLER_SEGMENTS] = "SlowFast on Something-Something: a frame a segment",
    };
    if (!cop_sampler_names[i])
        return false;
    *entry = (Entry){.name = cop_sampler_names[i], .options = block_options("clip")};
    if (i < (int)G_N_ELEMENTS(summaries))
        entry->summary = summaries[i];
    return true;
}

static bool preset(int i, Entry *entry)
{
    const CopSparsePreset *row = &cop_sparse_presets[i];
    *entry = (Entry){.name = row->name,
                     .summary = row->summary,
                     .reference = row->reference,
                     .settings = row->settings};
    return row->name != NULL;
}

static const struct Kind {
    const char *name;
    bool (*at)(int i, Entry *entry); /* false past the end */
} kinds[] = {
    {"archs", arch},     {"corruptions", corruption}, {"methods", method},
    {"formats", format}, {"samplers", sampler},       {"sparse-presets", preset},
};

static void print_text(const struct Kind *kind)
{
    Entry entry;
    if (kind->at == corruption) {
        char *text = cop_corruptions_text();
        fputs(text, stdout);
        g_free(text);
        return;
    }
    int width = 0;
    for (int i = 0; kind->at(i, &entry); i++)
        width = MAX(width, (int)strlen(entry.name));
    for (int i = 0; kind->at(i, &entry); i++)
        printf("%-*s  %s\n", width, entry.name, entry.summary ? entry.summary : "");
}

static void add_text(JsonBuilder *json, const char *member, const char *text)
{
    if (text)
        cop_json_put_text(json, member, text);
}

static void add_option(JsonBuilder *json, const CopOption *row)
{
    json_builder_begin_object(json);
    add_text(json, "name", row->name);
    add_text(json, "help", row->help);
    add_text(json, "type", cop_option_type_name(row->type));
    add_text(json, "default", row->def);
    if (row->min != 0 || row->max != 0) {
        json_builder_set_member_name(json, "min");
        json_builder_add_double_value(json, row->min);
        json_builder_set_member_name(json, "max");
        json_builder_add_double_value(json, row->max);
    }
    if (row->flags & COP_OPTION_LENGTH) {
        json_builder_set_member_name(json, "length"); /* in pixels, scaled by our preset */
        json_builder_add_boolean_value(json, TRUE);
    }
    if (row->choices) {
        json_builder_set_member_name(json, "choices");
        json_builder_begin_array(json);
        for (int i = 0; row->choices[i]; i++)
            json_builder_add_string_value(json, row->choices[i]);
        json_builder_end_array(json);
    }
    json_builder_end_object(json);
}

static void add_entry(JsonBuilder *json, const Entry *entry)
{
    json_builder_begin_object(json);
    add_text(json, "name", entry->name);
    add_text(json, "family", entry->family);
    add_text(json, "summary", entry->summary);
    add_text(json, "reference", entry->reference);
    json_builder_set_member_name(json, "options");
    json_builder_begin_array(json);
    for (const CopOption *row = entry->options; row && row->name; row++)
        add_option(json, row);
    json_builder_end_array(json);
    add_text(json, "settings", entry->settings);
    if (entry->corruption)
        cop_corruption_json(json, entry->corruption);
    json_builder_end_object(json);
}

static void print_json(const struct Kind *kind)
{
    JsonBuilder *json = json_builder_new();
    Entry entry;
    json_builder_begin_array(json);
    for (int i = 0; kind->at(i, &entry); i++)
        add_entry(json, &entry);
    json_builder_end_array(json);
    char *text = cop_json_text(json, TRUE);
    printf("%s\n", text);
    g_free(text);
}

static const struct Kind *find(const char *name, CopError *err)
{
    const char *names[G_N_ELEMENTS(kinds) + 1] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (name && cop_name_equal(kinds[i].name, name))
            return &kinds[i];
        names[i] = kinds[i].name;
    }
    char *all = g_strjoinv(", ", (char **)(void *)names);
    const char *near = name ? cop_nearest_name(name, names) : NULL;
    if (!name)
        cop_error_set(err, COP_ERR_ARG, "name one of: %s", all);
    else if (near)
        cop_error_set(err, COP_ERR_ARG, "no list \"%s\"; did you mean \"%s\"?", name, near);
    else
        cop_error_set(err, COP_ERR_ARG, "no list \"%s\"; allowed: %s", name, all);
    g_free(all);
    return NULL;
}

static int run(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Everything known of each, option rows included",
         NULL},
        {.long_name = NULL},
    };
    bool done;
    const int code = cop_cli_parse(&cop_cmd_list, entries, &argc, &argv, &done);
    if (done)
        return code;
    CopError err = {0};
    const struct Kind *kind = find(argc > 1 ? argv[1] : NULL, &err);
    const bool one = kind && kind->at == corruption && argc == 3 && !json;
    if (kind && argc > 2 && !one) {
        cop_error_set(&err, COP_ERR_ARG, "\"%s\" is left over; one list at a time", argv[2]);
        kind = NULL;
    }
    const CopCorruptDesc *desc = one ? cop_corrupt_find(argv[2], &err) : NULL;
    if (!kind || (one && !desc))
        return cop_cli_fail("list", &err);
    if (one) {
        char *text = cop_corruption_text(desc);
        fputs(text, stdout);
        g_free(text);
        return COP_EXIT_OK;
    }
    if (json)
        print_json(kind);
    else
        print_text(kind);
    return COP_EXIT_OK;
}

const CopCommand cop_cmd_list = {
    .name = "list",
    .usage = "archs|corruptions [NAME]|methods|formats|samplers|sparse-presets",
    .summary = "what there is to choose from",
    .run = run,
};
