/* What a grid does to each clip: nothing (clean), or one corruption at one severity.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_VARIANT_H
#define COP_EVAL_VARIANT_H

#include "pipeline/config/config.h"

typedef struct CopVariant {
    const CopCorruptDesc *desc; /* NULL: clean */
    double severity;
    CopCorruptSpec spec;
    char *detail; /* resolved parameters; "" for clean */
} CopVariant;

typedef struct CopVariants {
    CopVariant *item; /* clean first */
    int n;
} CopVariants;

/* The variants that `corrupt` asks for: corruptions by name, family or "all", each at
 * each severity above 0. `only` (NULL: all) keeps "NAME" or "NAME:SEVERITY" and drops
 * clean unless NAME is "clean". Each is made once on trial, so that an unknown name, a
 * parameter out of range or a missing encoder shows before any work. Strings of
 * `corrupt` are borrowed. */
CopStatus cop_variants_create(CopVariants *out, const CopCorruptOptions *corrupt, const char *only,
                              CopError *err) COP_MUST_CHECK;
void cop_variants_free(CopVariants *variants);

const char *cop_variant_name(const CopVariant *variant);   /* "clean" or the corruption's */
const char *cop_variant_family(const CopVariant *variant); /* "clean" or the family's */

/* A row "CORRUPTION:name=value, ..." of corrupt.params, split: desc is NULL where it
 * does not have that form or names none. `text` is borrowed from the row. */
typedef struct CopVariantParams {
    const CopCorruptDesc *desc;
    const char *text;
} CopVariantParams;
CopVariantParams cop_variant_params(const char *row);

#endif
