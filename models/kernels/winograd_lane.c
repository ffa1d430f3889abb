/* Winograd's transforms of inputs and sums, compiled once a CPU tier; formulas in winograd.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/tensor.h"
#include "models/kernels/lane_vector.h"
#include "models/kernels/winograd.h"

static const float a1 = COP_WINOGRAD_A, b1 = COP_WINOGRAD_B, p1 = COP_WINOGRAD_P,
                   q1 = COP_WINOGRAD_Q, r1 = COP_WINOGRAD_R;

/* Inputs to be had where a quad has `outputs` outputs. */
#define INPUTS(taps, outputs) ((outputs) + (taps)-1)

enum { MOST_INPUTS = INPUTS(4, COP_WINOGRAD_QUAD) };

/* Every `step`th input of a quad; zeros stand in for those that it lacks. */
INLINE void load_inputs(const float *in, const int step, const int count, Vec x[MOST_INPUTS])
{
    for (int i = 0; i < MOST_INPUTS; i++)
        x[i] = i < count ? LOAD(in + i * step * COP_LANES) : (Vec){0};
}

INLINE void input_3(const Vec x[MOST_INPUTS], float *out, size_t part)
{
    const float a = a1, b = b1, aa = a * a, bb = b * b;
    const Vec even_a = x[4] - bb * x[2], odd_a = x[3] - bb * x[1];
    const Vec even_b = x[4] - aa * x[2], odd_b = x[3] - aa * x[1];
    STORE(out) = aa * bb * x[0] - (aa + bb) * x[2] + x[4];
    STORE(out + part) = even_a + a * odd_a;
    STORE(out + 2 * part) = even_a - a * odd_a;
    STORE(out + 3 * part) = even_b + b * odd_b;
    STORE(out + 4 * part) = even_b - b * odd_b;
    STORE(out + 5 * part) = aa * bb * x[1] - (aa + bb) * x[3] + x[5];
}

/* The two parts of points +-p; the others are q and r. */
INLINE void input_points(const Vec x[MOST_INPUTS], const float p, const float q, const float r,
                         float *out, size_t part)
{
    const float sum = q * q + r * r, product = q * q * r * r;
    const Vec odd = x[5] - sum * x[3] + product * x[1];
    const Vec even = p * (x[4] - sum * x[2] + product * x[0]);
    STORE(out) = odd + even;
    STORE(out + part) = odd - even;
}

INLINE void input_4(const Vec x[MOST_INPUTS], float *out, size_t part)
{
    const float p = p1, q = q1, r = r1, pp = p * p, qq = q * q, rr = r * r;
    input_points(x, p, q, r, out, part);
    input_points(x, q, r, p, out + 2 * part, part);
    input_points(x, r, p, q, out + 4 * part, part);
    STORE(out + 6 * part) =
        x[6] - (pp + qq + rr) * x[4] + (pp * qq + qq * rr + rr * pp) * x[2] - pp * qq * rr * x[0];
}

INLINE void input_quad(const float *in, float *out, size_t part, const CopFilter filter,
                       const int outputs)
{
    Vec x[MOST_INPUTS];
    if (filter == COP_FILTER_3) {
        load_inputs(in, 1, INPUTS(3, outputs), x);
        input_3(x, out, part);
        return;
    }
    load_inputs(in, 2, INPUTS(4, outputs), x);
    input_4(x, out, part);
    load_inputs(in + COP_LANES, 2, INPUTS(3, outputs), x);
    input_3(x, out + 7 * part, part);
}

INLINE void input_row(const CopWinogradInput *job, const float *in, float *out,
                      const CopFilter filter)
{
    const size_t part = job->out_part;
    int left = job->cols;
    for (; left >= COP_WINOGRAD_QUAD; left -= COP_WINOGRAD_QUAD) {
        input_quad(in, out, part, filter, COP_WINOGRAD_QUAD);
        in += (filter == COP_FILTER_3 ? 1 : 2) * COP_WINOGRAD_QUAD * COP_LANES;
        out += COP_LANES;
    }
    if (left == 3)
        input_quad(in, out, part, filter, 3);
    else if (left == 2)
        input_quad(in, out, part, filter, 2);
    else if (left == 1)
        input_quad(in, out, part, filter, 1);
}

INLINE void input(const CopWinogradInput *job, const CopFilter filter)
{
    for (int c = 0; c < job->channels; c++)
        for (int row = 0; row < job->rows; row++)
            input_row(job, job->in + c * job->in_c + row * job->in_h,
                      job->out + (size_t)c * job->out_c + (size_t)row * job->out_h, filter);
}

/* --- outputs --- */

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

/* Adds the parts of points +-p to the outputs of a quad. */
INLINE void add_points(const float *sums, size_t part, const float p, Vec y[COP_WINOGRAD_QUAD])
{
    const Vec plus = LOAD(sums) + LOAD(sums + part), minus = LOAD(sums) - LOAD(sums + part);
    y[0] += plus;
    y[1] += p * minus;
    y[2] += p * p * plus;
    y[3] += p * p * p * minus;
}

INLINE void add_3(const float *sums, size_t part, Vec y[COP_WINOGRAD_QUAD])
{
    y[0] += LOAD(sums);
    add_points(sums + part, part, a1, y);
    add_points(sums + 3 * part, part, b1, y);
    y[3] += LOAD(sums + 5 * part);
}

/* The first `outputs` outputs of a quad. */
INLINE void output_quad(const CopWinogradOutput *job, const float *sums, Vec bias, const float *add,
                        float *out, const CopFilter filter, const int outputs)
{
    const size_t part = job->part;
    Vec y[COP_WINOGRAD_QUAD] = {bias, bias, bias, bias};
    if (filter == COP_FILTER_7) {
        add_points(sums, part, p1, y);
        add_points(sums + 2 * part, part, q1, y);
        add_points(sums + 4 * part, part, r1, y);
        y[3] += LOAD(sums + 6 * part);
        sums += 7 * part;
    }
    add_3(sums, part, y);
    for (int i = 0; i < outputs; i++)
        finish(job, y[i], add ? add + i * job->add_w : NULL, out + i * job->out_w);
}

INLINE void output(const CopWinogradOutput *job, const CopFilter filter)
{
    const float *sums = job->sums;
    for (int c = 0; c < job->channels; c++) {
        const Vec bias = (job->bias ? job->bias[c] : 0) - (Vec){0};
        for (int row = 0; row < job->rows; row++) {
            float *out = job->out + c * job->out_c + row * job->out_h;
            const float *add = job->add ? job->add + c * job->add_c + row * job->add_h : NULL;
            for (int left = job->cols; left > 0; left -= COP_WINOGRAD_QUAD, sums += WIDTH) {
                if (left >= COP_WINOGRAD_QUAD)
                    output_quad(job, sums, bias, add, out, filter, COP_WINOGRAD_QUAD);
                else if (left == 3)
                    output_quad(job, sums, bias, add, out, filter, 3);
                else if (left == 2)
                    output_quad(job, sums, bias, add, out, filter, 2);
                else
                    output_quad(job, sums, bias, add, out, filter, 1);
                out += COP_WINOGRAD_QUAD * job->out_w;
                add = add ? add + COP_WINOGRAD_QUAD * job->add_w : NULL;
            }
        }
    }
}

#define DEFINE(taps)                                                                               \
    static void input_of_##taps(const CopWinogradInput *job)                                       \
    {                                                                                              \
        input(job, COP_FILTER_##taps);                                                             \
    }                                                                                              \
    static void output_of_##taps(const CopWinogradOutput *job)                                     \
    {                                                                                              \
        output(job, COP_FILTER_##taps);                                                            \
    }
DEFINE(3)
DEFINE(7)

const CopWinogradKernels TIER_NAME(cop_winograd_kernels_) = {
    .input = {input_of_3, input_of_7},
    .output = {output_of_3, output_of_7},
};
