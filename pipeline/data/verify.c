/* A data set looked through: threads decode, the caller's keeps the books.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/verify.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/core/clock.h"
#include "models/core/ordered.h"
#include "pipeline/bytes.h"
#include "pipeline/cli.h"
#include "pipeline/data/video_index.h"
#include "pipeline/interrupt.h"
#include "pipeline/media/video_memory.h"

/* Names of faults, then of remarks. */
const char *const cop_finding_names[] = {"none",  "missing",     "unreadable", "empty", "no-video",
                                         "sound", "undecodable", "cut",        "slow",  "endless",
                                         "short", "damaged",     "duplicate",  "leak",  NULL};

typedef struct Slot {
    CopIndexRow row;
    CopError error;
    bool stamped;
} Slot;

typedef struct Run {
    const CopConfig *config;
    const CopVerifyOptions *options;
    CopVerifyResult *result;
    CopIndex *index;
    int *todo; /* [n_todo] files to decode */
    int n_todo;
    Slot *slot;
    double committed; /* when */
    CopError *err;
} Run;

/* --- files ---------------------------------------------------------------------- */

/* A clip that both lists name is one file. */
static void list_files(CopVerifyResult *r)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    r->file = g_new0(CopVerifyFile, r->train.n + r->test.n + 1);
    for (int i = 0; i < r->train.n + r->test.n; i++) {
        const bool train = i < r->train.n;
        const CopDataItem *item = train ? &r->train.item[i] : &r->test.item[i - r->train.n];
        gpointer before;
        int at = r->n;
        if (g_hash_table_lookup_extended(seen, item->relative, NULL, &before))
            at = GPOINTER_TO_INT(before);
        else
            g_hash_table_insert(seen, item->relative, GINT_TO_POINTER(r->n++));
        CopVerifyFile *file = &r->file[at];
        file->item = item;
        file->train |= train;
        file->test |= !train;
        file->twin = -1;
    }
    g_hash_table_unref(seen);
}

static void take_row(CopVerifyFile *file, const CopIndexRow *row)
{
    file->facts = row->facts;
    file->facts.seek = NULL;
    file->facts.seek_size = 0;
    g_strlcpy(file->sha256, row->sha256, sizeof file->sha256);
}

/* What was slow need not be on another day or machine: it gets another chance here alone. */
static bool is_settled(CopVideoFault fault)
{
    return cop_fault_lasts(fault) && fault != COP_FAULT_SLOW;
}

/* What the index knows need not be decoded again. */
static CopStatus look_up(Run *run)
{
    CopVerifyResult *r = run->result;
    run->todo = g_new(int, r->n + 1);
    for (int i = 0; i < r->n; i++) {
        CopVerifyFile *file = &r->file[i];
        CopIndexRow row;
        bool found;
        int64_t size, mtime;
        COP_TRY(cop_index_find(run->index, file->item->relative, &row, &found, run->err));
        file->known = found && !run->options->again && cop_source_is_file(&file->item->source) &&
                      cop_video_stamp(file->item->path, &size, &mtime) && size == row.size &&
                      mtime == row.mtime && is_settled(row.facts.fault);
        if (file->known)
            take_row(file, &row);
        else
            run->todo[run->n_todo++] = i;
        r->n_known += file->known;
        cop_video_facts_free(&row.facts);
    }
    return COP_OK;
}

/* Of the bytes that the clip's frames are stored in, in hexadecimal; "" where they cannot be
 * read. */
static void hash_item(const CopDataItem *item, char sha256[COP_SHA256_TEXT])
{
    const CopFrameSource *source = &item->source;
    const CopPictureSet *set = source->set;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    bool whole = true;
    if (set) {
        const size_t size = (size_t)set->planes * (size_t)set->height * (size_t)set->width;
        for (int i = 0; i < source->frames; i++)
            g_checksum_update(sum,
                              set->bytes + set->offset + (size_t)(source->first + i) * set->stride,
                              (gssize)size);
    } else if (cop_source_is_file(source)) {
        whole = cop_checksum_file(sum, item->path);
    }
    for (int i = 0; source->pattern && i < source->frames && whole; i++) {
        char *file = cop_source_picture(source, item->path, i);
        whole = file && cop_checksum_file(sum, file);
        g_free(file);
    }
    g_strlcpy(sha256, whole ? g_checksum_get_string(sum) : "", COP_SHA256_TEXT);
    g_checksum_free(sum);
}

static void do_file(void *ctx, long ticket, int slot_index, int worker)
{
    (void)worker;
    const Run *run = ctx;
    Slot *slot = &run->slot[slot_index];
    const CopDataItem *item = run->result->file[run->todo[ticket]].item;
    *slot = (Slot){0};
    slot->stamped = cop_source_is_file(&item->source) &&
                    cop_video_stamp(item->path, &slot->row.size, &slot->row.mtime);
    const CopStatus status =
        cop_source_scan(&item->source, item->path, &slot->row.facts, &slot->error);
    if (status != COP_OK)
        cop_error_set(&slot->error, status, "%s: %s", item->path, cop_status_name(status));
    /* A file at fault may be endless, and is nobody's twin. */
    if (status == COP_OK)
        hash_item(item, slot->row.sha256);
}

/* --- the run -------------------------------------------------------------------- */

static CopStatus take_file(Run *run, const Slot *slot, CopVerifyFile *file)
{
    static const double seconds = 2; /* of work that a kill may lose */
    if (slot->error.status != COP_OK && !cop_clip_is_broken(slot->error.status)) {
        *run->err = slot->error; /* a lack of memory says nothing of the file */
        return slot->error.status;
    }
    take_row(file, &slot->row);
    if (slot->stamped && cop_fault_lasts(slot->row.facts.fault))
        COP_TRY(cop_index_put(run->index, file->item->relative, &slot->row, run->err));
    if (cop_clock() - run->committed < seconds)
        return COP_OK;
    run->committed = cop_clock();
    return cop_index_commit(run->index, run->err);
}

static CopStatus consume(Run *run, CopOrdered *ordered, const char *label)
{
    CopProgress *progress = cop_progress_start(label, run->n_todo);
    CopStatus status = COP_OK;
    long ticket, done = 0;
    int slot;
    while (status == COP_OK && cop_ordered_next(ordered, &ticket, &slot)) {
        status = take_file(run, &run->slot[slot], &run->result->file[run->todo[ticket]]);
        cop_video_facts_free(&run->slot[slot].row.facts);
        cop_ordered_release(ordered);
        done = ticket + 1;
        cop_progress_step(progress, done, NULL);
        if (status == COP_OK && done < run->n_todo && cop_interrupted())
            status = COP_ERR_INTERRUPTED;
    }
    cop_progress_end(&progress);
    if (status != COP_OK && status != COP_ERR_INTERRUPTED)
        return status;
    COP_TRY(cop_index_commit(run->index, run->err));
    if (status == COP_ERR_INTERRUPTED)
        cop_error_set(run->err, status,
                      "interrupted after %ld of %d files; the same command goes on from there",
                      run->result->n_known + done, run->result->n);
    return status;
}

static CopStatus decode(Run *run, const char *label)
{
    enum { AHEAD = 4 }; /* files a thread: one long file holds the others up no sooner */
    const int threads =
        run->config->run.threads ? run->config->run.threads : (int)g_get_num_processors();
    const int depth = AHEAD * threads;
    CopOrdered *ordered = NULL;
    if (run->n_todo == 0)
        return COP_OK;
    run->slot = g_new0(Slot, depth);
    run->committed = cop_clock();
    CopStatus status = cop_ordered_create(&ordered, run->n_todo, threads, depth, do_file, run);
    if (status != COP_OK)
        return cop_error_set(run->err, status, "threads cannot be started");
    status = consume(run, ordered, label);
    cop_ordered_destroy(&ordered);
    for (int i = 0; i < depth; i++)
        cop_video_facts_free(&run->slot[i].row.facts);
    return status;
}

/* --- what there is to say ---------------------------------------------------------- */

static void find_twins(CopVerifyResult *r)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (int i = 0; i < r->n; i++) {
        CopVerifyFile *file = &r->file[i];
        gpointer before;
        if (!file->sha256[0])
            continue;
        if (g_hash_table_lookup_extended(seen, file->sha256, NULL, &before))
            file->twin = GPOINTER_TO_INT(before);
        else
            g_hash_table_insert(seen, file->sha256, GINT_TO_POINTER(i));
    }
    g_hash_table_unref(seen);
}

static void note(GArray *notes, int file, int kind, char *text)
{
    const CopVerifyNote row = {file, kind, text};
    g_array_append_val(notes, row);
}

static const char *split_name(const CopVerifyFile *file)
{
    return file->train && file->test ? "both lists" : file->train ? "training" : "test";
}

static void note_twin(const CopVerifyResult *r, int i, GArray *notes)
{
    const CopVerifyFile *file = &r->file[i];
    if (file->train && file->test)
        note(notes, i, COP_FINDING_LEAK, g_strdup("stands in the training and the test list"));
    if (file->twin < 0)
        return;
    const CopVerifyFile *twin = &r->file[file->twin];
    const bool leak = (file->train && twin->test) || (file->test && twin->train);
    note(notes, i, leak ? COP_FINDING_LEAK : COP_FINDING_DUPLICATE,
         g_strdup_printf("the same bytes as %s (%s)", twin->item->relative, split_name(twin)));
}

static void note_file(const CopVerifyResult *r, int i, int span, GArray *notes)
{
    const CopVideoFacts *facts = &r->file[i].facts;
    if (facts->fault != COP_FAULT_NONE)
        note(notes, i, (int)facts->fault, g_strdup(facts->reason));
    else if (facts->frames < span)
        note(notes, i, COP_FINDING_SHORT,
             g_strdup_printf("%d frames; a clip spans %d", facts->frames, span));
    if (facts->fault == COP_FAULT_NONE && facts->errors > 0)
        note(notes, i, COP_FINDING_DAMAGED,
             g_strdup_printf("%d packets could not be decoded", facts->errors));
    note_twin(r, i, notes);
}

static void conclude(const Run *run)
{
    CopVerifyResult *r = run->result;
    const int span = (run->config->clip.frames - 1) * run->config->clip.stride + 1;
    GArray *notes = g_array_new(FALSE, FALSE, sizeof(CopVerifyNote));
    find_twins(r);
    for (int i = 0; i < r->n; i++) {
        const guint before = notes->len;
        note_file(r, i, span, notes);
        bool broken = r->file[i].facts.fault != COP_FAULT_NONE;
        for (guint k = before; k < notes->len; k++) {
            const int kind = g_array_index(notes, CopVerifyNote, k).kind;
            broken = broken || (run->options->count >> kind & 1);
            r->found[kind]++;
        }
        r->n_broken += broken;
        r->frames += r->file[i].facts.frames;
    }
    r->n_notes = (int)notes->len;
    r->note = (CopVerifyNote *)(void *)g_array_free(notes, FALSE);
}

static CopStatus verify(Run *run, const char *label)
{
    CopVerifyResult *r = run->result;
    const CopDataOptions *data = &run->config->data;
    COP_TRY(cop_dataset_list(data, COP_SPLIT_TRAIN, &r->train, run->err));
    COP_TRY(cop_dataset_list(data, COP_SPLIT_TEST, &r->test, run->err));
    list_files(r);
    r->index = cop_index_path(data);
    COP_TRY(cop_index_open(&run->index, r->index, true, run->err));
    COP_TRY(look_up(run));
    COP_TRY(decode(run, label));
    conclude(run);
    return COP_OK;
}

CopStatus cop_verify(const CopConfig *config, const CopVerifyOptions *options, const char *label,
                     CopVerifyResult *result, CopError *err)
{
    CopError local = {0};
    *result = (CopVerifyResult){0};
    Run run = {.config = config, .options = options, .result = result, .err = err ? err : &local};
    const CopStatus status = verify(&run, label);
    cop_index_close(&run.index);
    g_free(run.todo);
    g_free(run.slot);
    return status;
}

void cop_verify_free(CopVerifyResult *result)
{
    for (int i = 0; i < result->n_notes; i++)
        g_free(result->note[i].text);
    g_free(result->note);
    g_free(result->file);
    g_free(result->index);
    cop_dataset_free(&result->train);
    cop_dataset_free(&result->test);
    *result = (CopVerifyResult){0};
}
