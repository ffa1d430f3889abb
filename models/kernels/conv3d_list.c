/* Lists of weights of conv3d: how passes fill, empty and walk them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_plan.h"

enum { COPY_CHUNK = 1 << 16 }; /* weights in a work item of a copy */

typedef struct CopyJob {
    const CopGather *gather;
    const float *value;  /* load: from the owner's order */
    float *listed;       /* into list order */
    const float *stored; /* store: from list order */
    float *grad;         /* into the owner's */
} CopyJob;

/* A run of a list: entries index[0..n) of the list belong to listed[0..n) and
 * to elements first + index[] of the owner's array. An item is the list of one
 * output channel if lists are shared, else a chunk. */
typedef struct Run {
    const uint32_t *index;
    size_t n, first, listed;
} Run;

static Run run_of(const CopGather *gather, int item)
{
    if (gather->shared)
        return (Run){gather->index, gather->entries, (size_t)item * gather->channel_step,
                     (size_t)item * gather->entries};
    const size_t begin = (size_t)item * COPY_CHUNK, rest = gather->entries - begin;
    return (Run){gather->index + begin, rest < COPY_CHUNK ? rest : COPY_CHUNK, 0, begin};
}

static int runs(const CopGather *gather)
{
    return gather->shared ? gather->out_channels
                          : (int)((gather->entries + COPY_CHUNK - 1) / COPY_CHUNK);
}

static void load_item(void *ctx, int item, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const Run run = run_of(job->gather, item);
    const float *value = job->value + run.first;
    float *listed = job->listed + run.listed;
    for (size_t j = 0; j < run.n; j++)
        listed[j] = value[run.index[j]];
}

static void store_item(void *ctx, int item, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const Run run = run_of(job->gather, item);
    float *grad = job->grad + run.first;
    const float *listed = job->stored + run.listed;
    for (size_t j = 0; j < run.n; j++)
        grad[run.index[j]] = listed[j];
}

void cop_gather_load(const CopGather *gather, const float *value, float *listed, CopPool *pool)
{
    CopyJob job = {.gather = gather, .value = value, .listed = listed};
    cop_parallel_for(pool, runs(gather), load_item, &job);
}

void cop_gather_store(const CopGather *gather, const float *listed, float *grad, CopPool *pool)
{
    CopyJob job = {.gather = gather, .stored = listed, .grad = grad};
    cop_parallel_for(pool, runs(gather), store_item, &job);
}

void cop_gather_scale(const CopGather *gather, const float *scale, float *listed)
{
    if (gather->shared) {
        for (int c = 0; c < gather->out_channels; c++)
            for (size_t j = 0; j < gather->entries; j++)
                listed[(size_t)c * gather->entries + j] *= scale[c];
        return;
    }
    for (int i = 0; i < gather->sweeps; i++) {
        const CopSweep *sweep = &gather->sweep[i];
        const uint32_t *start = sweep->start;
        for (int block = 0; block < sweep->blocks; block++)
            for (int c = 0; c < gather->out_channels; c++, start += sweep->t.taps)
                for (uint32_t j = start[0]; j < start[sweep->t.taps]; j++)
                    listed[j] *= scale[c];
    }
}

int cop_tile_step(const CopSweep *sweep)
{
    return sweep->w.step < COP_STEPS ? sweep->w.step - 1 : COP_STEPS - 1;
}

void cop_tile_list(CopConv3dTile *tile, const CopGather *gather, float *weight)
{
    tile->offset = gather->offset;
    tile->weight = weight;
    tile->weight_step = gather->shared ? gather->entries : 0;
}

void cop_tile_block(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep, int block)
{
    const size_t taps = (size_t)sweep->t.taps;
    const size_t channels = gather->shared ? 1 : (size_t)gather->out_channels;
    tile->start = sweep->start + (size_t)block * channels * taps;
    tile->start_step = gather->shared ? 0 : taps;
}

/* Kernels at low density outrun the hardware's own prefetching of short rows. */
void cop_tile_prefetch(const CopGather *gather, const CopTiling *tiling, int tile, int block,
                       const CopTensor *in)
{
    const CopSweep *sweep = tiling->sweep;
    const CopPlace next = cop_conv3d_place(tiling, tile);
    const CopAxis *h = &sweep->h;
    int first_tap, end_tap, channel, channels = 1;
    cop_conv3d_valid_taps(&sweep->t, next.t, &first_tap, &end_tap);
    if (sweep->block_channels) {
        channel = block * sweep->block_channels;
        channels = sweep->block_channels;
        if (channels > gather->in_channels - channel)
            channels = gather->in_channels - channel;
    } else {
        channel = block / sweep->t.taps;
        first_tap = block % sweep->t.taps;
        end_tap = first_tap + 1;
    }
    /* Below the first row of a strip, only the last rows are new. */
    const int rows = (next.rows - 1) * h->step + h->taps;
    const int new_rows = next.h == 0 || next.rows * h->step > rows ? rows : next.rows * h->step;
    const int cols = (next.cols - 1) * sweep->w.step + sweep->w.taps;
    for (int c = channel; c < channel + channels; c++)
        for (int k = first_tap; k < end_tap; k++)
            for (int row = rows - new_rows; row < rows; row++) {
                const float *p = cop_tensor_at(
                    in, next.g, c, sweep->t.source + next.t * sweep->t.step + k,
                    h->source + next.h * h->step + row, sweep->w.source + next.w * sweep->w.step);
                for (int col = 0; col < cols; col++)
                    __builtin_prefetch(p + col * COP_LANES, 0, 2);
            }
}
