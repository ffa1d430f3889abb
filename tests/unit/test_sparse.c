/* The engine of sparse training: options, schedule, choice of layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/sparsity/sparse.h"

enum { PARAMS = 5, STEPS = 60, INTERVAL = 5 };

static char dense[] = "dense", set[] = "set", rigl[] = "rigl", fixed[] = "static";
static char mest[] = "mest", granet[] = "granet", gradual[] = "gradual";

static CopParam net[PARAMS], *params[PARAMS];
static CopSparseOptions options;
static CopSparse *sparse;
static CopError err;

static void setup(void)
{
    static const CopParam rows[PARAMS] = {
        {"stem.0.weight", 5, {8, 3, 3, 3, 3}, COP_PARAM_WEIGHT, .numel = 648},
        {"layer1.0.weight", 5, {16, 8, 3, 3, 3}, COP_PARAM_WEIGHT, .numel = 3456},
        {"layer1.1.weight", 1, {16}, COP_PARAM_SCALE, .numel = 16},
        {"fc.weight", 2, {5, 16}, COP_PARAM_WEIGHT, .numel = 80},
        {"fc.bias", 1, {5}, COP_PARAM_BIAS, .numel = 5},
    };
    for (int i = 0; i < PARAMS; i++) {
        net[i] = rows[i];
        net[i].nnz = net[i].capacity = net[i].numel;
        params[i] = &net[i];
    }
    options = (CopSparseOptions){.method = set,
                                 .density = 0.5,
                                 .init = COP_DENSITY_ERK,
                                 .interval = INTERVAL,
                                 .drop_fraction = 0.5,
                                 .drop_decay = COP_DROP_COSINE,
                                 .drop_min = 0.005,
                                 .stop = 0.75};
    err = (CopError){0};
}

static void teardown(void)
{
    cop_sparse_destroy(&sparse);
    ck_assert(!sparse);
    cop_sparse_destroy(&sparse);
}

static CopStatus create(uint64_t steps)
{
    cop_sparse_destroy(&sparse);
    err = (CopError){0};
    return cop_sparse_create(&sparse, &options, params, PARAMS, 1, steps, &err);
}

static double fraction_at(double stop, int decay, double drop_min, uint64_t step)
{
    options.stop = stop;
    options.drop_decay = decay;
    options.drop_min = drop_min;
    ck_assert_int_eq(create(400000), COP_OK);
    return cop_sparse_drop_fraction(sparse, step);
}

START_TEST(drop_fractions_have_known_values)
{
    static const double cosine[] = {.5, .4267767, .25, .0732233, 0};
    static const double floored[] = {.5, .4275089, .2525, .0774911, .005};
    static const double linear[] = {.5, .375, .25, .125, 0};
    for (uint64_t k = 0; k < 5; k++) { /* quarters of T_end, written with seven digits */
        ck_assert(fabs(fraction_at(0.75, COP_DROP_COSINE, 0, k * 75000) - cosine[k]) < 5.1e-8);
        ck_assert(fabs(fraction_at(1, COP_DROP_COSINE, 0.005, k * 100000) - floored[k]) < 5.1e-8);
        ck_assert(fabs(fraction_at(0.75, COP_DROP_LINEAR, 0, k * 75000) - linear[k]) < 1e-15);
        ck_assert(fraction_at(0.75, COP_DROP_CONSTANT, 0, k * 75000) == 0.5);
    }
    for (int decay = COP_DROP_CONSTANT; decay <= COP_DROP_LINEAR; decay++)
        ck_assert(fraction_at(0.75, decay, 0.005, 300001) == 0);
}
END_TEST

START_TEST(updates_come_at_intervals_and_end)
{
    static const double stops[] = {0, 0.1, 0.75, 1};
    static const uint64_t last[] = {0, 5, 45, STEPS - INTERVAL};
    for (int k = 0; k < 4; k++) {
        options.stop = stops[k];
        ck_assert_int_eq(create(STEPS), COP_OK);
        for (uint64_t step = 0; step <= 2 * STEPS; step++) {
            const bool due = step > 0 && step % INTERVAL == 0 && step <= last[k];
            ck_assert(cop_sparse_is_update(sparse, step) == due);
        }
    }
    options.stop = 0;
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert(cop_sparse_drop_fraction(sparse, 0) == 0.5);
    ck_assert(cop_sparse_drop_fraction(sparse, 1) == 0);
}
END_TEST

START_TEST(gradients_are_asked_for_where_they_decide)
{
    for (int i = 0; cop_sparse_registry[i]; i++)
        for (int growth = 0; growth < 3; growth++) {
            char name[32];
            const CopSparseDesc *desc = cop_sparse_registry[i];
            strncpy(name, desc->name, sizeof name - 1);
            name[sizeof name - 1] = '\0';
            options.method = name;
            options.growth = growth;
            ck_assert_int_eq(create(STEPS), COP_OK);
            const uint64_t *mask = cop_sparse_mask(sparse, 1);
            net[1].nnz = mask ? cop_mask_count(mask, net[1].numel) : net[1].numel;
            const bool own = desc->flags & COP_SPARSE_DENSE_GRADIENT;
            const bool asks = desc->flags & COP_SPARSE_UPDATES && strcmp(name, gradual) != 0 &&
                              (growth ? growth == 1 + COP_GROW_GRADIENT : own);
            ck_assert(cop_sparse_wants_gradient(sparse, INTERVAL, 1) == asks);
            ck_assert(!cop_sparse_wants_gradient(sparse, INTERVAL + 1, 1));
            ck_assert(!cop_sparse_wants_gradient(sparse, INTERVAL, 2)); /* not masked */
            ck_assert(!cop_sparse_wants_gradient(sparse, INTERVAL, 3)); /* full */
        }
    ck_assert(cop_sparse_find(rigl)->flags & COP_SPARSE_DENSE_GRADIENT);
    ck_assert(!(cop_sparse_find(set)->flags & COP_SPARSE_DENSE_GRADIENT));
    ck_assert(cop_sparse_find(set)->prune == COP_PRUNE_MAGNITUDE);
    ck_assert(cop_sparse_find(set)->growth == COP_GROW_RANDOM);
}
END_TEST

START_TEST(excluded_layers_stay_dense)
{
    char layer1[] = "layer1.*", fc[] = "fc.weight", wrong[] = "layer10*", bias[] = "fc.bias";
    char everything[] = "*";
    char *two[] = {layer1, fc};
    options.exclude = (CopStrings){two, 2};
    options.density = 0.25;
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert(cop_sparse_mask(sparse, 0));
    ck_assert_uint_eq(cop_sparse_capacity(sparse, 0), 162); /* a quarter of 648 */
    for (int i = 1; i < PARAMS; i++) {
        ck_assert(!cop_sparse_mask(sparse, i));
        ck_assert_uint_eq(cop_sparse_capacity(sparse, i), net[i].numel);
    }
    char *refused[] = {wrong, bias, everything};
    for (int i = 0; i < 3; i++) {
        options.exclude = (CopStrings){&refused[i], 1};
        ck_assert_int_eq(create(STEPS), COP_ERR_CONFIG);
        ck_assert(!sparse && (i == 2 || strstr(err.text, refused[i])));
    }
}
END_TEST

START_TEST(uniform_keeps_the_first_convolution_dense)
{
    char stem[] = "stem.*", *one[] = {stem};
    for (int excluded = 0; excluded < 2; excluded++) { /* of no consequence for the second */
        options.init = COP_DENSITY_UNIFORM;
        options.exclude = (CopStrings){one, excluded};
        ck_assert_int_eq(create(STEPS), COP_OK);
        ck_assert(!cop_sparse_mask(sparse, 0));
        ck_assert_uint_eq(cop_sparse_capacity(sparse, 1), 3456 / 2); /* not made up for */
        ck_assert_uint_eq(cop_sparse_capacity(sparse, 3), 80 / 2);
        ck_assert(cop_sparse_density(sparse) == 0.5);
    }
}
END_TEST

START_TEST(initial_weights_may_be_scaled)
{
    options.method = fixed;
    ck_assert_int_eq(create(STEPS), COP_OK);
    for (int i = 0; i < PARAMS; i++)
        ck_assert(cop_sparse_init_scale(sparse, i, 0) == 1);
    options.init_scale = COP_INIT_SCALE_LAYER;
    ck_assert_int_eq(create(STEPS), COP_OK);
    for (int i = 0; i < PARAMS; i++) {
        const double density = (double)cop_sparse_capacity(sparse, i) / (double)net[i].numel;
        const double scale = cop_sparse_init_scale(sparse, i, 0);
        ck_assert(fabs(scale * scale * density - 1) < 8 * 0x1p-53);
        ck_assert((scale > 1) == (cop_sparse_mask(sparse, i) != NULL));
    }
    ck_assert(cop_sparse_init_scale(sparse, 1, 0) > 1);
    options.init_scale = COP_INIT_SCALE_UNIT;
    ck_assert_int_eq(create(STEPS), COP_OK);
    size_t nnz = 0;
    for (int unit = 0; unit < 16; unit++) { /* of 216 weights each */
        size_t own = 0;
        for (size_t k = 0; k < 216; k++)
            own += cop_mask_get(cop_sparse_mask(sparse, 1), (size_t)unit * 216 + k);
        const double scale = cop_sparse_init_scale(sparse, 1, unit);
        ck_assert(fabs(scale * scale * (double)own / 216 - 1) < 8 * 0x1p-53);
        nnz += own;
    }
    ck_assert_uint_eq(nnz, cop_sparse_capacity(sparse, 1));
    ck_assert(cop_sparse_init_scale(sparse, 3, 2) == 1); /* full */
}
END_TEST

/* --- densities of multiply-adds, depthwise layers, schedules ------------------------- */

static double flops(double *whole)
{
    double all = 0, active = 0;
    for (int i = 0; i < PARAMS; i++) {
        if (net[i].role != COP_PARAM_WEIGHT)
            continue;
        const uint64_t *mask = cop_sparse_mask(sparse, i);
        const size_t nnz = mask ? cop_mask_count(mask, net[i].numel) : net[i].numel;
        all += (double)net[i].numel * net[i].positions;
        active += (double)nnz * net[i].positions;
    }
    *whole = all;
    return active;
}

/* To within one weight a layer, whatever stays dense. */
START_TEST(density_may_count_multiply_adds)
{
    static const double positions[PARAMS] = {3136, 784, 0, 1, 0}, shares[] = {0.3, 0.5, 0.8};
    for (int i = 0; i < PARAMS; i++)
        net[i].positions = positions[i];
    options.density_of = COP_DENSITY_OF_FLOPS;
    for (int init = COP_DENSITY_UNIFORM; init <= COP_DENSITY_ERK; init++)
        for (int k = init == COP_DENSITY_UNIFORM ? 1 : 0; k < 3; k++) {
            double whole;
            options.init = init;
            options.density = shares[k];
            ck_assert_msg(create(STEPS) == COP_OK, "%s", err.text);
            ck_assert(fabs(flops(&whole) / whole - shares[k]) < (3136 + 784 + 1) / whole);
        }
    /* By weights the same share costs far more. */
    double whole;
    options.init = COP_DENSITY_ERK;
    options.density = 0.5;
    options.density_of = COP_DENSITY_OF_WEIGHTS;
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert(flops(&whole) > 0.6 * whole);
    /* The first convolution alone makes 43 % of them, and uniform densities leave it dense. */
    options.density_of = COP_DENSITY_OF_FLOPS;
    options.init = COP_DENSITY_UNIFORM;
    options.density = 0.4;
    ck_assert_int_eq(create(STEPS), COP_ERR_CONFIG);
    ck_assert(strstr(err.text, "stay dense"));
    options.method = granet;
    options.density = 0.5;
    ck_assert_int_eq(create(STEPS), COP_ERR_CONFIG);
    ck_assert(strstr(err.text, "density_of"));
    options.method = set;
    options.init = COP_DENSITY_ERK;
    net[1].positions = 0;
    ck_assert_int_eq(create(STEPS), COP_ERR_ARG);
    ck_assert(strstr(err.text, "layer1.0.weight"));
}
END_TEST

START_TEST(depthwise_layers_may_stay_dense)
{
    net[1] = (CopParam){"layer1.0.weight", 5,           {384, 1, 3, 3, 1}, COP_PARAM_WEIGHT,
                        .numel = 3456,     .nnz = 3456, .capacity = 3456,  .groups = 384};
    /* uniform: not masked unless asked for; ERK: masked unless told not to */
    for (int uniform = 0; uniform < 2; uniform++)
        for (int mask = COP_DEPTHWISE_AUTO; mask <= COP_DEPTHWISE_NO; mask++) {
            options.init = uniform ? COP_DENSITY_UNIFORM : COP_DENSITY_ERK;
            options.mask_depthwise = mask;
            options.density = 0.1;
            ck_assert_int_eq(create(STEPS), COP_OK);
            const bool want = mask == COP_DEPTHWISE_AUTO ? !uniform : mask == COP_DEPTHWISE_YES;
            ck_assert(want == (cop_sparse_mask(sparse, 1) != NULL));
        }
    net[1].groups = 1; /* a convolution of one channel is none */
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert(cop_sparse_mask(sparse, 1));
}
END_TEST

START_TEST(schedules_that_cannot_end_are_refused)
{
    options.method = gradual;
    options.density = 0.3;
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert_int_eq(cop_sparse_check_schedule(sparse, &err), COP_OK);
    options.interval = 46; /* final_step is at 45 */
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert_int_eq(cop_sparse_check_schedule(sparse, &err), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "interval is 46") && strstr(err.text, "0.3"), "%s", err.text);
    options.method = set; /* has nothing to reach */
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert_int_eq(cop_sparse_check_schedule(sparse, &err), COP_OK);
    options.method = mest;
    options.prune = 1 + COP_PRUNE_TWO_SIDED;
    ck_assert_int_eq(create(STEPS), COP_ERR_CONFIG);
    ck_assert(strstr(err.text, "two-sided") && strstr(err.text, "mest"));
}
END_TEST

/* Frozen layers have their final share from the start, and the others fall to theirs. */
START_TEST(frozen_layers_take_no_part_in_a_schedule)
{
    options.method = granet;
    ck_assert_int_eq(create(STEPS), COP_OK);
    const size_t moving = cop_mask_count(cop_sparse_mask(sparse, 1), 3456);
    net[1].frozen = true;
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert_uint_lt(cop_sparse_capacity(sparse, 1), moving);
    ck_assert_uint_eq(cop_sparse_capacity(sparse, 1), 1364); /* ERK at 0.5 */
    ck_assert_uint_eq(cop_sparse_capacity(sparse, 0), 648);
}
END_TEST

/* Values of the specification, to its digits. */
START_TEST(cubic_densities_have_known_values)
{
    static const double u[] = {0, .05, .25, .5, .95, 1};
    static const double wanted[] = {.8, .7286875, .5109375, .3625, .3000625, .3};
    for (int i = 0; i < 6; i++)
        ck_assert(fabs(cop_density_cubic(.8, .3, u[i]) - wanted[i]) < 1e-12);
}
END_TEST

START_TEST(intervals_may_follow_the_length_of_training)
{
    options.interval = 0;
    for (uint64_t steps = 1; steps <= 1200; steps += 109) {
        ck_assert_int_eq(create(steps), COP_OK);
        const uint64_t interval = steps / 100 ? steps / 100 : 1;
        for (uint64_t step = 1; step < 30 && step < steps && step <= (steps * 3) / 4; step++)
            ck_assert(cop_sparse_is_update(sparse, step) == (step % interval == 0));
    }
}
END_TEST

/* --- presets ------------------------------------------------------------------------- */

/* What codes and reviews are known to say, entry by entry; "dense", the default: any method. */
typedef struct Preset {
    const char *method;
    int init, interval, decay, round, growth;
    double p0, p_min, stop, bound, lambda, initial, final;
    int bound_decay, mode;
} Preset;

static void check_preset(const Preset *wanted)
{
    enum { AUTO, MAGNITUDE = 1 + COP_PRUNE_MAGNITUDE };
    const CopSparseOptions *o = &options;
    ck_assert_str_eq(o->method, wanted->method);
    ck_assert(o->init == wanted->init && o->interval == wanted->interval);
    ck_assert(o->drop_fraction == wanted->p0 && o->drop_min == wanted->p_min);
    ck_assert(o->drop_decay == wanted->decay && o->drop_round == wanted->round);
    ck_assert(o->stop == wanted->stop && o->growth == wanted->growth);
    ck_assert(o->prune == (o->preset ? MAGNITUDE : AUTO) && o->regrow == COP_REGROW_ALLOW);
    ck_assert(o->soft_bound == wanted->bound && o->bound_decay == wanted->bound_decay);
    ck_assert(o->mest_mode == wanted->mode && o->mest_lambda == wanted->lambda);
    ck_assert(o->initial_density == wanted->initial && o->final_step == wanted->final);
    ck_assert(o->grow_init == 0 && o->init_scale == COP_INIT_SCALE_NONE);
}

START_TEST(presets_set_what_they_say)
{
    enum {
        ERK = COP_DENSITY_ERK,
        EVEN = COP_DENSITY_UNIFORM,
        COS = COP_DROP_COSINE,
        RANDOM = 1 + COP_GROW_RANDOM,
        GRADIENT = 1 + COP_GROW_GRADIENT,
        STEPS_DOWN = COP_BOUND_STEPS,
        EMS = COP_MEST_EMS
    };
    /* clang-format off */
    static const Preset wanted[] = {
        {"dense", ERK, 100, COS, 0, 0, 0.5, 0.005, 0.75, 0.1, 0, 0, 0, 0, EMS},
        {"dense", ERK, 0, COS, 0, 0, 0.5, 0.005, 1, 0.1, 0, 0.8, 0, 0, EMS},
        {"rigl", ERK, 100, COS, 0, GRADIENT, 0.3, 0, 0.75, 0.1, 0, 0, 0, 0, EMS},
        {"rigl", ERK, 4000, COS, 1, 0, 0.5, 0.005, 1, 0.1, 0, 0, 0, 0, EMS},
        {"granet", ERK, 1000, COS, 1, GRADIENT, 0.5, 0.005, 1, 0.1, 0, 0.5, 0.5, 0, EMS},
        {"mest", EVEN, 3910, COS, 0, RANDOM, 0.5, 0.005, 1, 0.2, 0, 0, 0.75, STEPS_DOWN, EMS},
    };
    /* clang-format on */
    const CopOption *rows = cop_sparse_options;
    options = (CopSparseOptions){0};
    for (int i = 0; cop_sparse_presets[i].name; i++) {
        const CopSparsePreset *preset = &cop_sparse_presets[i];
        ck_assert_str_eq(preset->name, cop_sparse_preset_names[i]);
        ck_assert(preset->summary[0] && preset->reference[0]);
        ck_assert_int_eq(cop_options_defaults(rows, &options, &err), COP_OK);
        ck_assert_int_eq(cop_options_set(rows, &options, "preset", preset->name, &err), COP_OK);
        ck_assert_msg(cop_sparse_preset_apply(&options, &err) == COP_OK, "%s", err.text);
        ck_assert_int_eq(create(STEPS), COP_OK);
        check_preset(&wanted[i]);
        cop_sparse_destroy(&sparse);
        cop_options_free(rows, &options);
    }
    options.method = set;
}
END_TEST

START_TEST(option_rows_agree_with_the_engine)
{
    static const char *const refused[][2] = {
        {"density", "0"},       {"density", "1.5"},   {"interval", "-1"}, {"drop_fraction", "2"},
        {"drop_decay", "step"}, {"growth", "fast"},   {"stop", "-1"},     {"prune", "magnitudes"},
        {"init", "dense"},      {"regrow", "always"}, {"methods", "set"}};
    static const char *const allowed[][2] = {{"growth", "gradient"},  {"prune", "two_sided"},
                                             {"regrow", "forbid"},    {"init", "uniform"},
                                             {"init_scale", "layer"}, {"drop-decay", "linear"}};
    const CopOption *rows = cop_sparse_options;
    options = (CopSparseOptions){0};
    ck_assert_msg(cop_options_defaults(rows, &options, &err) == COP_OK, "%s", err.text);
    for (int i = 0; cop_sparse_registry[i]; i++) {
        ck_assert_int_eq(
            cop_options_set(rows, &options, "method", cop_sparse_registry[i]->name, &err), COP_OK);
        ck_assert_int_eq(create(STEPS), COP_OK);
        ck_assert_ptr_eq(cop_sparse_method(sparse), cop_sparse_registry[i]);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_int_eq(cop_options_set(rows, &options, refused[i][0], refused[i][1], NULL),
                         COP_ERR_CONFIG);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        ck_assert_int_eq(cop_options_set(rows, &options, allowed[i][0], allowed[i][1], NULL),
                         COP_OK);
    ck_assert_int_eq(options.growth, 1 + COP_GROW_GRADIENT);
    ck_assert_int_eq(options.prune, 1 + COP_PRUNE_TWO_SIDED);
    ck_assert_int_eq(options.regrow, COP_REGROW_FORBID);
    ck_assert_int_eq(options.init, COP_DENSITY_UNIFORM);
    ck_assert_int_eq(options.init_scale, COP_INIT_SCALE_LAYER);
    ck_assert_int_eq(options.drop_decay, COP_DROP_LINEAR);
    cop_sparse_destroy(&sparse);
    cop_options_free(rows, &options);
}
END_TEST

/* Structs filled by hand, as an embedding program does. */
START_TEST(options_out_of_bounds_are_refused)
{
    char unknown[] = "rigle";
    const CopSparseOptions good = options;
    CopSparseOptions bad[7] = {good, good, good, good, good, good, good};
    bad[0].density = 0;
    bad[1].drop_fraction = NAN;
    bad[2].interval = -1;
    bad[3].growth = 3;
    bad[4].init = -1;
    bad[5].method = NULL;
    bad[6].method = unknown;
    for (int i = 0; i < 7; i++) {
        options = bad[i];
        ck_assert_int_eq(create(STEPS), COP_ERR_CONFIG);
        ck_assert(err.text[0] && !sparse);
    }
    ck_assert(strstr(err.text, "rigle") && strstr(err.text, "static, set, rigl"));
    options = good;
    options.density = 1e-5; /* below one weight a layer */
    ck_assert_int_eq(create(STEPS), COP_ERR_ARG);
    options.method = dense; /* which has no use for a density */
    ck_assert_int_eq(create(STEPS), COP_OK);
    ck_assert(cop_sparse_density(sparse) == 1 && cop_sparse_explored(sparse) == 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sparse");
    TCase *tcase = tcase_create("engine");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, drop_fractions_have_known_values);
    tcase_add_test(tcase, updates_come_at_intervals_and_end);
    tcase_add_test(tcase, gradients_are_asked_for_where_they_decide);
    tcase_add_test(tcase, excluded_layers_stay_dense);
    tcase_add_test(tcase, uniform_keeps_the_first_convolution_dense);
    tcase_add_test(tcase, initial_weights_may_be_scaled);
    tcase_add_test(tcase, density_may_count_multiply_adds);
    tcase_add_test(tcase, depthwise_layers_may_stay_dense);
    tcase_add_test(tcase, schedules_that_cannot_end_are_refused);
    tcase_add_test(tcase, frozen_layers_take_no_part_in_a_schedule);
    tcase_add_test(tcase, cubic_densities_have_known_values);
    tcase_add_test(tcase, intervals_may_follow_the_length_of_training);
    tcase_add_test(tcase, presets_set_what_they_say);
    tcase_add_test(tcase, option_rows_agree_with_the_engine);
    tcase_add_test(tcase, options_out_of_bounds_are_refused);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
