/* Streams in which frame i shows source frame m(i).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/index_map.h"

#include <stdlib.h>

#include "pipeline/corrupt/fourth_byte.h"

static CopIndexWant *want_of(const CopIndexMap *map, int64_t index)
{
    return &map->want[(uint64_t)index % COP_INDEX_WINDOW_MAX];
}

CopIndexWant cop_index_window(int64_t i, int length)
{
    const int64_t low = i - i % length;
    return (CopIndexWant){.low = low, .high = low + length - 1};
}

void cop_index_declare(CopCorrupt *corrupt, const CopIndexRule *rule, int length)
{
    CopIndexMap *map = corrupt->state;
    map->rule = rule;
    corrupt->latency = corrupt->look_behind = length - 1;
    corrupt->align = length;
}

/* Appends another reference to `frame`, whose planes may be borrowed. */
static CopStatus append(CopFrameQueue *queue, const CopFrame *frame)
{
    CopFrame held = {0};
    COP_TRY(cop_frame_ref(&held, frame));
    return cop_frame_queue_push(queue, &held);
}

CopStatus cop_index_map_push(CopCorrupt *corrupt, const CopFrame *frame)
{
    CopIndexMap *map = corrupt->state;
    if (!map->want) {
        map->want = calloc(COP_INDEX_WINDOW_MAX, sizeof *map->want);
        if (!map->want)
            return COP_ERR_NOMEM;
    }
    const CopIndexWant want = map->rule->plan(corrupt, frame->index);
    COP_TRY(append(&map->waiting, frame));
    *want_of(map, frame->index) = want;
    map->newest = frame->index;
    if (want.hidden && map->held.n)
        return COP_OK;
    /* The reference in the queue owns its planes: borrowed ones are copied once. */
    return append(&map->held, cop_frame_queue_at(&map->waiting, map->waiting.n - 1));
}

static const CopFrame *find(const CopIndexMap *map, int64_t index)
{
    int i = map->held.n - 1;
    while (i > 0 && cop_frame_queue_at(&map->held, i)->index > index)
        i--;
    return cop_frame_queue_at(&map->held, i);
}

/* Lets go what neither a waiting frame nor the next one pushed can show. */
static void drop_old(const CopCorrupt *corrupt, CopIndexMap *map)
{
    int64_t low = map->rule->plan(corrupt, map->newest + 1).low;
    for (int i = 0; i < map->waiting.n; i++) {
        const CopIndexWant *want = want_of(map, cop_frame_queue_at(&map->waiting, i)->index);
        low = want->low < low ? want->low : low;
    }
    while (map->held.n > 1 && cop_frame_queue_at(&map->held, 1)->index <= low) {
        CopFrame old;
        cop_frame_queue_pop(&map->held, &old);
        cop_frame_unref(&old);
    }
}

/* The planes of `source` in the place of `own`. */
static CopStatus show(const CopFrame *source, const CopFrame *own, CopFrame *out)
{
    COP_TRY(cop_frame_ref(out, source));
    out->index = own->index;
    out->pts = own->pts;
    if (source->index == own->index || !cop_has_fourth_byte(own->format))
        return COP_OK;
    const CopStatus status = cop_frame_make_writable(out);
    if (status != COP_OK) {
        cop_frame_unref(out);
        return status;
    }
    cop_keep_fourth_byte(out, own);
    return COP_OK;
}

CopStatus cop_index_map_pull(CopCorrupt *corrupt, CopFrame *out)
{
    CopIndexMap *map = corrupt->state;
    if (!map->waiting.n)
        return map->flushed ? COP_EOF : COP_AGAIN;
    const CopFrame *own = cop_frame_queue_at(&map->waiting, 0);
    CopIndexWant want = *want_of(map, own->index);
    if (!map->flushed && map->newest < want.high)
        return COP_AGAIN;
    int64_t source = want.high;
    if (map->rule->pick) {
        /* Cut where the stream starts, and where a window grew over frames that are gone. */
        const int64_t oldest = cop_frame_queue_at(&map->held, 0)->index;
        want.low = want.low > oldest ? want.low : oldest;
        want.high = want.high < map->newest ? want.high : map->newest;
        source = map->rule->pick(corrupt, &want, own->index);
    }
    COP_TRY(show(find(map, source), own, out));
    CopFrame done;
    cop_frame_queue_pop(&map->waiting, &done);
    cop_frame_unref(&done);
    drop_old(corrupt, map);
    return COP_OK;
}

CopStatus cop_index_map_flush(CopCorrupt *corrupt)
{
    CopIndexMap *map = corrupt->state;
    map->flushed = true;
    return COP_OK;
}

void cop_index_map_close(CopCorrupt *corrupt)
{
    CopIndexMap *map = corrupt->state;
    cop_frame_queue_clear(&map->waiting);
    cop_frame_queue_clear(&map->held);
    free(map->want);
    *map = (CopIndexMap){0};
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void cop_index_shuffle(const CopCorrupt *corrupt, int64_t first, int step, int n, int *order)
{
    uint64_t word[COP_INDEX_WINDOW_MAX]; /* equal words keep the order of time */
    for (int i = 0; i < n; i++) {
        const CopRngAddress at = {.frame = (uint32_t)(first + (int64_t)i * step),
                                  .clip = corrupt->clip};
        word[i] = (uint64_t)cop_rng_u32(corrupt->key, 0, at) << 32 | (uint32_t)i;
    }
    qsort(word, (size_t)n, sizeof *word, compare);
    for (int i = 0; i < n; i++)
        order[i] = (int)(word[i] & UINT32_MAX);
}
