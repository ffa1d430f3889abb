/* Nets: building, planning, weights in and out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/layers/cross_entropy.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

enum { BATCH = 21 };

static CopNet *create(const char *arch, const char *options, int classes, CopShape input,
                      CopStatus wanted, CopError *err)
{
    CopNet *net;
    *err = (CopError){0};
    ck_assert_int_eq(cop_net_create(&net, arch, options, classes, input, err), wanted);
    ck_assert_int_eq(net != NULL, wanted == COP_OK);
    ck_assert_msg(wanted == COP_OK || err->text[0], "no text for %s", options);
    return net;
}

/* --- the graph --------------------------------------------------------------- */

START_TEST(what_does_not_fit_is_refused)
{
    const CopShape good = {3, 4, 13, 11};
    static const CopShape bad[] = {{0, 4, 13, 11}, {3, -1, 13, 11}, {3, 4, 0, 11}, {3, 4, 13, 0}};
    CopError err;
    create("r3d_tini", NULL, 5, good, COP_ERR_CONFIG, &err);
    ck_assert_ptr_ne(strstr(err.text, "r3d_tiny"), NULL);
    create("r3d_tiny", "widht=4", 5, good, COP_ERR_CONFIG, &err);
    ck_assert_ptr_ne(strstr(err.text, "width"), NULL);
    create("r3d_tiny", "width=0", 5, good, COP_ERR_CONFIG, &err);
    create("r3d_tiny", "blocks=0", 5, good, COP_ERR_CONFIG, &err);
    create("r3d_tiny", "blocks=", 5, good, COP_ERR_CONFIG, &err);
    create("r3d_tiny", "blocks=1, 1, 1, 1, 1", 5, good, COP_ERR_CONFIG, &err);
    create("r3d_tiny", NULL, 0, good, COP_ERR_SHAPE, &err);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        create("r3d_tiny", NULL, 5, bad[i], COP_ERR_SHAPE, &err);
    /* Sizes at the edge of int are refused or planned, but never wrap around. */
    CopNet *net;
    err = (CopError){0};
    const CopShape huge = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
    if (cop_net_create(&net, "r3d_tiny", NULL, 1 << 30, huge, &err) == COP_OK) {
        const CopNetPlan plan = {.batch = 1 << 20, .training = true, .threads = 1};
        ck_assert_int_ne(cop_net_plan(net, &plan, &err), COP_OK);
        cop_net_destroy(&net);
    }
    ck_assert(err.text[0]);
}
END_TEST

/* --- plans ------------------------------------------------------------------- */

static CopNet *planned(int batch, bool training, int threads)
{
    CopNet *net =
        narrow_plan(&(CopNetPlan){.batch = batch, .training = training, .threads = threads});
    cop_net_init(net, 3, NULL);
    return net;
}

static void same_logits(const CopNet *a, int lane_a, const CopNet *b, int lane_b)
{
    float x[NARROW_CLASSES], y[NARROW_CLASSES];
    net_logits(a, lane_a, x);
    net_logits(b, lane_b, y);
    ck_assert(memcmp(x, y, sizeof x) == 0);
}

/* A plan for training keeps activations, one for inference shares their memory and fuses. */
START_TEST(sharing_memory_changes_nothing)
{
    CopNet *kept = planned(BATCH, true, 2), *shared = planned(BATCH, false, 2);
    size_t kept_bytes, shared_bytes;
    ck_assert_uint_gt(cop_net_memory(kept, &kept_bytes), cop_net_memory(shared, &shared_bytes));
    ck_assert_uint_gt(2 * kept_bytes, 3 * shared_bytes);
    const CopStep step = {.training = false};
    for (int round = 0; round < 2; round++) { /* the second finds what the first left behind */
        net_fill(kept, BATCH, NULL, 1e30f);
        net_fill(shared, BATCH, NULL, 1e30f);
        cop_net_forward(kept, &step);
        cop_net_forward(shared, &step);
        for (int lane = 0; lane < BATCH; lane++) {
            float x[NARROW_CLASSES], y[NARROW_CLASSES];
            net_logits(kept, lane, x);
            net_logits(shared, lane, y);
            for (int k = 0; k < NARROW_CLASSES; k++) /* see test_net_fuse.c */
                ck_assert(fabsf(x[k] - y[k]) < 6 * 16 * 0x1p-24f * (1 + fabsf(x[k])));
        }
    }
    cop_net_destroy(&kept);
    cop_net_destroy(&shared);
}
END_TEST

/* Who asks for times is told of layers in order, of all that have weights, and changes nothing. */
typedef struct Times {
    CopLayer *const *layers;
    int last, weighted;
} Times;

static void note_time(void *ctx, int layer, bool backward, double seconds)
{
    Times *times = ctx;
    ck_assert(seconds >= 0 && seconds < 60);
    ck_assert(backward ? layer < times->last : layer > times->last);
    times->last = layer;
    times->weighted += (times->layers[layer]->desc->flags & COP_LAYER_SPARSE) != 0;
}

START_TEST(times_are_told)
{
    CopNet *plain = planned(BATCH, true, 1), *timed = planned(BATCH, true, 1);
    Times times = {.last = -1};
    const int n = cop_net_layers(timed, &times.layers);
    int weighted = 0;
    for (int i = 0; i < n; i++)
        weighted += (times.layers[i]->desc->flags & COP_LAYER_SPARSE) != 0;
    CopStep step = {.training = true};
    net_fill(plain, BATCH, NULL, 0);
    net_fill(timed, BATCH, NULL, 0);
    cop_net_forward(plain, &step);
    step.timed = note_time;
    step.timed_ctx = &times;
    cop_net_forward(timed, &step);
    ck_assert_int_eq(times.last, n - 1);
    ck_assert_int_eq(times.weighted, weighted);
    for (int lane = 0; lane < BATCH; lane++)
        same_logits(plain, lane, timed, lane);
    const int labels[BATCH] = {0};
    cop_cross_entropy(cop_net_logits(timed), labels, 0, cop_net_logits_grad(timed), NULL);
    times.last = n;
    ck_assert_int_eq(cop_net_backward(timed, &step, NULL), COP_OK);
    ck_assert_int_eq(times.last, 0);
    ck_assert_int_eq(times.weighted, 2 * weighted);
    cop_net_destroy(&plain);
    cop_net_destroy(&timed);
}
END_TEST

/* Any number of lanes, in any order, after any other; and more threads. */
START_TEST(a_clip_has_one_result)
{
    static const int rounds[] = {21, 1, 16, 5, 17, 21};
    CopNet *whole = planned(BATCH, false, 1), *net = planned(BATCH, false, 3);
    CopStep step = {.training = false}, threads = {.training = false};
    ck_assert_int_eq(cop_pool_create(&threads.pool, 3), COP_OK);
    net_fill(whole, BATCH, NULL, 0);
    cop_net_forward(whole, &step);
    for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
        uint32_t clip[BATCH];
        for (int i = 0; i < BATCH; i++)
            clip[i] = (uint32_t)((7 * i + (int)r) % BATCH);
        net_fill(net, rounds[r], clip, 1e30f);
        cop_net_forward(net, &threads);
        for (int i = 0; i < rounds[r]; i++)
            same_logits(net, i, whole, (int)clip[i]);
    }
    cop_pool_destroy(&threads.pool);
    cop_net_destroy(&whole);
    cop_net_destroy(&net);
}
END_TEST

/* Batches of different sizes in training leave nothing behind either. */
START_TEST(a_training_step_has_one_result)
{
    static const int sizes[] = {5, 21, 5};
    CopNet *net = planned(BATCH, true, 1);
    const CopStep step = {.training = true};
    const int labels[BATCH] = {1, 2, 3, 4};
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    float *grad[NARROW_PARAMS] = {NULL};
    for (int round = 0; round < 3; round++) {
        net_fill(net, sizes[round], NULL, round ? NAN : 0);
        cop_net_forward(net, &step);
        cop_cross_entropy(cop_net_logits(net), labels, 0, cop_net_logits_grad(net), NULL);
        ck_assert_int_eq(cop_net_backward(net, &step, NULL), COP_OK);
        for (int i = 0; i < n && sizes[round] == 5; i++) {
            if (!params[i]->grad)
                continue;
            if (round)
                ck_assert_msg(memcmp(grad[i], params[i]->grad, params[i]->nnz * sizeof(float)) == 0,
                              "%s", params[i]->name);
            free(grad[i]);
            grad[i] = param_dense(params[i], params[i]->grad);
        }
    }
    for (int i = 0; i < n; i++)
        free(grad[i]);
    cop_net_destroy(&net);
}
END_TEST

START_TEST(a_plan_has_limits)
{
    CopNet *net = narrow_create();
    CopError err = {0};
    CopNetPlan plan = {.batch = 0, .threads = 1};
    ck_assert_int_eq(cop_net_plan(net, &plan, &err), COP_ERR_ARG);
    plan.batch = 640;
    plan.memory = 4 << 20;
    err = (CopError){0};
    ck_assert_int_eq(cop_net_plan(net, &plan, &err), COP_ERR_NOMEM);
    ck_assert_msg(strstr(err.text, "640 clips") && strstr(err.text, "GiB"), "%s", err.text);
    cop_net_destroy(&net);

    net = narrow_create();
    plan.memory = 4096; /* not even the parameters */
    err = (CopError){0};
    ck_assert_int_eq(cop_net_plan(net, &plan, &err), COP_ERR_NOMEM);
    ck_assert_ptr_ne(strstr(err.text, "GiB"), NULL);
    cop_net_destroy(&net);

    net = planned(1, false, 1);
    plan = (CopNetPlan){.batch = 1, .threads = 1};
    ck_assert_int_eq(cop_net_plan(net, &plan, &err), COP_ERR_ARG); /* once */
    cop_net_destroy(&net);
}
END_TEST

/* Every limit is kept, wherever it strikes. */
START_TEST(a_plan_may_run_out_of_memory_anywhere)
{
    int failures = 0;
    for (size_t memory = 1 << 12;; memory += memory / 8) {
        CopNet *net = narrow_create();
        const CopNetPlan plan = {.batch = 2, .training = true, .threads = 2, .memory = memory};
        CopError err = {0};
        const CopStatus status = cop_net_plan(net, &plan, &err);
        ck_assert(status == COP_OK || (status == COP_ERR_NOMEM && err.text[0]));
        ck_assert(status != COP_OK || cop_net_memory(net, NULL) <= memory);
        cop_net_destroy(&net);
        if (status == COP_OK)
            break;
        failures++;
    }
    ck_assert_int_gt(failures, 10);
}
END_TEST

/* --- weights ----------------------------------------------------------------- */

static CopSparse *sparse_of(CopNet *net, CopSparseOptions *options, const char *method)
{
    CopSparse *sparse;
    CopError err = {0};
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    memset(options, 0, sizeof *options);
    must(cop_options_defaults(cop_sparse_options, options, &err), &err);
    must(cop_options_set(cop_sparse_options, options, "method", method, &err), &err);
    must(cop_options_set(cop_sparse_options, options, "density", "0.3", &err), &err);
    must(cop_sparse_create(&sparse, options, params, n, 5, 100, &err), &err);
    return sparse;
}

START_TEST(sparse_starts_from_the_weights_of_dense)
{
    CopNet *dense = planned(1, true, 1), *net = narrow_create();
    CopSparseOptions options;
    CopSparse *sparse = sparse_of(net, &options, "static");
    CopError err = {0};
    const CopNetPlan plan = {.batch = 1, .training = true, .threads = 1, .sparse = sparse};
    must(cop_net_plan(net, &plan, &err), &err);
    cop_net_init(net, 3, sparse);
    CopParam *const *a, *const *b;
    const int n = cop_net_params(net, &a);
    cop_net_params(dense, &b);
    int masked = 0;
    for (int i = 0; i < n; i++) {
        float *values = param_dense(a[i], a[i]->value);
        for (size_t k = 0; k < a[i]->numel; k++) {
            const bool active = !a[i]->mask || cop_mask_get(a[i]->mask, k);
            ck_assert(values[k] == (active ? b[i]->value[k] : 0));
        }
        masked += a[i]->mask != NULL;
        free(values);
    }
    ck_assert_int_ge(masked, 3);
    size_t nonzeros, all = cop_net_count(net, &nonzeros);
    ck_assert(nonzeros < all / 2);
    double dense_macs;
    ck_assert(cop_net_macs(net, &dense_macs) < dense_macs);
    ck_assert(dense_macs == cop_net_macs(dense, NULL));
    cop_net_destroy(&net);
    cop_net_destroy(&dense);
    cop_sparse_destroy(&sparse);
    cop_options_free(cop_sparse_options, &options);
}
END_TEST

/* Normal with deviation sqrt(2 / fan_out): five standard errors. */
START_TEST(weights_are_drawn_as_said)
{
    CopError err;
    CopNet *net =
        create("r3d_tiny", "width=32, blocks=1, 1", 10, (CopShape){3, 2, 8, 8}, COP_OK, &err);
    must(cop_net_plan(net, &(CopNetPlan){.batch = 1, .threads = 1}, &err), &err);
    cop_net_init(net, 1, NULL);
    const CopParam *conv = narrow_param(net, "layer2.0.conv2.0.weight"); /* 64 x 64 x 27 */
    double square = 0;
    for (size_t i = 0; i < conv->numel; i++)
        square += (double)conv->value[i] * (double)conv->value[i];
    const double n = (double)conv->numel, share = square / n / (2.0 / (64 * 27));
    ck_assert_msg(share > 1 - 5 * 1.5 / 332 && share < 1 + 5 * 1.5 / 332, "%g", share);
    ck_assert_uint_eq(conv->numel, 110592); /* 332 squared */
    ck_assert(narrow_param(net, "layer2.0.conv2.1.weight")->value[5] == 1);
    ck_assert(narrow_param(net, "layer2.0.conv2.1.bias")->value[5] == 0);
    ck_assert(narrow_param(net, "layer2.0.conv2.1.running_mean")->value[5] == 0);
    ck_assert(narrow_param(net, "layer2.0.conv2.1.running_var")->value[5] == 1);
    ck_assert(narrow_param(net, "fc.bias")->value[5] == 0);
    cop_net_destroy(&net);
}
END_TEST

/* The tensors of dense_weights with some left out, renamed or cut. */
typedef struct Edit {
    const char *prefix, *drop, *rename, *to, *cut;
} Edit;

static const char *edited(const Edit *edit)
{
    const char *path = help_path("edited.safetensors");
    CopSafetensors *file = golden_net("dense_weights");
    CopStTensor *tensor = calloc((size_t)file->n_tensors, sizeof *tensor);
    char(*name)[128] = calloc((size_t)file->n_tensors, sizeof *name);
    CopError err = {0};
    int n = 0;
    for (int i = 0; i < file->n_tensors; i++) {
        const CopStTensor *from = &file->tensor[i];
        if (edit->drop && strcmp(from->name, edit->drop) == 0)
            continue;
        tensor[n] = *from;
        const bool renamed = edit->rename && strcmp(from->name, edit->rename) == 0;
        snprintf(name[n], sizeof *name, "%s%s", edit->prefix ? edit->prefix : "",
                 renamed ? edit->to : from->name);
        tensor[n].name = name[n];
        if (edit->cut && strcmp(from->name, edit->cut) == 0) {
            tensor[n].bytes -= tensor[n].bytes / tensor[n].shape[0];
            tensor[n].shape[0]--;
        }
        n++;
    }
    must(cop_safetensors_write(path, tensor, n, NULL, 0, &err), &err);
    free(name);
    free(tensor);
    cop_safetensors_close(&file);
    return path;
}

static CopStatus load(const Edit *edit, CopNet *net, CopError *err)
{
    CopSafetensors *file;
    *err = (CopError){0};
    must(cop_safetensors_open(&file, edited(edit), err), err);
    const CopStatus status = cop_net_load(net, file, err);
    cop_safetensors_close(&file);
    return status;
}

START_TEST(names_may_have_a_prefix)
{
    static const char *const prefixes[] = {"", "module.", "model.", "backbone."};
    CopNet *net = planned(1, false, 1);
    CopSafetensors *want = golden_net("dense_weights");
    CopError err;
    for (int i = 0; i < 4; i++) {
        cop_net_init(net, 8, NULL);
        must(load(&(Edit){.prefix = prefixes[i]}, net, &err), &err);
        const CopParam *fc = narrow_param(net, "fc.weight");
        ck_assert(golden_error(want, "", "fc.weight", fc->value) == 0);
    }
    ck_assert_int_eq(load(&(Edit){.prefix = "other."}, net, &err), COP_ERR_MODEL);
    cop_safetensors_close(&want);
    cop_net_destroy(&net);
    help_remove_folder();
}
END_TEST

START_TEST(what_does_not_load_is_listed)
{
    CopNet *net = planned(1, false, 1);
    CopError err;
    ck_assert_int_eq(load(&(Edit){.drop = "fc.bias"}, net, &err), COP_ERR_MODEL);
    ck_assert_msg(strstr(err.text, "1 missing (fc.bias)"), "%s", err.text);
    ck_assert_msg(strstr(err.text, "0 unexpected"), "%s", err.text);
    const Edit twice = {.rename = "fc.bias", .to = "head.bias", .cut = "stem.0.weight"};
    ck_assert_int_eq(load(&twice, net, &err), COP_ERR_MODEL);
    ck_assert_msg(strstr(err.text, "1 missing (fc.bias)"), "%s", err.text);
    const int *shape = narrow_param(net, "stem.0.weight")->shape;
    char wanted[128];
    snprintf(wanted, sizeof wanted,
             "1 of another shape (stem.0.weight [%d,%d,%d,%d,%d] for [%d,%d,%d,%d,%d])",
             shape[0] - 1, shape[1], shape[2], shape[3], shape[4], shape[0], shape[1], shape[2],
             shape[3], shape[4]);
    ck_assert_msg(strstr(err.text, wanted), "%s", err.text);
    ck_assert_msg(strstr(err.text, "1 unexpected (head.bias)"), "%s", err.text);
    /* Of many, the first. */
    ck_assert_int_eq(load(&(Edit){.prefix = "other."}, net, &err), COP_ERR_MODEL);
    const char *dots = strstr(err.text, ", ...)");
    ck_assert_msg(dots && !strstr(err.text, "..., "), "%s", err.text);
    /* Counters of batches are neither missed nor unexpected. */
    const Edit counter = {.drop = "stem.1.num_batches_tracked"};
    must(load(&counter, net, &err), &err);
    cop_net_destroy(&net);
    help_remove_folder();
}
END_TEST

/* Zeros are masked weights, in the file and back. */
START_TEST(weights_come_back)
{
    static const char *const kinds[] = {"dense_weights", "sparse_weights"};
    CopSafetensors *file = golden_net(kinds[_i]), *saved;
    CopError err = {0};
    const CopNetPlan plan = {.batch = 1, .threads = 1, .weights = file};
    CopNet *net = narrow_plan(&plan);
    must(cop_net_load(net, file, &err), &err);
    const CopStMeta meta[] = {{"key", "v\xc3\xa4lue"}};
    must(cop_net_save(net, help_path("saved.safetensors"), meta, 1, &err), &err);
    must(cop_safetensors_open(&saved, help_path("saved.safetensors"), &err), &err);
    ck_assert_str_eq(cop_safetensors_meta(saved, "key"), meta[0].value);
    ck_assert_int_eq(saved->n_tensors, file->n_tensors);
    for (int i = 0; i < file->n_tensors; i++) {
        const CopStTensor *a = &file->tensor[i], *b = cop_safetensors_find(saved, a->name);
        ck_assert_msg(b && a->dtype == b->dtype && a->rank == b->rank && a->bytes == b->bytes, "%s",
                      a->name);
        ck_assert(memcmp(a->shape, b->shape, sizeof a->shape[0] * (size_t)a->rank) == 0);
        ck_assert_msg(memcmp(a->data, b->data, a->bytes) == 0, "%s", a->name);
    }
    const CopParam *conv = narrow_param(net, "layer1.0.conv1.0.weight");
    ck_assert_int_eq(conv->mask != NULL, _i);
    ck_assert(_i ? conv->nnz > 200 && conv->nnz < 400 : conv->nnz == conv->numel);
    cop_net_destroy(&net);
    cop_safetensors_close(&saved);
    cop_safetensors_close(&file);
    help_remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *tests = tcase_create("net");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    tcase_add_test(tests, sharing_memory_changes_nothing);
    tcase_add_test(tests, times_are_told);
    tcase_add_test(tests, a_clip_has_one_result);
    tcase_add_test(tests, a_training_step_has_one_result);
    tcase_add_test(tests, a_plan_has_limits);
    tcase_add_test(tests, a_plan_may_run_out_of_memory_anywhere);
    tcase_add_test(tests, sparse_starts_from_the_weights_of_dense);
    tcase_add_test(tests, weights_are_drawn_as_said);
    tcase_add_test(tests, names_may_have_a_prefix);
    tcase_add_test(tests, what_does_not_load_is_listed);
    tcase_add_loop_test(tests, weights_come_back, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
