/* Some frames of a video, without decoding all that lies before and between them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include "models/core/rng.h"
#include "pipeline/media/decode_private.h"

/* A seek is worth it when it spares more than these frames. */
enum { GAIN = 8, LANES = 4 };

/* --- sums ---------------------------------------------------------------------- */

/* One row into four sums, each step of which is one to one in what it takes in. */
static void add_row(uint64_t sum[LANES], const uint8_t *row, size_t bytes)
{
    static const uint64_t factor = 0x9E3779B97F4A7C15; /* odd: 2^64 by the golden ratio */
    uint64_t word[LANES];
    for (; bytes >= sizeof word; bytes -= sizeof word, row += sizeof word) {
        memcpy(word, row, sizeof word);
        for (int i = 0; i < LANES; i++)
            sum[i] = (sum[i] ^ word[i]) * factor;
    }
    if (bytes > 0) {
        memset(word, 0, sizeof word);
        memcpy(word, row, bytes);
        for (int i = 0; i < LANES; i++)
            sum[i] = (sum[i] ^ word[i]) * factor;
    }
    for (int i = 0; i < LANES; i++)
        sum[i] ^= sum[i] >> 32; /* high bits must move the low ones, too */
}

uint16_t cop_picture_sum(const AVFrame *frame)
{
    const enum AVPixelFormat format = (enum AVPixelFormat)frame->format;
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    uint64_t sum[LANES] = {1, 2, 3, 4};
    for (int p = 0; desc && p < av_pix_fmt_count_planes(format); p++) {
        const int bytes = av_image_get_linesize(format, frame->width, p);
        const int shift = p == 1 || p == 2 ? desc->log2_chroma_h : 0;
        const int rows = -(-frame->height >> shift);
        for (int y = 0; y < rows && bytes > 0; y++)
            add_row(sum, frame->data[p] + (ptrdiff_t)y * frame->linesize[p], (size_t)bytes);
    }
    if (desc && desc->flags & AV_PIX_FMT_FLAG_PAL)
        add_row(sum, frame->data[1], AVPALETTE_SIZE);
    uint64_t all = 0;
    for (int i = 0; i < LANES; i++)
        all = cop_mix64(all ^ sum[i]);
    return (uint16_t)all;
}

/* --- frames -------------------------------------------------------------------- */

static bool begin_at(CopDecoder *decoder, const CopSeekTable *table, int key)
{
    if (av_seek_frame(decoder->format, decoder->stream, table->ask[key], AVSEEK_FLAG_BACKWARD) < 0)
        return false;
    avcodec_flush_buffers(decoder->codec);
    decoder->draining = decoder->waiting = decoder->partial = false;
    decoder->shown = AV_NOPTS_VALUE;
    return true;
}

/* Goes on to the frame that is shown at time[index]. Where a seek landed does not matter: what
 * comes before that frame is dropped, and if nothing comes at that time it landed behind it. */
static CopStatus go_on(CopDecoder *decoder, const CopSeekTable *table, int index, CopError *err)
{
    int64_t time;
    do {
        const CopStatus status = cop_decoder_receive(decoder, err);
        if (status != COP_OK)
            return status == COP_EOF ? COP_AGAIN : status;
        time = cop_decoder_time(decoder);
        if (time == AV_NOPTS_VALUE || time > table->time[index])
            return COP_AGAIN;
    } while (time < table->time[index]);
    return cop_picture_sum(decoder->frame) == table->sum[index] ? COP_OK : COP_AGAIN;
}

static CopStatus pick_all(CopDecoder *decoder, CopFrame *out, CopError *err)
{
    const CopPick *pick = decoder->pick;
    const CopSeekTable *table = pick->table;
    int at = 0; /* the frame that comes next */
    for (int i = pick->first; i <= pick->last && i < table->frames; i++) {
        if (pick->want && !pick->want[i - pick->first])
            continue;
        const int key = cop_seek_key(table, i);
        if (key >= 0 && table->key[key] > at + GAIN && !begin_at(decoder, table, key))
            return COP_AGAIN;
        COP_TRY(go_on(decoder, table, i, err));
        decoder->index = i;
        COP_TRY(cop_decoder_import(decoder, &out[i - pick->first], err));
        at = i + 1;
    }
    return COP_OK;
}

CopStatus cop_decoder_pick(CopDecoder *decoder, const CopPick *pick, CopFrame *out, CopError *err)
{
    decoder->pick = pick;
    const CopStatus status = pick_all(decoder, out, err);
    decoder->pick = NULL;
    decoder->codec->skip_frame = AVDISCARD_DEFAULT;
    return status;
}
