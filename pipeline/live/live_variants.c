/* The list of corruptions that a stream is put through, and which of them are next.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_variants.h"

#include <glib.h>
#include <stdlib.h>

/* One name with what severities follow it. */
typedef struct Item {
    char *name;
    CopDoubles severities; /* none: the common ones */
} Item;

static void clear_item(void *memory)
{
    Item *item = memory;
    g_free(item->name);
    g_free(item->severities.item);
}

static void add_severity(Item *item, double severity)
{
    CopDoubles *s = &item->severities;
    s->item = g_renew(double, s->item, s->n + 1);
    s->item[s->n++] = severity;
}

static CopStatus refuse(const char *word, CopError *err)
{
    return cop_error_set(err, COP_ERR_CONFIG,
                         "corruptions: \"%s\" must be NAME or NAME:SEVERITY,SEVERITY,... with "
                         "severities above 0 and up to %d",
                         word, COP_SEVERITIES);
}

/* A number goes on with the severities of the name before it. */
static CopStatus read_word(GArray *items, char *word, CopError *err)
{
    double severity;
    if (!*g_strstrip(word))
        return COP_OK;
    char **part = g_strsplit(word, ":", -1);
    CopStatus status = COP_OK;
    const bool follows = cop_parse_double(word, &severity);
    if (!follows) {
        const Item item = {.name = g_strdup(g_strstrip(part[0]))};
        g_array_append_val(items, item);
    }
    Item *last = items->len ? &g_array_index(items, Item, items->len - 1) : NULL;
    for (int i = follows ? 0 : 1; part[i] && status == COP_OK; i++) {
        const bool number = cop_parse_double(g_strstrip(part[i]), &severity);
        if (!last || !number || !(severity > 0) || severity > COP_SEVERITIES ||
            (follows && last->severities.n == 0))
            status = refuse(word, err);
        else
            add_severity(last, severity);
    }
    g_strfreev(part);
    return status;
}

static bool is_there(const CopVariants *variants, const CopVariant *variant)
{
    for (int i = 0; i < variants->n; i++)
        if (variants->item[i].desc == variant->desc &&
            variants->item[i].severity == variant->severity)
            return true;
    return false;
}

/* Moves over what is new. */
static CopStatus add_part(CopVariants *out, CopVariants *part, CopError *err)
{
    const size_t n = (size_t)(out->n + part->n);
    CopVariant *grown = realloc(out->item, n * sizeof *grown);
    if (!grown)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    out->item = grown;
    for (int i = 0; i < part->n; i++)
        if (!is_there(out, &part->item[i])) {
            grown[out->n++] = part->item[i];
            part->item[i].detail = NULL;
        }
    return COP_OK;
}

static CopStatus add_item(CopVariants *out, const CopCorruptOptions *options, Item *item,
                          CopError *err)
{
    CopCorruptOptions own = *options;
    CopVariants part;
    own.corruptions = (CopStrings){&item->name, 1};
    if (item->severities.n)
        own.severities = item->severities;
    COP_TRY(cop_variants_create(&part, &own, NULL, err));
    const CopStatus status = add_part(out, &part, err);
    cop_variants_free(&part);
    return status;
}

CopStatus cop_live_variants_create(CopVariants *out, const CopCorruptOptions *options,
                                   const char *list, CopError *err)
{
    GArray *items = g_array_new(FALSE, TRUE, sizeof(Item));
    g_array_set_clear_func(items, clear_item);
    char **word = g_strsplit_set(list, ",;", -1);
    CopStatus status = COP_OK;
    *out = (CopVariants){0};
    for (int i = 0; word[i] && status == COP_OK; i++)
        status = read_word(items, word[i], err);
    for (guint i = 0; i < items->len && status == COP_OK; i++)
        status = add_item(out, options, &g_array_index(items, Item, i), err);
    if (status == COP_OK && out->n < 2)
        status = cop_error_set(err, COP_ERR_CONFIG,
                               "corruptions: \"%s\" names none at a severity above 0", list);
    g_strfreev(word);
    g_array_unref(items);
    if (status != COP_OK)
        cop_variants_free(out);
    return status;
}

int cop_live_sweep_next(CopLiveSweep *sweep, int n, int lanes, int *variant)
{
    const int corrupted = n - 1, room = lanes - 1;
    const int take = corrupted < room ? corrupted : room;
    variant[0] = 0;
    for (int i = 0; i < take; i++) {
        variant[1 + i] = 1 + sweep->at;
        sweep->at = (sweep->at + 1) % corrupted;
    }
    return 1 + take;
}
