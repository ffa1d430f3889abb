/* What one pass over a video learns, so that a later one need not decode everything: when
 * each frame is shown, what it looks like, and where decoding can begin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_SEEK_TABLE_H
#define COP_MEDIA_SEEK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/status.h"

typedef struct CopSeekTable {
    int frames, keys;
    bool timed;    /* frames carry the times of their packets, so that packets can be told apart */
    bool intra;    /* every packet is a picture that needs no other */
    int64_t *time; /* [frames] rising, in the stream's time base */
    uint16_t *sum; /* [frames] of what was decoded (cop_picture_sum()) */
    int *key;      /* [keys] rising: frames whose packets decoding can begin with */
    int64_t *ask;  /* [keys] times at which to ask the container for these packets */
} CopSeekTable;

/* Notes of a pass, packed when it is over. */
typedef struct CopSeekNotes CopSeekNotes;

CopStatus cop_seek_notes_create(CopSeekNotes **out) COP_MUST_CHECK;
void cop_seek_notes_destroy(CopSeekNotes **notes);

/* A decoded frame, in the order of presentation: its time (INT64_MIN: unknown), whether that
 * is its packet's own, whether the codec calls it a key frame. */
void cop_seek_note_frame(CopSeekNotes *notes, int64_t time, bool own, bool key, uint16_t sum);

/* A packet that is marked as a place to begin; INT64_MIN: unknown. */
void cop_seek_note_packet(CopSeekNotes *notes, int64_t pts, int64_t dts);

/* Containers are asked for a packet by the time at which it is shown, or decoded: to take the
 * wrong one leads before it, or behind it. */
typedef enum CopSeekBy { COP_SEEK_BY_PTS, COP_SEEK_BY_DTS, COP_SEEK_BY_NOTHING } CopSeekBy;

/* Packs the notes into a few bytes a frame, malloc'ed and returned; by nothing: no place to
 * begin is kept. *size is 0, and *bytes NULL, where times do not rise. */
CopStatus cop_seek_pack(const CopSeekNotes *notes, bool intra, CopSeekBy by, uint8_t **bytes,
                        size_t *size) COP_MUST_CHECK;

/* The other way; COP_ERR_DATA for bytes that are not a table. Free it with
 * cop_seek_table_free(). */
CopStatus cop_seek_unpack(CopSeekTable *out, const uint8_t *bytes, size_t size) COP_MUST_CHECK;
void cop_seek_table_free(CopSeekTable *table);

/* Which of key[] is the last at or before `frame`; -1: none. */
int cop_seek_key(const CopSeekTable *table, int frame);

/* The frame shown at `time`, or -1. */
int cop_seek_frame_at(const CopSeekTable *table, int64_t time);

#endif
