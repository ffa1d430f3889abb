/* What a setup of the result file is, as text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/setup.h"

#include "models/core/cpu.h"
#include "pipeline/eval/provenance.h"
#include "pipeline/eval/variant.h"

/* Only what departs from one centre crop of evenly spread clips, so that setups without it
 * keep their hash. */
static void append_views(GString *text, const CopClipOptions *clip)
{
    if (clip->crops > 1)
        g_string_append_printf(text, "clip.crops=%d\n", clip->crops);
    if (clip->sampler != COP_SAMPLER_UNIFORM && clip->sampler != COP_SAMPLER_RANDOM)
        g_string_append_printf(text, "clip.sampler=%s\n", cop_sampler_names[clip->sampler]);
    if (clip->fps > 0)
        g_string_append_printf(text, "clip.fps=%.17g\n", clip->fps);
}

void cop_setup_append_corrupt(GString *text, const CopCorruptOptions *corrupt)
{
    g_string_append_printf(text,
                           "corrupt.preset=%s\ncorrupt.stage=%s\ncorrupt.temporal=%s\n"
                           "corrupt.seed=%" G_GUINT64_FORMAT "\n",
                           corrupt->preset, corrupt->stage == COP_STAGE_NATIVE ? "native" : "input",
                           cop_temporal_names[corrupt->temporal], corrupt->seed);
    for (int i = 0; i < corrupt->params.n; i++) {
        const CopVariantParams params = cop_variant_params(corrupt->params.item[i]);
        g_string_append_printf(text, "corrupt.params=%s:%s\n", params.desc->name, params.text);
    }
}

/* Logits are equal on one tier only, and codecs damage as their version does. */
void cop_setup_append_machine(GString *text, int aggregate)
{
    g_string_append_printf(text, "eval.aggregate=%d\ntier=%s\nffmpeg=%s\n", aggregate,
                           cop_tier_name(cop_tier()), cop_provenance_ffmpeg());
}

char *cop_setup_text(const CopConfig *c, const CopDataset *dataset, const CopKernelTable *kernels)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "data.format=%s\ndata.manifest=%016" G_GINT64_MODIFIER "x\n",
                           c->data.format, cop_dataset_hash(dataset));
    if (c->data.rawframes)
        g_string_append_printf(text, "data.frame_template=%s\ndata.frame_start=%d\n",
                               c->data.frame_template, c->data.frame_start);
    g_string_append_printf(text, "clip.clips=%d\nclip.policy=%s\n", c->clip.clips,
                           cop_edge_names[c->clip.policy]);
    append_views(text, &c->clip);
    cop_setup_append_corrupt(text, &c->corrupt);
    cop_setup_append_machine(text, c->eval.aggregate);
    char hash[COP_KERNEL_HASH];
    if (kernels->n) /* the built-in table is the tier's and the version's */
        g_string_append_printf(text, "kernels=%s\n", cop_kernel_table_name(kernels, hash));
    return g_string_free(text, FALSE);
}
