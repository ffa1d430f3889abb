/* Whole videos: how many frames there are, and some of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/media/decode_private.h"
#include "pipeline/media/video_memory.h"

/* --- all frames ----------------------------------------------------------------- */

/* Every frame of a file at fault is thrown away: what is left of it depends on chance. */
static CopStatus count(const char *path, CopSeekNotes *notes, CopVideoFacts *facts, bool *intra,
                       CopError *err)
{
    CopDecoder *decoder;
    CopStatus status = cop_decoder_start(&decoder, path, 1, notes, &facts->fault, err);
    if (status != COP_OK)
        return status;
    while ((status = cop_decoder_skip(decoder, err)) == COP_OK && facts->frames < INT32_MAX)
        facts->frames++;
    const CopVideoInfo *info = cop_decoder_info(decoder);
    const AVCodecDescriptor *codec = avcodec_descriptor_get(decoder->codec->codec_id);
    *intra = codec && codec->props & AV_CODEC_PROP_INTRA_ONLY;
    facts->width = info->width;
    facts->height = info->height;
    facts->rate_num = info->rate_num;
    facts->rate_den = info->rate_den;
    facts->errors = cop_decoder_errors(decoder);
    memcpy(facts->codec, info->codec, sizeof facts->codec);
    if (status != COP_EOF) {
        facts->frames = 0;
        facts->fault = decoder->fault ? decoder->fault : COP_FAULT_UNDECODABLE;
    }
    cop_decoder_close(&decoder);
    return status == COP_EOF ? COP_OK : status;
}

/* Whether a seek into the middle finds what it should. */
static bool can_seek(const char *path, const CopSeekTable *table)
{
    const int key = table->keys / 2;
    if (table->keys < 2)
        return table->keys == 1;
    int frame = table->key[key] + 2;
    frame = frame < table->frames ? frame : table->frames - 1;
    CopDecoder *decoder;
    CopVideoFault fault;
    CopFrame picture = {0};
    if (cop_decoder_start(&decoder, path, 1, NULL, &fault, NULL) != COP_OK)
        return false;
    const CopPick pick = {.table = table, .first = frame, .last = frame};
    const bool found = cop_decoder_pick(decoder, &pick, &picture, NULL) == COP_OK;
    cop_frame_unref(&picture);
    cop_decoder_close(&decoder);
    return found;
}

/* Frames behind a broken packet come out differently when decoding begins elsewhere. */
static CopStatus pack_table(const char *path, const CopSeekNotes *notes, bool intra,
                            CopVideoFacts *facts)
{
    if (facts->errors > 0)
        return COP_OK;
    bool done = false;
    for (int by = COP_SEEK_BY_PTS; by <= COP_SEEK_BY_NOTHING && !done; by++) {
        CopSeekTable table;
        cop_video_facts_free(facts);
        COP_TRY(cop_seek_pack(notes, intra, (CopSeekBy)by, &facts->seek, &facts->seek_size));
        if (!facts->seek)
            return COP_OK;
        COP_TRY(cop_seek_unpack(&table, facts->seek, facts->seek_size));
        done = by == COP_SEEK_BY_NOTHING || can_seek(path, &table);
        cop_seek_table_free(&table);
    }
    return COP_OK;
}

CopStatus cop_video_scan(const char *path, CopVideoFacts *facts, CopError *err)
{
    *facts = (CopVideoFacts){0};
    if (strcmp(path, "-") == 0)
        return cop_error_set(err, COP_ERR_ARG, "-: a stream cannot be counted ahead");
    CopError own = {0};
    CopSeekNotes *notes;
    int64_t size, mtime;
    const bool stamped = cop_video_stamp(path, &size, &mtime);
    const double patience = cop_decoder_patience();
    bool intra = false;
    if (cop_seek_notes_create(&notes) != COP_OK)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    CopStatus status = count(path, notes, facts, &intra, &own);
    if (status == COP_OK && pack_table(path, notes, intra, facts) != COP_OK)
        status = cop_error_set(&own, COP_ERR_NOMEM, "%s: out of memory", path);
    cop_seek_notes_destroy(&notes);
    if (status != COP_OK) {
        const size_t named = strlen(path);
        const bool starts = strncmp(own.text, path, named) == 0 && own.text[named] == ':';
        snprintf(facts->reason, sizeof facts->reason, "%.255s",
                 own.text + (starts ? named + 2 : 0));
    }
    if (facts->fault == COP_FAULT_SLOW)
        facts->waited = patience;
    /* What is locked today need not be tomorrow, though the file stays as it is. */
    if (stamped && (status == COP_OK || status == COP_ERR_DATA) && cop_fault_lasts(facts->fault))
        cop_video_remember(path, size, mtime, facts);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "%s", own.text);
}

static CopVideoLength length_of(const CopVideoFacts *facts)
{
    const bool rated = facts->rate_num > 0 && facts->rate_den > 0;
    return (CopVideoLength){facts->frames, rated ? (double)facts->rate_num / facts->rate_den : 0};
}

double cop_video_bits(const char *path)
{
    CopDecoder *decoder;
    CopVideoFault fault;
    if (cop_decoder_start(&decoder, path, 1, NULL, &fault, NULL) != COP_OK)
        return 0;
    const double bits = cop_decoder_info(decoder)->bits;
    cop_decoder_close(&decoder);
    return bits;
}

CopStatus cop_video_length(const char *path, CopVideoLength *out, CopError *err)
{
    atomic_bool *unseekable;
    CopVideoFacts facts = {0};
    const CopVideoFacts *known = cop_video_known(path, &unseekable);
    *out = (CopVideoLength){0};
    if (known && known->fault != COP_FAULT_NONE)
        return cop_error_set(err, COP_ERR_DATA, "%s: %s%s", path, known->reason,
                             known->fault == COP_FAULT_SLOW
                                 ? "; verify or a longer data.timeout tries it again"
                                 : "");
    if (known) {
        *out = length_of(known);
        return COP_OK;
    }
    const CopStatus status = cop_video_scan(path, &facts, err);
    *out = length_of(&facts);
    cop_video_facts_free(&facts);
    return status;
}

CopStatus cop_video_count(const char *path, int *frames, CopError *err)
{
    CopVideoLength length;
    const CopStatus status = cop_video_length(path, &length, err);
    *frames = length.frames;
    return status;
}

/* --- some frames ---------------------------------------------------------------- */

static bool is_wanted(const bool *want, int i)
{
    return !want || want[i];
}

/* From the first frame to the last one. */
static CopStatus read_on(CopDecoder *decoder, int first, int last, const bool *want, CopFrame *out,
                         int *n, CopError *err)
{
    CopStatus status = COP_OK;
    for (int i = 0; i <= last && status == COP_OK; i++) {
        if (i >= first && is_wanted(want, i - first))
            status = cop_decoder_next(decoder, &out[i - first], err);
        else
            status = cop_decoder_skip(decoder, err);
        *n += status == COP_OK && i >= first;
    }
    return status == COP_EOF ? COP_OK : status;
}

/* True where less than all packets up to the last frame will do. */
static bool is_worth_it(const CopSeekTable *table, int first, int last, const bool *want)
{
    const int key = cop_seek_key(table, first);
    if (key >= 0 && table->key[key] > 0)
        return true;
    for (int i = 0; i < last; i++)
        if (i < first || !is_wanted(want, i - first))
            return table->timed;
    return false;
}

/* COP_AGAIN where the way by the table cannot be gone. */
static CopStatus read_by_table(CopDecoder *decoder, const CopVideoFacts *facts, int first, int last,
                               const bool *want, CopFrame *out, int *n, CopError *err)
{
    CopSeekTable table;
    if (!facts->seek || cop_seek_unpack(&table, facts->seek, facts->seek_size) != COP_OK)
        return COP_AGAIN;
    CopStatus status = COP_AGAIN;
    if (facts->frames == table.frames && first < table.frames &&
        is_worth_it(&table, first, last, want)) {
        const CopPick pick = {.table = &table, .first = first, .last = last, .want = want};
        status = cop_decoder_pick(decoder, &pick, out, err);
        *n = (last < table.frames ? last + 1 : table.frames) - first;
    }
    cop_seek_table_free(&table);
    return status;
}

CopStatus cop_video_read(const char *path, int first, int last, const bool *want, CopFrame *out,
                         int *n, CopError *err)
{
    *n = 0;
    if (first < 0 || last < first)
        return cop_error_set(err, COP_ERR_ARG, "%s: frames %d to %d", path, first, last);
    const int room = last - first + 1;
    memset(out, 0, (size_t)room * sizeof *out);
    atomic_bool *unseekable = NULL;
    const CopVideoFacts *known = cop_video_known(path, &unseekable);
    CopDecoder *decoder;
    COP_TRY(cop_decoder_open(&decoder, path, 1, err));
    CopStatus status = COP_AGAIN;
    if (known && !atomic_load(unseekable))
        status = read_by_table(decoder, known, first, last, want, out, n, err);
    if (status == COP_AGAIN && *n > 0) { /* the table has misled us */
        atomic_store(unseekable, true);
        cop_frames_unref(out, room);
        *n = 0;
        cop_decoder_close(&decoder);
        COP_TRY(cop_decoder_open(&decoder, path, 1, err));
    }
    if (status == COP_AGAIN)
        status = read_on(decoder, first, last, want, out, n, err);
    cop_decoder_close(&decoder);
    if (status == COP_OK)
        return COP_OK;
    cop_frames_unref(out, room);
    *n = 0;
    return status;
}
