/* Our own lists: train.tsv, val.tsv and test.tsv, columns parted by tabs under a header
 * "path	label". A label is a name or a number. Further columns may say what is known of
 * a file (frames, fps, sha1); these are not checked.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "pipeline/data/labelled_list.h"
#include "pipeline/data/table_file.h"

static CopStatus check_columns(const CopTableFile *table, CopError *err)
{
    static const char *const known[] = {"path",   "label", "start", "end",
                                        "frames", "fps",   "sha1",  NULL};
    for (int i = 0; i < table->n; i++)
        if (!g_strv_contains(known, table->column[i]))
            return cop_error_set(err, COP_ERR_DATA,
                                 "%s: a column \"%s\"; columns are path, label, start, end, "
                                 "frames, fps and sha1, parted by tabs",
                                 table->list.path, table->column[i]);
    for (int i = 0; i < 2; i++)
        if (cop_table_file_column(table, known[i]) < 0)
            return cop_error_set(err, COP_ERR_DATA, "%s: the header has no column \"%s\"",
                                 table->list.path, known[i]);
    return COP_OK;
}

static CopStatus read_row(const CopDataOptions *options, CopTableFile *table, int i,
                          CopListEntries *out, CopError *err)
{
    const CopStatus status = cop_table_file_row(table, i, err);
    if (status != COP_OK)
        return status == COP_EOF ? COP_OK : status;
    const char *path = table->field[cop_table_file_column(table, "path")];
    for (int side = 0; side < 2; side++) {
        const int column = cop_table_file_column(table, side ? "end" : "start");
        if (column >= 0 && table->field[column][0])
            return cop_error_set(err, COP_ERR_DATA,
                                 "%s:%d: %s is \"%s\"; parts of files are not read, it must be "
                                 "empty",
                                 table->list.path, i + 1, table->column[column],
                                 table->field[column]);
    }
    const char *label = table->field[cop_table_file_column(table, "label")];
    return cop_entries_add(out, options, &table->list, i, path, label, 0, err);
}

static CopStatus read_list(const CopDataOptions *options, const char *name, CopListEntries *out,
                           CopError *err)
{
    CopTableFile table;
    CopStatus status = cop_table_file_open(&table, options->annotation, name, '\t', err);
    if (status == COP_OK)
        status = check_columns(&table, err);
    for (int i = 0; i < table.list.n && status == COP_OK; i++)
        status = read_row(options, &table, i, out, err);
    out->path = g_strdup(table.list.path);
    cop_table_file_close(&table);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    const char *test = options->test_split == COP_TEST_IS_VAL ? "val.tsv" : "test.tsv";
    return cop_labelled_load(options, split, "train.tsv", test, read_list, out, err);
}

const CopDataDesc cop_data_manifest = {
    .name = "manifest",
    .summary = "our own train.tsv, val.tsv, test.tsv: path and label under a header",
    .reference = "columns path, label, start, end, frames, fps, sha1, parted by tabs",
    .load = load,
};
