/* Which source frames make a clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/sample.h"

#include <assert.h>
#include <stddef.h>

const char *const cop_sampler_names[] = {"uniform", "random", NULL};
const char *const cop_edge_names[] = {"loop", "repeat", NULL};

static int64_t find_start(const CopSampleOptions *options, int64_t room, int view, CopRngKey key,
                          CopRngAddress at)
{
    if (room <= 0)
        return 0;
    if (options->sampler == COP_SAMPLER_RANDOM)
        return cop_rng_below(key, (uint32_t)view, at, (uint32_t)room + 1);
    const int64_t gaps = options->clips - 1;
    return gaps > 0 ? (2 * view * room + gaps) / (2 * gaps) : room / 2;
}

void cop_sample_clip(const CopSampleOptions *options, int total, int view, CopRngKey key,
                     CopRngAddress at, int *index)
{
    assert(total >= 1 && options->frames >= 1 && options->stride >= 1);
    assert(view >= 0 && (view < options->clips || options->clips < 1));
    const int64_t span = (int64_t)(options->frames - 1) * options->stride + 1;
    const int64_t start = find_start(options, total - span, view, key, at);
    for (int j = 0; j < options->frames; j++) {
        int64_t i = start + (int64_t)j * options->stride;
        if (i >= total)
            i = options->policy == COP_EDGE_LOOP ? i % total : total - 1;
        index[j] = (int)i;
    }
}
