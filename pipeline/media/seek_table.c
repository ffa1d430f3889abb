/* Times, sums and places to begin of a video, noted, packed and looked up. Packed: numbers of
 * 7 bits a byte, low ones first (as LEB128); signed ones fold their sign into the lowest bit.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/seek_table.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/bytes.h"

enum { VERSION = 1, TIMED = 1, INTRA = 2, FRAMES_MAX = 1 << 22 };

typedef struct Frame {
    int64_t time;
    uint16_t sum;
    bool key;
} Frame;

typedef struct Packet {
    int64_t pts, dts;
} Packet;

struct CopSeekNotes {
    GArray *frames, *packets;
    bool rising, timed;
};

CopStatus cop_seek_notes_create(CopSeekNotes **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return COP_ERR_NOMEM;
    (*out)->frames = g_array_new(FALSE, FALSE, sizeof(Frame));
    (*out)->packets = g_array_new(FALSE, FALSE, sizeof(Packet));
    (*out)->rising = (*out)->timed = true;
    return COP_OK;
}

void cop_seek_notes_destroy(CopSeekNotes **notes)
{
    if (!notes || !*notes)
        return;
    g_array_unref((*notes)->frames);
    g_array_unref((*notes)->packets);
    free(*notes);
    *notes = NULL;
}

static const Frame *frame_at(const CopSeekNotes *notes, guint i)
{
    return &g_array_index(notes->frames, Frame, i);
}

void cop_seek_note_frame(CopSeekNotes *notes, int64_t time, bool own, bool key, uint16_t sum)
{
    const guint n = notes->frames->len;
    if (!notes->rising || time == INT64_MIN || n == FRAMES_MAX ||
        (n > 0 && time <= frame_at(notes, n - 1)->time)) {
        notes->rising = false;
        return;
    }
    const Frame frame = {time, sum, key};
    notes->timed = notes->timed && own;
    g_array_append_val(notes->frames, frame);
}

void cop_seek_note_packet(CopSeekNotes *notes, int64_t pts, int64_t dts)
{
    const Packet packet = {pts, dts};
    if (notes->rising && dts != INT64_MIN)
        g_array_append_val(notes->packets, packet);
}

/* --- packing ------------------------------------------------------------------ */

/* Differences wrap: no pair of times is too far apart. */
static void put_signed(GByteArray *out, uint64_t value)
{
    cop_put_varint(out, value >> 63 ? ~(value << 1) : value << 1);
}

/* Runs of equal steps: a constant rate takes three bytes. */
static void put_times(GByteArray *out, const CopSeekNotes *notes)
{
    uint64_t before = 0;
    for (guint i = 0; i < notes->frames->len;) {
        const uint64_t step = (uint64_t)frame_at(notes, i)->time - before;
        guint run = 0;
        for (; i < notes->frames->len && (uint64_t)frame_at(notes, i)->time - before == step; i++) {
            before += step;
            run++;
        }
        put_signed(out, step);
        cop_put_varint(out, run);
    }
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = ((const Frame *)a)->time, y = ((const Frame *)b)->time;
    return (x > y) - (x < y);
}

/* Frame of each packet: the one with its time. Where packets have none, the codec's key frames
 * in turn, if there are as many. Later reads check what they get, so this may be wrong. */
static GArray *match(const CopSeekNotes *notes, CopSeekBy by, GArray *ask)
{
    GArray *key = g_array_new(FALSE, FALSE, sizeof(int));
    const Frame *frames = frame_at(notes, 0);
    const guint n = notes->frames->len, packets = notes->packets->len;
    guint key_frames = 0, at = 0;
    for (guint i = 0; i < n; i++)
        key_frames += frames[i].key;
    for (guint i = 0; i < packets; i++) {
        const Packet *packet = &g_array_index(notes->packets, Packet, i);
        int frame = -1;
        if (packet->pts != INT64_MIN) {
            const Frame wanted = {.time = packet->pts};
            const Frame *found = bsearch(&wanted, frames, n, sizeof wanted, by_time);
            frame = found ? (int)(found - frames) : -1;
        } else if (key_frames == packets) {
            while (!frames[at].key)
                at++;
            frame = (int)at++;
        }
        const bool later = key->len == 0 || frame > g_array_index(key, int, key->len - 1);
        if (frame < 0 || !later)
            continue;
        g_array_append_val(key, frame);
        const bool shown = by == COP_SEEK_BY_PTS && packet->pts != INT64_MIN;
        const int64_t time = shown ? packet->pts : packet->dts;
        g_array_append_val(ask, time);
    }
    return key;
}

static void put_keys(GByteArray *out, const CopSeekNotes *notes, CopSeekBy by)
{
    GArray *ask = g_array_new(FALSE, FALSE, sizeof(int64_t));
    GArray *key = match(notes, by, ask);
    const guint keys = by == COP_SEEK_BY_NOTHING ? 0 : key->len;
    int before = 0;
    uint64_t asked = 0;
    cop_put_varint(out, keys);
    for (guint i = 0; i < keys; i++) {
        const int frame = g_array_index(key, int, i);
        const uint64_t time = (uint64_t)g_array_index(ask, int64_t, i);
        cop_put_varint(out, (uint64_t)(frame - before));
        put_signed(out, time - asked);
        before = frame;
        asked = time;
    }
    g_array_unref(key);
    g_array_unref(ask);
}

CopStatus cop_seek_pack(const CopSeekNotes *notes, bool intra, CopSeekBy by, uint8_t **bytes,
                        size_t *size)
{
    *bytes = NULL;
    *size = 0;
    if (!notes->rising || notes->frames->len == 0)
        return COP_OK;
    GByteArray *out = g_byte_array_new();
    cop_put_varint(out, VERSION);
    cop_put_varint(out, (notes->timed ? TIMED : 0) | (intra ? INTRA : 0));
    cop_put_varint(out, notes->frames->len);
    put_times(out, notes);
    for (guint i = 0; i < notes->frames->len; i++) {
        const guint8 sum[2] = {(guint8)frame_at(notes, i)->sum,
                               (guint8)(frame_at(notes, i)->sum >> 8)};
        g_byte_array_append(out, sum, 2);
    }
    put_keys(out, notes, by);
    *bytes = malloc(out->len);
    if (*bytes) {
        memcpy(*bytes, out->data, out->len);
        *size = out->len;
    }
    g_byte_array_unref(out);
    return *bytes ? COP_OK : COP_ERR_NOMEM;
}

/* --- unpacking ---------------------------------------------------------------- */

typedef struct Reader {
    const uint8_t *at, *end;
    bool bad;
} Reader;

static uint64_t get(Reader *in)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        const uint8_t byte = *in->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return value;
    }
    in->bad = true;
    return 0;
}

static uint64_t get_signed(Reader *in)
{
    const uint64_t value = get(in);
    return value >> 1 ^ (0 - (value & 1));
}

static void get_times(Reader *in, CopSeekTable *table)
{
    uint64_t time = 0;
    for (int i = 0; i < table->frames && !in->bad;) {
        const uint64_t step = get_signed(in), run = get(in);
        if (run < 1 || run > (uint64_t)(table->frames - i)) {
            in->bad = true;
            return;
        }
        for (uint64_t k = 0; k < run; k++, i++) {
            time += step;
            table->time[i] = (int64_t)time;
            in->bad |= i > 0 && table->time[i] <= table->time[i - 1];
        }
    }
}

static void get_sums(Reader *in, CopSeekTable *table)
{
    if (in->bad || in->end - in->at < 2 * (ptrdiff_t)table->frames) {
        in->bad = true;
        return;
    }
    for (int i = 0; i < table->frames; i++, in->at += 2)
        table->sum[i] = (uint16_t)(in->at[0] | in->at[1] << 8);
}

static void get_keys(Reader *in, CopSeekTable *table)
{
    uint64_t frame = 0, ask = 0;
    const uint64_t keys = get(in);
    in->bad |= keys > (uint64_t)table->frames;
    for (uint64_t i = 0; i < keys && !in->bad; i++) {
        const uint64_t more = get(in);
        ask += get_signed(in);
        in->bad |= (i > 0 && more == 0) || more >= (uint64_t)table->frames - frame;
        if (in->bad)
            return;
        frame += more;
        table->key[i] = (int)frame;
        table->ask[i] = (int64_t)ask;
        table->keys = (int)i + 1;
    }
}

CopStatus cop_seek_unpack(CopSeekTable *out, const uint8_t *bytes, size_t size)
{
    *out = (CopSeekTable){0};
    Reader in = {bytes, bytes + size, false};
    const uint64_t version = get(&in), flags = get(&in), frames = get(&in);
    if (in.bad || version != VERSION || frames < 1 || frames > FRAMES_MAX || size < 2 * frames)
        return COP_ERR_DATA;
    out->frames = (int)frames;
    out->timed = flags & TIMED;
    out->intra = flags & INTRA;
    out->time = calloc(frames, sizeof *out->time);
    out->sum = calloc(frames, sizeof *out->sum);
    out->key = calloc(frames, sizeof *out->key);
    out->ask = calloc(frames, sizeof *out->ask);
    if (!out->time || !out->sum || !out->key || !out->ask) {
        cop_seek_table_free(out);
        return COP_ERR_NOMEM;
    }
    get_times(&in, out);
    get_sums(&in, out);
    get_keys(&in, out);
    if (!in.bad && in.at == in.end)
        return COP_OK;
    cop_seek_table_free(out);
    return COP_ERR_DATA;
}

void cop_seek_table_free(CopSeekTable *table)
{
    free(table->time);
    free(table->sum);
    free(table->key);
    free(table->ask);
    *table = (CopSeekTable){0};
}

int cop_seek_key(const CopSeekTable *table, int frame)
{
    int low = 0, high = table->keys; /* key[low - 1] <= frame < key[high] */
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (table->key[middle] <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

int cop_seek_frame_at(const CopSeekTable *table, int64_t time)
{
    int low = 0, high = table->frames;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (table->time[middle] < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->frames && table->time[low] == time ? low : -1;
}
