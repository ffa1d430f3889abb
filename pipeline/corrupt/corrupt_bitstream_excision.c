/* Excision: stretches of bytes are taken out of the P frames of an H.264 stream, a number of
 * frames a group, from a place in the slice on (BSCV: the branches (P, L, S) of Liu et al.).
 *
 * The original counts S in hexadecimal digits, two a byte: its 4096 are bytes=2048 here. A
 * length in bytes means the more the smaller a picture is, so the default takes a share of
 * the slice. Which frames are hit is drawn. The slice after a cut decodes to anything, so
 * the position says more than the length does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/h264_stream.h"

enum { DRAW_ORDER, DRAW_POSITION };

typedef struct Excision {
    CopH264Stream stream; /* first */
    int frames;
    double position, jitter, share;
    int bytes;
    struct {
        int frames;
        double position, jitter, share;
        int bytes;
    } open; /* of the open group */
} Excision;

static const CopOption options[] = {
    {"frames", "P frames hit in each group", COP_TYPE_INT, offsetof(Excision, frames), "1", 0, 250,
     NULL, COP_OPTION_CONTROLLABLE},
    {"position", "where the hole begins, as a share of the slice", COP_TYPE_DOUBLE,
     offsetof(Excision, position), "0.4", 0, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"jitter", "how far the position strays either way, drawn for each frame", COP_TYPE_DOUBLE,
     offsetof(Excision, jitter), "0", 0, 1, NULL, COP_OPTION_CONTROLLABLE},
    {"share", "length of the hole, as a share of the slice; 0: by bytes", COP_TYPE_DOUBLE,
     offsetof(Excision, share), "0", 0, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"bytes", "length of the hole", COP_TYPE_INT, offsetof(Excision, bytes), "2048", 0, 1000000,
     NULL, COP_OPTION_CONTROLLABLE},
    COP_H264_STREAM_OPTIONS("0"),
    COP_OPTIONS_END,
};

/* Frames are hit in an order that is drawn: `frame` is when fewer than so many of places
 * 1 .. n - 1, all P frames, come before it. */
static bool is_hit(const CopCorrupt *corrupt, int frame, int n, int frames)
{
    const CopRngAddress at = cop_h264_stream_address(corrupt, DRAW_ORDER);
    const uint32_t own = cop_rng_u32(corrupt->key, (uint32_t)frame, at);
    int before = 0;
    for (int i = 1; i < n; i++) {
        const uint32_t other = cop_rng_u32(corrupt->key, (uint32_t)i, at);
        before += other < own || (other == own && i < frame);
    }
    return before < frames;
}

static void excise(CopCorrupt *corrupt, CopCodedPicture *picture)
{
    const Excision *excision = corrupt->state;
    const double u = cop_rng_uniform(corrupt->key, (uint32_t)picture->frame,
                                     cop_h264_stream_address(corrupt, DRAW_POSITION));
    const double position = excision->open.position + (2 * u - 1) * excision->open.jitter;
    picture->size =
        cop_excise_slices(picture->data, picture->size,
                          position < 0   ? 0
                          : position > 1 ? 1
                                         : position,
                          excision->open.share, (size_t)excision->open.bytes, &corrupt->hits);
}

static CopStatus damage(void *ctx, CopCodedPicture *picture, int n)
{
    CopCorrupt *corrupt = ctx;
    const Excision *excision = corrupt->state;
    const bool low = cop_h264_stream_is_low(&excision->stream);
    const int group = low ? excision->stream.coder.gop : n;
    for (int i = 0; i < n; i++)
        if (!picture[i].key && is_hit(corrupt, picture[i].frame, group, excision->open.frames))
            excise(corrupt, &picture[i]);
    return COP_OK;
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    Excision *excision = corrupt->state;
    if (cop_h264_stream_begins(&excision->stream)) {
        excision->open.frames = excision->frames;
        excision->open.position = excision->position;
        excision->open.jitter = excision->jitter;
        excision->open.share = excision->share;
        excision->open.bytes = excision->bytes;
    }
    return cop_h264_stream_push(corrupt, frame, damage);
}

static const char *const columns[] = {"frames", "position", "share", "jitter", "preset", NULL};
static const char *const columns_by_bytes[] = {"frames", "position", "bytes", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours, after BSCV", columns,
     (const double[]){0, 1, 0, 0.1, COP_X26X_SUPERFAST},
     (const double[]){1, 0.8, 0.1, 0.1, COP_X26X_SUPERFAST, 1, 0.4, 0.2, 0.1, COP_X26X_SUPERFAST,
                      2, 0.4, 0.2, 0.1, COP_X26X_SUPERFAST, 4, 0.4, 0.2, 0.1, COP_X26X_SUPERFAST,
                      8, 0.2, 0.4, 0.1, COP_X26X_SUPERFAST}},
    {"bscv", "five branches of BSCV, S in bytes", columns_by_bytes, (const double[]){0, 1, 0},
     (const double[]){1, 0.8, 2048, 1, 0.4, 1024, 1, 0.4, 2048, 2, 0.4, 2048, 4, 0.4, 2048}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_bitstream_excision = {
    .name = "bitstream_excision",
    .summary = "holes in the slices of an H.264 stream",
    .reference = "Liu et al., BSCV data set, NeurIPS 2023 (datasets and benchmarks)",
    .family = COP_FAMILY_BITSTREAM,
    .flags = COP_CORRUPT_RANDOM,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Excision),
    .init = cop_h264_stream_init,
    .push = push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};
