/* A stream of coded pictures, sent in packets of which some are lost.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/packet_cut.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/stream_damage.h"

static size_t bytes_of(const CopCodedPicture *picture, int n)
{
    size_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += picture[i].size;
    return bytes;
}

static size_t packets_of(size_t bytes, int mtu)
{
    return (bytes + (size_t)mtu - 1) / (size_t)mtu;
}

int cop_packet_count(const CopCodedPicture *picture, int n, int mtu, bool whole)
{
    if (!whole)
        return (int)packets_of(bytes_of(picture, n), mtu);
    size_t packets = 0;
    for (int i = 0; i < n; i++)
        packets += packets_of(picture[i].size, mtu);
    return (int)packets;
}

static CopStatus reserve(CopPacketCut *cut, size_t bytes)
{
    if (bytes <= cut->capacity)
        return COP_OK;
    uint8_t *room = realloc(cut->bytes, bytes);
    if (!room)
        return COP_ERR_NOMEM;
    cut->bytes = room;
    cut->capacity = bytes;
    return COP_OK;
}

/* Copies what is not lost; end[i] becomes where bytes of pictures 0 .. i end. Returns how
 * many bytes there are. */
static size_t copy_kept(uint8_t *to, const CopCodedPicture *picture, int n, int mtu, bool whole,
                        const bool *lost, size_t *end)
{
    size_t at = 0, kept = 0; /* in the stream that was sent, and in what arrives */
    for (int i = 0; i < n; i++) {
        if (whole)
            at = packets_of(at, mtu) * (size_t)mtu;
        for (size_t done = 0; done < picture[i].size;) {
            const size_t packet = at / (size_t)mtu, left = (packet + 1) * (size_t)mtu - at;
            const size_t here = picture[i].size - done < left ? picture[i].size - done : left;
            if (!lost[packet]) {
                memcpy(to + kept, picture[i].data + done, here);
                kept += here;
            }
            done += here;
            at += here;
        }
        end[i] = kept;
    }
    return kept;
}

CopStatus cop_packet_cut(CopPacketCut *cut, CopCodedPicture *picture, int n, int mtu, bool whole,
                         const bool *lost)
{
    COP_TRY(reserve(cut, bytes_of(picture, n) + 1));
    size_t *end = malloc((size_t)n * sizeof *end);
    if (!end)
        return COP_ERR_NOMEM;
    const size_t size = copy_kept(cut->bytes, picture, n, mtu, whole, lost, end);
    size_t code = cop_start_code(cut->bytes, size, 0);
    for (int i = 0; i < n; i++) {
        /* Up to the first start code that lies behind this picture. */
        const size_t begin = code;
        while (code < end[i])
            code = cop_start_code(cut->bytes, size, code + 1);
        picture[i].data = cut->bytes + begin;
        picture[i].size = code - begin;
    }
    free(end);
    return COP_OK;
}

void cop_packet_cut_free(CopPacketCut *cut)
{
    free(cut->bytes);
    *cut = (CopPacketCut){0};
}
