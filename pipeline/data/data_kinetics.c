/* Kinetics' tables: train.csv, val.csv (or validate.csv) and test.csv under the header
 * label,youtube_id,time_start,time_end,split[,is_cc]. A clip is
 * split/label/ID_START_END.mp4 with six digits a time; a class's number is its place among
 * the sorted labels of the training table.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/data/dataset.h"
#include "pipeline/data/table_file.h"

/* A table and where its columns are; label is -1 where a test table has none. */
typedef struct Table {
    CopTableFile file;
    int label, id, start, end;
} Table;

/* The split being loaded. */
typedef struct Split {
    const CopDataOptions *options;
    CopDataset *out;
    const char *folder;  /* of the split, below the root */
    char **class_folder; /* [classes] below that, NULL until it is looked for */
} Split;

static CopStatus open_table(Table *table, const char *folder, const char *name, bool labelled,
                            CopError *err)
{
    COP_TRY(cop_table_file_open(&table->file, folder, name, ',', err));
    const char *const names[] = {"label", "youtube_id", "time_start", "time_end"};
    int *const columns[] = {&table->label, &table->id, &table->start, &table->end};
    for (int i = 0; i < 4; i++) {
        *columns[i] = cop_table_file_column(&table->file, names[i]);
        if (*columns[i] < 0 && (i > 0 || labelled))
            return cop_error_set(err, COP_ERR_DATA, "%s: the header has no column \"%s\"",
                                 table->file.list.path, names[i]);
    }
    return COP_OK;
}

/* The sorted labels of the training table. */
static CopStatus read_classes(const CopDataOptions *options, const char *name, CopDataset *out,
                              CopError *err)
{
    Table table = {0};
    GHashTable *labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    CopStatus status = open_table(&table, options->annotation, name, true, err);
    for (int i = 0; i < table.file.list.n && status == COP_OK; i++) {
        status = cop_table_file_row(&table.file, i, err);
        if (status == COP_OK && !table.file.field[table.label][0])
            status = cop_error_set(err, COP_ERR_DATA, "%s:%d: a training clip without a label",
                                   table.file.list.path, i + 1);
        else if (status == COP_OK)
            g_hash_table_add(labels, g_strdup(table.file.field[table.label]));
        status = status == COP_EOF ? COP_OK : status;
    }
    guint n;
    char **names = (char **)g_hash_table_get_keys_as_array(labels, &n);
    qsort(names, n, sizeof *names, cop_compare_names);
    if (status == COP_OK && n == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: lists no clips", table.file.list.path);
    if (status == COP_OK)
        status = cop_dataset_name_classes(out, (const char *const *)names, (int)n);
    g_free(names);
    g_hash_table_unref(labels);
    cop_table_file_close(&table.file);
    return status;
}

static bool is_folder(const char *a, const char *b, const char *c)
{
    char *path = g_build_filename(a, b, c, NULL);
    const bool there = g_file_test(path, G_FILE_TEST_IS_DIR);
    g_free(path);
    return there;
}

/* People's copies name a class's folder by its label, with '_' for blanks, or as torchvision
 * does, without ' ( ) too. The label itself where none is there: its clips are missing. */
static char *find_class_folder(const Split *split, const char *label)
{
    char *joined = g_strdelimit(g_strdup(label), " ", '_'), *bare = g_strdup(joined);
    char *to = bare;
    for (const char *from = joined; *from; from++)
        if (!strchr("'()", *from))
            *to++ = *from;
    *to = '\0';
    const char *const forms[] = {label, joined, bare};
    const char *found = label;
    for (int i = 2; i >= 0; i--)
        if (is_folder(split->options->root, split->folder, forms[i]))
            found = forms[i];
    char *copy = g_strdup(found);
    g_free(joined);
    g_free(bare);
    return copy;
}

/* A label holds no '/' in any edition; one that does would lead elsewhere. */
static CopStatus find_class(const Split *split, const Table *table, int i, int *label,
                            CopError *err)
{
    const CopStrings *classes = &split->out->classes;
    char *name = table->label < 0 ? NULL : table->file.field[table->label];
    *label = -1;
    if (!name || !name[0])
        return COP_OK;
    char **found =
        bsearch(&name, classes->item, (size_t)classes->n, sizeof(char *), cop_compare_names);
    if (!found || strchr(name, '/'))
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: label \"%s\" is %s", table->file.list.path,
                             i + 1, name,
                             found ? "no name of a folder" : "not in the training table");
    *label = (int)(found - classes->item);
    if (!split->class_folder[*label])
        split->class_folder[*label] = find_class_folder(split, name);
    return COP_OK;
}

static CopStatus add_row(const Split *split, Table *table, int i, CopError *err)
{
    const CopStatus status = cop_table_file_row(&table->file, i, err);
    if (status != COP_OK)
        return status == COP_EOF ? COP_OK : status;
    char *const *field = table->file.field;
    int start, end, label;
    if (!field[table->id][0] || strchr(field[table->id], '/') ||
        !cop_parse_int(field[table->start], &start) || start < 0 ||
        !cop_parse_int(field[table->end], &end) || end < start)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s:%d: \"%s\" from \"%s\" to \"%s\"; needs a youtube_id and whole "
                             "seconds that rise",
                             table->file.list.path, i + 1, field[table->id], field[table->start],
                             field[table->end]);
    COP_TRY(find_class(split, table, i, &label, err));
    char *name = g_strdup_printf("%s_%06d_%06d.mp4", field[table->id], start, end);
    const char *below = label < 0 ? NULL : split->class_folder[label];
    char *relative =
        g_build_filename(split->folder, below ? below : name, below ? name : NULL, NULL);
    CopStatus added = cop_list_once(&table->file.list, i + 1, relative, err);
    if (added == COP_OK)
        added = cop_dataset_add(split->out, split->options->root, relative, label);
    g_free(relative);
    g_free(name);
    return added;
}

static CopStatus add_split(Split *split, const char *name, bool labelled, CopError *err)
{
    Table table = {0};
    const int classes = split->out->classes.n;
    split->class_folder = g_new0(char *, (gsize)classes + 1);
    CopStatus status = open_table(&table, split->options->annotation, name, labelled, err);
    for (int i = 0; i < table.file.list.n && status == COP_OK; i++)
        status = add_row(split, &table, i, err);
    for (int k = 0; k < classes; k++)
        g_free(split->class_folder[k]);
    g_free(split->class_folder);
    cop_table_file_close(&table.file);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit which, CopDataset *out, CopError *err)
{
    static const char *const val[] = {"val.csv", "validate.csv", "validation.csv", NULL};
    static const char *const val_folder[] = {"val", "validate", "validation", NULL};
    COP_TRY(cop_data_needs_annotation(options, err));
    const char *train = options->train_list[0] ? options->train_list : "train.csv";
    COP_TRY(read_classes(options, train, out, err));
    Split split = {.options = options, .out = out, .folder = "train"};
    if (which == COP_SPLIT_TRAIN)
        return add_split(&split, train, true, err);
    const bool use_val = options->test_split == COP_TEST_IS_VAL;
    const char *test = use_val ? cop_list_find(options->annotation, val) : "test.csv";
    split.folder = use_val ? val_folder[0] : "test";
    for (int i = 2; use_val && i >= 0; i--)
        if (is_folder(options->root, val_folder[i], NULL))
            split.folder = val_folder[i];
    return add_split(&split, options->test_list[0] ? options->test_list : test, use_val, err);
}

const CopDataDesc cop_data_kinetics = {
    .name = "kinetics",
    .summary = "the tables of Kinetics: train.csv, val.csv, test.csv",
    .reference = "Kay et al.: The Kinetics human action video dataset, arXiv 1705.06950",
    .load = load,
};
