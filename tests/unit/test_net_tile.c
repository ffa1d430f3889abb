/* Tile mode of nets: the logits of batch mode, whatever the layers, sizes and threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "models/core/rng.h"
#include "models/layers/layer_options.h"
#include "models/train/net_private.h"
#include "tests/net_help.h"

extern const CopLayerDesc cop_layer_conv3d, cop_layer_maxpool3d, cop_layer_global_avgpool,
    cop_layer_linear, cop_layer_add;

enum { CLASSES = 7 };

/* --- nets around one layer, and some that are awkward --------------------------------- */

typedef struct Kind {
    int kind;
} Kind;

static int conv(CopNet *net, const char *name, int in, CopSize kernel, int stride, CopSize pad)
{
    const CopConvOptions o = {6,      kernel.t, kernel.h, kernel.w, stride, stride,
                              stride, pad.t,    pad.h,    pad.w,    1,      true};
    return cop_net_add(net, &cop_layer_conv3d, name, &o, in, 0);
}

static int same(CopNet *net, const char *name, int in, int stride)
{
    return conv(net, name, in, (CopSize){3, 3, 3}, stride, (CopSize){1, 1, 1});
}

static int max_pool(CopNet *net, int in, int kernel, int stride)
{
    const int k = kernel, s = stride, p = kernel / 2;
    return cop_net_add(net, &cop_layer_maxpool3d, "max",
                       &(CopPoolOptions){k, k, k, s, s, s, p, p, p}, in, 0);
}

static int add(CopNet *net, const char *name, int a, int b)
{
    return cop_net_add(net, &cop_layer_add, name, NULL, a, b);
}

/* One edge that a maximum and a convolution look at, with padding of two kinds. */
static int two_paddings(CopNet *net)
{
    const int x = same(net, "a", 0, 1);
    const int y = add(net, "sum", same(net, "b", x, 1), max_pool(net, x, 3, 1));
    return add(net, "all", y, same(net, "c", x, 1));
}

/* One edge that is cut in two ways besides its own. */
static int two_cuts(CopNet *net)
{
    const int x = same(net, "a", 0, 1);
    const int y = max_pool(net, same(net, "b", max_pool(net, x, 3, 2), 1), 3, 2);
    const CopConvOptions o = {6, 1, 1, 1, 4, 4, 4, 0, 0, 0, 1, false};
    return add(net, "sum", y, cop_net_add(net, &cop_layer_conv3d, "c", &o, x, 0));
}

/* Kernels of even size, no padding, and one that is wider than a tile. */
static int valid(CopNet *net)
{
    int x = conv(net, "a", 0, (CopSize){1, 4, 4}, 1, (CopSize){0, 1, 0});
    x = conv(net, "b", x, (CopSize){1, 3, 2}, 1, (CopSize){0, 0, 0});
    x = conv(net, "c", x, (CopSize){1, 5, 7}, 1, (CopSize){0, 2, 3});
    return max_pool(net, x, 2, 3);
}

static int (*const awkward[])(CopNet *net) = {two_paddings, two_cuts, valid};
enum { AWKWARD = sizeof awkward / sizeof awkward[0] };

static int registered(void)
{
    int n = 0;
    while (cop_layer_registry[n])
        n++;
    return n;
}

static void build(CopNet *net, const void *options, int classes)
{
    const int kind = ((const Kind *)options)->kind;
    int x;
    if (kind < AWKWARD) {
        x = awkward[kind](net);
    } else {
        const CopLayerDesc *desc = cop_layer_registry[kind - AWKWARD];
        x = same(net, "first", 0, 1);
        /* The last two layers have places of their own below. */
        if (desc != &cop_layer_linear && desc != &cop_layer_global_avgpool) {
            char *defaults = calloc(1, desc->options_size + 1);
            if (desc->options)
                ck_assert_int_eq(cop_options_defaults(desc->options, defaults, NULL), COP_OK);
            x = cop_net_add(net, desc, "layer", defaults, x,
                            desc->inputs > 1 ? same(net, "second", x, 1) : 0);
            if (desc->options)
                cop_options_free(desc->options, defaults);
            free(defaults);
        }
        x = same(net, "last", x, 2);
    }
    x = cop_net_add(net, &cop_layer_global_avgpool, "mean", NULL, x, 0);
    cop_net_add(net, &cop_layer_linear, "fc", &(CopLinearOptions){classes, true}, x, 0);
}

static const CopOption rows[] = {
    {"kind", "index into awkward, then into the registry", COP_TYPE_INT, 0, "0", 0, 99, NULL, 0},
    COP_OPTIONS_END,
};

static const CopArchDesc arch = {
    .name = "kinds",
    .options = rows,
    .options_size = sizeof(Kind),
    .build = build,
};

/* --- two plans of one net ------------------------------------------------------------------ */

typedef struct Pair {
    CopNet *batch, *tile;
    CopShape in;
} Pair;

/* Biases and statistics that leave no padding at zero by chance. */
static void shake(CopNet *net)
{
    const CopRngKey key = cop_rng_key(1, "tile test");
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n; i++)
        for (size_t k = 0; params[i]->role != COP_PARAM_WEIGHT && k < params[i]->nnz; k++) {
            const CopRngAddress at = {.draw = (uint32_t)i};
            const float draw = (float)cop_rng_uniform(key, (uint32_t)k, at);
            const bool positive =
                strstr(params[i]->name, "var") || params[i]->role == COP_PARAM_SCALE;
            params[i]->value[k] = positive ? 0.5f + draw : draw - 0.7f;
        }
    cop_net_changed(net);
}

static CopNet *plan(const CopArchDesc *desc, const char *options, CopShape in, double density,
                    bool tile, int threads)
{
    CopNet *net;
    CopError err = {0};
    CopSparseOptions sparse_options = {0};
    CopSparse *sparse = NULL;
    CopParam *const *params;
    must(cop_net_create_of(&net, desc, options, CLASSES, in, &err), &err);
    const int n = cop_net_params(net, &params);
    must(cop_options_defaults(cop_sparse_options, &sparse_options, &err), &err);
    sparse_options.density = density;
    must(cop_options_set(cop_sparse_options, &sparse_options, "method",
                         density < 1 ? "static" : "dense", &err),
         &err);
    must(cop_sparse_create(&sparse, &sparse_options, params, n, 5, 100, &err), &err);
    must(cop_net_plan(net,
                      &(CopNetPlan){.batch = 1, .tile = tile, .threads = threads, .sparse = sparse},
                      &err),
         &err);
    cop_net_init(net, 7, sparse);
    shake(net);
    cop_sparse_destroy(&sparse);
    cop_options_free(cop_sparse_options, &sparse_options);
    return net;
}

static void run(CopNet *net, CopShape in, uint64_t seed, CopPool *pool, float logits[CLASSES])
{
    const size_t n = (size_t)in.c * (size_t)in.t * (size_t)in.h * (size_t)in.w;
    const CopRngKey key = cop_rng_key(seed, "tile clip");
    float *clip = malloc(n * sizeof *clip);
    for (size_t i = 0; i < n; i++)
        clip[i] = (float)cop_rng_uniform(key, (uint32_t)i, (CopRngAddress){0}) - 0.3f;
    cop_net_set_n(net, 1);
    cop_tensor_load_lane(cop_net_input(net), 0, clip);
    const CopStep step = {.pool = pool};
    cop_net_forward(net, &step);
    cop_tensor_store_lane(cop_net_logits(net), 0, logits);
    free(clip);
}

/* The second clip finds what the first left behind in halos and beyond the edges. */
static void compare(const CopArchDesc *desc, const char *options, CopShape in, double density)
{
    CopNet *batch = plan(desc, options, in, density, false, 1);
    CopNet *tile = plan(desc, options, in, density, true, 1);
    CopNet *shared = plan(desc, options, in, density, true, 3);
    CopPool *pool;
    ck_assert_int_eq(cop_pool_create(&pool, 3), COP_OK);
    for (uint64_t seed = 0; seed < 2; seed++) {
        float want[CLASSES], got[CLASSES], again[CLASSES];
        run(batch, in, seed, NULL, want);
        run(tile, in, seed, NULL, got);
        run(shared, in, seed, pool, again);
        ck_assert_msg(memcmp(got, again, sizeof got) == 0, "threads change the logits");
        float largest = 0, error = 0;
        for (int k = 0; k < CLASSES; k++) {
            largest = fmaxf(largest, fabsf(want[k]));
            error = fmaxf(error, isfinite(got[k]) ? fabsf(got[k] - want[k]) : INFINITY);
        }
        ck_assert_msg(error <= 1e-5f * largest, "%s %s, %dx%dx%dx%d: off by %g of %g", desc->name,
                      options ? options : "", in.c, in.t, in.h, in.w, (double)error,
                      (double)largest);
    }
    cop_pool_destroy(&pool);
    cop_net_destroy(&batch);
    cop_net_destroy(&tile);
    cop_net_destroy(&shared);
}

START_TEST(tiles_give_the_logits_of_a_batch)
{
    static const int sizes[][2] = {{7, 7}, {13, 13}, {13, 7}, {97, 131}};
    static const int frames[] = {1, 5, 16};
    static const struct {
        const char *arch, *options;
    } nets[] = {{"r3d_tiny", "width=6"}, {"r3d_18", "width=4"}};
    CopError err;
    for (size_t n = 0; n < sizeof nets / sizeof nets[0]; n++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const CopShape in = {3, frames[_i], sizes[s][0], sizes[s][1]};
            const CopArchDesc *desc = cop_arch_find(nets[n].arch, &err);
            compare(desc, nets[n].options, in, 1);
            compare(desc, nets[n].options, in, 0.3);
        }
}
END_TEST

START_TEST(every_architecture_works_in_tiles)
{
    for (int i = 0; cop_arch_registry[i]; i++) {
        const CopArchDesc *desc = cop_arch_registry[i];
        const CopShape published = desc->input;
        const int frames = published.t > 1 ? published.t / 2 : 1;
        compare(desc, "width=4", (CopShape){3, frames, published.h / 2, published.w / 2}, 1);
    }
}
END_TEST

START_TEST(every_layer_works_in_tiles)
{
    char options[16];
    snprintf(options, sizeof options, "kind=%d", _i);
    compare(&arch, options, (CopShape){2, 5, 13, 18}, 1);
    compare(&arch, options, (CopShape){2, 4, 28, 28}, 0.5);
    compare(&arch, options, (CopShape){2, 6, 8, 33}, 1);
}
END_TEST

/* --- the planner ----------------------------------------------------------------------------- */

static bool cut_is(const CopTensor *x, CopSize grid, CopSize tile)
{
    return x->grid.t == grid.t && x->grid.h == grid.h && x->grid.w == grid.w && x->t == tile.t &&
           x->h == tile.h && x->w == tile.w;
}

/* Whole tiles that fill registers where there are any; time is hardly cut, since then no tap in
 * its padding can be skipped. */
START_TEST(r3d_18_is_cut_well)
{
    CopNet *net =
        plan(cop_arch_find("r3d_18", NULL), "width=8", (CopShape){3, 16, 112, 112}, 1, true, 1);
    int copies = 0, halved = 0;
    ck_assert(cut_is(cop_net_input(net), (CopSize){1, 4, 4}, (CopSize){16, 28, 28}));
    ck_assert(cut_is(cop_net_logits(net), (CopSize){1, 1, 1}, (CopSize){1, 1, 1}));
    for (int i = 0; i < net->n_steps; i++) {
        const CopTensor *y = net->step[i].layer->out;
        if (strcmp(net->step[i].layer->name, "retile") == 0) {
            copies++;
            continue;
        }
        ck_assert(y->grid.t == 1 || y->clip.h == 7); /* a plane of 49 is too small for 16 tiles */
        if (y->clip.h == 56)
            ck_assert(cut_is(y, (CopSize){1, 4, 4}, (CopSize){16, 14, 14}));
        if (y->clip.h == 28) {
            ck_assert(cut_is(y, (CopSize){1, 4, 4}, (CopSize){8, 7, 7}));
            halved++;
        }
    }
    ck_assert_int_eq(halved, 5);
    ck_assert_int_le(copies, 2); /* both readers of an edge share one */
    cop_net_destroy(&net);
}
END_TEST

START_TEST(a_tile_plan_is_for_inference_of_one_clip)
{
    static const CopNetPlan bad[] = {{.batch = 2, .tile = true, .threads = 1},
                                     {.batch = 1, .tile = true, .training = true, .threads = 1}};
    for (int i = 0; i < 2; i++) {
        CopNet *net = narrow_create();
        CopError err = {0};
        ck_assert_int_eq(cop_net_plan(net, &bad[i], &err), COP_ERR_ARG);
        ck_assert_ptr_ne(strstr(err.text, "tile mode"), NULL);
        cop_net_destroy(&net);
    }
}
END_TEST

START_TEST(what_no_tensor_can_hold_is_refused)
{
    static const CopShape bad[] = {{3, 1, 1 << 26, 5}, {3, 1 << 30, 8, 8}, {3, 5, 7, 0x7ffffff0}};
    for (int i = 0; i < 3; i++) {
        CopNet *net;
        CopError err = {0};
        must(cop_net_create(&net, "r3d_tiny", NULL, 5, bad[i], &err), &err);
        ck_assert_int_eq(
            cop_net_plan(net, &(CopNetPlan){.batch = 1, .tile = true, .threads = 1}, &err),
            COP_ERR_SHAPE);
        ck_assert_ptr_ne(strstr(err.text, "tiles"), NULL);
        cop_net_destroy(&net);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net_tile");
    TCase *tests = tcase_create("net_tile");
    tcase_set_timeout(tests, 300);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, tiles_give_the_logits_of_a_batch, 0, 3);
    tcase_add_test(tests, every_architecture_works_in_tiles);
    tcase_add_loop_test(tests, every_layer_works_in_tiles, 0, AWKWARD + registered());
    tcase_add_test(tests, r3d_18_is_cut_well);
    tcase_add_test(tests, a_tile_plan_is_for_inference_of_one_clip);
    tcase_add_test(tests, what_no_tensor_can_hold_is_refused);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
