/* SlowFast's lists: train.csv, val.csv and test.csv, "path label" a line, without a header.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "pipeline/data/labelled_list.h"

static CopStatus read_line(const CopDataOptions *options, CopListFile *list, int i,
                           CopListEntries *out, CopError *err)
{
    static const char *const separators[] = {
        [COP_SEPARATOR_BLANK] = " \t",
        [COP_SEPARATOR_COMMA] = ",",
        [COP_SEPARATOR_SEMICOLON] = ";",
        [COP_SEPARATOR_TAB] = "\t",
    };
    char *line = list->line[i];
    const char *label = cop_list_cut(line, separators[options->separator]);
    int number;
    if (!label || !cop_parse_int(label, &number))
        return cop_error_set(err, COP_ERR_DATA,
                             "%s:%d: not of the form \"path label\", parted by a %s "
                             "(data.separator)",
                             list->path, i + 1, cop_separator_names[options->separator]);
    return cop_entries_add(out, options, list, i, line, label, 0, err);
}

static CopStatus read_list(const CopDataOptions *options, const char *name, CopListEntries *out,
                           CopError *err)
{
    return cop_entries_read(options, name, read_line, out, err);
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    const char *test = options->test_split == COP_TEST_IS_VAL ? "val.csv" : "test.csv";
    return cop_labelled_load(options, split, "train.csv", test, read_list, out, err);
}

const CopDataDesc cop_data_slowfast = {
    .name = "slowfast",
    .summary = "SlowFast's train.csv, val.csv, test.csv: path and label",
    .reference = "facebookresearch/SlowFast: slowfast/datasets/DATASET.md",
    .load = load,
};
