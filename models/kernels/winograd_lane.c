/* Winograd's transforms of inputs and sums, compiled once a CPU tier.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/tensor.h"
#include "models/kernels/lane_vector.h"
#include "models/kernels/winograd.h"

/* The pairs of one row. */
INLINE void input_row(const CopWinogradInput *job, const float *in, float *out)
{
    const size_t part = job->out_part;
    const int whole = job->pairs - job->odd;
    Vec x0 = LOAD(in), x1 = LOAD(in + COP_LANES);
    for (int j = 0; j < job->pairs; j++, out += COP_LANES) {
        in += 2 * COP_LANES;
        const Vec x2 = LOAD(in), x3 = j < whole ? LOAD(in + COP_LANES) : x1;
        STORE(out) = x0 - x2;
        STORE(out + part) = x1 + x2;
        STORE(out + 2 * part) = x2 - x1;
        STORE(out + 3 * part) = x1 - x3;
        x0 = x2;
        x1 = x3;
    }
}

static void input(const CopWinogradInput *job)
{
    for (int c = 0; c < job->channels; c++)
        for (int k = job->first_tap; k < job->end_tap; k++)
            for (int row = 0; row < job->rows; row++)
                input_row(job, job->in + c * job->in_c + k * job->in_t + row * job->in_h,
                          job->out + (size_t)c * job->out_c + (size_t)k * job->out_t +
                              (size_t)(row * COP_WINOGRAD_COLS * COP_LANES));
}

INLINE void finish(const CopWinogradOutput *job, Vec y, const float *add, float *out)
{
    if (add)
        y += LOAD(add);
    if (job->relu)
        y = (Vec)((VecI)y & (y > 0));
    if (STREAMS && job->stream)
        STREAM(out, y);
    else
        STORE(out) = y;
}

static void output(const CopWinogradOutput *job)
{
    const float *sums = job->sums;
    const size_t part = job->part;
    for (int c = 0; c < job->channels; c++) {
        const Vec bias = (job->bias ? job->bias[c] : 0) - (Vec){0};
        for (int row = 0; row < job->rows; row++) {
            float *out = job->out + c * job->out_c + row * job->out_h;
            const float *add = job->add ? job->add + c * job->add_c + row * job->add_h : NULL;
            for (int j = 0; j < job->pairs; j++, sums += WIDTH) {
                const Vec m1 = LOAD(sums + part), m2 = LOAD(sums + 2 * part);
                finish(job, LOAD(sums) + m1 + m2 + bias, add, out);
                if (j < job->pairs - job->odd)
                    finish(job, m1 - m2 - LOAD(sums + 3 * part) + bias,
                           add ? add + job->add_w : NULL, out + job->out_w);
                out += 2 * job->out_w;
                add = add ? add + 2 * job->add_w : NULL;
            }
        }
    }
}

const CopWinogradKernels TIER_NAME(cop_winograd_kernels_) = {.input = input, .output = output};
