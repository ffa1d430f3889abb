/* Loading, changing and copying configurations.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/config/config.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/config/config_private.h"
#include "pipeline/config/prep_presets.h"

enum { NAMES_MAX = 256, LIST_MOST = 1000 };

typedef int Names(const char **names);

static int format_names(const char **names)
{
    int n = 0;
    for (; cop_data_registry[n]; n++)
        names[n] = cop_data_registry[n]->name;
    return n;
}

static int method_names(const char **names)
{
    int n = 0;
    for (; cop_sparse_registry[n]; n++)
        names[n] = cop_sparse_registry[n]->name;
    return n;
}

/* With those that say how they grow, as the paper writes them. */
static int sweep_names(const char **names)
{
    static const char *const growth[] = {"mest_r", "mest_g", "granet_r", "granet_g"};
    int n = method_names(names);
    for (size_t i = 0; i < G_N_ELEMENTS(growth); i++)
        names[n++] = growth[i];
    return n;
}

static int corruption_names(const char **names)
{
    int n = 0;
    names[n++] = "all";
    for (int i = 0; cop_family_names[i]; i++)
        names[n++] = cop_family_names[i];
    for (int i = 0; cop_corrupt_registry[i]; i++)
        names[n++] = cop_corrupt_registry[i]->name;
    return n;
}

/* What a row alone cannot say of its value. */
static const struct Rule {
    const char *block, *key;
    bool path;
    int least, most; /* items of a list; 0, 0: any number */
    Names *names;
} rules[] = {
    {"data", "format", .names = format_names},
    {"data", "root", .path = true},
    {"data", "annotation", .path = true},
    {"data", "classes", .path = true},
    {"data", "index", .path = true},
    {"model", "weights", .path = true},
    {"model", "kernels", .path = true},
    {"prep", "resize", .least = 1, .most = 2},
    {"prep", "mean", .least = 3, .most = 3},
    {"prep", "std", .least = 3, .most = 3},
    {"train", "betas", .least = 2, .most = 2},
    {"sparse", "method", .names = method_names},
    {"augment", "corruptions", .least = 1, .most = LIST_MOST, .names = corruption_names},
    {"augment", "severities", .least = 1, .most = LIST_MOST},
    {"corrupt", "corruptions", .names = corruption_names},
    {"corrupt", "severities", .least = 1, .most = LIST_MOST},
    {"sweep", "methods", .least = 1, .most = LIST_MOST, .names = sweep_names},
    {"sweep", "densities", .least = 1, .most = LIST_MOST},
    {"sweep", "seeds", .least = 1, .most = LIST_MOST},
};

static const struct Rule *rule_of(const CopConfigBlock *block, const CopOption *row)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (strcmp(rules[i].block, block->name) == 0 && strcmp(rules[i].key, row->name) == 0)
            return &rules[i];
    return NULL;
}

static int length(const CopOption *row, const void *field)
{
    return row->type == COP_TYPE_INTS      ? ((const CopInts *)field)->n
           : row->type == COP_TYPE_DOUBLES ? ((const CopDoubles *)field)->n
                                           : ((const CopStrings *)field)->n;
}

static CopStatus check_name(const char *name, Names *list, CopError *err)
{
    const char *names[NAMES_MAX + 1] = {0};
    const int n = list(names);
    for (int i = 0; i < n; i++)
        if (cop_name_equal(names[i], name))
            return COP_OK;
    GString *all = g_string_new(NULL);
    for (int i = 0; i < n; i++)
        g_string_append_printf(all, "%s%s", i ? ", " : "", names[i]);
    const char *near = cop_nearest_name(name, names);
    const CopStatus status = cop_error_set(err, COP_ERR_CONFIG, "got \"%.100s\"%s%s%s; allowed: %s",
                                           name, near ? ", did you mean \"" : "", near ? near : "",
                                           near ? "\"?" : "", all->str);
    g_string_free(all, TRUE);
    return status;
}

static CopStatus check(const struct Rule *rule, const CopOption *row, const void *object,
                       CopError *err)
{
    const void *field = (const char *)object + row->offset;
    if (rule->most) {
        const int n = length(row, field);
        if (n < rule->least || n > rule->most)
            return cop_error_set(err, COP_ERR_CONFIG, "got a list of %d; allowed: a list of %d%s%d",
                                 n, rule->least, rule->most > rule->least ? " to " : ", not ",
                                 rule->most > rule->least ? rule->most : n);
    }
    if (rule->names && row->type == COP_TYPE_STRINGS) {
        const CopStrings *list = field;
        for (int i = 0; i < list->n; i++)
            COP_TRY(check_name(list->item[i], rule->names, err));
    } else if (rule->names) {
        COP_TRY(check_name(*(char *const *)field, rule->names, err));
    }
    return COP_OK;
}

const CopConfigBlock *cop_config_block_find(const char *name)
{
    for (const CopConfigBlock *block = cop_config_blocks; block->name; block++)
        if (cop_name_equal(block->name, name))
            return block;
    return NULL;
}

CopStatus cop_config_unknown_block(const char *name, CopError *err)
{
    const char *names[NAMES_MAX + 1] = {0};
    GString *all = g_string_new(NULL);
    for (int i = 0; cop_config_blocks[i].name; i++) {
        names[i] = cop_config_blocks[i].name;
        g_string_append_printf(all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = cop_nearest_name(name, names);
    const CopStatus status = cop_error_set(
        err, COP_ERR_CONFIG, "unknown block \"%.100s\"%s%s%s; blocks are: %s", name,
        near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "", all->str);
    g_string_free(all, TRUE);
    return status;
}

const CopOption *cop_config_row(const CopConfigBlock *block, const char *key, CopError *err)
{
    const CopOption *row = cop_option_find(block->options, key);
    if (row)
        return row;
    const char *names[NAMES_MAX + 1] = {0};
    GString *all = g_string_new(NULL);
    for (int i = 0; i < NAMES_MAX && block->options[i].name; i++) {
        names[i] = block->options[i].name;
        g_string_append_printf(all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = cop_nearest_name(key, names);
    cop_error_set(err, COP_ERR_CONFIG, "%s: unknown key \"%.100s\"%s%s%s; keys are: %s",
                  block->name, key, near ? ", did you mean \"" : "", near ? near : "",
                  near ? "\"?" : "", all->str);
    g_string_free(all, TRUE);
    return NULL;
}

CopStatus cop_config_assign(CopConfig *config, const CopConfigBlock *block, const CopOption *row,
                            const char *text, const char *folder, CopError *err)
{
    void *object = (char *)config + block->offset;
    const struct Rule *rule = rule_of(block, row);
    char *absolute = NULL;
    if (rule && rule->path && *text) {
        /* GLib wants an absolute folder; NULL is the current one. */
        char *base = g_canonicalize_filename(folder, NULL);
        absolute = g_canonicalize_filename(text, base);
        g_free(base);
    }
    CopError inner = {0};
    CopStatus status =
        cop_options_set(block->options, object, row->name, absolute ? absolute : text, &inner);
    g_free(absolute);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s.%s", block->name, inner.text);
    if (rule)
        status = check(rule, row, object, &inner);
    if (status == COP_OK && object == &config->prep && strcmp(row->name, "preset") == 0)
        status = cop_prep_preset_apply(block->options, object, &inner);
    if (status == COP_OK && object == &config->sparse && strcmp(row->name, "preset") == 0)
        status = cop_sparse_preset_apply(object, &inner);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s.%s: %s", block->name, row->name, inner.text);
    return COP_OK;
}

CopStatus cop_config_set(CopConfig *config, const char *assignment, CopError *err)
{
    const char *equals = strchr(assignment, '=');
    const char *dot = equals ? memchr(assignment, '.', (size_t)(equals - assignment)) : NULL;
    if (!dot)
        return cop_error_set(err, COP_ERR_CONFIG, "got \"%.200s\"; allowed: block.key=value",
                             assignment);
    char *name = g_strstrip(g_strndup(assignment, (gsize)(dot - assignment)));
    char *key = g_strstrip(g_strndup(dot + 1, (gsize)(equals - dot - 1)));
    char *value = g_strstrip(g_strdup(equals + 1));
    const CopConfigBlock *block = cop_config_block_find(name);
    CopStatus status = COP_ERR_CONFIG;
    if (!block) {
        cop_config_unknown_block(name, err);
    } else {
        const CopOption *row = cop_config_row(block, key, err);
        if (row)
            status = cop_config_assign(config, block, row, value, ".", err);
    }
    g_free(name);
    g_free(key);
    g_free(value);
    return status;
}

/* What no key can say alone. */
static CopStatus check_together(const CopConfig *config, CopError *err)
{
    const CopPrepOptions *prep = &config->prep;
    int side = prep->resize.item[0];
    for (int i = 1; i < prep->resize.n; i++)
        side = MIN(side, prep->resize.item[i]);
    if (prep->crop > side)
        return cop_error_set(
            err, COP_ERR_CONFIG,
            "prep.crop: got %d; allowed: up to %d, the shorter side of prep.resize", prep->crop,
            side);
    const CopClipOptions *clip = &config->clip;
    if (clip->fps > 0 && !cop_sampler_takes_fps((CopSampler)clip->sampler))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "clip.fps: got %g; allowed: 0 with clip.sampler = %s, which counts "
                             "the video's own frames",
                             clip->fps, cop_sampler_names[clip->sampler]);
    return COP_OK;
}

CopStatus cop_config_load(CopConfig *out, const char *path, const char *const *sets, int n_sets,
                          CopError *err)
{
    *out = (CopConfig){0};
    CopStatus status = COP_OK;
    for (const CopConfigBlock *block = cop_config_blocks; status == COP_OK && block->name; block++)
        status = cop_options_defaults(block->options, (char *)out + block->offset, err);
    if (status == COP_OK && path)
        status = cop_config_read(out, path, err);
    for (int i = 0; status == COP_OK && i < n_sets; i++)
        status = cop_config_set(out, sets[i], err);
    if (status == COP_OK)
        status = check_together(out, err);
    if (status != COP_OK)
        cop_config_free(out);
    return status;
}

void cop_config_free(CopConfig *config)
{
    if (!config)
        return;
    for (const CopConfigBlock *block = cop_config_blocks; block->name; block++)
        cop_options_free(block->options, (char *)config + block->offset);
    *config = (CopConfig){0};
}

CopStatus cop_config_copy(CopConfig *out, const CopConfig *config)
{
    *out = (CopConfig){0};
    for (const CopConfigBlock *block = cop_config_blocks; block->name; block++) {
        const CopStatus status = cop_options_copy(block->options, (char *)out + block->offset,
                                                  (const char *)config + block->offset);
        if (status != COP_OK) {
            cop_config_free(out);
            return status;
        }
    }
    return COP_OK;
}

CopPrepare cop_config_prepare(const CopConfig *config)
{
    const CopPrepOptions *prep = &config->prep;
    CopPrepare prepare = {.resize_h = prep->resize.item[0],
                          .resize_w = prep->resize.n > 1 ? prep->resize.item[1] : 0,
                          .crop = prep->crop};
    for (int c = 0; c < 3; c++) {
        prepare.mean[c] = prep->mean.item[c];
        prepare.std[c] = prep->std.item[c];
    }
    return prepare;
}

CopSampleOptions cop_config_sample(const CopConfig *config)
{
    const CopClipOptions *clip = &config->clip;
    return (CopSampleOptions){.frames = clip->frames,
                              .stride = clip->stride,
                              .sampler = (CopSampler)clip->sampler,
                              .clips = clip->clips,
                              .policy = (CopEdgePolicy)clip->policy,
                              .fps = clip->fps};
}
