/* Which clips the models get wrong, and on which they change their mind.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/hard_clips.h"

#include <glib.h>

static void count_model(const CopResults *results, int model, CopHardClip *out, GHashTable *classes)
{
    const CopResultCell *cell = results->models[model].cells;
    const int clip = out->clip;
    const bool labelled = results->clips[clip].label >= 0;
    const bool clean = cell[0].hit && cell[0].hit[clip];
    if (clean && labelled) {
        out->clean++;
        out->clean_wrong += !(cell[0].hit[clip] & COP_HIT_TOP1);
    }
    for (int k = 1; k < results->n_columns; k++) {
        if (!cell[k].hit || !cell[k].hit[clip])
            continue;
        out->pairs += clean;
        out->flips += clean && cell[k].answer[clip] != cell[0].answer[clip];
        if (!labelled)
            continue;
        out->answers++;
        if (cell[k].hit[clip] & COP_HIT_TOP1)
            continue;
        out->wrong++;
        gpointer key = GINT_TO_POINTER(cell[k].answer[clip]);
        const int n = GPOINTER_TO_INT(g_hash_table_lookup(classes, key)) + 1;
        g_hash_table_insert(classes, key, GINT_TO_POINTER(n));
    }
}

/* Of classes given as often, the first. */
static int most_often(GHashTable *classes)
{
    GHashTableIter rows;
    gpointer key, value;
    int best = -1, most = 0;
    g_hash_table_iter_init(&rows, classes);
    while (g_hash_table_iter_next(&rows, &key, &value)) {
        const int answer = GPOINTER_TO_INT(key), n = GPOINTER_TO_INT(value);
        if (n > most || (n == most && answer < best)) {
            best = answer;
            most = n;
        }
    }
    return best;
}

static CopHardClip count(const CopResults *results, int clip, GHashTable *classes)
{
    CopHardClip out = {.clip = clip};
    g_hash_table_remove_all(classes);
    for (int model = 0; model < results->n_models; model++)
        count_model(results, model, &out, classes);
    out.mistake = most_often(classes);
    return out;
}

static double share(const CopHardClip *clip, CopHardOrder order)
{
    const int part = order == COP_HARD_WRONG ? clip->wrong : clip->flips;
    const int all = order == COP_HARD_WRONG ? clip->answers : clip->pairs;
    return all ? (double)part / all : 0;
}

int cop_results_hard_clips(const CopResults *results, CopHardOrder order, CopHardClip *out,
                           int most)
{
    GHashTable *classes = g_hash_table_new(g_direct_hash, g_direct_equal);
    int n = 0;
    for (int i = 0; i < results->n_clips; i++) {
        const CopHardClip found = count(results, i, classes);
        int at = n;
        if (share(&found, order) == 0)
            continue;
        while (at > 0 && share(&found, order) > share(&out[at - 1], order))
            at--;
        if (at == most)
            continue;
        n += n < most;
        for (int k = n - 1; k > at; k--)
            out[k] = out[k - 1];
        out[at] = found;
    }
    g_hash_table_unref(classes);
    return n;
}
