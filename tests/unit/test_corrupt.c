/* The corruption engine: severity tables, overrides, spans, words, the normal distribution.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/cpu.h"
#include "pipeline/corrupt/corrupt_resolve.h"
#include "pipeline/corrupt/frame_queue.h"
#include "pipeline/corrupt/noise_words.h"
#include "pipeline/corrupt/normal_cdf.h"
#include "tests/corrupt_clip.h"

typedef struct Sample {
    double strength, radius;
    int taps, side;
    CopDoubles list;
} Sample;

static const CopOption sample_options[] = {
    {"strength", "linear", COP_TYPE_DOUBLE, offsetof(Sample, strength), "1", 0, 100, NULL,
     COP_OPTION_INTERPOLATE},
    {"taps", "stepped", COP_TYPE_INT, offsetof(Sample, taps), "3", 0, 100, NULL, 0},
    {"list", "of numbers", COP_TYPE_DOUBLES, offsetof(Sample, list), "1, 2", 0, 10, NULL, 0},
    COP_OPTIONS_END,
};

static const CopOption length_options[] = {
    {"radius", "pixels", COP_TYPE_DOUBLE, offsetof(Sample, radius), "1", 0, 100, NULL,
     COP_OPTION_LENGTH},
    {"side", "pixels", COP_TYPE_INT, offsetof(Sample, side), "1", 0, 100, NULL, COP_OPTION_LENGTH},
    {"taps", "no length", COP_TYPE_INT, offsetof(Sample, taps), "3", 0, 100, NULL, 0},
    COP_OPTIONS_END,
};

static const char *const length_columns[] = {"radius", "side", "taps", NULL};

static const CopSeverityTable length_tables[] = {
    {COP_PRESET_DEFAULT, "none", length_columns, (const double[]){0, 0, 0},
     (const double[]){2, 1, 4, 2, 2, 4, 2, 3, 4, 2, 4, 4, 40, 5, 4}},
    {"native", "none", length_columns, (const double[]){0, 0, 0},
     (const double[]){2, 1, 4, 2, 2, 4, 2, 3, 4, 2, 4, 4, 40, 5, 4}},
    {.preset = NULL},
};

static const CopCorruptDesc lengths = {.name = "lengths",
                                       .options = length_options,
                                       .tables = length_tables,
                                       .state_size = sizeof(Sample)};

static const char *const sample_columns[] = {"strength", "taps", NULL};

static const CopSeverityTable sample_tables[] = {
    {"first", "none", sample_columns, (const double[]){0.5, 0},
     (const double[]){1, 10, 2, 20, 4, 30, 8, 40, 16, 50}},
    {"second-table", "none", sample_columns, (const double[]){0, 0},
     (const double[]){9, 1, 9, 1, 9, 1, 9, 1, 9, 1}},
    {.preset = NULL},
};

static const CopCorruptDesc sample = {.name = "sample",
                                      .options = sample_options,
                                      .tables = sample_tables,
                                      .state_size = sizeof(Sample)};

START_TEST(severity_picks_and_mixes_rows)
{
    const struct {
        double severity, strength;
        int taps;
    } cases[] = {{0, 0.5, 10}, {0.5, 0.75, 10}, {1, 1, 10}, {1.5, 1.5, 10},
                 {2, 2, 20},   {3.25, 5, 30},   {5, 16, 50}};
    Sample state = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(
            cop_corrupt_resolve(&sample, sample_tables, cases[i].severity, 1, NULL, &state, NULL),
            COP_OK);
        ck_assert(state.strength == cases[i].strength);
        ck_assert_int_eq(state.taps, cases[i].taps);
    }
    cop_options_free(sample_options, &state);
}
END_TEST

/* Lengths of the table grow with the picture, those of `params` are pixels as given. */
START_TEST(lengths_are_scaled)
{
    ck_assert(cop_corrupt_length_scale(300, 224) == 1);
    ck_assert(cop_corrupt_length_scale(720, 1280) == 720 / 224.0);
    ck_assert(cop_corrupt_length_scale(56, 100) == 0.5);
    ck_assert(cop_corrupt_table_scales(&lengths, length_tables));
    ck_assert(!cop_corrupt_table_scales(&lengths, length_tables + 1));
    ck_assert(!cop_corrupt_table_scales(&sample, sample_tables));
    const struct {
        double severity, scale;
        const char *params;
        double radius;
        int side;
    } cases[] = {{1, 3, NULL, 6, 3},      {1, 0.25, NULL, 0.5, 1}, {3, 0.5, NULL, 1, 2},
                 {5, 3, NULL, 100, 15},   {0, 3, NULL, 6, 3},      {2, 3, "side=9", 6, 9},
                 {2, 3, "radius=5", 5, 6}};
    Sample state = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(cop_corrupt_resolve(&lengths, length_tables, cases[i].severity,
                                             cases[i].scale, cases[i].params, &state, NULL),
                         COP_OK);
        ck_assert_msg(state.radius == cases[i].radius, "%zu: %g", i, state.radius);
        ck_assert_int_eq(state.side, cases[i].side);
        ck_assert_int_eq(state.taps, 4);
    }
    cop_options_free(length_options, &state);
}
END_TEST

START_TEST(params_override_the_table)
{
    Sample state = {0};
    const char *params = " taps = 7 , list=[1, 2.5,3], strength=0.125 ";
    ck_assert_int_eq(cop_corrupt_resolve(&sample, sample_tables, 5, 1, params, &state, NULL),
                     COP_OK);
    ck_assert(state.strength == 0.125);
    ck_assert_int_eq(state.taps, 7);
    ck_assert_int_eq(state.list.n, 3);
    ck_assert(state.list.item[1] == 2.5);
    const char *const bad[] = {"taps",    "taps=101", "taps=x", "tops=3", "taps=1,,strength=2",
                               "taps=1,", ","};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CopError err = {0};
        ck_assert_msg(cop_corrupt_resolve(&sample, sample_tables, 5, 1, bad[i], &state, &err) ==
                          COP_ERR_CONFIG,
                      "\"%s\" was taken", bad[i]);
        ck_assert(strncmp(err.text, "sample: ", 8) == 0);
    }
    cop_options_free(sample_options, &state);
}
END_TEST

START_TEST(presets_by_name)
{
    CopError err = {0};
    ck_assert(cop_corrupt_table(&sample, NULL, NULL) == &sample_tables[0]);
    ck_assert(cop_corrupt_table(&sample, "", NULL) == &sample_tables[0]);
    ck_assert(cop_corrupt_table(&sample, "second_table", NULL) == &sample_tables[1]);
    ck_assert(cop_corrupt_table(&sample, "second-table@1", NULL) == &sample_tables[1]);
    ck_assert(cop_corrupt_table(&sample, "second-table@2", &err) == NULL);
    ck_assert(strstr(err.text, "second-table@1") != NULL);
    err = (CopError){0};
    ck_assert(cop_corrupt_table(&sample, "second", &err) == NULL);
    ck_assert(cop_corrupt_table(&sample, "third", &err) == NULL);
    ck_assert(strstr(err.text, "first@1, second-table@1") != NULL);
    ck_assert(cop_corrupt_find("gaussian-noise", NULL) != NULL);
    err = (CopError){0};
    ck_assert(cop_corrupt_find("gausian_noise", &err) == NULL);
    ck_assert(strstr(err.text, "gaussian_noise") != NULL);
}
END_TEST

/* A mode that a corruption does not know is its own. */
START_TEST(modes_over_time)
{
    const struct {
        const char *name;
        CopTemporal asked, seen;
    } cases[] = {{"gaussian_noise", COP_TEMPORAL_AUTO, COP_TEMPORAL_IID},
                 {"gaussian_noise", COP_TEMPORAL_STATIC, COP_TEMPORAL_STATIC},
                 {"gaussian_noise", COP_TEMPORAL_COHERENT, COP_TEMPORAL_IID},
                 {"brightness", COP_TEMPORAL_STATIC, COP_TEMPORAL_AUTO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CopCorrupt *corrupt;
        const CopCorruptSpec spec = {
            .name = cases[i].name, .severity = 1, .temporal = cases[i].asked};
        ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
        ck_assert_int_eq(corrupt->temporal, cases[i].seen);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* A severity that cannot be set up is refused each time, and the old one goes on. */
START_TEST(failed_severity_leaves_the_old_one)
{
    CopCorrupt *corrupt = clip_corrupt("burst", 0, 0, NULL, "corruption=no_such");
    for (int i = 0; i < 2; i++) {
        CopError err = {0};
        ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 3, &err), COP_ERR_CONFIG);
        ck_assert(strstr(err.text, "no_such") != NULL);
        ck_assert(corrupt->severity == 0);
    }
    CopFrame in = clip_frame(COP_PIXEL_RGB, 16, 12, 0), out;
    ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
    ck_assert(clip_same_pixels(&in, &out));
    clip_free(&in, 1);
    clip_free(&out, 1);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(description_holds_all_options)
{
    CopCorrupt *noise = clip_corrupt("gaussian_noise", 1, 0, NULL, NULL);
    char *said = cop_corrupt_describe(noise);
    ck_assert_str_eq(said, "sigma=0.08, temporal=iid");
    free(said);
    cop_corrupt_destroy(&noise);
    CopCorrupt *corrupt = clip_corrupt("h264_crf", 2.5, 0, NULL, "gop=8");
    char *text = cop_corrupt_describe(corrupt);
    ck_assert_str_eq(text, "crf=32, gop=8, preset=superfast, delay=group");
    free(text);
    cop_corrupt_destroy(&corrupt);
    cop_corrupt_destroy(&corrupt);
    cop_corrupt_destroy(NULL);
}
END_TEST

static void check_span(const CopCorrupt *corrupt, int first, int last, int from, int to)
{
    int seen_from, seen_to;
    cop_corrupt_span(corrupt, first, last, 100, &seen_from, &seen_to);
    ck_assert_int_eq(seen_from, from);
    ck_assert_int_eq(seen_to, to);
}

START_TEST(spans)
{
    CopCorrupt *corrupt = clip_corrupt("brightness", 3, 0, NULL, NULL);
    check_span(corrupt, 10, 20, 10, 20);
    cop_corrupt_destroy(&corrupt);

    corrupt = clip_corrupt("motion_blur_temporal", 1, 0, NULL, NULL); /* c = 3 */
    check_span(corrupt, 10, 20, 7, 22);
    check_span(corrupt, 1, 99, 0, 99);
    ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 0, NULL), COP_OK);
    check_span(corrupt, 10, 20, 10, 20);
    cop_corrupt_destroy(&corrupt);

    corrupt = clip_corrupt("h264_crf", 3, 0, NULL, NULL); /* gop = 32 */
    check_span(corrupt, 31, 31, 0, 31);
    check_span(corrupt, 32, 40, 32, 63);
    check_span(corrupt, 40, 97, 32, 99);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(gaps_and_changes_of_shape_are_refused_n)
{
    CopCorrupt *corrupt = clip_corrupt("motion_blur_temporal", 1, 0, NULL, NULL);
    CopFrame zero = clip_frame(COP_PIXEL_I420, 16, 16, 0),
             two = clip_frame(COP_PIXEL_I420, 16, 16, 2),
             grey = clip_frame(COP_PIXEL_GRAY8, 16, 16, 1),
             wide = clip_frame(COP_PIXEL_I420, 18, 16, 1);
    ck_assert_int_eq(cop_corrupt_push(corrupt, &zero), COP_OK);
    ck_assert_int_eq(cop_corrupt_push(corrupt, &two), COP_ERR_ARG);
    ck_assert_int_eq(cop_corrupt_push(corrupt, &grey), COP_ERR_ARG);
    ck_assert_int_eq(cop_corrupt_push(corrupt, &wide), COP_ERR_ARG);
    ck_assert_int_eq(cop_corrupt_reset(corrupt, 0), COP_OK);
    ck_assert_int_eq(cop_corrupt_push(corrupt, &wide), COP_OK);
    cop_corrupt_destroy(&corrupt);
    clip_free(&zero, 1);
    clip_free(&two, 1);
    clip_free(&grey, 1);
    clip_free(&wide, 1);
}
END_TEST

START_TEST(queue_keeps_order_through_growth)
{
    CopFrameQueue queue = {0};
    CopFrame frame;
    int64_t in = 0, out = 0;
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 3; i++) {
            frame = clip_frame(COP_PIXEL_GRAY8, 2, 2, in++);
            ck_assert_int_eq(cop_frame_queue_push(&queue, &frame), COP_OK);
            ck_assert(frame.plane[0] == NULL);
        }
        for (int i = 0; i < 2; i++) {
            ck_assert(cop_frame_queue_at(&queue, 0)->index == out);
            ck_assert(cop_frame_queue_pop(&queue, &frame));
            ck_assert(frame.index == out++);
            cop_frame_unref(&frame);
        }
    }
    ck_assert_int_eq(queue.n, 30);
    cop_frame_queue_clear(&queue);
    ck_assert(!cop_frame_queue_pop(&queue, &frame));
}
END_TEST

START_TEST(words_are_the_addressed_ones)
{
    const CopTier best = cop_tier();
    if (!cop_tier_force((CopTier)_i))
        return;
    const CopRngKey key = cop_rng_key(99, "test");
    const CopRngAddress at = {.draw = 5, .frame = 0xFFFFFFFF, .clip = 77};
    const uint32_t starts[] = {0, 4, 252, 1000, 0xFFFFFF00};
    uint32_t word[256];
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (int n = 1; n <= 192; n += 61) {
            cop_noise_words(key, starts[s], at, word, n);
            for (int i = 0; i < n; i++)
                ck_assert_uint_eq(word[i], cop_rng_u32(key, starts[s] + (uint32_t)i, at));
        }
    CopNoiseChunk chunk;
    for (int first = 998, n; first < 998 + 2500; first += n) {
        const uint32_t *part =
            cop_noise_chunk(&chunk, key, (uint32_t)first, at, 998 + 2500 - first, &n);
        for (int i = 0; i < n; i++)
            ck_assert_uint_eq(part[i], cop_rng_u32(key, (uint32_t)(first + i), at));
    }
    ck_assert(cop_tier_force(best));
}
END_TEST

/* libm's erfc as oracle; the bound is the header's. */
START_TEST(normal_cdf_is_accurate)
{
    double last = 0;
    for (double z = -12; z <= 12; z += 1.0 / 128) {
        const double p = cop_normal_cdf(z);
        ck_assert_msg(fabs(p - 0.5 * erfc(-z / sqrt(2))) < 1e-13, "z = %g", z);
        ck_assert(p >= last - 1e-13);
        last = p;
    }
    ck_assert(cop_normal_cdf(0) == 0.5);
    ck_assert(cop_normal_cdf(-INFINITY) == 0 && cop_normal_cdf(INFINITY) == 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt");
    TCase *tc = tcase_create("engine");
    tcase_add_test(tc, severity_picks_and_mixes_rows);
    tcase_add_test(tc, lengths_are_scaled);
    tcase_add_test(tc, modes_over_time);
    tcase_add_test(tc, failed_severity_leaves_the_old_one);
    tcase_add_test(tc, params_override_the_table);
    tcase_add_test(tc, presets_by_name);
    tcase_add_test(tc, description_holds_all_options);
    tcase_add_test(tc, spans);
    tcase_add_test(tc, gaps_and_changes_of_shape_are_refused_n);
    tcase_add_test(tc, queue_keeps_order_through_growth);
    tcase_add_loop_test(tc, words_are_the_addressed_ones, 0, COP_TIER_COUNT);
    tcase_add_test(tc, normal_cdf_is_accurate);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
