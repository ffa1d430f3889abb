/* The evaluation grid: what its answers are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/layers/cross_entropy.h"
#include "pipeline/eval/grid_work.h"
#include "pipeline/eval/variant.h"
#include "pipeline/media/decode.h"
#include "tests/grid_help.h"
#include "tests/media_help.h"
#include "tests/model_help.h"
#include "tests/net_help.h"

/* --- against another road to the same numbers --------------------------------------- */

/* The whole file is decoded, corrupted from its first frame on and only then sampled. */
static void corrupted(const CopDataItem *item, const CopVariant *variant, CopFrame *out)
{
    CopFrame in[GRID_FRAMES];
    CopError err = {0};
    int n;
    must(cop_video_read(item->path, 0, GRID_FRAMES - 1, NULL, in, &n, &err), &err);
    ck_assert_int_eq(n, GRID_FRAMES);
    for (int i = 0; i < n && !variant->desc; i++)
        ck_assert_int_eq(cop_frame_ref(&out[i], &in[i]), COP_OK);
    if (variant->desc) {
        CopCorrupt *corrupt;
        must(cop_corrupt_create(&corrupt, &variant->spec, &err), &err);
        must(cop_corrupt_reset(corrupt, item->id), &err);
        must(cop_corrupt_frames(corrupt, in, n, out), &err);
        cop_corrupt_destroy(&corrupt);
    }
    for (int i = 0; i < n; i++)
        cop_frame_unref(&in[i]);
}

/* Mean of the views' probabilities. */
static void expect(CopModel *model, const CopConfig *config, const CopDataItem *item,
                   const CopVariant *variant, double p[GRID_CLASSES])
{
    CopFrame frame[GRID_FRAMES];
    int index[16];
    CopSampleOptions sample = cop_config_sample(config);
    sample.test = true;
    sample.frames = model->frames;
    sample.stride = model->stride;
    const CopStep step = {.training = false};
    memset(p, 0, GRID_CLASSES * sizeof *p);
    corrupted(item, variant, frame);
    const int crops = config->clip.crops, views = sample.clips * crops;
    for (int view = 0; view < views; view++) {
        float one[GRID_CLASSES];
        cop_sample_clip(&sample, GRID_FRAMES, 25, view / crops, (CopRngKey){{0, 0}},
                        (CopRngAddress){0}, index);
        CopCropBox box = cop_prepare_centre(&model->prepare, 32, 32);
        if (crops == 3) /* of 16 out of 20 columns */
            box.left = 2 * (view % crops);
        cop_net_set_n(model->net, 1);
        for (int t = 0; t < sample.frames; t++)
            ck_assert_int_eq(cop_prepare_frame(&model->prepare, &frame[index[t]], box,
                                               cop_net_input(model->net), 0, t),
                             COP_OK);
        cop_net_forward(model->net, &step);
        cop_softmax(cop_net_logits(model->net), 0, one);
        for (int k = 0; k < GRID_CLASSES; k++)
            p[k] += (double)one[k] / views;
    }
    for (int i = 0; i < GRID_FRAMES; i++)
        cop_frame_unref(&frame[i]);
}

/* Scores are floats; a mean of them is rounded once more. */
static void check_row(const char *db, const char *model, const CopVariant *variant,
                      const CopDataItem *item, const double p[GRID_CLASSES])
{
    char *query = g_strdup_printf(
        "SELECT top1, score1, top2, score2, top3, score3, label FROM prediction JOIN cell ON "
        "cell.id = cell JOIN clip ON clip.id = clip JOIN model ON model.id = model WHERE view = -1 "
        "AND path = '%s' AND corruption = '%s' AND severity = %g AND model.name = '%s'",
        item->relative, cop_variant_name(variant), variant->severity, model);
    char *row = grid_query(db, query);
    int top[3], label;
    double score[3];
    ck_assert_msg(sscanf(row, "%d|%lf|%d|%lf|%d|%lf|%d", &top[0], &score[0], &top[1], &score[1],
                         &top[2], &score[2], &label) == 7,
                  "%s: %s", query, row);
    ck_assert_int_eq(label, item->label);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(fabs(score[i] - p[top[i]]) < 1e-6, "%s: %s, class %d is %g", query, row,
                      top[i], p[top[i]]);
        ck_assert(i == 0 || score[i] <= score[i - 1]);
    }
    ck_assert(top[0] != top[1] && top[0] != top[2] && top[1] != top[2]);
    g_free(row);
    g_free(query);
}

static void check_answers(const char *db, const char *models, const char *const *sets)
{
    const CopGridResult result = grid_do(db, models, sets);
    const int n = (int)strlen(models);
    ck_assert_int_eq(result.clips, GRID_CLIPS);
    ck_assert_int_eq(result.cells, n * GRID_VARIANTS);
    ck_assert_int_eq(result.missing, n * GRID_VARIANTS * GRID_CLIPS);
    ck_assert_int_eq(result.predictions, result.missing);
    CopConfig config;
    CopDataset dataset;
    CopVariants variants;
    CopError err = {0};
    grid_config(&config, sets);
    must(cop_dataset_load(&config.data, COP_SPLIT_TEST, &dataset, &err), &err);
    must(cop_variants_create(&variants, &config.corrupt, NULL, &err), &err);
    ck_assert_int_eq(variants.n, GRID_VARIANTS);
    double moved = 0;
    for (const char *name = models; *name; name++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%c.safetensors", help_folder(), *name);
        CopModel *model = model_open(path);
        for (int i = 0; i < dataset.n; i++) {
            double clean[GRID_CLASSES], p[GRID_CLASSES];
            expect(model, &config, &dataset.item[i], &variants.item[0], clean);
            for (int v = 0; v < variants.n; v++) {
                expect(model, &config, &dataset.item[i], &variants.item[v], p);
                check_row(db, model->name, &variants.item[v], &dataset.item[i], p);
                moved += fabs(p[0] - clean[0]);
            }
        }
        cop_model_close(&model);
    }
    ck_assert_msg(moved > 0.3 * n, "corruptions change nothing: %g",
                  moved); /* a test of the test */
    cop_variants_free(&variants);
    cop_dataset_free(&dataset);
    cop_config_free(&config);
}

/* Every cell of three models at one and at three views. */
START_TEST(answers_are_those_of_the_whole_file)
{
    static const char *const sets[][2] = {{"clip.clips=1", NULL}, {"clip.clips=3", NULL}};
    char db[32];
    snprintf(db, sizeof db, "whole%d.db", _i);
    check_answers(db, "abc", sets[_i]);
}
END_TEST

/* Crops, named samplers and another rate, of the model that crops. */
START_TEST(answers_of_views)
{
    static const char *const sets[][5] = {
        {"clip.clips=2", "clip.crops=3", NULL},
        {"clip.clips=2", "clip.crops=3", "clip.sampler=slowfast", "clip.fps=40", NULL},
        {"clip.clips=3", "clip.sampler=segments", NULL},
        {"clip.clips=3", "clip.fps=12.5", NULL}};
    char db[32];
    snprintf(db, sizeof db, "crops%d.db", _i);
    check_answers(db, "c", sets[_i]);
    char *setup = grid_query(db, "SELECT text FROM setup");
    ck_assert_int_eq(strstr(setup, "clip.crops=3") != NULL, _i < 2);
    ck_assert_int_eq(strstr(setup, "clip.sampler=") != NULL, _i == 1 || _i == 2);
    ck_assert_int_eq(strstr(setup, "clip.fps=") != NULL, _i == 1 || _i == 3);
    g_free(setup);
}
END_TEST

/* At the stage of the net's pictures every crop is a stream of its own. */
START_TEST(crops_at_the_input)
{
    static const char *const sets[] = {"clip.crops=3", "corrupt.stage=input",
                                       "eval.save_views=true", NULL};
    grid_do("input.db", "c", sets);
    ck_assert_int_eq(grid_number("input.db", "SELECT count(*) FROM prediction WHERE view >= 0"),
                     3 * GRID_VARIANTS * GRID_CLIPS);
    ck_assert_int_eq(grid_number("input.db", "SELECT max(view) FROM prediction"), 2);
    ck_assert_int_ge(grid_number("input.db", "SELECT count(DISTINCT score1) FROM prediction"),
                     2 * GRID_VARIANTS * GRID_CLIPS);
}
END_TEST

START_TEST(crops_need_a_crop)
{
    static const char *const sets[] = {"clip.crops=3", NULL};
    CopGridResult result;
    CopError err;
    ck_assert_int_eq(grid_run("no.db", "a", sets, 0, NULL, &result, &err), COP_ERR_CONFIG);
    ck_assert_ptr_ne(strstr(err.text, "clip.crops = 3"), NULL);
}
END_TEST

/* --- views --------------------------------------------------------------------------- */

/* One row a view, and the aggregate as its option says; three classes, so that all
 * scores are in the rows. */
START_TEST(views_are_kept_and_aggregated)
{
    static const char *const sets[][4] = {
        {"clip.clips=3", "eval.save_views=true", "eval.aggregate=prob", NULL},
        {"clip.clips=3", "eval.save_views=true", "eval.aggregate=max", NULL},
        {"clip.clips=3", "eval.save_views=true", "eval.aggregate=score", NULL}};
    char db[32];
    snprintf(db, sizeof db, "views%d.db", _i);
    grid_do(db, "a", sets[_i]);
    const int64_t answers = GRID_VARIANTS * GRID_CLIPS;
    ck_assert_int_eq(grid_number(db, "SELECT count(*) FROM prediction"), 4 * answers);
    char *text = grid_query(db, "SELECT cell, clip, view, top1, score1, top2, score2, top3, score3 "
                                "FROM prediction ORDER BY cell, clip, view");
    char **line = g_strsplit(g_strstrip(text), "\n", -1);
    for (int64_t i = 0; i < answers; i++) {
        double p[4][GRID_CLASSES], sum = 0;
        for (int v = 0; v < 4; v++) { /* -1 first */
            int view, top[3];
            double score[3];
            ck_assert_int_eq(sscanf(line[4 * i + v], "%*d|%*d|%d|%d|%lf|%d|%lf|%d|%lf", &view,
                                    &top[0], &score[0], &top[1], &score[1], &top[2], &score[2]),
                             7);
            ck_assert_int_eq(view, v - 1);
            for (int k = 0; k < 3; k++)
                p[v][top[k]] = score[k];
        }
        double want[GRID_CLASSES];
        for (int k = 0; k < GRID_CLASSES; k++) {
            if (_i == 0)
                want[k] = (p[1][k] + p[2][k] + p[3][k]) / 3;
            else if (_i == 1)
                want[k] = fmax(p[1][k], fmax(p[2][k], p[3][k]));
            else /* the softmax of mean logits is the scaled geometric mean */
                want[k] = cbrt(p[1][k] * p[2][k] * p[3][k]);
            sum += want[k];
        }
        for (int k = 0; k < GRID_CLASSES; k++) /* a few roundings of values below 1 */
            ck_assert_msg(fabs(want[k] / sum - p[0][k]) < 1e-6, "%g %g", want[k] / sum, p[0][k]);
    }
    g_strfreev(line);
    g_free(text);
}
END_TEST

/* --- stages ----------------------------------------------------------------------------- */

/* Clean answers hardly differ: at stage "input" pictures are rounded to 8 bits once
 * more. Both stages live in one file, as two setups. */
START_TEST(stages_are_two_setups)
{
    static const char *const native[] = {"corrupt.stage=native", NULL};
    static const char *const input[] = {"corrupt.stage=input", NULL};
    grid_do("stages.db", "ac", native);
    const CopGridResult result = grid_do("stages.db", "ac", input);
    ck_assert_int_eq(result.predictions, 2 * GRID_VARIANTS * GRID_CLIPS);
    ck_assert_int_eq(grid_number("stages.db", "SELECT count(*) FROM setup"), 2);
    static const char difference[] =
        "SELECT CAST(1e6 * max(abs(p.score1 - q.score1)) AS INTEGER) FROM prediction p JOIN cell a "
        "ON a.id = p.cell JOIN cell b ON a.model = b.model AND a.corruption = b.corruption AND "
        "a.severity = b.severity AND a.setup < b.setup JOIN prediction q ON q.cell = b.id AND "
        "q.clip = p.clip WHERE a.corruption %s 'clean'";
    char query[600];
    snprintf(query, sizeof query, difference, "=");
    const int64_t clean = grid_number("stages.db", query);
    snprintf(query, sizeof query, difference, "<>");
    const int64_t others = grid_number("stages.db", query);
    ck_assert_msg(clean < 50000 && others > clean, "%ld %ld", (long)clean, (long)others);
}
END_TEST

/* --- clips that cannot be read ---------------------------------------------------------- */

START_TEST(broken_clips_are_listed)
{
    static const char *const strict[] = {"data.max_skip=0", NULL};
    static const char *const lax[] = {"data.max_skip=0.2", NULL};
    CopGridResult result;
    CopError err;
    grid_do("sound.db", "a", NULL);
    char *path = grid_query("sound.db", "SELECT path FROM clip WHERE id = 3");
    g_strstrip(path);
    /* A file that breaks off is no clip, whichever of its frames are left. */
    help_shell("mv 'set/videos/%s' kept && ffmpeg -v error -nostdin -i kept -c copy -movflags "
               "+faststart whole.mp4 && head -c $(($(stat -c %%s whole.mp4) * 9 / 10)) whole.mp4 "
               "> 'set/videos/%s'",
               path, path);
    ck_assert_int_eq(grid_run("broken.db", "a", strict, 0, NULL, &result, &err), COP_ERR_DATA);
    ck_assert_msg(strstr(err.text, "1 of 6") && strstr(err.text, "max_skip"), "%s", err.text);
    ck_assert_int_eq(result.skipped, 1);
    const int64_t rest = GRID_VARIANTS * (GRID_CLIPS - 1);
    ck_assert_int_eq(grid_number("broken.db", "SELECT count(*) FROM prediction"), rest);
    char *skip =
        grid_query("broken.db", "SELECT path, reason FROM skip JOIN clip ON clip.id = clip");
    ck_assert_msg(g_str_has_prefix(skip, path) && strstr(skip, ": is cut off after"), "%s", skip);

    result = grid_do("broken.db", "a", lax); /* the same setup; tries it again */
    ck_assert(result.skipped == 1 && result.predictions == 0 && result.missing == GRID_VARIANTS);
    ck_assert_int_eq(grid_number("broken.db", "SELECT count(*) FROM run"), 1); /* the first */
    help_shell("mv kept 'set/videos/%s'", path);
    result = grid_do("broken.db", "a", lax);
    ck_assert(result.skipped == 0 && result.predictions == GRID_VARIANTS);
    ck_assert_int_eq(grid_number("broken.db", "SELECT count(*) FROM run"), 2);
    ck_assert_int_eq(grid_number("broken.db", "SELECT count(*) FROM run_model"), 2);
    ck_assert_int_eq(grid_number("broken.db", "SELECT count(*) FROM skip"), 0);
    char *healed = grid_dump("broken.db"), *sound = grid_dump("sound.db");
    ck_assert_str_eq(healed, sound);
    g_free(healed);
    g_free(sound);
    g_free(skip);
    g_free(path);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------- */

/* 4 videos x 7 variants x 10 clips x 3 crops x 3 planes of 8 x 112 x 112 floats are 0.94 GiB. */
START_TEST(too_much_is_refused_with_its_size)
{
    const CopVariants variants = {.n = 7};
    const CopGridInput input = {.sample = {.frames = 8}, .h = 112, .w = 112};
    const CopGridWorkOptions options = {.variants = &variants,
                                        .inputs = &input,
                                        .n_inputs = 1,
                                        .clips_each = 10,
                                        .crops = 3,
                                        .threads = 2,
                                        .depth = 4,
                                        .memory = (size_t)768 << 20};
    static const char *const said[] = {"0.94 GiB",    "0.75 GiB",   "4 videos",
                                       "run.threads", "7 variants", "corrupt.severities",
                                       "10 clips",    "clip.clips", "3 crops (clip.crops)"};
    CopGridWork *work;
    CopError err = {0};
    ck_assert_int_eq(cop_grid_work_create(&work, &options, &err), COP_ERR_NOMEM);
    ck_assert(work == NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(said); i++)
        ck_assert_msg(strstr(err.text, said[i]) != NULL, "%s: %s", said[i], err.text);
}
END_TEST

/* --- pictures ------------------------------------------------------------------------------ */

/* One row a clip and corrupted cell, whichever model asked, and the same when another asks. */
START_TEST(distance_of_every_cell)
{
    grid_do("distance.db", "a", NULL);
    const long rows = grid_number("distance.db", "SELECT count(*) FROM fidelity");
    ck_assert_int_eq(rows, grid_number("distance.db", "SELECT count(DISTINCT clip) FROM prediction "
                                                      "JOIN cell ON cell.id = cell WHERE "
                                                      "corruption <> 'clean'") *
                               (GRID_VARIANTS - 1));
    ck_assert_int_eq(grid_number("distance.db", "SELECT count(*) FROM fidelity WHERE mse > 0 AND "
                                                "ssim < 1 AND ssim > -1"),
                     rows);
    char *before =
        grid_query("distance.db", "SELECT group_concat(mse || ' ' || ssim) FROM fidelity");
    grid_do("distance.db", "b", NULL);
    char *after =
        grid_query("distance.db", "SELECT group_concat(mse || ' ' || ssim) FROM fidelity");
    ck_assert_str_eq(before, after);
    grid_do("distance2.db", "a", NULL);
    char *again =
        grid_query("distance2.db", "SELECT group_concat(mse || ' ' || ssim) FROM fidelity");
    ck_assert_str_eq(before, again);
    g_free(before);
    g_free(after);
    g_free(again);
}
END_TEST

START_TEST(pictures_show_every_variant)
{
    grid_do("pictures.db", "a", NULL);
    ck_assert_int_eq(grid_number("pictures.db", "SELECT count(*) FROM picture"), GRID_VARIANTS);
    ck_assert_int_eq(grid_number("pictures.db", "SELECT count(DISTINCT clip) FROM picture"), 1);
    ck_assert_int_eq(grid_number("pictures.db", "SELECT count(DISTINCT png) FROM picture"),
                     GRID_VARIANTS);
    ck_assert_int_eq(grid_number("pictures.db", "SELECT count(*) FROM picture WHERE "
                                                "substr(hex(png), 1, 16) = '89504E470D0A1A0A'"),
                     GRID_VARIANTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grid");
    TCase *tests = tcase_create("grid");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, grid_set_up, grid_tear_down);
    tcase_add_loop_test(tests, answers_are_those_of_the_whole_file, 0, 2);
    tcase_add_loop_test(tests, answers_of_views, 0, 4);
    tcase_add_test(tests, crops_at_the_input);
    tcase_add_test(tests, crops_need_a_crop);
    tcase_add_loop_test(tests, views_are_kept_and_aggregated, 0, 3);
    tcase_add_test(tests, stages_are_two_setups);
    tcase_add_test(tests, broken_clips_are_listed);
    tcase_add_test(tests, too_much_is_refused_with_its_size);
    tcase_add_test(tests, distance_of_every_cell);
    tcase_add_test(tests, pictures_show_every_variant);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
