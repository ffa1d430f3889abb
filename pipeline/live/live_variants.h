/* The list of corruptions that a stream is put through, and which of them are next.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_VARIANTS_H
#define COP_LIVE_LIVE_VARIANTS_H

#include "pipeline/eval/variant.h"

/* The variants of `list`, clean first: names of corruptions or families, or "all", each with
 * severities of its own or those of `options`: "fog:1,3,5, noise, h264_crf:4". Variants that
 * are named twice are there once. Everything else is as in cop_variants_create(), of which
 * `options` are the other settings; its strings are borrowed for as long as the variants. */
CopStatus cop_live_variants_create(CopVariants *out, const CopCorruptOptions *options,
                                   const char *list, CopError *err) COP_MUST_CHECK;

/* Takes turns: with `lanes` for a window, the clean one included, each window has clean and the
 * next lanes - 1 corrupted variants of n, round and round. Zeroed is the start. */
typedef struct CopLiveSweep {
    int at; /* next variant, less one */
} CopLiveSweep;

/* Variants of the next window in variant[lanes], ascending turn order, clean (0) first;
 * returns how many. */
int cop_live_sweep_next(CopLiveSweep *sweep, int n, int lanes, int *variant);

#endif
