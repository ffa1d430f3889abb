/* Bit errors: bytes of an H.264 stream are replaced (Yi et al., NeurIPS 2021 datasets track).
 *
 * By default a group of pictures has so many hits on average, at places and with values that
 * are drawn: a rate a byte, as the original has it, leaves small pictures whole.
 * `at_least_one` gives each group a hit, as if only such groups were kept. `amount` is the
 * original: FFmpeg's bitstream filter `noise`, without a seed, one byte in `amount`, its state
 * starting anew in each group.
 *
 * With delay=low, hits fall on frames rather than on bytes, as nobody knows yet how many bytes
 * a group will have: large frames have as many as small ones, and the one that each group is
 * due may lie after the end of a clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/corrupt/h264_stream.h"

typedef struct BitError {
    CopH264Stream stream; /* first */
    double hits;
    int amount;
    bool at_least_one;
    struct {
        double hits;
        int amount;
        bool at_least_one;
    } open;         /* of the open group */
    uint32_t state; /* of FFmpeg's rule */
} BitError;

static const CopOption options[] = {
    {"hits", "damaged bytes expected in each group", COP_TYPE_DOUBLE, offsetof(BitError, hits), "1",
     0, 10000, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"at_least_one", "every group is hit", COP_TYPE_BOOL, offsetof(BitError, at_least_one), "true",
     0, 0, NULL, COP_OPTION_CONTROLLABLE},
    {"amount", "one byte in so many by FFmpeg's rule, in place of hits; 0: by hits", COP_TYPE_INT,
     offsetof(BitError, amount), "0", 0, 1000000000, NULL, COP_OPTION_CONTROLLABLE},
    COP_H264_STREAM_OPTIONS("3"),
    COP_OPTIONS_END,
};

/* How many bytes were hit: none where there are none. */
static int hit(CopCodedPicture *picture, double place, uint8_t flip)
{
    if (!picture->size)
        return 0;
    size_t at = (size_t)(place * (double)picture->size);
    if (at >= picture->size)
        at = picture->size - 1;
    picture->data[at] ^= flip;
    return 1;
}

static double bytes_of(const CopCodedPicture *picture, int n)
{
    double bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += (double)picture[i].size;
    return bytes;
}

/* Hits by their place in the bytes of all pictures. */
static void damage_group(CopCorrupt *corrupt, CopHits *hits, CopCodedPicture *picture, int n)
{
    const double bytes = bytes_of(picture, n);
    double place;
    uint8_t flip;
    while (cop_hits_next(hits, &place, &flip)) {
        double at = floor(place * bytes);
        int i = 0;
        while (i < n - 1 && at >= (double)picture[i].size)
            at -= (double)picture[i++].size;
        corrupt->hits += hit(&picture[i], (at + 0.5) / (double)picture[i].size, flip);
    }
}

/* Hits by their place among the frames of a whole group. */
static void damage_frame(CopCorrupt *corrupt, CopHits *hits, CopCodedPicture *picture)
{
    const BitError *bits = corrupt->state;
    double place;
    uint8_t flip;
    while (cop_hits_next(hits, &place, &flip)) {
        place *= bits->stream.coder.gop;
        if ((int)place != picture->frame)
            continue;
        corrupt->hits += hit(picture, place - picture->frame, flip);
    }
}

static CopStatus damage(void *ctx, CopCodedPicture *picture, int n)
{
    CopCorrupt *corrupt = ctx;
    BitError *bits = corrupt->state;
    for (int i = 0; i < n; i++)
        picture[i].size = cop_drop_remarks(picture[i].data, picture[i].size);
    if (bits->open.amount) {
        for (int i = 0; i < n; i++)
            corrupt->hits += cop_noise_bytes(picture[i].data, picture[i].size, &bits->state,
                                             (uint32_t)bits->open.amount);
        return COP_OK;
    }
    if (!(bits->open.hits > 0))
        return COP_OK;
    CopHits hits = {.key = corrupt->key,
                    .at = cop_h264_stream_address(corrupt, 0),
                    .expected = bits->open.hits,
                    .at_least_one = bits->open.at_least_one};
    if (cop_h264_stream_is_low(&bits->stream)) {
        damage_frame(corrupt, &hits, picture);
    } else {
        hits.expected *= (double)n / bits->stream.coder.gop; /* of a group that is cut short */
        damage_group(corrupt, &hits, picture, n);
    }
    return COP_OK;
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    BitError *bits = corrupt->state;
    if (cop_h264_stream_begins(&bits->stream)) {
        bits->open.hits = bits->hits;
        bits->open.amount = bits->amount;
        bits->open.at_least_one = bits->at_least_one;
        bits->state = 0;
    }
    return cop_h264_stream_push(corrupt, frame, damage);
}

static const char *const columns[] = {"hits", "at_least_one", "preset", NULL};
static const char *const columns_by_rule[] = {"amount", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours: hits a group, whatever a picture's size", columns,
     (const double[]){0, 0, COP_X26X_SUPERFAST},
     (const double[]){0.3, 0, COP_X26X_SUPERFAST, 0.8, 0, COP_X26X_SUPERFAST, 2, 0,
                      COP_X26X_SUPERFAST, 4, 0, COP_X26X_SUPERFAST, 10, 0, COP_X26X_SUPERFAST}},
    {"kinetics-c", "the bit_error of Yi et al., NeurIPS 2021", columns_by_rule,
     (const double[]){1000000000}, (const double[]){100000, 50000, 30000, 20000, 10000}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_bit_error = {
    .name = "bit_error",
    .summary = "damaged bytes in an H.264 stream",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_BITSTREAM,
    .flags = COP_CORRUPT_RANDOM,
    .options = options,
    .tables = tables,
    .state_size = sizeof(BitError),
    .init = cop_h264_stream_init,
    .push = push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};
