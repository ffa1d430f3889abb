/* What a grid does to each clip: nothing (clean), or one corruption at one severity.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/variant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char clean[] = "clean";

const char *cop_variant_name(const CopVariant *variant)
{
    return variant->desc ? variant->desc->name : clean;
}

const char *cop_variant_family(const CopVariant *variant)
{
    return variant->desc ? cop_family_names[variant->desc->family] : clean;
}

CopVariantParams cop_variant_params(const char *row)
{
    char name[64];
    const char *colon = strchr(row, ':');
    if (!colon || (size_t)(colon - row) >= sizeof name)
        return (CopVariantParams){0};
    memcpy(name, row, (size_t)(colon - row));
    name[colon - row] = '\0';
    return (CopVariantParams){cop_corrupt_find(name, NULL), colon + 1};
}

/* Parameters given for one corruption; NULL if there are none. */
static const char *params_of(const CopCorruptOptions *corrupt, const CopCorruptDesc *desc)
{
    for (int i = 0; i < corrupt->params.n; i++) {
        const CopVariantParams params = cop_variant_params(corrupt->params.item[i]);
        if (params.desc == desc)
            return params.text;
    }
    return NULL;
}

static CopStatus check_params(const CopCorruptOptions *corrupt, CopError *err)
{
    for (int i = 0; i < corrupt->params.n; i++) {
        const char *row = corrupt->params.item[i];
        const CopVariantParams params = cop_variant_params(row);
        if (!params.desc)
            return cop_error_set(err, COP_ERR_CONFIG,
                                 "corrupt.params \"%s\": must be \"CORRUPTION:name=value, ...\" "
                                 "with a name of `coppice list corruptions`",
                                 row);
        for (int k = 0; k < i; k++)
            if (cop_variant_params(corrupt->params.item[k]).desc == params.desc)
                return cop_error_set(err, COP_ERR_CONFIG, "corrupt.params: two rows for %s",
                                     params.desc->name);
    }
    return COP_OK;
}

static CopStatus check_severities(const CopCorruptOptions *corrupt, CopError *err)
{
    for (int i = 0; i < corrupt->severities.n; i++)
        for (int k = 0; k < i; k++)
            if (corrupt->severities.item[i] == corrupt->severities.item[k])
                return cop_error_set(err, COP_ERR_CONFIG, "corrupt.severities: %g is there twice",
                                     corrupt->severities.item[i]);
    return COP_OK;
}

static bool is_family(const char *name, CopFamily family)
{
    return cop_name_equal(name, cop_family_names[family]);
}

/* True when `word` of corrupt.corruptions stands for `desc`. */
static bool asks_for(const char *word, const CopCorruptDesc *desc)
{
    return cop_name_equal(word, "all") || is_family(word, desc->family) ||
           cop_name_equal(word, desc->name);
}

static CopStatus check_names(const CopCorruptOptions *corrupt, CopError *err)
{
    for (int i = 0; i < corrupt->corruptions.n; i++) {
        const char *word = corrupt->corruptions.item[i];
        bool known = cop_name_equal(word, "all");
        for (int f = 0; f < COP_FAMILY_COUNT; f++)
            known |= is_family(word, (CopFamily)f);
        if (!known && !cop_corrupt_find(word, err))
            return COP_ERR_CONFIG;
    }
    return COP_OK;
}

/* Splits "NAME" or "NAME:SEVERITY". */
static CopStatus parse_only(const char *only, char name[64], double *severity, CopError *err)
{
    *severity = -1;
    const char *colon = strchr(only, ':');
    const size_t length = colon ? (size_t)(colon - only) : strlen(only);
    if (length >= 64 || (colon && (!cop_parse_double(colon + 1, severity) || *severity < 0)))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "--only %s: must be CORRUPTION or CORRUPTION:SEVERITY", only);
    memcpy(name, only, length);
    name[length] = '\0';
    if (strcmp(name, clean) != 0 && !cop_corrupt_find(name, err))
        return COP_ERR_CONFIG;
    return COP_OK;
}

static CopStatus add(CopVariants *out, const CopVariant *variant)
{
    CopVariant *item = realloc(out->item, ((size_t)out->n + 1) * sizeof *item);
    if (!item)
        return COP_ERR_NOMEM;
    out->item = item;
    item[out->n++] = *variant;
    return COP_OK;
}

static CopStatus add_clean(CopVariants *out, CopError *err)
{
    CopVariant variant = {.detail = strdup("")};
    const CopStatus status = variant.detail ? add(out, &variant) : COP_ERR_NOMEM;
    return status == COP_OK ? status : cop_error_set(err, status, "out of memory");
}

static CopStatus add_corruption(CopVariants *out, const CopCorruptOptions *corrupt,
                                const CopCorruptDesc *desc, double severity, CopError *err)
{
    CopVariant variant = {.desc = desc,
                          .severity = severity,
                          .spec = {.name = desc->name,
                                   .severity = severity,
                                   .seed = corrupt->seed,
                                   .temporal = (CopTemporal)corrupt->temporal,
                                   .preset = corrupt->preset,
                                   .params = params_of(corrupt, desc)}};
    /* A preset that this corruption has no table for leaves it at its own default. */
    if (corrupt->preset && !cop_corrupt_has_preset(desc, corrupt->preset))
        variant.spec.preset = NULL;
    CopCorrupt *trial = NULL;
    COP_TRY(cop_corrupt_create(&trial, &variant.spec, err));
    variant.detail = cop_corrupt_describe(trial);
    cop_corrupt_destroy(&trial);
    const CopStatus status = variant.detail ? add(out, &variant) : COP_ERR_NOMEM;
    return status == COP_OK ? status : cop_error_set(err, status, "out of memory");
}

static CopStatus check_preset(const CopCorruptOptions *corrupt, CopError *err)
{
    if (!corrupt->preset || !*corrupt->preset)
        return COP_OK;
    for (int i = 0; cop_corrupt_registry[i]; i++)
        if (cop_corrupt_has_preset(cop_corrupt_registry[i], corrupt->preset))
            return COP_OK;
    return cop_error_set(err, COP_ERR_CONFIG,
                         "corrupt.preset \"%s\": no corruption has such a table; `coppice list "
                         "corruptions` shows them",
                         corrupt->preset);
}

static CopStatus create(CopVariants *out, const CopCorruptOptions *corrupt, const char *only,
                        CopError *err)
{
    char only_name[64] = "";
    double only_severity = -1;
    COP_TRY(check_names(corrupt, err));
    COP_TRY(check_params(corrupt, err));
    COP_TRY(check_severities(corrupt, err));
    COP_TRY(check_preset(corrupt, err));
    if (only)
        COP_TRY(parse_only(only, only_name, &only_severity, err));
    if (!only || strcmp(only_name, clean) == 0)
        COP_TRY(add_clean(out, err));
    for (int i = 0; cop_corrupt_registry[i]; i++) {
        const CopCorruptDesc *desc = cop_corrupt_registry[i];
        bool wanted = false;
        for (int k = 0; k < corrupt->corruptions.n; k++)
            wanted |= asks_for(corrupt->corruptions.item[k], desc);
        if (!wanted || (only && !cop_name_equal(only_name, desc->name)))
            continue;
        for (int s = 0; s < corrupt->severities.n; s++) {
            const double severity = corrupt->severities.item[s];
            if (severity > 0 && (only_severity < 0 || fabs(severity - only_severity) < 1e-9))
                COP_TRY(add_corruption(out, corrupt, desc, severity, err));
        }
    }
    if (out->n == 0)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "nothing to evaluate: --only %s is not in the grid", only);
    return COP_OK;
}

CopStatus cop_variants_create(CopVariants *out, const CopCorruptOptions *corrupt, const char *only,
                              CopError *err)
{
    *out = (CopVariants){0};
    const CopStatus status = create(out, corrupt, only, err);
    if (status != COP_OK)
        cop_variants_free(out);
    return status;
}

void cop_variants_free(CopVariants *variants)
{
    for (int i = 0; i < variants->n; i++)
        free(variants->item[i].detail);
    free(variants->item);
    *variants = (CopVariants){0};
}
