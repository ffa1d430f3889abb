/* Gradients of the layers against central differences of their own outputs.
 *
 * Inputs and weights are multiples of 1/8 and steps are 1/16, so that a layer that adds
 * and multiplies is exact in float: where it is linear between the two points of a
 * difference, that difference is the derivative to the last bit.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/layers/cross_entropy.h"
#include "models/layers/layer_options.h"
#include "tests/layer_rig.h"

static const float step_size = 0x1p-4f;

static Rig rig;
static CopStep step;
static const uint32_t clips[] = {4, 8, 15, 16, 23, 42, 1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14};

static void set_up(const char *name, const char *options, CopShape in, int n, double density)
{
    const RigCase c = {.desc = cop_layer_find(name),
                       .options = options,
                       .in = in,
                       .n = n,
                       .threads = 1,
                       .density = density};
    CopError err = {0};
    ck_assert_msg(rig_open(&rig, &c, &err) == COP_OK, "%s", err.text);
    step = (CopStep){.training = true, .seed = 3, .step = 2, .clip = clips};
    rig_fill_all(&rig, clips, 1);
}

static float *value_at(const CopTensor *x, int lane, size_t position)
{
    const size_t w = position % (size_t)x->w, rest = position / (size_t)x->w;
    const size_t h = rest % (size_t)x->h, ct = rest / (size_t)x->h;
    return cop_tensor_at(x, lane / COP_LANES, (int)(ct / (size_t)x->t), (int)(ct % (size_t)x->t),
                         (int)h, (int)w) +
           lane % COP_LANES;
}

/* sum of dout * out over all lanes: its gradient is what backward gets as dout. */
static double loss(void)
{
    rig_forward(&rig, &step);
    double sum = 0;
    for (int lane = 0; lane < rig.out.n; lane++)
        for (size_t k = 0; k < rig_elements(&rig.out); k++)
            sum += (double)*value_at(&rig.out, lane, k) * (double)*value_at(&rig.dout, lane, k);
    return sum;
}

static double difference(float *x)
{
    const float was = *x;
    *x = was + step_size;
    const double above = loss();
    *x = was - step_size;
    const double below = loss();
    *x = was;
    return (above - below) / (2 * (double)step_size);
}

static void check_inputs(double tolerance)
{
    loss();
    rig.layer.desc->backward(&rig.layer, &step);
    for (int i = 0; i < rig.layer.desc->inputs; i++)
        for (int lane = 0; lane < rig.out.n; lane++)
            for (size_t k = 0; k < rig_elements(&rig.in[i]); k++) {
                const double want = difference(value_at(&rig.in[i], lane, k));
                const double got = (double)*value_at(&rig.din[i], lane, k);
                ck_assert_msg(fabs(got - want) <= tolerance,
                              "%s: din[%d], lane %d, %zu: %.9g, not %.9g", rig.layer.desc->name, i,
                              lane, k, got, want);
            }
}

static void check_param(int index)
{
    const CopParam *param = &rig.param[index];
    for (size_t k = 0; k < param->nnz; k++) {
        const double want = difference(&param->value[k]), got = (double)param->grad[k];
        ck_assert_msg(got == want, "%s: %s[%zu]: %.9g, not %.9g", rig.layer.desc->name, param->name,
                      k, got, want);
    }
}

/* --- layers that are linear in what a difference moves ------------------------ */

static const struct {
    const char *name, *options;
    CopShape in;
    double tolerance;
} linear[] = {
    {"conv3d", "channels=4, bias=true", {3, 3, 4, 3}, 0},
    {"conv3d", "channels=3, stride_t=2, stride_h=2, kernel_w=1, pad_w=0", {2, 4, 5, 3}, 0},
    {"conv3d", "channels=3, kernel_t=1, pad_t=0, kernel_h=5, pad_h=2", {2, 2, 4, 3}, 0},
    {"conv2d", "channels=3, bias=true, stride_w=2", {2, 2, 4, 5}, 0},
    {"linear", "features=5", {7, 1, 1, 1}, 0},
    {"add", NULL, {2, 2, 3, 3}, 0},
    {"relu", NULL, {2, 2, 3, 3}, 0},
    {"dropout", "p=0.5", {3, 2, 3, 3}, 0},
    {"avgpool3d", "kernel_w=4", {2, 4, 4, 4}, 0},
    /* 1/27 is rounded: each of the two to eight outputs that see an element has a value
     * below 2 with an error of 2^-23, times up to 2, over steps of 1/8. */
    {"avgpool3d",
     "kernel_t=3, kernel_h=3, kernel_w=3, pad_t=1, pad_h=1, pad_w=1",
     {2, 4, 4, 4},
     8 * 0x1p-23 * 2 * 2 * 8},
    {"global_avgpool", NULL, {3, 2, 4, 4}, 0},
};
enum { LINEAR = sizeof linear / sizeof linear[0] };

START_TEST(linear_layers)
{
    static const int lanes[] = {1, 3, 18};
    for (size_t i = 0; i < 3; i++) {
        set_up(linear[_i].name, linear[_i].options, linear[_i].in, lanes[i], 1);
        check_inputs(linear[_i].tolerance);
        for (int p = 0; p < rig.layer.n_params; p++)
            check_param(p);
        rig_close(&rig);
    }
}
END_TEST

/* The largest stays the largest: values lie at least 1/2 apart. */
START_TEST(max_pooling)
{
    set_up("maxpool3d", "kernel_h=3, pad_h=1, stride_h=1, stride_w=1", (CopShape){2, 4, 4, 5}, 3,
           1);
    const size_t elements = rig_elements(&rig.in[0]);
    ck_assert_uint_eq(elements, 160);
    for (int lane = 0; lane < 3; lane++)
        for (size_t k = 0; k < elements; k++)
            *value_at(&rig.in[0], lane, k) =
                (float)((k * (37 + 2 * (size_t)lane) + 5) % 163) / 2 - 40; /* 163 is prime */
    check_inputs(0);
    rig_close(&rig);
}
END_TEST

/* --- masked weights ------------------------------------------------------------ */

static const struct {
    const char *name, *options;
    CopShape in;
} sparse[] = {
    {"conv3d", "channels=4, bias=true", {3, 3, 4, 3}},
    {"conv3d", "channels=3, stride_t=2, stride_h=2", {2, 4, 5, 3}},
    {"conv3d", "channels=4, kernel_t=1, pad_t=0", {3, 1, 5, 4}}, /* of pictures */
    {"conv3d", "channels=6, groups=6", {6, 2, 4, 3}},            /* depthwise */
    {"linear", "features=6", {11, 1, 1, 1}},
};

/* Only active weights have a gradient; the dense gradient, by which methods grow, is at
 * every inactive weight the derivative of the dense layer where that weight is zero. */
START_TEST(masked_layers)
{
    set_up(sparse[_i].name, sparse[_i].options, sparse[_i].in, 5, 0.4);
    check_inputs(0);
    for (int p = 0; p < rig.layer.n_params; p++)
        check_param(p);
    CopParam *param = &rig.param[0];
    float *scores = malloc(param->numel * sizeof *scores);
    float *weights = malloc(param->numel * sizeof *weights);
    uint64_t *mask = malloc(cop_mask_words(param->numel) * sizeof *mask);
    rig.layer.desc->dense_gradient(&rig.layer, scores, &step);
    cop_param_scatter(param, param->value, weights);
    memcpy(mask, param->mask, cop_mask_words(param->numel) * sizeof *mask);
    rig_close(&rig);

    set_up(sparse[_i].name, sparse[_i].options, sparse[_i].in, 5, 1);
    memcpy(rig.param[0].value, weights, rig.param[0].numel * sizeof *weights);
    int inactive = 0;
    for (size_t k = 0; k < rig.param[0].numel; k++) {
        if (!cop_mask_get(mask, k)) {
            ck_assert(rig.param[0].value[k] == 0);
            inactive++;
        }
        const double want = difference(&rig.param[0].value[k]);
        ck_assert_msg((double)scores[k] == want, "weight %zu: %g, not %g", k, (double)scores[k],
                      want);
    }
    ck_assert_int_gt(inactive, 20);
    free(scores);
    free(weights);
    free(mask);
    rig_close(&rig);
}
END_TEST

/* --- batch normalisation --------------------------------------------------------- */

/* One channel in double. */
typedef struct Norm {
    size_t n;
    double *x, *dy, weight, bias, eps;
} Norm;

static double norm_loss(const Norm *norm)
{
    const double n = (double)norm->n;
    double mean = 0, variance = 0, sum = 0;
    for (size_t i = 0; i < norm->n; i++)
        mean += norm->x[i] / n;
    for (size_t i = 0; i < norm->n; i++)
        variance += (norm->x[i] - mean) * (norm->x[i] - mean) / n;
    for (size_t i = 0; i < norm->n; i++)
        sum += norm->dy[i] *
               ((norm->x[i] - mean) / sqrt(variance + norm->eps) * norm->weight + norm->bias);
    return sum;
}

/* Its own error is of the order of h^2, 1e-8. */
static double norm_difference(const Norm *norm, double *x)
{
    const double h = 1e-4, was = *x;
    *x = was + h;
    const double above = norm_loss(norm);
    *x = was - h;
    const double below = norm_loss(norm);
    *x = was;
    return (above - below) / (2 * h);
}

/* A gradient is three terms of up to five roundings each, whose sum may be four times
 * smaller than they are: 60 * 2^-24 < 4e-6 of its norm. The mean is kept as a float, with
 * an error of 2^-24 of itself where deviations are about 1. */
static void check_norm_channel(int c, float offset)
{
    const double tolerance = 4e-6 + 4 * 0x1p-24 * (double)offset;
    const size_t positions = (size_t)(rig.in[0].t * rig.in[0].h * rig.in[0].w);
    Norm norm = {.n = (size_t)rig.in[0].n * positions,
                 .weight = (double)rig.param[0].value[c],
                 .bias = (double)rig.param[1].value[c],
                 .eps = ((const CopNormOptions *)rig.layer.options)->eps};
    norm.x = calloc(norm.n, sizeof *norm.x);
    norm.dy = calloc(norm.n, sizeof *norm.dy);
    for (size_t i = 0; i < norm.n; i++) {
        const int lane = (int)(i / positions);
        const size_t position = (size_t)c * positions + i % positions;
        norm.x[i] = (double)(*value_at(&rig.in[0], lane, position) - offset);
        norm.dy[i] = (double)*value_at(&rig.dout, lane, position);
    }
    double error = 0, size = 0;
    for (size_t i = 0; i < norm.n; i++) {
        const double want = norm_difference(&norm, &norm.x[i]);
        const double got = (double)*value_at(&rig.din[0], (int)(i / positions),
                                             (size_t)c * positions + i % positions);
        error += (got - want) * (got - want);
        size += want * want;
    }
    ck_assert_msg(error <= tolerance * tolerance * size, "din: %g", sqrt(error / size));
    /* Sums of n products below 8, most of which cancel. */
    const double limit = tolerance * (double)norm.n;
    const double dweight = norm_difference(&norm, &norm.weight);
    const double dbias = norm_difference(&norm, &norm.bias);
    ck_assert(fabs((double)rig.param[0].grad[c] - dweight) <= limit);
    ck_assert(fabs((double)rig.param[1].grad[c] - dbias) <= limit);
    free(norm.x);
    free(norm.dy);
}

/* Also far from zero, where sums of squares would lose the variance. */
START_TEST(batch_normalisation)
{
    static const int lanes[] = {1, 5, 18};
    static const float offsets[] = {0, 4096};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            set_up("batchnorm3d", "eps=0.01", (CopShape){3, 2, 3, 4}, lanes[i], 1);
            for (int lane = 0; lane < lanes[i]; lane++)
                for (size_t j = 0; j < rig_elements(&rig.in[0]); j++)
                    *value_at(&rig.in[0], lane, j) += offsets[k];
            loss();
            rig.layer.desc->backward(&rig.layer, &step);
            for (int c = 0; c < 3; c++)
                check_norm_channel(c, offsets[k]);
            rig_close(&rig);
        }
}
END_TEST

/* --- the loss --------------------------------------------------------------------- */

enum { CLASSES = 7, LANES = 18 };

/* -sum q log softmax in double, over LANES lanes. */
static double entropy(const double *logits, const int *labels, double smoothing)
{
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) {
        double norm = 0;
        for (int k = 0; k < CLASSES; k++)
            norm += exp(logits[lane * CLASSES + k]);
        for (int k = 0; k < CLASSES; k++)
            sum -= (smoothing / CLASSES + (k == labels[lane] ? 1 - smoothing : 0)) *
                   (logits[lane * CLASSES + k] - log(norm));
    }
    return sum / LANES;
}

START_TEST(cross_entropy)
{
    static const double smoothings[] = {0, 0.1, 0.75};
    const double smoothing = smoothings[_i];
    CopArena *arena;
    CopTensor logits, grad;
    double copy[LANES * CLASSES];
    int labels[LANES], hits = 0, correct;
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 20), COP_OK);
    ck_assert_int_eq(cop_tensor_create(&logits, arena, LANES, CLASSES, 1, 1, 1, (CopHalo){0}),
                     COP_OK);
    ck_assert_int_eq(cop_tensor_create(&grad, arena, LANES, CLASSES, 1, 1, 1, (CopHalo){0}),
                     COP_OK);
    rig_fill(&logits, RIG_IN, NULL, 1e30f);
    rig_set_idle(&grad, NAN);
    for (int lane = 0; lane < LANES; lane++) {
        int largest = 0;
        for (int k = 0; k < CLASSES; k++) {
            copy[lane * CLASSES + k] = (double)*value_at(&logits, lane, (size_t)k);
            if (copy[lane * CLASSES + k] > copy[lane * CLASSES + largest])
                largest = k;
        }
        labels[lane] = lane % 3 ? lane % CLASSES : largest;
        hits += labels[lane] == largest;
    }
    const double got = cop_cross_entropy(&logits, labels, smoothing, &grad, &correct);
    ck_assert(fabs(got - entropy(copy, labels, smoothing)) < 1e-12);
    ck_assert_int_eq(correct, hits);
    ck_assert(rig_idle_is(&grad, 0));
    for (int i = 0; i < LANES * CLASSES; i++) {
        const double h = 1e-4, was = copy[i];
        copy[i] = was + h;
        const double above = entropy(copy, labels, smoothing);
        copy[i] = was - h;
        const double below = entropy(copy, labels, smoothing);
        copy[i] = was;
        const double g = (double)*value_at(&grad, i / CLASSES, (size_t)(i % CLASSES));
        /* h^2 / 6 of a third derivative below 1 / LANES, and a rounding of at most 2^-25 / LANES */
        ck_assert(fabs(g - (above - below) / (2 * h)) < 4e-9);
    }
    cop_arena_destroy(&arena);
}
END_TEST

/* Logits of a net that has gone far: no overflow, and a loss that grows with them. */
START_TEST(cross_entropy_of_large_logits)
{
    CopArena *arena;
    CopTensor logits;
    float p[2];
    const int label = 1;
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 20), COP_OK);
    ck_assert_int_eq(cop_tensor_create(&logits, arena, 1, 2, 1, 1, 1, (CopHalo){0}), COP_OK);
    *value_at(&logits, 0, 0) = 1e30f;
    *value_at(&logits, 0, 1) = -1e30f;
    const double got = cop_cross_entropy(&logits, &label, 0, NULL, NULL);
    ck_assert(fabs(got / 2e30 - 1) < 1e-6);
    cop_softmax(&logits, 0, p);
    ck_assert(p[0] == 1 && p[1] == 0);
    *value_at(&logits, 0, 0) = -1e30f;
    cop_softmax(&logits, 0, p);
    ck_assert(p[0] == 0.5f && p[1] == 0.5f);
    *value_at(&logits, 0, 0) = NAN;
    ck_assert(isnan(cop_cross_entropy(&logits, &label, 0, NULL, NULL)));
    cop_arena_destroy(&arena);
}
END_TEST

/* --- dropout ---------------------------------------------------------------------- */

/* A share p is zeroed, within four standard deviations; the rest is scaled; another
 * step, seed, clip or layer draws anew. */
START_TEST(dropout_draws)
{
    set_up("dropout", "p=0.25", (CopShape){16, 4, 8, 8}, 1, 1);
    const size_t n = rig_elements(&rig.in[0]);
    float *first = NULL;
    for (int round = 0; round < 5; round++) {
        const uint32_t other = 77;
        step = (CopStep){.training = true, .seed = 3, .step = 2, .clip = clips};
        step.seed += round == 1;
        step.step += round == 2;
        step.clip = round == 3 ? &other : clips;
        rig.layer.index = round == 4 ? 4 : 3;
        rig_forward(&rig, &step);
        int zeros = 0, differ = 0;
        for (size_t k = 0; k < n; k++) {
            const float x = *value_at(&rig.in[0], 0, k), y = *value_at(&rig.out, 0, k);
            ck_assert(y == 0 || fabsf(y / x - 4 / 3.0f) < 1e-6f);
            zeros += y == 0;
            differ += first && (y == 0) != (first[k] == 0);
        }
        const double share = (double)zeros / (double)n, sd = sqrt(0.25 * 0.75 / (double)n);
        ck_assert_msg(fabs(share - 0.25) < 4 * sd, "%g", share);
        /* Of two independent draws, one alone is zero with probability 2 p (1 - p). */
        ck_assert(!first || fabs(differ / (double)n - 0.375) < 4 * sqrt(0.375 * 0.625 / (double)n));
        if (!first)
            first = rig_lane(&rig.out, 0);
    }
    free(first);
    step.training = false;
    rig_forward(&rig, &step);
    for (size_t k = 0; k < n; k++)
        ck_assert(*value_at(&rig.out, 0, k) == *value_at(&rig.in[0], 0, k));
    rig_close(&rig);
}
END_TEST

/* The addition and the rectifier after a batch-norm, one by one: to the last bit. */
START_TEST(tails_are_the_layers_that_they_stand_for)
{
    const CopShape shape = {3, 2, 4, 5};
    const bool add = _i & 1, relu = _i & 2;
    const RigCase fused = {.desc = cop_layer_find("batchnorm3d"),
                           .in = shape,
                           .n = 18,
                           .threads = 1,
                           .density = 1,
                           .tail = {.add = add, .relu = relu}};
    Rig tail;
    CopError err = {0};
    ck_assert_msg(rig_open(&tail, &fused, &err) == COP_OK, "%s", err.text);
    set_up("batchnorm3d", NULL, shape, 18, 1);
    rig_fill_all(&tail, clips, 0);
    rig_forward(&tail, &step);
    tail.layer.desc->backward(&tail.layer, &step);
    rig_forward(&rig, &step);
    int open = 0;
    const size_t elements = rig_elements(&rig.out);
    for (int lane = 0; lane < 18; lane++)
        for (size_t k = 0; k < elements; k++) {
            float y = *value_at(&rig.out, lane, k);
            if (add)
                y += *value_at(&tail.in[1], lane, k);
            if (relu && y < 0)
                y = 0;
            open += y > 0;
            ck_assert(*value_at(&tail.out, lane, k) == y);
            if (relu && !(y > 0))
                *value_at(&rig.dout, lane, k) = 0;
        }
    ck_assert(open > 300 && open < 1860); /* of 2160 */
    rig.layer.desc->backward(&rig.layer, &step);
    for (int lane = 0; lane < 18; lane++)
        for (size_t k = 0; k < elements; k++) {
            ck_assert(*value_at(&tail.din[0], lane, k) == *value_at(&rig.din[0], lane, k));
            if (add)
                ck_assert(*value_at(&tail.din[1], lane, k) == *value_at(&rig.dout, lane, k));
        }
    for (int i = 0; i < 2; i++)
        ck_assert(memcmp(tail.param[i].grad, rig.param[i].grad, 3 * sizeof(float)) == 0);
    rig_close(&tail);
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gradients of layers");
    TCase *tests = tcase_create("layers");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, linear_layers, 0, LINEAR);
    tcase_add_test(tests, max_pooling);
    tcase_add_loop_test(tests, masked_layers, 0, sizeof sparse / sizeof sparse[0]);
    tcase_add_test(tests, batch_normalisation);
    tcase_add_loop_test(tests, cross_entropy, 0, 3);
    tcase_add_test(tests, cross_entropy_of_large_logits);
    tcase_add_test(tests, dropout_draws);
    tcase_add_loop_test(tests, tails_are_the_layers_that_they_stand_for, 0, 4);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
