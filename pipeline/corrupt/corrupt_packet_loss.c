/* Packet loss: an H.264 stream is sent in packets of 1472 bytes, some of which do not arrive
 * (Yi et al., NeurIPS 2021 datasets track). As there, nothing numbers them, and what arrives
 * closes up. The published description cuts the stream without a look at where pictures
 * begin; senders end a packet with its frame, and so does the default, since one packet
 * might hold the whole of a small clip.
 *
 * Losses are independent, or with `burst` come in runs (Gilbert, Bell System Technical
 * Journal 1960) at the same average rate. A rate a packet, as the original has it, leaves small
 * pictures, which are few packets, whole and spoils every group of large ones: the default counts
 * lost packets a group, however many it is sent in. `at_least_one` gives each group a loss, as if
 * only such groups were kept.
 *
 * With delay=low, packets end with their frame, each frame has its share of a group's losses,
 * and the one that each group is due is lost in a frame that is drawn, which may lie after the
 * end of a clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "pipeline/corrupt/h264_stream.h"
#include "pipeline/corrupt/packet_cut.h"

/* Draws: of losses (with their attempts), and in which frame, and packet, there is to be one. */
enum { DRAW_LOSS = 0, DRAW_FRAME = 1 << 16, DRAW_PACKET };

enum { CUT_STREAM, CUT_FRAME };
static const char *const cuts[] = {"stream", "frame", NULL};

typedef struct PacketLoss {
    CopH264Stream stream; /* first */
    double rate, losses, burst;
    int mtu, cut_at;
    bool at_least_one;
    struct {
        double rate, losses, burst;
        bool at_least_one;
    } open; /* of the open group */
    /* Of packets that come frame by frame: the last one was lost (-1: none yet), so many came,
     * so many were lost. */
    int previous, sent, lost;
    CopPacketCut cut;
} PacketLoss;

static const CopOption options[] = {
    {"losses", "packets lost in each group on average, however many there are", COP_TYPE_DOUBLE,
     offsetof(PacketLoss, losses), "3", 0, 10000, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"rate", "share of packets lost on average, in place of losses; 0: by losses", COP_TYPE_DOUBLE,
     offsetof(PacketLoss, rate), "0", 0, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"at_least_one", "every group loses a packet", COP_TYPE_BOOL,
     offsetof(PacketLoss, at_least_one), "true", 0, 0, NULL, COP_OPTION_CONTROLLABLE},
    {"burst", "mean length of a run of lost packets; below 1: each is lost by itself",
     COP_TYPE_DOUBLE, offsetof(PacketLoss, burst), "0", 0, 1000, NULL, COP_OPTION_CONTROLLABLE},
    {"mtu", "bytes in a packet", COP_TYPE_INT, offsetof(PacketLoss, mtu), "1472", 16, 65507, NULL,
     0},
    {"cut", "stream: packets are all full; frame: they end with their frame", COP_TYPE_CHOICE,
     offsetof(PacketLoss, cut_at), "stream", 0, 0, cuts, 0},
    COP_H264_STREAM_OPTIONS("3"),
    COP_OPTIONS_END,
};

/* How the packets of `frames` frames are lost. */
static CopLoss loss_of(const PacketLoss *loss, int packets, int frames)
{
    double rate = loss->open.rate;
    if (rate == 0 && packets)
        rate = loss->open.losses * frames / loss->stream.coder.gop / packets;
    return cop_loss_model(rate < 1 ? rate : 1, loss->open.burst);
}

/* Packets of one frame: the losses of the group so far go on. */
static void lose_of_frame(const CopCorrupt *corrupt, bool *lost, int packets, int frame)
{
    PacketLoss *loss = corrupt->state;
    const CopRngAddress at = cop_h264_stream_address(corrupt, DRAW_LOSS);
    CopRngAddress due = cop_h264_stream_address(corrupt, DRAW_FRAME);
    CopLoss chain = loss_of(loss, packets, 1);
    chain.previous = loss->previous;
    for (int i = 0; i < packets; i++, loss->sent++)
        loss->lost += lost[i] =
            cop_loss_next(&chain, cop_rng_uniform(corrupt->key, (uint32_t)loss->sent, at));
    loss->previous = chain.previous;
    if (!loss->open.at_least_one || loss->lost || !packets ||
        cop_rng_below(corrupt->key, 0, due, (uint32_t)loss->stream.coder.gop) != (uint32_t)frame)
        return;
    due.draw = DRAW_PACKET;
    lost[cop_rng_below(corrupt->key, 0, due, (uint32_t)packets)] = true;
    loss->lost++;
}

static CopStatus damage(void *ctx, CopCodedPicture *picture, int n)
{
    CopCorrupt *corrupt = ctx;
    PacketLoss *loss = corrupt->state;
    for (int i = 0; i < n; i++)
        picture[i].size = cop_drop_remarks(picture[i].data, picture[i].size);
    if (!(loss->open.rate > 0 || loss->open.losses > 0))
        return COP_OK;
    const int packets = cop_packet_count(picture, n, loss->mtu, loss->cut_at == CUT_FRAME);
    bool *lost = calloc((size_t)packets + 1, sizeof *lost);
    if (!lost)
        return COP_ERR_NOMEM;
    if (cop_h264_stream_is_low(&loss->stream))
        lose_of_frame(corrupt, lost, packets, picture->frame);
    else
        cop_loss_mask(lost, packets, loss_of(loss, packets, n), loss->open.at_least_one,
                      corrupt->key, cop_h264_stream_address(corrupt, DRAW_LOSS));
    for (int i = 0; i < packets; i++)
        corrupt->hits += lost[i];
    const CopStatus status =
        cop_packet_cut(&loss->cut, picture, n, loss->mtu, loss->cut_at == CUT_FRAME, lost);
    free(lost);
    return status;
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    PacketLoss *loss = corrupt->state;
    if (cop_h264_stream_begins(&loss->stream)) {
        loss->open.rate = loss->rate;
        loss->open.losses = loss->losses;
        loss->open.burst = loss->burst;
        loss->open.at_least_one = loss->at_least_one;
        loss->previous = -1;
        loss->sent = loss->lost = 0;
    }
    return cop_h264_stream_push(corrupt, frame, damage);
}

static void close(CopCorrupt *corrupt)
{
    PacketLoss *loss = corrupt->state;
    cop_group_close(corrupt);
    cop_packet_cut_free(&loss->cut);
}

static const char *const columns[] = {"losses", "at_least_one", "cut", "preset", NULL};
static const char *const columns_as_published[] = {"rate", "at_least_one", "cut", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours: packets a group, whatever a picture's size", columns,
     (const double[]){0, 0, CUT_FRAME, COP_X26X_SUPERFAST},
     (const double[]){1,  0, CUT_FRAME, COP_X26X_SUPERFAST, 2, 0, CUT_FRAME, COP_X26X_SUPERFAST,
                      3,  0, CUT_FRAME, COP_X26X_SUPERFAST, 5, 0, CUT_FRAME, COP_X26X_SUPERFAST,
                      10, 0, CUT_FRAME, COP_X26X_SUPERFAST}},
    {"kinetics-c", "the packet_loss of Yi et al., NeurIPS 2021", columns_as_published,
     (const double[]){0, 0, CUT_STREAM},
     (const double[]){0.01, 0, CUT_STREAM, 0.02, 0, CUT_STREAM, 0.03, 0, CUT_STREAM, 0.04, 0,
                      CUT_STREAM, 0.06, 0, CUT_STREAM}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_packet_loss = {
    .name = "packet_loss",
    .summary = "lost packets of an H.264 stream",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_BITSTREAM,
    .flags = COP_CORRUPT_RANDOM,
    .options = options,
    .tables = tables,
    .state_size = sizeof(PacketLoss),
    .init = cop_h264_stream_init,
    .push = push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = close,
};
