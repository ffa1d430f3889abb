/* Steps of a plan: what is fused, that it computes the same, and when parameters are loaded.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "models/core/rng.h"
#include "models/layers/cross_entropy.h"
#include "models/layers/layer_options.h"
#include "models/train/net_private.h"
#include "tests/net_help.h"

extern const CopLayerDesc cop_layer_conv3d, cop_layer_batchnorm3d, cop_layer_relu,
    cop_layer_avgpool3d, cop_layer_global_avgpool, cop_layer_linear, cop_layer_add,
    cop_layer_dropout;

enum { BATCH = 21, CLASSES = NARROW_CLASSES };

/* --- nets of every pattern ------------------------------------------------------- */

typedef struct Kind {
    int kind;
    bool apart; /* a layer that does nothing after each one: none can be fused */
} Kind;

static int layers;
static bool apart;

static int put(CopNet *net, const CopLayerDesc *desc, const void *options, int a, int b)
{
    char name[16];
    snprintf(name, sizeof name, "layer%d", layers++);
    const int out = cop_net_add(net, desc, name, options, a, b);
    return apart ? cop_net_add(net, &cop_layer_dropout, "nothing", &(CopDropoutOptions){0}, out, 0)
                 : out;
}

static int conv(CopNet *net, int in, int kernel, int stride, bool bias)
{
    const int k = kernel, s = stride, p = kernel / 2;
    const CopConvOptions o = {6, k, k, k, s, s, s, p, p, p, 1, bias};
    return put(net, &cop_layer_conv3d, &o, in, 0);
}

static int norm(CopNet *net, int in)
{
    return put(net, &cop_layer_batchnorm3d, &(CopNormOptions){1e-5, 0.1}, in, 0);
}

static int relu(CopNet *net, int in)
{
    return put(net, &cop_layer_relu, NULL, in, 0);
}

static int add(CopNet *net, int a, int b)
{
    return put(net, &cop_layer_add, NULL, a, b);
}

static int pool(CopNet *net, int in)
{
    return put(net, &cop_layer_avgpool3d, &(CopPoolOptions){1, 3, 3, 1, 1, 1, 0, 1, 1}, in, 0);
}

static int conv_norm(CopNet *net, int in, int kernel, bool bias)
{
    return norm(net, conv(net, in, kernel, 1, bias));
}

static int chain(CopNet *net)
{
    int x = relu(net, norm(net, conv(net, 0, 3, 2, true)));
    x = relu(net, conv(net, x, 3, 1, true));
    return conv_norm(net, x, 1, false);
}

/* The shortcut is the first operand, and the last addition has no batch-norm before it. */
static int identity(CopNet *net)
{
    int x = relu(net, conv_norm(net, 0, 3, false));
    int y = relu(net, conv_norm(net, x, 3, true));
    x = relu(net, add(net, x, conv_norm(net, y, 3, true)));
    return relu(net, add(net, conv(net, relu(net, conv_norm(net, x, 3, false)), 3, 1, true), x));
}

static int downsample(CopNet *net)
{
    int x = relu(net, conv_norm(net, 0, 3, false));
    const int a = norm(net, conv(net, x, 3, 2, false)), b = norm(net, conv(net, x, 1, 2, true));
    x = relu(net, add(net, a, b));
    const int c = conv_norm(net, x, 1, false), d = conv_norm(net, x, 3, false);
    return relu(net, add(net, d, c));
}

/* Edges with two readers, orders that no tail has, and an operand that comes too late. */
static int knots(CopNet *net)
{
    const int x = conv(net, 0, 3, 1, false);
    int y = relu(net, add(net, x, norm(net, x)));
    y = relu(net, norm(net, relu(net, conv(net, y, 3, 1, false))));
    y = norm(net, add(net, y, conv(net, y, 1, 1, false)));
    const int late = conv_norm(net, y, 3, false);
    return relu(net, relu(net, add(net, late, pool(net, y))));
}

/* Reads what it adds. */
static int onto_itself(CopNet *net)
{
    int x = conv(net, 0, 3, 1, false);
    x = relu(net, add(net, conv(net, x, 3, 1, false), x));
    return add(net, x, conv_norm(net, x, 3, false));
}

static const struct {
    int (*build)(CopNet *net);
    int inference, training; /* steps, the pool and the classifier left out */
} kinds[] = {
    {chain, 3, 6}, {identity, 5, 11}, {downsample, 5, 10}, {knots, 11, 14}, {onto_itself, 3, 6}};
enum { KINDS = sizeof kinds / sizeof kinds[0], APART = 16 };

static void build(CopNet *net, const void *options, int classes)
{
    const Kind *kind = options;
    layers = 0;
    apart = kind->apart;
    const int x = kinds[kind->kind].build(net);
    const int mean = put(net, &cop_layer_global_avgpool, NULL, x, 0);
    put(net, &cop_layer_linear, &(CopLinearOptions){classes, true}, mean, 0);
}

static const CopOption rows[] = {
    {"kind", "index into kinds", COP_TYPE_INT, offsetof(Kind, kind), "0", 0, KINDS - 1, NULL, 0},
    {"apart", "fuse nothing", COP_TYPE_BOOL, offsetof(Kind, apart), "false", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

static const CopArchDesc arch = {
    .name = "kinds",
    .options = rows,
    .options_size = sizeof(Kind),
    .build = build,
};

/* A net of one kind, with APART added or not; or the narrow residual net after the last. */
static CopNet *create(int kind)
{
    if (kind == KINDS)
        return narrow_create();
    CopNet *net;
    CopError err = {0};
    char options[32];
    snprintf(options, sizeof options, "kind=%d, apart=%s", kind % APART,
             kind & APART ? "true" : "false");
    must(cop_net_create_of(&net, &arch, options, CLASSES, (CopShape){3, 4, 13, 11}, &err), &err);
    return net;
}

/* Batch-norm statistics, scales and biases that matter. */
static void shake(CopNet *net, uint64_t seed)
{
    const CopRngKey key = cop_rng_key(seed, "fuse test");
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n; i++)
        for (size_t k = 0; params[i]->role != COP_PARAM_WEIGHT && k < params[i]->nnz; k++) {
            const CopRngAddress at = {.draw = (uint32_t)i};
            const float draw = (float)cop_rng_uniform(key, (uint32_t)k, at);
            const bool positive =
                strstr(params[i]->name, "var") || strstr(params[i]->name, "weight");
            params[i]->value[k] = positive ? 0.5f + draw : draw - 0.5f;
        }
    cop_net_changed(net);
}

static CopNet *planned_with(int kind, const CopNetPlan *plan, double density)
{
    CopNet *net = create(kind);
    CopSparseOptions options = {0};
    CopSparse *sparse = NULL;
    CopError err = {0};
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    must(cop_options_defaults(cop_sparse_options, &options, &err), &err);
    options.density = density;
    must(cop_options_set(cop_sparse_options, &options, "method", density < 1 ? "static" : "dense",
                         &err),
         &err);
    must(cop_sparse_create(&sparse, &options, params, n, 5, 100, &err), &err);
    CopNetPlan with_sparse = *plan;
    with_sparse.sparse = sparse;
    must(cop_net_plan(net, &with_sparse, &err), &err);
    cop_net_init(net, 7, sparse);
    shake(net, 1);
    cop_sparse_destroy(&sparse);
    cop_options_free(cop_sparse_options, &options);
    return net;
}

static CopNet *planned(int kind, bool training, double density)
{
    const CopNetPlan plan = {.batch = BATCH, .training = training, .threads = 2};
    return planned_with(kind, &plan, density);
}

/* ||a - b|| / ||b|| of the logits of n lanes. */
static double distance(const CopNet *a, const CopNet *b, int n)
{
    double error = 0, size = 0;
    for (int lane = 0; lane < n; lane++) {
        float x[CLASSES], y[CLASSES];
        net_logits(a, lane, x);
        net_logits(b, lane, y);
        for (int k = 0; k < CLASSES; k++) {
            error += (double)(x[k] - y[k]) * (double)(x[k] - y[k]);
            size += (double)y[k] * (double)y[k];
        }
    }
    return sqrt(error / size);
}

/* --- steps ----------------------------------------------------------------------- */

START_TEST(patterns_become_steps)
{
    for (int training = 0; training < 2; training++) {
        CopNet *net = planned(_i, training, 1);
        ck_assert_int_eq(net->n_steps - 2, training ? kinds[_i].training : kinds[_i].inference);
        cop_net_destroy(&net);
    }
}
END_TEST

/* Twenty convolutions, the pool and the classifier. */
START_TEST(r3d_18_is_a_list_of_convolutions)
{
    CopNet *net;
    CopError err = {0};
    must(cop_net_create(&net, "r3d_18", "width=4", 5, (CopShape){3, 4, 32, 32}, &err), &err);
    must(cop_net_plan(net, &(CopNetPlan){.batch = 1, .threads = 1}, &err), &err);
    ck_assert_int_eq(net->n_steps, 22);
    int adds = 0;
    for (int i = 0; i < 20; i++) {
        const CopLayer *layer = net->step[i].layer;
        ck_assert_ptr_eq(layer->desc, &cop_layer_conv3d);
        ck_assert_ptr_ne(layer->tail.norm, NULL);
        adds += layer->tail.add;
    }
    ck_assert_int_eq(adds, 8);
    cop_net_destroy(&net);
}
END_TEST

/* A folded weight is off by two roundings, as is a normalised value in its own pass. Either way
 * a layer is off by less than sixteen roundings of its size; there are up to twelve in a row. */
START_TEST(fused_is_unfused)
{
    static const int lanes[] = {1, 21, 5, 16};
    static const double densities[] = {1, 0.4};
    for (int d = 0; d < 2; d++) {
        CopNet *fused = planned(_i, false, densities[d]);
        CopNet *unfused =
            _i < KINDS ? planned(_i | APART, false, densities[d]) : planned(_i, true, densities[d]);
        CopStep step = {.training = false};
        ck_assert_int_eq(cop_pool_create(&step.pool, 2), COP_OK);
        for (int i = 0; i < 4; i++) {
            net_fill(fused, lanes[i], NULL, 1e30f);
            net_fill(unfused, lanes[i], NULL, 0);
            cop_net_forward(fused, &step);
            cop_net_forward(unfused, &step);
            const double error = distance(fused, unfused, lanes[i]);
            ck_assert_msg(error < 12 * 16 * 0x1p-24, "%d lanes: %g", lanes[i], error);
        }
        cop_pool_destroy(&step.pool);
        cop_net_destroy(&fused);
        cop_net_destroy(&unfused);
    }
}
END_TEST

/* --- loading --------------------------------------------------------------------- */

static void same_logits(const CopNet *a, const CopNet *b)
{
    for (int lane = 0; lane < BATCH; lane++) {
        float x[CLASSES], y[CLASSES];
        net_logits(a, lane, x);
        net_logits(b, lane, y);
        ck_assert(memcmp(x, y, sizeof x) == 0);
    }
}

START_TEST(changed_parameters_are_seen)
{
    CopNet *net = planned(_i, false, 0.4), *fresh = planned(_i, false, 0.4);
    const CopStep step = {.training = false};
    net_fill(net, BATCH, NULL, 0);
    net_fill(fresh, BATCH, NULL, 0);
    cop_net_forward(net, &step);
    shake(net, 2);
    shake(fresh, 2);
    cop_net_forward(net, &step);
    cop_net_forward(fresh, &step);
    same_logits(net, fresh);

    CopParam *const *a, *const *b;
    cop_net_params(net, &a);
    cop_net_params(fresh, &b);
    for (size_t k = 0; k < a[0]->nnz; k++)
        b[0]->value[k] = a[0]->value[k] += 0.25f;
    net_fill(net, BATCH, NULL, 0);
    cop_net_forward(net, &step); /* not told yet: weights are loaded once */
    same_logits(net, fresh);
    cop_net_changed(net);
    cop_net_changed(fresh);
    net_fill(net, BATCH, NULL, 0);
    net_fill(fresh, BATCH, NULL, 0);
    cop_net_forward(net, &step);
    ck_assert(distance(net, fresh, BATCH) > 1e-3);
    cop_net_forward(fresh, &step);
    same_logits(net, fresh);
    cop_net_destroy(&net);
    cop_net_destroy(&fresh);
}
END_TEST

/* Validation between training steps computes with the weights of the last one. */
START_TEST(evaluation_follows_training)
{
    CopNet *net = planned(_i, true, 1), *fresh = planned(_i, false, 1);
    const CopStep train = {.training = true}, evaluate = {.training = false};
    const int labels[BATCH] = {1, 2, 3, 4};
    CopParam *const *a, *const *b;
    const int n = cop_net_params(net, &a);
    cop_net_params(fresh, &b);
    for (int round = 0; round < 3; round++) {
        net_fill(net, BATCH, NULL, 0);
        cop_net_forward(net, &train);
        cop_cross_entropy(cop_net_logits(net), labels, 0, cop_net_logits_grad(net), NULL);
        ck_assert_int_eq(cop_net_backward(net, &train, NULL), COP_OK);
        for (int i = 0; i < n; i++)
            for (size_t k = 0; k < a[i]->nnz; k++)
                b[i]->value[k] = a[i]->value[k] -= a[i]->grad ? 0.1f * a[i]->grad[k] : 0;
        cop_net_changed(fresh);
        for (int again = 0; again < 2; again++) {
            net_fill(net, BATCH, NULL, 0);
            net_fill(fresh, BATCH, NULL, 0);
            cop_net_forward(net, &evaluate);
            cop_net_forward(fresh, &evaluate);
            const double error = distance(fresh, net, BATCH);
            ck_assert_msg(error < 12 * 16 * 0x1p-24, "round %d: %g", round, error);
        }
    }
    cop_net_destroy(&net);
    cop_net_destroy(&fresh);
}
END_TEST

/* --- training --------------------------------------------------------------------- */

static double forward_backward(CopNet *net, const CopStep *step, int n)
{
    const int labels[BATCH] = {1, 2, 3, 4};
    net_fill(net, n, NULL, 1e3f);
    cop_net_forward(net, step);
    const double loss =
        cop_cross_entropy(cop_net_logits(net), labels, 0, cop_net_logits_grad(net), NULL);
    ck_assert_int_eq(cop_net_backward(net, step, NULL), COP_OK);
    return loss;
}

/* Steps with batches of several sizes; what is left behind is the same for any number of threads,
 * and whether activations are kept or made again. */
START_TEST(recomputing_changes_no_bit)
{
    static const int lanes[] = {21, 5, 16};
    CopNet *first = NULL;
    size_t kept = 0;
    for (int variant = 0; variant < 4; variant++) {
        const CopNetPlan plan = {.batch = BATCH,
                                 .training = true,
                                 .threads = variant % 2 ? 3 : 1,
                                 .recompute = variant / 2};
        CopNet *net = planned_with(_i, &plan, 0.4);
        CopStep step = {.training = true};
        ck_assert_int_eq(cop_pool_create(&step.pool, plan.threads), COP_OK);
        CopParam *const *a, *const *b;
        const int n = cop_net_params(net, &a);
        for (int round = 0; round < 3; round++) {
            forward_backward(net, &step, lanes[round]);
            for (int i = 0; i < n; i++)
                for (size_t k = 0; a[i]->grad && k < a[i]->nnz; k++)
                    a[i]->value[k] -= 0.1f * a[i]->grad[k];
        }
        size_t bytes;
        cop_net_memory(net, &bytes);
        if (!first) {
            first = net;
            kept = bytes;
        }
        /* Nets that keep little else have as much at some moment in any case. */
        if (plan.recompute && _i < KINDS && kinds[_i].build == identity)
            ck_assert_uint_lt(bytes, kept);
        ck_assert_uint_le(bytes, kept);
        cop_net_params(first, &b);
        for (int i = 0; i < n; i++) {
            const size_t size = a[i]->nnz * sizeof(float);
            ck_assert_msg(memcmp(a[i]->value, b[i]->value, size) == 0, "%s", a[i]->name);
            ck_assert(!a[i]->grad || memcmp(a[i]->grad, b[i]->grad, size) == 0);
        }
        cop_pool_destroy(&step.pool);
        if (net != first)
            cop_net_destroy(&net);
    }
    cop_net_destroy(&first);
}
END_TEST

/* The same sums in the same order: the same bits. */
START_TEST(fused_gradients_are_unfused)
{
    static const int lanes[] = {21, 5, 16};
    const CopNetPlan plan = {.batch = BATCH, .training = true, .threads = 1, .recompute = true};
    CopNet *fused = planned_with(_i, &plan, 0.4), *unfused = planned_with(_i | APART, &plan, 0.4);
    ck_assert_int_gt(unfused->n_steps, fused->n_steps);
    const CopStep step = {.training = true};
    CopParam *const *a, *const *b;
    const int n = cop_net_params(fused, &a);
    ck_assert_int_eq(cop_net_params(unfused, &b), n);
    for (int round = 0; round < 3; round++) {
        ck_assert(forward_backward(fused, &step, lanes[round]) ==
                  forward_backward(unfused, &step, lanes[round]));
        for (int i = 0; i < n; i++)
            ck_assert_msg(!a[i]->grad ||
                              memcmp(a[i]->grad, b[i]->grad, a[i]->nnz * sizeof(float)) == 0,
                          "gradient of parameter %d", i);
    }
    cop_net_destroy(&fused);
    cop_net_destroy(&unfused);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fused nets");
    TCase *tests = tcase_create("fuse");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, patterns_become_steps, 0, KINDS);
    tcase_add_test(tests, r3d_18_is_a_list_of_convolutions);
    tcase_add_loop_test(tests, fused_is_unfused, 0, KINDS + 1);
    tcase_add_loop_test(tests, changed_parameters_are_seen, 0, KINDS + 1);
    tcase_add_loop_test(tests, evaluation_follows_training, 0, KINDS + 1);
    tcase_add_loop_test(tests, recomputing_changes_no_bit, 0, KINDS + 1);
    tcase_add_loop_test(tests, fused_gradients_are_unfused, 0, KINDS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
