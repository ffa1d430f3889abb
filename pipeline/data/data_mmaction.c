/* MMAction2's lists: "path label" a video or, with data.rawframes, "folder frames label" for
 * pictures numbered from data.frame_start on. Labels count from 0.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "pipeline/data/labelled_list.h"

/* Pictures of a folder: what a clip of them spans is held in memory. */
enum { FRAMES_MAX = 1000000 };

/* True where the last word is a number: the line had several labels. */
static bool ends_in_number(const char *line)
{
    const char *blank = strrchr(line, ' ');
    int number;
    return blank && cop_parse_int(blank + 1, &number);
}

static CopStatus read_line(const CopDataOptions *options, CopListFile *list, int i,
                           CopListEntries *out, CopError *err)
{
    char *line = list->line[i];
    const char *label = cop_list_cut(line, " \t");
    const char *count = label && options->rawframes ? cop_list_cut(line, " \t") : NULL;
    int number, frames = 0;
    if (!label || !cop_parse_int(label, &number) ||
        (options->rawframes && (!count || !cop_parse_int(count, &frames))))
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: not of the form \"%s\" (data.rawframes)",
                             list->path, i + 1,
                             options->rawframes ? "folder frames label" : "path label");
    if (options->rawframes && (frames < 1 || frames > FRAMES_MAX))
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: %d frames; allowed are 1 to %d", list->path,
                             i + 1, frames, FRAMES_MAX);
    if (ends_in_number(line))
        return cop_error_set(err, COP_ERR_DATA,
                             "%s:%d: more numbers than \"%s\" has: clips of several labels are not "
                             "read, and lists of pictures need data.rawframes",
                             list->path, i + 1,
                             options->rawframes ? "folder frames label" : "path label");
    return cop_entries_add(out, options, list, i, line, label, frames, err);
}

static CopStatus read_list(const CopDataOptions *options, const char *name, CopListEntries *out,
                           CopError *err)
{
    return cop_entries_read(options, name, read_line, out, err);
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    static const char *const names[2][3] = {
        {"train_list_videos.txt", "val_list_videos.txt", "test_list_videos.txt"},
        {"train_list_rawframes.txt", "val_list_rawframes.txt", "test_list_rawframes.txt"},
    };
    const char *const *name = names[options->rawframes];
    if (!cop_picture_pattern_valid(options->frame_template))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "data.frame_template: got \"%s\"; allowed: a file name with one "
                             "number in it, as img_{:05}.jpg",
                             options->frame_template);
    out->pattern = strdup(options->frame_template);
    if (!out->pattern)
        return COP_ERR_NOMEM;
    return cop_labelled_load(options, split, name[0],
                             name[options->test_split == COP_TEST_IS_VAL ? 1 : 2], read_list, out,
                             err);
}

const CopDataDesc cop_data_mmaction = {
    .name = "mmaction",
    .summary = "MMAction2's lists of videos, or of folders of pictures",
    .reference = "open-mmlab/mmaction2: docs, prepare_dataset",
    .load = load,
};
