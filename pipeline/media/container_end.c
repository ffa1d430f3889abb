/* Where a container says that it ends (cop_av_is_cut()).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/libav.h"

#include <libavutil/intreadwrite.h>
#include <stdint.h>

enum { EBML = 0x1A45DFA3, SEGMENT = 0x18538067 };

/* Positions are what the file says: no sum of them is safe. */
static bool index_leads_beyond(AVStream *stream, int64_t end)
{
    for (int i = 0; i < avformat_index_get_entries_count(stream); i++) {
        const AVIndexEntry *entry = avformat_index_get_entry(stream, i);
        if (entry->pos > end - entry->size)
            return true;
    }
    return false;
}

/* An EBML size (RFC 8794): as many bytes as its first one has leading zeros, and one more. All
 * ones, as in a live stream, is unknown: -1, as for what is no size. */
static int64_t read_size(AVIOContext *io)
{
    const int first = avio_r8(io);
    int more = 0;
    while (more < 8 && !(first & 0x80 >> more))
        more++;
    if (more == 8)
        return -1;
    int64_t size = first & (0x7F >> more);
    for (int i = 0; i < more; i++)
        size = size << 8 | avio_r8(io);
    return size == (INT64_C(1) << 7 * (more + 1)) - 1 ? -1 : size;
}

/* Of the first segment; 0 if it is not Matroska or does not say. */
static int64_t segment_end(AVIOContext *io)
{
    if (avio_seek(io, 0, SEEK_SET) < 0 || avio_rb32(io) != EBML)
        return 0;
    const int64_t header = read_size(io);
    if (header < 0 || avio_skip(io, header) < 0 || avio_rb32(io) != SEGMENT)
        return 0;
    const int64_t size = read_size(io);
    return size < 0 ? 0 : avio_tell(io) + size;
}

/* Of the first "movi" list; 0 if it is not AVI or does not say. Players look for the
 * index behind that list, so that its size is right where that of the whole file is not. */
static int64_t movi_end(AVIOContext *io)
{
    if (avio_seek(io, 0, SEEK_SET) < 0 || avio_rl32(io) != MKTAG('R', 'I', 'F', 'F'))
        return 0;
    avio_rl32(io);
    if (avio_rl32(io) != MKTAG('A', 'V', 'I', ' '))
        return 0;
    while (!avio_feof(io)) {
        const uint32_t tag = avio_rl32(io), size = avio_rl32(io);
        const int64_t start = avio_tell(io);
        if (tag == MKTAG('L', 'I', 'S', 'T') && avio_rl32(io) == MKTAG('m', 'o', 'v', 'i'))
            return size == UINT32_MAX ? 0 : start + size;
        if (avio_seek(io, start + size + size % 2, SEEK_SET) < 0)
            break;
    }
    return 0;
}

bool cop_av_is_cut(AVFormatContext *format, int stream)
{
    AVIOContext *io = format->pb;
    const int64_t size = io ? avio_size(io) : -1;
    return size >= 0 && (index_leads_beyond(format->streams[stream], size) ||
                         segment_end(io) > size || movi_end(io) > size);
}
