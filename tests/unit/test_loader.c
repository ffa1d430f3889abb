/* Batches of training clips: order, contents, broken clips.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/config/config.h"
#include "pipeline/data/loader.h"
#include "pipeline/data/synth.h"
#include "pipeline/media/decode.h"
#include "tests/media_help.h"

enum { SIDE = 32, FRAMES = 4, BATCH = 5, CLIPS_MAX = 24 };

static CopDataset dataset;

static void set_up(void)
{
    const CopSynthOptions synth = {
        .classes = 3, .clips = 8, .size = SIDE, .frames = 12, .seed = 2, .threads = 2};
    CopSynthSummary summary;
    CopError err = {0};
    ck_assert_msg(cop_synth_write(help_path("set"), &synth, &summary, NULL, NULL, &err) == COP_OK,
                  "%s", err.text);
    char root[256], annotation[256];
    snprintf(root, sizeof root, "%s/set/videos", help_folder());
    snprintf(annotation, sizeof annotation, "%s/set/annotations", help_folder());
    CopDataOptions options = {0};
    ck_assert_int_eq(cop_options_defaults(cop_data_options, &options, &err), COP_OK);
    ck_assert_int_eq(cop_options_set(cop_data_options, &options, "format", "ucf101", &err), COP_OK);
    ck_assert_int_eq(cop_options_set(cop_data_options, &options, "root", root, &err), COP_OK);
    ck_assert_int_eq(cop_options_set(cop_data_options, &options, "annotation", annotation, &err),
                     COP_OK);
    ck_assert_msg(cop_dataset_load(&options, COP_SPLIT_TRAIN, &dataset, &err) == COP_OK, "%s",
                  err.text);
    cop_options_free(cop_data_options, &options);
    ck_assert(dataset.n > 2 * BATCH && dataset.n <= CLIPS_MAX && dataset.n % BATCH != 0);
}

static void tear_down(void)
{
    cop_dataset_free(&dataset);
    help_remove_folder();
}

static CopLoaderOptions options_of(bool shuffle, int threads, int depth)
{
    return (CopLoaderOptions){
        .dataset = &dataset,
        .sample = {.frames = FRAMES,
                   .stride = 2,
                   .sampler = COP_SAMPLER_UNIFORM,
                   .clips = 1,
                   .policy = COP_EDGE_LOOP},
        .prepare = {.resize_h = 16, .crop = 12, .mean = {0.4, 0.5, 0.6}, .std = {0.2, 0.25, 0.3}},
        .shuffle = shuffle,
        .seed = 7,
        .batch = BATCH,
        .threads = threads,
        .depth = depth};
}

enum { CLIP_FLOATS = 3 * FRAMES * 12 * 12 };

/* All batches of an epoch, in order. */
typedef struct Epoch {
    long index[CLIPS_MAX];
    int n, batches, size[CLIPS_MAX], label[CLIPS_MAX], skips;
    uint32_t clip[CLIPS_MAX];
    CopSkip skip[CLIPS_MAX];
    float value[CLIPS_MAX][CLIP_FLOATS];
} Epoch;

static void tensor(CopTensor *x, CopArena **arena)
{
    const CopHalo halo = {1, 1, 2, 2, 3, 3};
    ck_assert_int_eq(cop_arena_create(arena, 1 << 24), COP_OK);
    ck_assert_int_eq(cop_tensor_create(x, *arena, BATCH, 3, FRAMES, 12, 12, halo), COP_OK);
}

static Epoch *load(const CopLoaderOptions *options)
{
    Epoch *epoch = calloc(1, sizeof *epoch);
    CopArena *arena;
    CopTensor x;
    tensor(&x, &arena);
    CopLoader *loader;
    CopError err = {0};
    ck_assert_msg(cop_loader_create(&loader, options, &x, &err) == COP_OK, "%s", err.text);
    CopBatch batch;
    CopStatus status;
    while ((status = cop_loader_next(loader, &x, &batch, NULL)) == COP_OK) {
        ck_assert_int_eq(x.n, batch.n);
        ck_assert(batch.n >= 1 && batch.n <= BATCH && batch.waited >= 0);
        epoch->index[epoch->batches] = batch.index;
        epoch->size[epoch->batches++] = batch.n;
        for (int i = 0; i < batch.n; i++, epoch->n++) {
            epoch->label[epoch->n] = batch.label[i];
            epoch->clip[epoch->n] = batch.clip[i];
            cop_tensor_store_lane(&x, i, epoch->value[epoch->n]);
        }
    }
    ck_assert_int_eq(status, COP_EOF);
    ck_assert_int_eq(cop_loader_next(loader, &x, &batch, NULL), COP_EOF); /* and stays there */
    const CopSkip *skips;
    epoch->skips = cop_loader_skips(loader, &skips);
    for (int i = 0; i < epoch->skips; i++)
        epoch->skip[i] = skips[i];
    cop_loader_destroy(&loader);
    ck_assert_ptr_eq(loader, NULL);
    cop_arena_destroy(&arena);
    return epoch;
}

/* --- order ------------------------------------------------------------------------ */

START_TEST(epochs_are_permutations)
{
    enum { N = 50 };
    int order[N], other[N];
    for (uint32_t epoch = 0; epoch < 20; epoch++) {
        bool seen[N] = {false};
        cop_epoch_order(1, epoch, true, N, order);
        for (int i = 0; i < N; i++) {
            ck_assert(order[i] >= 0 && order[i] < N && !seen[order[i]]);
            seen[order[i]] = true;
        }
        cop_epoch_order(1, epoch, true, N, other);
        ck_assert(memcmp(order, other, sizeof order) == 0);
        cop_epoch_order(1, epoch + 1, true, N, other);
        ck_assert(memcmp(order, other, sizeof order) != 0);
        cop_epoch_order(2, epoch, true, N, other);
        ck_assert(memcmp(order, other, sizeof order) != 0);
    }
    cop_epoch_order(1, 3, false, N, order);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(order[i], i);
}
END_TEST

/* Every item is at every place equally often: within five standard deviations. */
START_TEST(shuffling_is_fair)
{
    enum { N = 5, EPOCHS = 5000 };
    int count[N][N] = {{0}}, order[N];
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        cop_epoch_order(9, epoch, true, N, order);
        for (int i = 0; i < N; i++)
            count[i][order[i]]++;
    }
    const double mean = (double)EPOCHS / N, sd = sqrt(mean * (1 - 1.0 / N));
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            ck_assert_msg(fabs(count[i][k] - mean) < 5 * sd, "%d %d: %d", i, k, count[i][k]);
}
END_TEST

/* --- contents --------------------------------------------------------------------- */

/* Each lane is what cop_load_clip() makes of the item whose turn it is. */
START_TEST(batches_hold_the_clips_in_order)
{
    const CopLoaderOptions options = options_of(_i, 2, 2);
    Epoch *epoch = load(&options);
    int order[CLIPS_MAX];
    float clip[CLIP_FLOATS];
    CopArena *arena;
    CopTensor x;
    CopError err = {0};
    tensor(&x, &arena);
    cop_epoch_order(options.seed, 0, _i, dataset.n, order);
    ck_assert_int_eq(epoch->n, dataset.n);
    ck_assert_int_eq(epoch->batches, (dataset.n + BATCH - 1) / BATCH);
    ck_assert_int_eq(epoch->size[0], BATCH);
    ck_assert_int_eq(epoch->skips, 0);
    for (int i = 0; i < dataset.n; i++) {
        const CopDataItem *item = &dataset.item[order[i]];
        ck_assert_int_eq(epoch->label[i], item->label);
        ck_assert_uint_eq(epoch->clip[i], item->id);
        ck_assert_msg(cop_load_clip(&options, item, &x, 1, &err) == COP_OK, "%s", err.text);
        cop_tensor_store_lane(&x, 1, clip);
        ck_assert(memcmp(clip, epoch->value[i], sizeof clip) == 0);
    }
    free(epoch);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(threads_and_depth_change_nothing)
{
    CopLoaderOptions options = options_of(true, 1, 1);
    options.hflip = 0.5;
    options.crop = COP_CROP_RANDOM;
    Epoch *want = load(&options);
    for (int threads = 1; threads <= 3; threads++)
        for (int depth = 1; depth <= 4; depth += 3) {
            options.threads = threads;
            options.depth = depth;
            Epoch *got = load(&options);
            ck_assert(memcmp(got, want, sizeof *got) == 0);
            free(got);
        }
    free(want);
}
END_TEST

static int position_of(const Epoch *epoch, uint32_t clip)
{
    int i = 0;
    while (epoch->clip[i] != clip)
        i++;
    return i;
}

/* Another epoch: another order, other starts, crops and flips of the same clips. */
START_TEST(epochs_differ)
{
    CopLoaderOptions options = options_of(true, 2, 2);
    options.hflip = 0.5;
    options.crop = COP_CROP_RANDOM;
    Epoch *first = load(&options);
    options.epoch = 1;
    Epoch *second = load(&options);
    ck_assert_int_eq(first->n, second->n);
    ck_assert(memcmp(first->clip, second->clip, sizeof first->clip) != 0);
    int changed = 0;
    for (int i = 0; i < first->n; i++) {
        const int k = position_of(second, first->clip[i]);
        ck_assert_int_eq(first->label[i], second->label[k]);
        changed += memcmp(first->value[i], second->value[k], sizeof first->value[i]) != 0;
    }
    ck_assert_int_ge(changed, first->n - 2);
    free(first);
    free(second);
}
END_TEST

enum { PAD = 3, SHIFTS = 2 * PAD + 1 };

/* Whether `got` is `whole` from (top, left) on, black beyond its borders. */
static bool is_shifted(const float *got, const float *whole, int top, int left,
                       const CopPrepare *prepare)
{
    for (int k = 0; k < CLIP_FLOATS; k++) {
        const int c = k / (FRAMES * 12 * 12), y = k / 12 % 12 + top, x = k % 12 + left;
        const float black = (0 - (float)prepare->mean[c]) / (float)prepare->std[c];
        const bool inside = y >= 0 && y < 12 && x >= 0 && x < 12;
        if (got[k] != (inside ? whole[k + top * 12 + left] : black))
            return false;
    }
    return true;
}

/* With a pad of P a random crop of the picture's size lies anywhere from -P to P, evenly. */
START_TEST(padded_crops_lie_anywhere)
{
    enum { EPOCHS = 60 };
    CopLoaderOptions options = options_of(false, 2, 2);
    options.prepare.resize_h = options.prepare.resize_w = 12;
    options.prepare.crop = 0;
    Epoch *whole = load(&options);
    int tops[SHIFTS] = {0}, lefts[SHIFTS] = {0}, n = 0;
    options.crop = COP_CROP_RANDOM;
    Epoch *same = load(&options);
    ck_assert(memcmp(same, whole, sizeof *same) == 0); /* no pad: nothing to choose from */
    free(same);
    options.pad = PAD;
    for (; options.epoch < EPOCHS; options.epoch++) {
        Epoch *epoch = load(&options);
        ck_assert_int_eq(epoch->n, whole->n);
        for (int i = 0; i < epoch->n; i++, n++) {
            int found = -1;
            for (int k = 0; k < SHIFTS * SHIFTS && found < 0; k++)
                if (is_shifted(epoch->value[i], whole->value[i], k / SHIFTS - PAD, k % SHIFTS - PAD,
                               &options.prepare))
                    found = k;
            ck_assert_int_ge(found, 0);
            tops[found / SHIFTS]++;
            lefts[found % SHIFTS]++;
        }
        free(epoch);
    }
    const double each = n / (double)SHIFTS, deviation = sqrt(each * (1 - 1.0 / SHIFTS));
    for (int k = 0; k < SHIFTS; k++) {
        ck_assert(fabs(tops[k] - each) < 4 * deviation);
        ck_assert(fabs(lefts[k] - each) < 4 * deviation);
    }
    free(whole);
}
END_TEST

START_TEST(a_flip_mirrors_every_row)
{
    CopLoaderOptions options = options_of(false, 1, 1);
    Epoch *plain = load(&options);
    options.hflip = 1;
    Epoch *mirror = load(&options);
    for (int i = 0; i < plain->n; i++)
        for (int k = 0; k < CLIP_FLOATS; k++)
            ck_assert(plain->value[i][k] == mirror->value[i][k / 12 * 12 + 11 - k % 12]);
    free(plain);
    free(mirror);
}
END_TEST

/* What comes from batch `first` on is what would have come then. */
START_TEST(an_epoch_may_begin_at_any_batch)
{
    CopLoaderOptions options = options_of(true, 2, 2);
    options.hflip = 0.5;
    Epoch *whole = load(&options);
    for (int first = 0; first <= whole->batches + 1; first++) {
        options.first = first;
        Epoch *rest = load(&options);
        const int done = first * BATCH < whole->n ? first * BATCH : whole->n;
        ck_assert_int_eq(rest->n, whole->n - done);
        for (int i = 0; i < rest->n; i++) {
            ck_assert_int_eq(rest->index[i / BATCH], first + i / BATCH);
            ck_assert_uint_eq(rest->clip[i], whole->clip[done + i]);
            ck_assert(memcmp(rest->value[i], whole->value[done + i], sizeof rest->value[i]) == 0);
        }
        free(rest);
    }
    free(whole);
}
END_TEST

/* Batches are all full, or all clips come; whichever batch a run goes on from. */
START_TEST(the_last_batch_may_be_left_out)
{
    CopLoaderOptions options = options_of(true, 2, 2);
    Epoch *whole = load(&options);
    options.drop_last = true;
    for (int first = 0; first <= whole->batches; first++) {
        options.first = first;
        Epoch *full = load(&options);
        const int left = dataset.n / BATCH - first;
        ck_assert_int_eq(full->batches, left > 0 ? left : 0);
        for (int i = 0; i < full->batches; i++)
            ck_assert_int_eq(full->size[i], BATCH);
        for (int i = 0; i < full->n; i++)
            ck_assert_uint_eq(full->clip[i], whole->clip[first * BATCH + i]);
        free(full);
    }
    free(whole);
    static const int rows[][3] = {{9537, 597, 596}, {32, 2, 2}, {15, 1, 0}, {16, 1, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int drop = 0; drop < 2; drop++)
            ck_assert_int_eq(cop_loader_batches(rows[i][0], 16, drop), rows[i][1 + drop]);
}
END_TEST

/* --- corruptions -------------------------------------------------------------------- */

static void make_variants(CopVariants *variants, CopConfig *config)
{
    static const char *const sets[] = {
        "corrupt.corruptions=gaussian_noise, brightness, motion_blur_temporal",
        "corrupt.severities=2, 5"};
    CopError err = {0};
    ck_assert_msg(cop_config_load(config, NULL, sets, 2, &err) == COP_OK, "%s", err.text);
    ck_assert_msg(cop_variants_create(variants, &config->corrupt, NULL, &err) == COP_OK, "%s",
                  err.text);
    ck_assert_int_eq(variants->n, 7);
}

/* The clip of an item, made of the whole file as `variant` corrupts it. */
static void spoil(const CopLoaderOptions *o, const CopDataItem *item, const CopVariant *variant,
                  float *clip)
{
    enum { TOTAL = 12 };
    CopFrame in[TOTAL], out[TOTAL];
    CopCorrupt *corrupt;
    CopArena *arena;
    CopTensor x;
    int n, index[FRAMES];
    tensor(&x, &arena);
    ck_assert_int_eq(cop_video_read(item->path, 0, TOTAL - 1, NULL, in, &n, NULL), COP_OK);
    ck_assert_int_eq(n, TOTAL);
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &variant->spec, NULL), COP_OK);
    const uint64_t address = (uint64_t)o->epoch << 32 | item->id;
    ck_assert_int_eq(cop_corrupt_reset(corrupt, (uint32_t)cop_mix64(address)), COP_OK);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, n, out), COP_OK);
    const bool fits = cop_sample_clip(&o->sample, n, 25, 0, cop_rng_key(o->seed, "sample"),
                                      (CopRngAddress){.frame = o->epoch, .clip = item->id}, index);
    ck_assert(fits);
    const CopCropBox box = cop_prepare_centre(&o->prepare, out[0].width, out[0].height);
    for (int t = 0; t < FRAMES; t++)
        ck_assert_int_eq(cop_prepare_frame(&o->prepare, &out[index[t]], box, &x, 0, t), COP_OK);
    cop_tensor_store_lane(&x, 0, clip);
    for (int i = 0; i < n; i++) {
        cop_frame_unref(&in[i]);
        cop_frame_unref(&out[i]);
    }
    cop_corrupt_destroy(&corrupt);
    cop_arena_destroy(&arena);
}

/* Which variant made the clip; 0 for a clean one, -1 for none of them. */
static int variant_of(const CopLoaderOptions *o, const CopDataItem *item, const float *value)
{
    float clip[CLIP_FLOATS];
    CopArena *arena;
    CopTensor x;
    tensor(&x, &arena);
    ck_assert_int_eq(cop_load_clip(o, item, &x, 0, NULL), COP_OK);
    cop_tensor_store_lane(&x, 0, clip);
    cop_arena_destroy(&arena);
    if (memcmp(clip, value, sizeof clip) == 0)
        return 0;
    for (int v = 1; v < o->corruptions->n; v++) {
        spoil(o, item, &o->corruptions->item[v], clip);
        if (memcmp(clip, value, sizeof clip) == 0)
            return v;
    }
    return -1;
}

/* Frames around the clip count as they do in the whole file; another epoch, another choice. */
START_TEST(clips_are_corrupted)
{
    CopVariants variants;
    CopConfig config;
    CopLoaderOptions options = options_of(false, 2, 2);
    make_variants(&variants, &config);
    options.corruptions = &variants;
    int seen[7] = {0}, moved = 0, before[CLIPS_MAX];
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        options.epoch = epoch;
        options.corrupt_probability = 0.7;
        Epoch *spoilt = load(&options);
        ck_assert_int_eq(spoilt->n, dataset.n);
        for (int i = 0; i < spoilt->n; i++) {
            const int v = variant_of(&options, &dataset.item[i], spoilt->value[i]);
            ck_assert_msg(v >= 0, "epoch %u, clip %d: no variant makes it", epoch, i);
            seen[v]++;
            moved += epoch && before[i] != v;
            before[i] = v;
        }
        options.threads = options.depth = 1;
        Epoch *again = load(&options);
        ck_assert(memcmp(spoilt, again, sizeof *spoilt) == 0);
        free(again);
        free(spoilt);
    }
    for (int v = 0; v < 7; v++)
        ck_assert_msg(seen[v] > 0, "variant %d never came", v);
    ck_assert_int_gt(moved, dataset.n / 3);
    options.corrupt_probability = 0;
    Epoch *clean = load(&options);
    for (int i = 0; i < clean->n; i++)
        ck_assert_int_eq(variant_of(&options, &dataset.item[i], clean->value[i]), 0);
    free(clean);
    cop_variants_free(&variants);
    cop_config_free(&config);
}
END_TEST

/* --- broken clips ------------------------------------------------------------------- */

static void break_item(int item)
{
    FILE *file = fopen(dataset.item[item].path, "wb");
    ck_assert_ptr_ne(file, NULL);
    if (item % 2) /* an empty file, or one that is no video */
        fputs("this is no video", file);
    fclose(file);
}

/* Later lanes move up; a batch that lost all its clips is passed over. */
START_TEST(broken_clips_are_skipped_and_listed)
{
    static const int broken[] = {1, 3, 5, 6, 7, 8, 9};
    enum { BROKEN = sizeof broken / sizeof broken[0] };
    CopLoaderOptions options = options_of(false, 1, 1);
    Epoch *whole = load(&options);
    for (int i = 0; i < BROKEN - 1; i++)
        break_item(broken[i]);
    remove(dataset.item[broken[BROKEN - 1]].path);
    for (int threads = 1; threads <= 3; threads++) {
        options.threads = options.depth = threads;
        Epoch *rest = load(&options);
        ck_assert_int_eq(rest->n, dataset.n - BROKEN);
        ck_assert_int_eq(rest->size[0], 3);
        ck_assert_int_eq(rest->batches, whole->batches - 1);
        ck_assert_int_eq(rest->skips, BROKEN);
        for (int i = 0; i < BROKEN; i++) {
            ck_assert_int_eq(rest->skip[i].item, broken[i]);
            ck_assert_ptr_ne(strstr(rest->skip[i].reason, dataset.item[broken[i]].path), NULL);
        }
        for (int i = 0; i < rest->n; i++) {
            const int k = position_of(whole, rest->clip[i]);
            ck_assert_int_eq(rest->label[i], whole->label[k]);
            ck_assert(memcmp(rest->value[i], whole->value[k], sizeof rest->value[i]) == 0);
        }
        free(rest);
    }
    free(whole);
}
END_TEST

START_TEST(nothing_but_broken_clips)
{
    const CopLoaderOptions options = options_of(true, 2, 3);
    for (int i = 0; i < dataset.n; i++)
        break_item(i);
    Epoch *epoch = load(&options);
    ck_assert_int_eq(epoch->n, 0);
    ck_assert_int_eq(epoch->skips, dataset.n);
    free(epoch);
}
END_TEST

/* --- life --------------------------------------------------------------------------- */

START_TEST(a_loader_may_be_given_up)
{
    CopArena *arena;
    CopTensor x;
    tensor(&x, &arena);
    for (int taken = 0; taken < 3; taken++)
        for (int threads = 1; threads <= 3; threads++) {
            const CopLoaderOptions options = options_of(true, threads, 2);
            CopLoader *loader;
            CopBatch batch;
            ck_assert_int_eq(cop_loader_create(&loader, &options, &x, NULL), COP_OK);
            for (int i = 0; i < taken; i++)
                ck_assert_int_eq(cop_loader_next(loader, &x, &batch, NULL), COP_OK);
            cop_loader_destroy(&loader);
            cop_loader_destroy(&loader);
        }
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(creation_has_limits)
{
    CopArena *arena;
    CopTensor x;
    tensor(&x, &arena);
    for (int i = 0; i < 4; i++) {
        CopLoaderOptions options = options_of(true, i != 0, i != 1);
        const CopDataset none = {.n = 0};
        CopLoader *loader;
        CopError err = {0};
        if (i == 2)
            options.batch = 0;
        if (i == 3)
            options.dataset = &none;
        ck_assert_int_eq(cop_loader_create(&loader, &options, &x, &err), COP_ERR_ARG);
        ck_assert(loader == NULL && err.text[0]);
    }
    cop_arena_destroy(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *order = tcase_create("order"), *tests = tcase_create("loader");
    TCase *broken = tcase_create("broken clips");
    tcase_add_test(order, epochs_are_permutations);
    tcase_add_test(order, shuffling_is_fair);
    suite_add_tcase(suite, order);
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, batches_hold_the_clips_in_order, 0, 2);
    tcase_add_test(tests, threads_and_depth_change_nothing);
    tcase_add_test(tests, epochs_differ);
    tcase_add_test(tests, padded_crops_lie_anywhere);
    tcase_add_test(tests, a_flip_mirrors_every_row);
    tcase_add_test(tests, an_epoch_may_begin_at_any_batch);
    tcase_add_test(tests, the_last_batch_may_be_left_out);
    tcase_add_test(tests, clips_are_corrupted);
    tcase_add_test(tests, a_loader_may_be_given_up);
    tcase_add_test(tests, creation_has_limits);
    suite_add_tcase(suite, tests);
    tcase_set_timeout(broken, 120);
    tcase_add_checked_fixture(broken, set_up, tear_down);
    tcase_add_test(broken, broken_clips_are_skipped_and_listed);
    tcase_add_test(broken, nothing_but_broken_clips);
    suite_add_tcase(suite, broken);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
