/* What layer.h promises, held against every layer of the registry.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "tests/layer_rig.h"

enum { LANES = 21 };

/* Options and sizes that say more than the defaults; a layer without a row runs on
 * defaults and the first size that it takes. */
static const struct {
    const char *name, *options;
    CopShape in;
} richer[] = {
    {"conv3d", "channels=5, bias=true, stride_h=2", {3, 3, 5, 6}},
    {"conv3d", "channels=4, kernel_t=1, pad_t=0, stride_t=2", {2, 3, 4, 5}},
    {"conv2d", "channels=4, bias=true, stride_h=2, kernel_w=1, pad_w=0", {3, 2, 5, 4}},
    {"linear", "features=5", {9, 1, 1, 1}},
    {"maxpool3d", "kernel_h=3, pad_h=1, stride_t=1, kernel_w=3", {3, 3, 5, 6}},
    {"avgpool3d", "kernel_h=3, pad_h=1, stride_t=1", {3, 3, 5, 6}},
};
static const CopShape sizes[] = {{3, 3, 4, 5}, {7, 1, 1, 1}};

static int count(void)
{
    int n = 0;
    while (cop_layer_registry[n])
        n++;
    return n;
}

/* Calls test() with the layer's defaults, with each tail that it takes, and with each richer
 * row. */
static void each_case(int index, void (*test)(const RigCase *c))
{
    const CopLayerDesc *desc = cop_layer_registry[index];
    RigCase c = {.desc = desc, .n = LANES, .threads = 3, .density = 1};
    bool fits = false;
    for (size_t i = 0; i < 2 && !fits; i++) {
        Rig rig;
        c.in = sizes[i];
        fits = rig_open(&rig, &c, NULL) == COP_OK;
        rig_close(&rig);
    }
    ck_assert_msg(fits, "%s: takes none of the test's sizes", desc->name);
    test(&c);
    for (int tail = 1; tail < 4 && desc->flags & COP_LAYER_TAIL_BACK; tail++) {
        c.tail = (CopLayerTail){.add = tail & 1, .relu = tail & 2};
        test(&c);
    }
    c.tail = (CopLayerTail){0};
    for (size_t i = 0; i < sizeof richer / sizeof richer[0]; i++)
        if (strcmp(richer[i].name, desc->name) == 0) {
            c.options = richer[i].options;
            c.in = richer[i].in;
            test(&c);
            if (desc->flags & COP_LAYER_SPARSE) {
                c.density = 0.4;
                test(&c);
                c.density = 1;
            }
        }
}

static void open_rig(Rig *rig, const RigCase *c)
{
    CopError err = {0};
    ck_assert_msg(rig_open(rig, c, &err) == COP_OK, "%s: %s", c->desc->name, err.text);
}

static void same(const char *what, const RigCase *c, const CopTensor *a, int lane_a,
                 const CopTensor *b, int lane_b)
{
    float *x = rig_lane(a, lane_a), *y = rig_lane(b, lane_b);
    ck_assert_msg(memcmp(x, y, rig_elements(a) * sizeof *x) == 0, "%s(%s): %s of lane %d",
                  c->desc->name, c->options ? c->options : "", what, lane_a);
    free(x);
    free(y);
}

static void same_lanes(const char *what, const RigCase *c, const CopTensor *a, const CopTensor *b)
{
    for (int lane = 0; lane < a->n; lane++)
        same(what, c, a, lane, b, lane);
}

static bool has_statistics(const Rig *rig)
{
    for (int i = 0; i < rig->layer.n_params; i++)
        if (rig->param[i].role == COP_PARAM_STATISTIC)
            return true;
    return false;
}

static CopStep step_of(const uint32_t *clip, bool training)
{
    return (CopStep){.training = training, .seed = 9, .step = 4, .clip = clip};
}

static uint32_t clips[LANES];

static void pass(Rig *rig, const CopStep *step, float idle)
{
    rig_fill_all(rig, step->clip, idle);
    rig_forward(rig, step);
    if (step->training)
        rig->layer.desc->backward(&rig->layer, step);
}

/* --- descriptors ------------------------------------------------------------- */

START_TEST(descriptors_are_whole)
{
    const CopLayerDesc *desc = cop_layer_registry[_i];
    ck_assert(desc->name && *desc->name && desc->summary && *desc->summary);
    ck_assert_ptr_eq(cop_layer_find(desc->name), desc); /* the only one of its name */
    ck_assert(desc->inputs >= 1 && desc->inputs <= COP_LAYER_INPUTS);
    ck_assert(desc->shape && desc->forward && desc->backward);
    ck_assert_int_eq(desc->dense_gradient != NULL, (desc->flags & COP_LAYER_SPARSE) != 0);
    ck_assert_int_eq(desc->options != NULL, desc->options_size > 0);
    ck_assert_ptr_eq(cop_layer_find("no such layer"), NULL);
}
END_TEST

START_TEST(options_are_sane)
{
    enum { GUARD = 64 };
    const CopLayerDesc *desc = cop_layer_registry[_i];
    if (!desc->options)
        return;
    unsigned char *options = calloc(1, desc->options_size + GUARD);
    CopError err = {0};
    ck_assert_msg(cop_options_defaults(desc->options, options, &err) == COP_OK, "%s", err.text);
    for (int i = 0; i < GUARD; i++)
        ck_assert_uint_eq(options[desc->options_size + (size_t)i], 0);
    for (const CopOption *row = desc->options; row->name; row++) {
        ck_assert(row->help && *row->help && row->offset < desc->options_size);
        ck_assert_ptr_eq(cop_option_find(desc->options, row->name), row);
        char *text = cop_option_text(row, options);
        ck_assert_int_eq(cop_options_set(desc->options, options, row->name, text, NULL), COP_OK);
        free(text);
    }
    cop_options_free(desc->options, options);
    free(options);
}
END_TEST

/* --- results ------------------------------------------------------------------ */

/* Clip k of a batch of n, in any lane, has the output of clip k alone. */
static void packing(const RigCase *c)
{
    static const int batches[] = {1, 5, 16, 21};
    Rig whole;
    open_rig(&whole, c);
    const bool training = !has_statistics(&whole); /* those look at the batch */
    const CopStep all = step_of(clips, training);
    pass(&whole, &all, 0);
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
        for (int shift = 0; shift < LANES; shift += 4) {
            uint32_t clip[LANES];
            for (int i = 0; i < batches[b]; i++)
                clip[i] = clips[(i + shift) % LANES];
            RigCase part = *c;
            part.n = batches[b];
            Rig rig;
            open_rig(&rig, &part);
            const CopStep step = step_of(clip, training);
            pass(&rig, &step, 0);
            for (int i = 0; i < part.n; i++) {
                same("out", c, &rig.out, i, &whole.out, (i + shift) % LANES);
                if (training)
                    same("din", c, &rig.din[0], i, &whole.din[0], (i + shift) % LANES);
            }
            rig_close(&rig);
        }
    rig_close(&whole);
}

START_TEST(results_do_not_depend_on_packing)
{
    each_case(_i, packing);
}
END_TEST

static void idle_in(const RigCase *c)
{
    Rig clean, dirty;
    open_rig(&clean, c);
    open_rig(&dirty, c);
    const CopStep step = step_of(clips, false);
    pass(&clean, &step, 0);
    pass(&dirty, &step, 1e30f);
    same_lanes("out", c, &clean.out, &dirty.out);
    rig_close(&clean);
    rig_close(&dirty);
}

START_TEST(idle_lanes_reach_no_result)
{
    each_case(_i, idle_in);
}
END_TEST

/* In training, idle lanes of the input are finite and those of dout zero. */
static void idle_back(const RigCase *c)
{
    Rig clean, rig;
    open_rig(&clean, c);
    open_rig(&rig, c);
    const CopStep step = step_of(clips, true);
    pass(&clean, &step, 0);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++)
        rig_set_idle(&rig.din[i], RIG_POISON);
    pass(&rig, &step, 5);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++) {
        ck_assert_msg(rig_idle_is(&rig.din[i], 0), "%s: idle lanes of din[%d]", c->desc->name, i);
        same_lanes("din", c, &clean.din[i], &rig.din[i]);
        rig.layer.accumulate[i] = true;
    }
    for (int i = 0; i < rig.layer.n_params; i++)
        ck_assert(
            memcmp(rig.param[i].grad, clean.param[i].grad, rig.param[i].nnz * sizeof(float)) == 0);
    c->desc->backward(&rig.layer, &step);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++)
        ck_assert_msg(rig_idle_is(&rig.din[i], 0), "%s: accumulated", c->desc->name);
    rig_close(&clean);
    rig_close(&rig);
}

START_TEST(idle_lanes_reach_no_gradient)
{
    each_case(_i, idle_back);
}
END_TEST

static void threads(const RigCase *c)
{
    Rig plain;
    open_rig(&plain, c);
    const CopStep alone = step_of(clips, true);
    pass(&plain, &alone, 0);
    for (int n = 1; n <= 3; n++) {
        Rig rig;
        CopStep step = alone;
        open_rig(&rig, c);
        ck_assert_int_eq(cop_pool_create(&step.pool, n), COP_OK);
        pass(&rig, &step, 0);
        same_lanes("out", c, &plain.out, &rig.out);
        same_lanes("din", c, &plain.din[0], &rig.din[0]);
        for (int i = 0; i < rig.layer.n_params; i++) {
            const size_t bytes = rig.param[i].nnz * sizeof(float);
            ck_assert(memcmp(rig.param[i].grad, plain.param[i].grad, bytes) == 0);
            ck_assert(memcmp(rig.param[i].value, plain.param[i].value, bytes) == 0);
        }
        cop_pool_destroy(&step.pool);
        rig_close(&rig);
    }
    rig_close(&plain);
}

START_TEST(results_do_not_depend_on_threads)
{
    each_case(_i, threads);
}
END_TEST

/* What was there is added to, before or after the layer's own sum: at most two roundings
 * of the result, or in an average, of no more than 32 partial sums below 4, which is
 * 2^-17. Numbers are multiples of 1/8, so that what is lost is seen. */
static void accumulating(const RigCase *c)
{
    Rig rig;
    open_rig(&rig, c);
    const CopStep step = step_of(clips, true);
    pass(&rig, &step, 0);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++) {
        float *plain[LANES];
        for (int lane = 0; lane < LANES; lane++)
            plain[lane] = rig_lane(&rig.din[i], lane);
        rig_fill(&rig.din[i], RIG_DIN, clips, 0);
        rig.layer.accumulate[i] = true;
        c->desc->backward(&rig.layer, &step);
        for (int lane = 0; lane < LANES; lane++) {
            float *sum = rig_lane(&rig.din[i], lane);
            for (size_t k = 0; k < rig_elements(&rig.din[i]); k++) {
                const double before = (double)rig_number(RIG_DIN, clips[lane], (uint32_t)k);
                const double want = before + (double)plain[lane][k];
                ck_assert_msg(fabs((double)sum[k] - want) <=
                                  0x1p-17 + 0x1p-23 * (fabs(before) + fabs((double)plain[lane][k])),
                              "%s: din[%d] is %g, not %g", c->desc->name, i, (double)sum[k], want);
            }
            free(sum);
            free(plain[lane]);
        }
    }
    rig_close(&rig);
}

START_TEST(accumulation_adds)
{
    each_case(_i, accumulating);
}
END_TEST

static void halos(const RigCase *c)
{
    Rig rig;
    open_rig(&rig, c);
    const CopStep step = step_of(clips, true);
    pass(&rig, &step, 1);
    ck_assert_msg(rig_halo_is(&rig.in[0], 0), "%s: in", c->desc->name);
    ck_assert_msg(rig_halo_is(&rig.out, RIG_POISON), "%s: out", c->desc->name);
    ck_assert_msg(rig_halo_is(&rig.dout, 0), "%s: dout", c->desc->name);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++)
        ck_assert_msg(rig_halo_is(&rig.din[i], RIG_POISON), "%s: din", c->desc->name);
    rig_close(&rig);
}

START_TEST(halos_stay)
{
    each_case(_i, halos);
}
END_TEST

static void in_place(const RigCase *c)
{
    Rig apart, rig;
    RigCase one = *c;
    one.in_place = c->desc->flags & COP_LAYER_IN_PLACE;
    one.grad_in_place = true;
    open_rig(&apart, c);
    open_rig(&rig, &one);
    const CopStep step = step_of(clips, true);
    pass(&apart, &step, 0);
    rig_fill_all(&rig, clips, 0);
    rig_forward(&rig, &step);
    same_lanes("out in place", c, &apart.out, &rig.out);
    rig_fill(&rig.dout, RIG_DOUT, clips, 0); /* on din[0] */
    c->desc->backward(&rig.layer, &step);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++)
        same_lanes("din in place", c, &apart.din[i], &rig.din[i]);
    rig_close(&apart);
    rig_close(&rig);
}

START_TEST(in_place_changes_nothing)
{
    if (cop_layer_registry[_i]->flags & (COP_LAYER_IN_PLACE | COP_LAYER_GRAD_IN_PLACE))
        each_case(_i, in_place);
}
END_TEST

/* Without COP_LAYER_NEEDS_INPUT or _OUTPUT that memory may be anyone's by then. */
static void needs(const RigCase *c)
{
    Rig kept, rig;
    open_rig(&kept, c);
    open_rig(&rig, c);
    const CopStep step = step_of(clips, true);
    pass(&kept, &step, 0);
    rig_fill_all(&rig, clips, 0);
    rig_forward(&rig, &step);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++)
        if (i >= c->desc->inputs || !(c->desc->flags & COP_LAYER_NEEDS_INPUT))
            rig_fill(&rig.in[i], RIG_DIN, NULL, 0);
    if (!(c->desc->flags & COP_LAYER_NEEDS_OUTPUT) && !(c->tail.add && c->tail.relu))
        rig_fill(&rig.out, RIG_DIN, NULL, 0);
    c->desc->backward(&rig.layer, &step);
    for (int i = 0; i < cop_layer_inputs(&rig.layer); i++)
        same_lanes("din", c, &kept.din[i], &rig.din[i]);
    for (int i = 0; i < rig.layer.n_params; i++)
        ck_assert(memcmp(rig.param[i].grad, kept.param[i].grad, rig.param[i].nnz * sizeof(float)) ==
                  0);
    rig_close(&kept);
    rig_close(&rig);
}

START_TEST(backward_reads_what_the_flags_say)
{
    each_case(_i, needs);
}
END_TEST

/* Written again, the output has the bits that it had, and nothing else has moved. */
static void again(const RigCase *c)
{
    if (!c->desc->again || c->tail.add)
        return;
    Rig kept, rig;
    open_rig(&kept, c);
    open_rig(&rig, c);
    const CopStep step = step_of(clips, true);
    pass(&kept, &step, 0);
    rig_fill_all(&rig, clips, 0);
    rig_forward(&rig, &step);
    rig_fill(&rig.out, RIG_DIN, NULL, 0);
    c->desc->again(&rig.layer, &step);
    same_lanes("out again", c, &kept.out, &rig.out);
    c->desc->backward(&rig.layer, &step);
    same_lanes("din", c, &kept.din[0], &rig.din[0]);
    for (int i = 0; i < rig.layer.n_params; i++)
        ck_assert(
            memcmp(rig.param[i].value, kept.param[i].value, rig.param[i].nnz * sizeof(float)) == 0);
    rig_close(&kept);
    rig_close(&rig);
}

START_TEST(outputs_can_be_made_again)
{
    each_case(_i, again);
}
END_TEST

/* Inactive weights count as zeros, and growth sees all gradients. Sums of multiples of
 * 1/64 are exact, so equal means equal. */
static void masked(const RigCase *c)
{
    if (c->density >= 1)
        return;
    Rig sparse, dense;
    RigCase full = *c;
    full.density = 1;
    open_rig(&sparse, c);
    open_rig(&dense, &full);
    CopParam *param = &sparse.param[0];
    const size_t bytes = param->numel * sizeof(float);
    float *all = malloc(bytes);
    ck_assert(param->nnz > 0 && param->nnz < param->numel);
    cop_param_scatter(param, param->value, dense.param[0].value);
    const CopStep step = step_of(clips, true);
    pass(&sparse, &step, 0);
    pass(&dense, &step, 0);
    same_lanes("out", c, &sparse.out, &dense.out);
    same_lanes("din", c, &sparse.din[0], &dense.din[0]);
    c->desc->dense_gradient(&sparse.layer, all, &step);
    ck_assert(memcmp(all, dense.param[0].grad, bytes) == 0);
    float *active = malloc(bytes);
    cop_param_gather(param, all, active);
    ck_assert(memcmp(active, param->grad, param->nnz * sizeof(float)) == 0);
    free(active);
    free(all);
    rig_close(&sparse);
    rig_close(&dense);
}

START_TEST(masked_weights_are_zeros)
{
    if (cop_layer_registry[_i]->flags & COP_LAYER_SPARSE)
        each_case(_i, masked);
}
END_TEST

/* --- refusals ------------------------------------------------------------------ */

static void refused(const CopLayerDesc *desc, const char *options, CopShape a, CopShape b)
{
    Rig rig;
    CopError err = {0};
    /* Any size that the layer takes, for its options and arena. */
    const RigCase c = {.desc = desc, .options = options, .in = a, .n = 1, .density = 1};
    const CopStatus alone = rig_open(&rig, &c, &err);
    if (alone == COP_OK && desc->inputs > 1) {
        rig.layer.in_shape[1] = b;
        ck_assert_int_eq(desc->shape(&rig.layer, &err), COP_ERR_SHAPE);
    } else {
        ck_assert_int_eq(alone, COP_ERR_SHAPE);
    }
    ck_assert_msg(strstr(err.text, "layer: ") == err.text, "names no layer: %s", err.text);
    rig_close(&rig);
}

START_TEST(shapes_that_do_not_fit_are_refused)
{
    static const struct {
        const char *name, *options;
        CopShape a, b;
    } bad[] = {
        {"conv3d", "pad_t=0", {3, 2, 5, 5}, {0}},
        {"conv3d", "kernel_h=64", {3, 2, 5, 5}, {0}},
        {"conv3d", "kernel_w=64, pad_w=0", {3, 3, 64, 63}, {0}},
        {"maxpool3d", NULL, {3, 1, 5, 5}, {0}},
        {"maxpool3d", "pad_h=2", {3, 2, 5, 5}, {0}},
        {"avgpool3d", "kernel_w=6", {3, 2, 5, 5}, {0}},
        {"avgpool3d", "pad_w=2", {3, 2, 5, 5}, {0}},
        {"linear", NULL, {3, 1, 1, 2}, {0}},
        {"linear", NULL, {3, 2, 1, 1}, {0}},
        {"add", NULL, {3, 2, 4, 5}, {4, 2, 4, 5}},
        {"add", NULL, {3, 2, 4, 5}, {3, 2, 4, 4}},
        {"add", NULL, {3, 2, 4, 5}, {3, 1, 4, 5}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(cop_layer_find(bad[i].name), bad[i].options, bad[i].a, bad[i].b);
}
END_TEST

int main(void)
{
    for (int i = 0; i < LANES; i++)
        clips[i] = (uint32_t)(1000 + 37 * i);
    const int n = count();
    Suite *suite = suite_create("contract layer");
    TCase *tests = tcase_create("layer");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, descriptors_are_whole, 0, n);
    tcase_add_loop_test(tests, options_are_sane, 0, n);
    tcase_add_loop_test(tests, results_do_not_depend_on_packing, 0, n);
    tcase_add_loop_test(tests, idle_lanes_reach_no_result, 0, n);
    tcase_add_loop_test(tests, idle_lanes_reach_no_gradient, 0, n);
    tcase_add_loop_test(tests, results_do_not_depend_on_threads, 0, n);
    tcase_add_loop_test(tests, accumulation_adds, 0, n);
    tcase_add_loop_test(tests, halos_stay, 0, n);
    tcase_add_loop_test(tests, in_place_changes_nothing, 0, n);
    tcase_add_loop_test(tests, backward_reads_what_the_flags_say, 0, n);
    tcase_add_loop_test(tests, outputs_can_be_made_again, 0, n);
    tcase_add_loop_test(tests, masked_weights_are_zeros, 0, n);
    tcase_add_test(tests, shapes_that_do_not_fit_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
