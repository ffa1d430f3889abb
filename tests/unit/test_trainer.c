/* Training steps against PyTorch's, and runs that stop and go on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/train/checkpoint.h"
#include "tests/media_help.h"
#include "tests/net_help.h"
#include "tests/sparse_help.h"

enum { STEPS = 12, BATCH = 18, HALF = 7, GOLDEN_STEPS = 10, GOLDEN_BATCH = 7 };

/* --- PyTorch's numbers ----------------------------------------------------------- */

/* Ten steps of make_net.py: loss, and all parameters and statistics after the last.
 * PyTorch's own float32 is up to 1e-6 away from its float64. */
START_TEST(ten_steps_are_pytorchs)
{
    static const char *const kinds[][2] = {{"dense_weights", "dense_results"},
                                           {"sparse_weights", "sparse_results"}};
    CopSafetensors *weights = golden_net(kinds[_i][0]), *results = golden_net(kinds[_i][1]);
    CopNet *net = narrow_plan(
        &(CopNetPlan){.batch = BATCH, .training = true, .threads = 1, .weights = weights});
    CopTrainer trainer = {
        .net = net,
        .options = {.sgd = {.momentum = 0.9, .weight_decay = 1e-3, .nesterov = true},
                    .schedule = {.kind = COP_SCHEDULE_CONSTANT, .lr = 0.05, .total_steps = 10},
                    .label_smoothing = 0.1}};
    CopError err = {0};
    must(cop_net_load(net, weights, &err), &err);
    float losses[GOLDEN_STEPS];
    for (int i = 0; i < GOLDEN_STEPS; i++) {
        int labels[GOLDEN_BATCH];
        CopTrainStats stats;
        golden_clips(net, results, GOLDEN_BATCH * (i % 3), GOLDEN_BATCH, labels);
        must(cop_trainer_step(&trainer, labels, NULL, &stats, &err), &err);
        losses[i] = (float)stats.loss;
    }
    ck_assert_uint_eq(trainer.step, GOLDEN_STEPS);
    const double error = golden_error(results, "", "losses", losses);
    ck_assert_msg(error < 1e-5, "losses: %g", error);
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n; i++) {
        float *values = param_dense(params[i], params[i]->value);
        const double off = golden_error(results, "final.", params[i]->name, values);
        ck_assert_msg(off < 1e-5, "%s: %g", params[i]->name, off);
        free(values);
    }
    cop_net_destroy(&net);
    cop_safetensors_close(&weights);
    cop_safetensors_close(&results);
}
END_TEST

/* --- runs --------------------------------------------------------------------------- */

typedef struct Run {
    CopSparseOptions options;
    CopSparse *sparse;
    CopTrainer trainer;
    int updates;
} Run;

static void count_update(void *ctx, const CopSparseEvent *event)
{
    *(int *)ctx += event->grown > 0;
}

/* `batches` a step; more than one goes with mixup and clipping, so that all are seen to repeat. */
static void run_open_of(Run *run, const char *method, const char *density, int threads, int batches,
                        CopOptimizer optimizer)
{
    static int other[BATCH];
    char *frozen[] = {(char[]){"layer1"}};
    *run = (Run){.trainer = {.net = narrow_create(),
                             .options = {.optimizer = optimizer,
                                         .sgd = {.momentum = 0.9, .weight_decay = 1e-4},
                                         .adamw = {0.9, 0.999, 1e-8, 0.01, false},
                                         .schedule = {.kind = COP_SCHEDULE_COSINE,
                                                      .lr = optimizer ? 0.002 : 0.05,
                                                      .warmup = 0.2,
                                                      .total_steps = STEPS},
                                         .mixup = batches > 1 ? 0.4 : 0,
                                         .clip_grad = batches > 1 ? 1 : 0,
                                         .accumulate = batches,
                                         .seed = 4},
                             .other = other,
                             .report = count_update}};
    run->trainer.report_ctx = &run->updates;
    CopError err = {0};
    CopParam *const *params;
    const int n = cop_net_params(run->trainer.net, &params);
    if (batches > 1)
        must(cop_net_freeze(run->trainer.net, &(CopStrings){frozen, 1}, &err), &err);
    must(cop_options_defaults(cop_sparse_options, &run->options, &err), &err);
    must(cop_options_set(cop_sparse_options, &run->options, "method", method, &err), &err);
    must(cop_options_set(cop_sparse_options, &run->options, "density", density, &err), &err);
    must(cop_options_set(cop_sparse_options, &run->options, "interval", "2", &err), &err);
    must(cop_sparse_create(&run->sparse, &run->options, params, n, 4, STEPS, &err), &err);
    run->trainer.sparse = run->sparse;
    const CopNetPlan plan = {.batch = BATCH,
                             .training = true,
                             .accumulate = batches > 1,
                             .moments = optimizer == COP_OPTIMIZER_ADAMW,
                             .threads = threads,
                             .sparse = run->sparse};
    must(cop_net_plan(run->trainer.net, &plan, &err), &err);
    cop_net_init(run->trainer.net, 4, run->sparse);
    ck_assert_int_eq(cop_pool_create(&run->trainer.pool, threads), COP_OK);
}

static void run_open_with(Run *run, const char *method, const char *density, int threads,
                          int batches)
{
    run_open_of(run, method, density, threads, batches, COP_OPTIMIZER_SGD);
}

static void run_open(Run *run, const char *method, const char *density, int threads)
{
    run_open_with(run, method, density, threads, 1);
}

static void run_close(Run *run)
{
    cop_net_destroy(&run->trainer.net);
    cop_pool_destroy(&run->trainer.pool);
    cop_sparse_destroy(&run->sparse);
    cop_options_free(cop_sparse_options, &run->options);
}

static void run_steps(Run *run, int steps)
{
    for (int i = 0; i < steps; i++) {
        int labels[BATCH];
        uint32_t clip[BATCH];
        /* The last batch of an epoch is a small one. */
        const uint64_t step = run->trainer.step;
        const int n = step % 3 == 2 ? 5 : BATCH;
        for (int k = 0; k < n; k++) {
            clip[k] = (uint32_t)(step * BATCH) % 40 + (uint32_t)k;
            labels[k] = (int)(clip[k] % NARROW_CLASSES);
        }
        net_fill(run->trainer.net, n, clip, 9);
        CopTrainStats stats;
        CopError err = {0};
        must(cop_trainer_step(&run->trainer, labels, clip, &stats, &err), &err);
    }
}

static void same_bytes(const char *what, const CopParam *param, const void *a, const void *b,
                       size_t bytes)
{
    ck_assert_int_eq(a != NULL, b != NULL);
    ck_assert_msg(!a || memcmp(a, b, bytes) == 0, "%s of %s", what, param->name);
}

static void same_state(Run *a, Run *b)
{
    CopParam *const *x, *const *y;
    const int n = cop_net_params(a->trainer.net, &x);
    cop_net_params(b->trainer.net, &y);
    ck_assert_uint_eq(a->trainer.step, b->trainer.step);
    ck_assert(a->trainer.flops == b->trainer.flops);
    for (int i = 0; i < n; i++) {
        const size_t bytes = x[i]->nnz * sizeof(float);
        const size_t words = cop_mask_words(x[i]->numel) * sizeof(uint64_t);
        ck_assert_uint_eq(x[i]->nnz, y[i]->nnz);
        same_bytes("mask", x[i], x[i]->mask, y[i]->mask, words);
        same_bytes("values", x[i], x[i]->value, y[i]->value, bytes);
        same_bytes("momentum", x[i], x[i]->state[0], y[i]->state[0], bytes);
        same_bytes("second moment", x[i], x[i]->state[1], y[i]->state[1], bytes);
        same_bytes("history", x[i], cop_sparse_fired(a->sparse, i), cop_sparse_fired(b->sparse, i),
                   words);
    }
}

static CopStatus load(Run *run, const char *path, CopError *err)
{
    CopSafetensors *file;
    *err = (CopError){0};
    must(cop_safetensors_open(&file, path, err), err);
    const CopStatus status = cop_checkpoint_load(&run->trainer, file, err);
    cop_safetensors_close(&file);
    return status;
}

/* Test _i: a method, under one optimiser and then the other. */
static void open_nth(Run *run, int i, int threads)
{
    const char *name = cop_sparse_registry[i % sparse_methods()]->name;
    run_open_of(run, name, "0.3", threads, 1, (CopOptimizer)(i / sparse_methods()));
}

START_TEST(a_run_goes_on_where_it_stopped)
{
    Run whole, first, second;
    CopError err = {0};
    open_nth(&whole, _i, 1);
    run_steps(&whole, STEPS);
    const CopSparseDesc *method = cop_sparse_method(whole.sparse);
    const bool grows = method->flags & COP_SPARSE_UPDATES && strcmp(method->name, "gradual") != 0;
    ck_assert_int_eq(whole.updates > 3, grows);
    ck_assert((narrow_param(whole.trainer.net, "fc.bias")->state[1] != NULL) ==
              (_i >= sparse_methods()));
    open_nth(&first, _i, 1);
    run_steps(&first, HALF);
    const CopStMeta extra[] = {{"epoch", "3"}};
    must(cop_checkpoint_save(&first.trainer, help_path("half.safetensors"), extra, 1, &err), &err);
    run_steps(&first, STEPS - HALF); /* saving changes nothing */
    same_state(&whole, &first);
    open_nth(&second, _i, 1);
    run_steps(&second, 3); /* whatever was there is gone */
    must(load(&second, help_path("half.safetensors"), &err), &err);
    ck_assert_uint_eq(second.trainer.step, HALF);
    run_steps(&second, STEPS - HALF);
    same_state(&whole, &second);
    must(cop_net_save(whole.trainer.net, help_path("whole.safetensors"), NULL, 0, &err), &err);
    must(cop_net_save(second.trainer.net, help_path("second.safetensors"), NULL, 0, &err), &err);
    help_shell("cmp whole.safetensors second.safetensors");
    run_close(&whole);
    run_close(&first);
    run_close(&second);
    help_remove_folder();
}
END_TEST

START_TEST(threads_change_nothing)
{
    Run alone, other;
    open_nth(&alone, _i, 1);
    run_steps(&alone, STEPS);
    for (int threads = 2; threads <= 3; threads++) {
        open_nth(&other, _i, threads);
        run_steps(&other, STEPS);
        same_state(&alone, &other);
        run_close(&other);
    }
    run_close(&alone);
}
END_TEST

/* Kept states are those of active weights alone: zero where weights have just grown. */
START_TEST(grown_weights_start_without_moments)
{
    Run run;
    run_open_of(&run, "rigl", "0.3", 1, 1, COP_OPTIMIZER_ADAMW);
    const CopParam *param = narrow_param(run.trainer.net, "layer2.0.conv1.0.weight");
    const size_t words = cop_mask_words(param->numel);
    uint64_t *before = malloc(words * sizeof *before);
    run_steps(&run, 1);
    memcpy(before, param->mask, words * sizeof *before);
    run_steps(&run, 1); /* updates come after every second */
    size_t grown = 0, k = 0;
    for (size_t i = 0; i < param->numel; i++) {
        if (!cop_mask_get(param->mask, i))
            continue;
        const bool born = !cop_mask_get(before, i);
        const bool zero =
            param->value[k] == 0 && param->state[0][k] == 0 && param->state[1][k] == 0;
        ck_assert(born == zero);
        grown += born;
        k++;
    }
    ck_assert_uint_gt(grown, 0);
    free(before);
    run_close(&run);
}
END_TEST

/* Two batches a step, the last step of one: frozen layers keep weights and masks while the
 * others' topology moves, and neither threads nor a stop between steps change anything. */
START_TEST(long_steps_repeat)
{
    Run whole, first, second;
    CopError err = {0};
    run_open_with(&whole, "rigl", "0.3", 1, 2);
    run_open_with(&first, "rigl", "0.3", 2, 2);
    const CopParam *frozen = narrow_param(whole.trainer.net, "layer1.0.conv1.0.weight");
    const size_t bytes = frozen->nnz * sizeof(float);
    float *before = memcpy(malloc(bytes), frozen->value, bytes);
    run_steps(&whole, 9);
    ck_assert_int_eq(whole.trainer.batches, 1);
    must(cop_trainer_finish_step(&whole.trainer, &err), &err);
    must(cop_trainer_finish_step(&whole.trainer, &err), &err); /* nothing is under way */
    ck_assert_uint_eq(whole.trainer.step, 5);
    ck_assert_int_gt(whole.updates, 0);
    ck_assert(memcmp(before, frozen->value, bytes) == 0 && frozen->generation == 0);
    ck_assert(frozen->state[0] == NULL && frozen->sum == NULL);
    free(before);
    run_steps(&first, 6);
    must(cop_checkpoint_save(&first.trainer, help_path("half.safetensors"), NULL, 0, &err), &err);
    run_open_with(&second, "rigl", "0.3", 1, 2);
    must(load(&second, help_path("half.safetensors"), &err), &err);
    run_steps(&second, 3);
    must(cop_trainer_finish_step(&second.trainer, &err), &err);
    same_state(&whole, &second);
    run_close(&whole);
    run_close(&first);
    run_close(&second);
    help_remove_folder();
}
END_TEST

START_TEST(what_cannot_be_frozen)
{
    char *none[] = {(char[]){"stem"}, (char[]){"layer9"}}, *all[] = {(char[]){"*"}};
    char *half[] = {(char[]){"lay"}};
    CopError err = {0};
    CopNet *net = narrow_create();
    ck_assert_int_eq(cop_net_freeze(net, &(CopStrings){none, 2}, &err), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "layer9") && strstr(err.text, "fc.bias"), "%s", err.text);
    err = (CopError){0}; /* a prefix ends at a dot */
    ck_assert_int_eq(cop_net_freeze(net, &(CopStrings){half, 1}, &err), COP_ERR_CONFIG);
    cop_net_destroy(&net);
    net = narrow_create();
    err = (CopError){0};
    must(cop_net_freeze(net, &(CopStrings){all, 1}, &err), &err);
    const CopNetPlan plan = {.batch = 1, .training = true, .threads = 1};
    ck_assert_int_eq(cop_net_plan(net, &plan, &err), COP_ERR_CONFIG);
    ck_assert_ptr_ne(strstr(err.text, "nothing is left to train"), NULL);
    cop_net_destroy(&net);
}
END_TEST

/* Multiply-adds a clip that the masks leave in three passes, less the gradient of the clips; in
 * *missing those of inactive weights in one pass. From counts and positions alone. */
static double masked_macs(const Run *run, double *missing)
{
    CopParam *const *params;
    const int n = cop_net_params(run->trainer.net, &params);
    double macs = 0;
    *missing = 0;
    for (int i = 0; i < n; i++) {
        if (params[i]->role != COP_PARAM_WEIGHT)
            continue;
        const int passes = macs == 0 ? 2 : 3; /* the first is the stem */
        macs += passes * (double)params[i]->nnz * params[i]->positions;
        *missing += (double)(params[i]->numel - params[i]->nnz) * params[i]->positions;
    }
    return macs;
}

/* Evci et al., 2020, appendix H: a step costs three times the masked forward pass; with dense
 * gradients, which the second of these steps needs, what is inactive once more. */
START_TEST(flops_are_counted)
{
    static const char *const methods[] = {"dense", "static", "set", "rigl"};
    const double clips = BATCH + BATCH + 5;
    double dense = 0, missing;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        Run run;
        run_open(&run, methods[i], i == 0 ? "1" : "0.3", 1);
        run_steps(&run, 3);
        const double macs = masked_macs(&run, &missing);
        const double want = 2 * (clips * macs + (i == 3 ? BATCH * missing : 0));
        ck_assert_msg(run.trainer.flops == want, "%s: %g, not %g", methods[i], run.trainer.flops,
                      want);
        ck_assert(i == 0 ? missing == 0 : missing > 0 && run.trainer.flops < dense);
        dense = i == 0 ? run.trainer.flops : dense;
        run_close(&run);
    }
}
END_TEST

START_TEST(divergence_is_an_error)
{
    Run run;
    const int labels[] = {0};
    const uint32_t clip[] = {0};
    CopTrainStats stats;
    CopError err = {0};
    run_open(&run, "dense", "1", 1);
    run_steps(&run, 2);
    net_fill(run.trainer.net, 1, clip, 0);
    cop_tensor_at(cop_net_input(run.trainer.net), 0, 0, 0, 0, 0)[0] = NAN;
    ck_assert_int_eq(cop_trainer_step(&run.trainer, labels, clip, &stats, &err), COP_ERR_NUMERIC);
    char rate[64];
    snprintf(rate, sizeof rate, "learning rate %g", stats.lr);
    ck_assert_msg(strstr(err.text, "step 3") && strstr(err.text, rate), "%s", err.text);
    ck_assert_uint_eq(run.trainer.step, 2);
    run_close(&run);
}
END_TEST

/* --- checkpoints that do not fit ---------------------------------------------------- */

typedef enum Damage {
    BIT_PAST_THE_END,
    TOO_MANY_BITS,
    ONE_BIT_LESS, /* fewer weights than values */
    NO_MOMENTUM,
    SHORT_VALUES,
    WRONG_TYPE,
    NO_HISTORY,
    NO_STEP,
    BAD_STEP,
    BAD_FLOPS,
    DAMAGES
} Damage;

static const char victim[] = "layer2.0.conv1.0.weight"; /* 1944 weights: 30.4 words */

static bool is(const CopStTensor *tensor, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", victim, suffix);
    return strcmp(tensor->name, name) == 0;
}

/* Copies a checkpoint, less what the damage takes. */
static void damage(const char *from, const char *to, Damage kind)
{
    CopSafetensors *file;
    CopError err = {0};
    must(cop_safetensors_open(&file, from, &err), &err);
    CopStTensor *tensor = calloc((size_t)file->n_tensors, sizeof *tensor);
    CopStMeta *meta = calloc((size_t)file->n_meta, sizeof *meta);
    unsigned char *bits = NULL;
    int n = 0, n_meta = 0;
    for (int i = 0; i < file->n_tensors; i++) {
        CopStTensor *t = &tensor[n];
        *t = file->tensor[i];
        if ((kind == NO_MOMENTUM && is(t, ".momentum")) || (kind == NO_HISTORY && is(t, ".fired")))
            continue;
        if (kind == SHORT_VALUES && is(t, "")) {
            t->shape[0]--;
            t->bytes -= sizeof(float);
        }
        if (kind == WRONG_TYPE && is(t, ""))
            t->dtype = COP_DTYPE_I32;
        if (kind <= ONE_BIT_LESS && is(t, ".mask")) {
            bits = memcpy(malloc(t->bytes), t->data, t->bytes);
            size_t k = 0;
            switch (kind) {
            case BIT_PAST_THE_END:
                bits[t->bytes - 1] |= 0x80;
                break;
            case TOO_MANY_BITS:
                memset(bits, 0xff, 1944 / 8);
                break;
            default:
                while (!bits[k])
                    k++;
                bits[k] &= (unsigned char)(bits[k] - 1);
            }
            t->data = bits;
        }
        n++;
    }
    for (int i = 0; i < file->n_meta; i++) {
        meta[n_meta] = file->meta[i];
        if (strcmp(meta[n_meta].key, "checkpoint.step") == 0 && kind == NO_STEP)
            continue;
        if (strcmp(meta[n_meta].key, "checkpoint.step") == 0 && kind == BAD_STEP)
            meta[n_meta].value = "-1";
        if (strcmp(meta[n_meta].key, "checkpoint.flops") == 0 && kind == BAD_FLOPS)
            meta[n_meta].value = "many";
        n_meta++;
    }
    must(cop_safetensors_write(to, tensor, n, meta, n_meta, &err), &err);
    free(bits);
    free(meta);
    free(tensor);
    cop_safetensors_close(&file);
}

START_TEST(damaged_checkpoints_are_refused)
{
    Run run, same;
    CopError err = {0};
    run_open(&run, "rigl", "0.3", 1);
    run_open(&same, "rigl", "0.3", 1);
    run_steps(&run, HALF);
    ck_assert_uint_eq(narrow_param(run.trainer.net, victim)->numel, 1944);
    must(cop_checkpoint_save(&run.trainer, help_path("sound.safetensors"), NULL, 0, &err), &err);
    damage(help_path("sound.safetensors"), help_path("copy.safetensors"), DAMAGES);
    must(load(&same, help_path("copy.safetensors"), &err), &err); /* copying alone harms nothing */
    same_state(&run, &same);
    run_steps(&run, 1);
    run_steps(&same, 1);
    for (int kind = 0; kind < DAMAGES; kind++) {
        damage(help_path("sound.safetensors"), help_path("bad.safetensors"), (Damage)kind);
        ck_assert_msg(load(&run, help_path("bad.safetensors"), &err) == COP_ERR_MODEL, "%d", kind);
        const char *about = kind < NO_STEP ? victim : "checkpoint.step";
        ck_assert_msg(strstr(err.text, about) != NULL, "%d: %s", kind, err.text);
        same_state(&run, &same); /* nothing was changed */
    }
    run_close(&run);
    run_close(&same);
    help_remove_folder();
}
END_TEST

START_TEST(checkpoints_of_others_are_refused)
{
    Run run, other;
    CopError err = {0};
    run_open(&run, "rigl", "0.3", 1);
    must(cop_checkpoint_save(&run.trainer, help_path("rigl.safetensors"), NULL, 0, &err), &err);
    static const char *const others[][2] = {{"dense", "1"}, {"rigl", "0.1"}};
    for (int i = 0; i < 2; i++) {
        run_open(&other, others[i][0], others[i][1], 1);
        ck_assert_int_eq(load(&other, help_path("rigl.safetensors"), &err), COP_ERR_MODEL);
        ck_assert(err.text[0]);
        run_close(&other);
    }
    /* Nor is a model a checkpoint. */
    must(cop_net_save(run.trainer.net, help_path("model.safetensors"), NULL, 0, &err), &err);
    ck_assert_int_eq(load(&run, help_path("model.safetensors"), &err), COP_ERR_MODEL);
    ck_assert_ptr_ne(strstr(err.text, "not a checkpoint"), NULL);
    run_close(&run);
    help_remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tests = tcase_create("trainer");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, ten_steps_are_pytorchs, 0, 2);
    tcase_add_test(tests, long_steps_repeat);
    tcase_add_test(tests, what_cannot_be_frozen);
    tcase_add_loop_test(tests, a_run_goes_on_where_it_stopped, 0, 2 * sparse_methods());
    tcase_add_loop_test(tests, threads_change_nothing, 0, 2 * sparse_methods());
    tcase_add_test(tests, grown_weights_start_without_moments);
    tcase_add_test(tests, flops_are_counted);
    tcase_add_test(tests, divergence_is_an_error);
    tcase_add_test(tests, damaged_checkpoints_are_refused);
    tcase_add_test(tests, checkpoints_of_others_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
