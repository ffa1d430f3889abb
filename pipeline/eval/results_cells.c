/* Reading the answers of a result file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/eval/results_load.h"

static CopResultCell *find_cell(const CopLoader *load)
{
    const CopResults *out = load->out;
    const int64_t id = sqlite3_column_int64(load->rows, 1);
    const char *name = (const char *)sqlite3_column_text(load->rows, 2);
    const double severity = sqlite3_column_double(load->rows, 3);
    int model = 0, corruption = -1, column = 0;
    while (model < out->n_models && load->model_id[model] != id)
        model++;
    if (model == out->n_models || !name)
        return NULL;
    if (strcmp(name, "clean") != 0) {
        corruption = cop_load_corruption(out, name);
        column = cop_results_column(out, corruption, severity);
    }
    return column < 0 ? NULL : &out->models[model].cells[column];
}

static CopStatus add_cell(CopLoader *load, GHashTable *cells, CopResultCell *cell)
{
    const CopResults *out = load->out;
    int64_t *id = NULL;
    COP_TRY(cop_load_take(load, &id, 1, sizeof *id));
    COP_TRY(cop_load_take(load, &cell->hit, out->n_clips, sizeof *cell->hit));
    COP_TRY(cop_load_take(load, &cell->answer, out->n_clips, sizeof *cell->answer));
    COP_TRY(cop_load_take(load, &cell->confidence, out->n_clips, sizeof *cell->confidence));
    *id = sqlite3_column_int64(load->rows, 0);
    cell->seconds = sqlite3_column_double(load->rows, 4);
    g_hash_table_insert(cells, id, cell);
    return COP_OK;
}

/* Place of a clip in the results, -1 for one that was skipped later on; `near` is the place of
 * the row before, mostly the same clip's. */
static int find_clip(const CopResults *out, int64_t id, int near)
{
    if (near >= 0 && out->clips[near].id == id)
        return near;
    int low = 0, high = out->n_clips - 1;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (out->clips[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return high >= 0 && out->clips[low].id == id ? low : -1;
}

/* The row at hand: cell, clip, classes, first score. */
static void take_answer(const CopLoader *load, CopResultCell *cell, int at)
{
    sqlite3_stmt *row = load->rows;
    const int label = load->out->clips[at].label;
    uint8_t hit = COP_HIT_ANSWERED;
    for (int i = 0; i < COP_TOP && label >= 0; i++)
        if (sqlite3_column_type(row, 2 + i) == SQLITE_INTEGER &&
            sqlite3_column_int(row, 2 + i) == label)
            hit |= i == 0 ? COP_HIT_TOP1 | COP_HIT_TOP5 : COP_HIT_TOP5;
    cell->hit[at] = hit;
    cell->answer[at] = sqlite3_column_int(row, 2);
    cell->confidence[at] = sqlite3_column_type(row, 2 + COP_TOP) == SQLITE_NULL
                               ? NAN
                               : (float)sqlite3_column_double(row, 2 + COP_TOP);
    cell->answers++;
    cell->n += label >= 0;
    cell->top1 += (hit & COP_HIT_TOP1) != 0;
    cell->top5 += (hit & COP_HIT_TOP5) != 0;
}

/* One walk through the file in its own order, whatever setup a row is of. */
static CopStatus load_answers(CopLoader *load, GHashTable *cells)
{
    CopStatus status;
    int at = -1;
    COP_TRY(cop_load_ask(load,
                         "SELECT cell, clip, top1, top2, top3, top4, top5, score1 FROM prediction"
                         " WHERE view = -1",
                         0));
    while ((status = cop_load_next(load)) == COP_OK) {
        const int64_t id = sqlite3_column_int64(load->rows, 0);
        CopResultCell *cell = g_hash_table_lookup(cells, &id);
        if (!cell)
            continue;
        at = find_clip(load->out, sqlite3_column_int64(load->rows, 1), at);
        if (at >= 0)
            take_answer(load, cell, at);
    }
    return status == COP_EOF ? COP_OK : status;
}

CopStatus cop_load_cells(CopLoader *load)
{
    GHashTable *cells = g_hash_table_new(g_int64_hash, g_int64_equal);
    CopStatus status = cop_load_ask(
        load, "SELECT id, model, corruption, severity, seconds FROM cell WHERE setup = ?1",
        load->out->setup);
    while (status == COP_OK && (status = cop_load_next(load)) == COP_OK) {
        CopResultCell *cell = find_cell(load);
        if (cell && !cell->hit) /* else clean at a severity other than 0: not a cell of ours */
            status = add_cell(load, cells, cell);
    }
    if (status == COP_EOF)
        status = load_answers(load, cells);
    g_hash_table_destroy(cells);
    COP_TRY(status);
    for (int i = 0; i < load->out->n_models; i++)
        for (int column = 0; column < load->out->n_columns; column++)
            load->out->models[i].seconds += load->out->models[i].cells[column].seconds;
    return COP_OK;
}
