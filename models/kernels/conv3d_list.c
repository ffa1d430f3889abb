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

CopRun cop_gather_run(const CopGather *gather, int item)
{
    if (!gather->shared) {
        const size_t begin = (size_t)item * COPY_CHUNK, rest = gather->slots - begin;
        return (CopRun){gather->index + begin, rest < COPY_CHUNK ? rest : COPY_CHUNK, 0, begin,
                        false};
    }
    const int group = item / gather->units, unit = item % gather->units;
    const int channel = gather->pairs ? 2 * unit : unit;
    return (CopRun){.index = gather->index,
                    .n = gather->slots,
                    .first =
                        (size_t)group * gather->group_step + (size_t)channel * gather->channel_step,
                    .listed = (size_t)item * gather->slots,
                    .alone = gather->pairs && channel + 1 == gather->out_channels};
}

int cop_gather_runs(const CopGather *gather)
{
    return gather->shared ? gather->groups * gather->units
                          : (int)((gather->slots + COPY_CHUNK - 1) / COPY_CHUNK);
}

static void load_item(void *ctx, int item, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const CopRun run = cop_gather_run(job->gather, item);
    const float *value = job->value + run.first;
    float *listed = job->listed + run.listed;
    for (size_t j = 0; !run.alone && j < run.n; j++)
        listed[j] = value[run.index[j]];
    for (size_t j = 0; run.alone && j < run.n; j++)
        listed[j] = j % 2 ? 0 : value[run.index[j]];
}

static void store_item(void *ctx, int item, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const CopRun run = cop_gather_run(job->gather, item);
    float *grad = job->grad + run.first;
    const float *listed = job->stored + run.listed;
    for (size_t j = 0; j < run.n; j += 1 + run.alone)
        grad[run.index[j]] = listed[j];
}

void cop_gather_load(const CopGather *gather, const float *value, float *listed, CopPool *pool)
{
    CopyJob job = {.gather = gather, .value = value, .listed = listed};
    cop_parallel_for(pool, cop_gather_runs(gather), load_item, &job);
}

void cop_gather_store(const CopGather *gather, const float *listed, float *grad, CopPool *pool)
{
    CopyJob job = {.gather = gather, .stored = listed, .grad = grad};
    cop_parallel_for(pool, cop_gather_runs(gather), store_item, &job);
}

/* Slots start[0..end) of one kind of a unit; scale has one factor a slot, in turn. */
static void scale_slots(float *listed, uint32_t begin, uint32_t end, const float *scale,
                        uint32_t factors)
{
    for (uint32_t j = begin; j < end; j++)
        listed[j] *= scale[(j - begin) % factors];
}

void cop_gather_scale(const CopGather *gather, const float *scale, float *listed)
{
    const bool pairs = gather->pairs;
    const uint32_t slots = (uint32_t)gather->slots;
    for (int g = 0; g < gather->groups; g++)
        for (int unit = 0; unit < gather->units; unit++) {
            const int channel = pairs ? 2 * unit : unit;
            const bool alone = pairs && channel + 1 == gather->out_channels;
            const float *own = scale + g * gather->out_channels + channel;
            const float factor[] = {own[0], pairs && !alone ? own[1] : 0};
            if (gather->shared) {
                scale_slots(listed + (size_t)(g * gather->units + unit) * slots, 0, slots, factor,
                            1 + pairs);
                continue;
            }
            const CopSweep *sweep = gather->sweep; /* the forward pass has one */
            const size_t taps = (size_t)sweep->segments, kinds = (size_t)gather->kinds;
            for (int block = 0; block < sweep->blocks; block++) {
                const uint32_t *start =
                    sweep->start +
                    (((size_t)g * (size_t)sweep->blocks + (size_t)block) * (size_t)gather->units +
                     (size_t)unit) *
                        kinds * taps;
                scale_slots(listed, start[0], start[taps], factor, 1 + pairs);
                for (size_t kind = 1; kind < kinds; kind++)
                    scale_slots(listed, start[kind * taps], start[(kind + 1) * taps],
                                factor + kind - 1, 1);
            }
        }
}

int cop_tile_step(const CopSweep *sweep)
{
    return sweep->w.step < COP_STEPS ? sweep->w.step - 1 : COP_STEPS - 1;
}

void cop_tile_list(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep)
{
    tile->channels = gather->out_channels;
    tile->offset = gather->offset;
    tile->pairs = gather->pairs;
    tile->taps = sweep->segments;
    tile->start_step = gather->shared ? 0 : (size_t)(gather->kinds * sweep->segments);
    tile->weight_step = gather->shared ? gather->slots : 0;
}

void cop_tile_block(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep, int group,
                    int block, float *weight)
{
    const size_t units = (size_t)gather->units;
    if (gather->shared) {
        tile->start = sweep->start + (size_t)(block * sweep->segments);
        tile->weight = weight + (size_t)group * units * gather->slots;
        return;
    }
    const size_t list = ((size_t)group * (size_t)sweep->blocks + (size_t)block) * units;
    tile->start = sweep->start + list * tile->start_step;
    tile->weight = weight;
}

void cop_tile_taps(CopConv3dTile *tile, const CopSweep *sweep, int block, int first, int end)
{
    const int tap = block % sweep->splits;
    tile->first_tap = sweep->splits > 1 ? 0 : first;
    tile->end_tap = sweep->splits > 1 ? first <= tap && tap < end : end;
}

/* Kernels at low density outrun the hardware's own prefetching of short rows. */
void cop_tile_prefetch(const CopGather *gather, const CopSweep *sweep, const CopPlace *next,
                       int group, int block, const CopTensor *in)
{
    const CopAxis *h = &sweep->h, *w = &sweep->w;
    int first_tap, end_tap, channel = block / sweep->splits * sweep->block_channels;
    const int channels = cop_min(sweep->block_channels, gather->in_channels - channel);
    cop_conv3d_valid_taps(&sweep->t, next->t, &first_tap, &end_tap);
    if (sweep->splits > 1) {
        first_tap = cop_max(first_tap, block % sweep->splits);
        end_tap = cop_min(end_tap, block % sweep->splits + 1);
    }
    /* Behind the first frame only the last one is new, or below the first row of a strip only the
     * last rows. */
    const bool along_t = cop_sweep_along_t(sweep);
    const int rows = (next->rows - 1) * h->step + h->taps;
    int new_rows = rows;
    if (along_t && next->t > 0)
        first_tap = cop_max(first_tap, sweep->t.taps - 1);
    else if (!along_t && next->h > 0)
        new_rows = cop_min(rows, next->rows * h->step);
    const int cols = (next->cols - 1) * w->step + w->taps;
    /* A stride leaves out what is between single taps. */
    const int apart_h = h->taps > 1 ? 1 : h->step, apart_w = w->taps > 1 ? 1 : w->step;
    channel += group * gather->in_channels;
    for (int c = channel; c < channel + channels; c++)
        for (int k = first_tap; k < end_tap; k++)
            for (int row = rows - new_rows; row < rows; row += apart_h) {
                const float *p = cop_tensor_at(
                    in, next->g, c, sweep->t.source + next->t * sweep->t.step + k,
                    h->source + next->h * h->step + row, w->source + next->w * w->step);
                for (int col = 0; col < cols; col += apart_w)
                    __builtin_prefetch(p + col * COP_LANES, 0, 2);
            }
}
