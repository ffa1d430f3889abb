/* A model beside a stream says what it says of the same frames in a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "pipeline/live/live_classifier.h"
#include "tests/live_help.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

enum { SPAN = 7, MIDDLE = 2, MOST = 64 }; /* 4 frames, stride 2; where predict's clip starts */

typedef struct Seen {
    int64_t number, first, last;
    const void *model; /* which one it was; may be gone */
    int top, padded;
    float p[GRID_CLASSES], logits[GRID_CLASSES];
} Seen;

static CopLiveClassifier *live;
static Seen seen[MOST];
static int n_seen, n_failed;
static bool held; /* answers wait in the callback */
static GMutex lock;
static GCond moved;

static void answered(void *ctx, const CopLiveAnswer *a)
{
    (void)ctx;
    g_mutex_lock(&lock);
    Seen *s = &seen[n_seen++];
    *s = (Seen){.number = a->window->number,
                .first = a->window->first,
                .last = a->window->last,
                .model = a->model,
                .top = a->top[0],
                .padded = a->window->padded};
    memcpy(s->p, a->p, sizeof s->p);
    memcpy(s->logits, a->logits, sizeof s->logits);
    ck_assert_int_eq(a->n_top, GRID_CLASSES);
    ck_assert(a->score[0] == a->p[a->top[0]] && a->score[0] >= a->score[1]);
    ck_assert(a->seconds > 0 && a->waited >= 0);
    g_cond_broadcast(&moved);
    while (held)
        g_cond_wait(&moved, &lock);
    g_mutex_unlock(&lock);
}

static void failed(void *ctx, const CopError *err)
{
    (void)ctx;
    ck_assert_int_eq(err->status, COP_ERR_NUMERIC);
    n_failed++;
}

static void hold(bool on)
{
    g_mutex_lock(&lock);
    held = on;
    g_cond_broadcast(&moved);
    g_mutex_unlock(&lock);
}

static void await(int n)
{
    g_mutex_lock(&lock);
    while (n_seen < n)
        g_cond_wait(&moved, &lock);
    g_mutex_unlock(&lock);
}

static void make(CopLiveClassifierOptions options)
{
    CopError err = {0};
    const CopLiveCalls calls = {answered, failed, NULL};
    n_seen = n_failed = 0;
    options.model = options.model ? options.model : live_model('a');
    options.threads = 2;
    must(cop_live_classifier_create(&live, &options, &calls, &err), &err);
}

static int push(int from, int to)
{
    int dropped = 0;
    for (int i = from; i <= to; i++) {
        CopError err = {0};
        int fallen;
        must(cop_live_classifier_push(live, live_frame(i), &fallen, &err), &err);
        dropped += fallen;
    }
    return dropped;
}

START_TEST(answers_are_those_of_predict)
{
    float file[GRID_CLASSES], tile[GRID_CLASSES];
    float batch_logits[MOST][GRID_CLASSES];
    live_predict('a', true, file);
    make((CopLiveClassifierOptions){.batch = true, .policy = COP_BLOCK, .hop = 1});
    push(0, GRID_FRAMES - 1);
    cop_live_classifier_end(live);
    ck_assert_int_eq(n_seen, GRID_FRAMES - SPAN + 1);
    for (int i = 0; i < n_seen; i++) {
        ck_assert_int_eq(seen[i].number, i);
        ck_assert_int_eq(seen[i].first, i);
        ck_assert_int_eq(seen[i].last, i + SPAN - 1);
        memcpy(batch_logits[i], seen[i].logits, sizeof batch_logits[i]);
    }
    for (int k = 0; k < GRID_CLASSES; k++)
        ck_assert_msg(seen[MIDDLE].p[k] == file[k], "%.9g %.9g", (double)seen[MIDDLE].p[k],
                      (double)file[k]);
    ck_assert(memcmp(batch_logits[0], batch_logits[1], sizeof batch_logits[0]) != 0);
    cop_live_classifier_destroy(&live);

    live_predict('a', false, tile);
    make((CopLiveClassifierOptions){.policy = COP_BLOCK, .hop = 1});
    push(0, GRID_FRAMES - 1);
    cop_live_classifier_end(live);
    for (int k = 0; k < GRID_CLASSES; k++)
        ck_assert(seen[MIDDLE].p[k] == tile[k]);
    for (int i = 0; i < n_seen; i++)
        for (int k = 0; k < GRID_CLASSES; k++)
            ck_assert(fabsf(seen[i].logits[k] - batch_logits[i][k]) <=
                      1e-5f * fmaxf(1, fabsf(batch_logits[i][k])));
    cop_live_classifier_destroy(&live);
}
END_TEST

/* A video that is shorter than a clip loops; so does the stream, where every frame counts. */
START_TEST(a_short_stream_is_padded)
{
    make((CopLiveClassifierOptions){.policy = COP_BLOCK, .pad = true});
    push(0, 4);
    cop_live_classifier_end(live);
    ck_assert_int_eq(n_seen, 1);
    ck_assert(seen[0].padded == 1 && seen[0].last == 4);
    cop_live_classifier_destroy(&live);
    make((CopLiveClassifierOptions){.policy = COP_BLOCK});
    push(0, 4);
    cop_live_classifier_end(live);
    CopClipWindowCounts counts;
    cop_live_classifier_stats(live, NULL, &counts);
    ck_assert(n_seen == 0 && counts.broken == 1 && counts.frames == 5);
    cop_live_classifier_destroy(&live);
}
END_TEST

START_TEST(windows_that_do_not_fit_fall_out)
{
    make((CopLiveClassifierOptions){.depth = 1, .hop = 1});
    hold(true);
    push(0, SPAN - 1); /* window 0 is in hand */
    await(1);
    const int dropped = push(SPAN, GRID_FRAMES - 1); /* windows 1 to 5; one may wait */
    CopLiveStats stats;
    cop_live_classifier_stats(live, &stats, NULL);
    ck_assert(dropped == 4 && stats.dropped == 4 && stats.in == 6 && stats.waiting == 1);
    hold(false);
    cop_live_classifier_drain(live);
    ck_assert(n_seen == 2 && seen[1].number == 5);
    cop_live_classifier_destroy(&live);

    make((CopLiveClassifierOptions){.depth = 1, .hop = 1, .policy = COP_DROP_NEWEST});
    hold(true);
    push(0, SPAN - 1);
    await(1);
    push(SPAN, GRID_FRAMES - 1);
    hold(false);
    cop_live_classifier_drain(live);
    ck_assert(n_seen == 2 && seen[1].number == 1);
    cop_live_classifier_stats(live, &stats, NULL);
    ck_assert(stats.run == 2 && stats.latency[0] > 0 && stats.latency[2] >= stats.latency[0]);
    cop_live_classifier_destroy(&live);
}
END_TEST

START_TEST(a_flush_begins_anew)
{
    make((CopLiveClassifierOptions){.depth = 4, .hop = 1, .policy = COP_BLOCK});
    hold(true);
    push(0, SPAN - 1);
    await(1);
    push(SPAN, SPAN + 1);
    hold(false); /* a flush waits for the delivery in flight */
    cop_live_classifier_flush(live);
    const int before = n_seen;
    push(2, 2 + SPAN - 1); /* as after a seek */
    cop_live_classifier_end(live);
    ck_assert_int_eq(n_seen, before + 1);
    ck_assert(seen[before].first == 2);
    cop_live_classifier_destroy(&live);
}
END_TEST

START_TEST(models_change_between_windows)
{
    float a[GRID_CLASSES], b[GRID_CLASSES];
    CopError err = {0};
    live_predict('a', true, a);
    live_predict('b', true, b);
    make((CopLiveClassifierOptions){.batch = true, .depth = 8, .hop = 1, .policy = COP_BLOCK});
    CopLiveModel *old = cop_live_classifier_model(live);
    hold(true);
    push(0, SPAN + MIDDLE - 1); /* windows 0, 1 and 2 are a's, whenever they are answered */
    must(cop_live_classifier_swap(live, live_model('b'), NULL, &err), &err);
    CopLiveModel *new = cop_live_classifier_model(live);
    ck_assert_ptr_ne(old, new);
    push(SPAN + MIDDLE, GRID_FRAMES - 1); /* the partial windows go on: 3, 4 and 5 are b's */
    hold(false);
    cop_live_classifier_end(live);
    ck_assert_int_eq(n_seen, 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(seen[i].number, i);
        ck_assert_ptr_eq(seen[i].model, i < 3 ? old : new);
    }
    ck_assert(memcmp(seen[MIDDLE].p, a, sizeof a) == 0);
    push(MIDDLE, MIDDLE + SPAN - 1);
    cop_live_classifier_drain(live);
    ck_assert(n_seen == 7 && memcmp(seen[6].p, b, sizeof b) == 0);
    cop_live_model_unref(&old);
    cop_live_model_unref(&new);
    cop_live_classifier_destroy(&live);
}
END_TEST

/* Model c takes five frames of another size: what it cannot go on with is dropped. */
START_TEST(a_model_of_other_clips_begins_anew)
{
    float c[GRID_CLASSES];
    CopError err = {0};
    live_predict('c', true, c);
    make((CopLiveClassifierOptions){.batch = true, .depth = 8, .hop = 1, .policy = COP_BLOCK});
    push(0, SPAN - 1);
    must(cop_live_classifier_swap(live, live_model('c'), NULL, &err), &err);
    push(1, 9); /* span 9; the middle of twelve frames starts at 1 */
    cop_live_classifier_drain(live);
    CopClipWindowCounts counts;
    cop_live_classifier_stats(live, NULL, &counts);
    ck_assert_int_eq(n_seen, 2);
    ck_assert(seen[1].number == 1 && seen[1].first == 1);
    ck_assert(memcmp(seen[1].p, c, sizeof c) == 0);
    ck_assert(counts.frames == SPAN + 9 && counts.windows == 2 && counts.broken == 6);
    cop_live_classifier_destroy(&live);
}
END_TEST

START_TEST(a_swap_that_fails_changes_nothing_n)
{
    CopError err = {0};
    make((CopLiveClassifierOptions){.hop = 1, .policy = COP_BLOCK});
    push(0, 3);
    ck_assert_int_eq(cop_live_classifier_swap(live, "/no/such/model", NULL, &err), COP_ERR_MODEL);
    ck_assert_ptr_ne(strstr(err.text, "/no/such/model"), NULL);
    push(4, SPAN - 1);
    cop_live_classifier_drain(live);
    ck_assert_int_eq(n_seen, 1);
    cop_live_classifier_destroy(&live);
}
END_TEST

START_TEST(names_of_classes)
{
    CopLiveModel *model;
    CopError err = {0};
    help_shell("printf 'left\\nright turn\\n3rd\\n\\n' > names; printf 'a\\nb\\n' > few");
    must(cop_live_model_open(&model, live_model('a'), NULL, 1, 1, &err), &err);
    ck_assert_str_eq(model->label[0], model->model->classes.item[0]);
    ck_assert_int_eq(cop_live_model_class(model, model->label[2]), 2);
    ck_assert_int_eq(cop_live_model_class(model, "1"), 1);
    ck_assert_int_eq(cop_live_model_class(model, "3"), -1);
    ck_assert_int_eq(cop_live_model_class(model, "left"), -1);
    cop_live_model_unref(&model);
    must(cop_live_model_open(&model, live_model('a'), help_path("names"), 1, 1, &err), &err);
    ck_assert_str_eq(model->label[1], "right turn");
    ck_assert_int_eq(cop_live_model_class(model, "left"), 0);
    cop_live_model_unref(&model);
    ck_assert_int_eq(cop_live_model_open(&model, live_model('a'), help_path("few"), 1, 1, &err),
                     COP_ERR_DATA);
    ck_assert_ptr_ne(strstr(err.text, "has 2 lines"), NULL);
    ck_assert_ptr_eq(model, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_classifier");
    TCase *tests = tcase_create("classifier");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, live_set_up, live_tear_down);
    tcase_add_test(tests, answers_are_those_of_predict);
    tcase_add_test(tests, a_short_stream_is_padded);
    tcase_add_test(tests, windows_that_do_not_fit_fall_out);
    tcase_add_test(tests, a_flush_begins_anew);
    tcase_add_test(tests, models_change_between_windows);
    tcase_add_test(tests, a_model_of_other_clips_begins_anew);
    tcase_add_test(tests, a_swap_that_fails_changes_nothing_n);
    tcase_add_test(tests, names_of_classes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
