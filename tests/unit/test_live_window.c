/* Windows over a stream: which frames, how many, and what a gap and the end do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <string.h>

#include "pipeline/live/clip_window.h"
#include "tests/corrupt_clip.h"
#include "tests/net_help.h"

static CopClipWindow *window;
static GString *seen; /* "first-last(a,b,c) " of each window */
static CopError err;

static void set_up(void)
{
    seen = g_string_new(NULL);
    err = (CopError){0};
}

static void tear_down(void)
{
    cop_clip_window_destroy(&window);
    g_string_free(seen, TRUE);
}

static void make(CopClipWindowOptions options)
{
    must(cop_clip_window_create(&window, &options, &err), &err);
}

static void pull(void)
{
    CopLiveWindow *w;
    while ((w = cop_clip_window_pull(window)) != NULL) {
        g_string_append_printf(seen, "%d:", (int)w->number);
        for (int i = 0; i < w->lead + w->frames + w->trail; i++)
            g_string_append_printf(seen, "%s%d",
                                   i == w->lead               ? "["
                                   : i == w->lead + w->frames ? "]"
                                   : i                        ? ","
                                                              : "",
                                   (int)w->picture[i]->frame.index);
        g_string_append_printf(seen, "%s%s ", w->trail ? "" : "]", w->padded ? "p" : "");
        ck_assert_int_eq(w->first, w->picture[w->lead]->frame.index);
        ck_assert_int_eq(w->last, w->picture[w->lead + w->frames - w->padded - 1]->frame.index);
        ck_assert_int_eq(w->pts, w->picture[w->lead]->frame.pts);
        cop_live_window_unref(&w);
        ck_assert_ptr_eq(w, NULL);
    }
}

static void push_at(int64_t index, int64_t pts)
{
    CopFrame frame = clip_frame(COP_PIXEL_GRAY8, 8, 6, index);
    frame.pts = pts;
    must(cop_clip_window_push(window, &frame, &err), &err);
    cop_frame_unref(&frame);
    pull();
}

static void push(int64_t from, int64_t to)
{
    for (int64_t i = from; i <= to; i++)
        push_at(i, 40000 * i);
}

static void counted(int64_t frames, int64_t windows, int64_t padded, int64_t broken)
{
    CopClipWindowCounts counts;
    cop_clip_window_counts(window, &counts);
    ck_assert_int_eq(counts.frames, frames);
    ck_assert_int_eq(counts.windows, windows);
    ck_assert_int_eq(counts.padded, padded);
    ck_assert_int_eq(counts.broken, broken);
}

static int kept(void)
{
    CopClipWindowCounts counts;
    cop_clip_window_counts(window, &counts);
    return counts.kept;
}

/* --- which frames ------------------------------------------------------------------ */

START_TEST(windows_touch_by_default)
{
    make((CopClipWindowOptions){.frames = 3, .stride = 2});
    ck_assert_int_eq(cop_clip_window_span(window), 5);
    push(0, 10);
    ck_assert_str_eq(seen->str, "0:[0,2,4] 1:[5,7,9] ");
    counted(11, 2, 0, 0);
}
END_TEST

START_TEST(a_hop_overlaps_or_leaves_out)
{
    make((CopClipWindowOptions){.frames = 3, .stride = 2, .hop = 2});
    push(0, 8);
    ck_assert_str_eq(seen->str, "0:[0,2,4] 1:[2,4,6] 2:[4,6,8] ");
    cop_clip_window_destroy(&window);
    g_string_truncate(seen, 0);
    make((CopClipWindowOptions){.frames = 2, .hop = 5});
    push(100, 111);
    ck_assert_str_eq(seen->str, "0:[100,101] 1:[105,106] 2:[110,111] ");
}
END_TEST

START_TEST(memory_is_bounded)
{
    make((CopClipWindowOptions){.frames = 4, .stride = 3, .hop = 3});
    int most = 0;
    for (int i = 0; i < 200; i++) {
        push(i, i);
        most = MAX(most, kept());
    }
    ck_assert_int_eq(most, 3); /* every third frame of ten, the fourth completes a window */
    cop_clip_window_destroy(&window);
    make((CopClipWindowOptions){.frames = 4, .hop = 1, .lead = 5, .trail = 2});
    for (int i = 0; i < 200; i++)
        push(i, i);
    ck_assert_int_eq(kept(), 5 + 4 + 2 - 1);
}
END_TEST

START_TEST(frames_around_the_clip)
{
    make((CopClipWindowOptions){.frames = 2, .hop = 2, .lead = 3, .trail = 1});
    push(0, 6);
    ck_assert_str_eq(seen->str, "0:[0,1]2 1:0,1[2,3]4 2:1,2,3[4,5]6 ");
    push(7, 7);
    cop_clip_window_end(window); /* frame 7 is the clip's last: what lies behind never comes */
    pull();
    ck_assert_str_eq(seen->str, "0:[0,1]2 1:0,1[2,3]4 2:1,2,3[4,5]6 3:3,4,5[6,7] ");
    counted(8, 4, 0, 0);
}
END_TEST

START_TEST(hops_in_time)
{
    make((CopClipWindowOptions){.frames = 2, .hop_us = 100000});
    push(0, 9); /* 40 ms a frame: starts at 0, 120, 200 and 320 ms */
    ck_assert_str_eq(seen->str, "0:[0,1] 1:[3,4] 2:[5,6] 3:[8,9] ");
}
END_TEST

START_TEST(strides_in_time)
{
    /* 25 frames a second counted in 10: as floor(2.5 j). */
    make((CopClipWindowOptions){.frames = 4, .fps = 10, .hop = 5});
    push(0, 13);
    ck_assert_str_eq(seen->str, "0:[0,2,5,7] 1:[5,7,10,12] ");
    /* A camera that gives fewer than are asked for shows some twice. */
    cop_clip_window_destroy(&window);
    g_string_truncate(seen, 0);
    make((CopClipWindowOptions){.frames = 4, .fps = 50});
    push(0, 3);
    ck_assert_str_eq(seen->str, "0:[0,0,1,1] ");
}
END_TEST

START_TEST(uneven_times)
{
    make((CopClipWindowOptions){.frames = 4, .fps = 10});
    static const int ms[] = {1000, 1033, 1100, 1101, 1170, 1290, 1330};
    for (int i = 0; i < (int)G_N_ELEMENTS(ms); i++)
        push_at(i, ms[i] * 1000); /* wanted: 1000, 1100, 1200 (1170), 1300 (1290) */
    ck_assert_str_eq(seen->str, "0:[0,2,4,5] ");
    cop_clip_window_break(window);
    CopFrame frame = clip_frame(COP_PIXEL_GRAY8, 8, 6, 7);
    frame.pts = INT64_MIN;
    ck_assert_int_eq(cop_clip_window_push(window, &frame, &err), COP_ERR_DATA);
    ck_assert_ptr_ne(strstr(err.text, "frame 7"), NULL);
    cop_frame_unref(&frame);
}
END_TEST

/* --- gaps and the end --------------------------------------------------------------- */

START_TEST(a_gap_drops_what_is_not_whole)
{
    make((CopClipWindowOptions){.frames = 3, .hop = 1, .lead = 2});
    push(0, 3);
    push(10, 13);
    ck_assert_str_eq(seen->str, "0:[0,1,2] 1:0[1,2,3] 2:[10,11,12] 3:10[11,12,13] ");
    counted(8, 4, 0, 2);
    cop_clip_window_break(window);
    push(14, 16); /* the index goes on, the stream does not */
    ck_assert_str_eq(seen->str, "0:[0,1,2] 1:0[1,2,3] 2:[10,11,12] 3:10[11,12,13] 4:[14,15,16] ");
    counted(11, 5, 0, 4);
}
END_TEST

START_TEST(another_size_is_a_gap)
{
    make((CopClipWindowOptions){.frames = 2});
    push(0, 2);
    CopFrame frame = clip_frame(COP_PIXEL_GRAY8, 10, 6, 3);
    must(cop_clip_window_push(window, &frame, &err), &err);
    cop_frame_unref(&frame);
    counted(4, 1, 0, 1);
}
END_TEST

static void ends(CopEdgePolicy policy, bool pads, int frames, const char *want)
{
    make((CopClipWindowOptions){.frames = 4, .stride = 2, .hop = 4, .pad = pads, .policy = policy});
    push(0, frames - 1);
    cop_clip_window_end(window);
    pull();
    ck_assert_str_eq(seen->str, want);
    CopClipWindowCounts counts;
    cop_clip_window_counts(window, &counts);
    ck_assert_int_eq(counts.kept, 0);
    cop_clip_window_destroy(&window);
    g_string_truncate(seen, 0);
}

START_TEST(the_end_pads_or_drops)
{
    ends(COP_EDGE_LOOP, false, 9, "0:[0,2,4,6] ");
    ends(COP_EDGE_ERROR, true, 9, "0:[0,2,4,6] ");
    ends(COP_EDGE_REPEAT_LAST, true, 9, "0:[0,2,4,6] 1:[4,6,8,8]p ");
    ends(COP_EDGE_REPEAT, true, 9, "0:[0,2,4,6] 1:[4,6,8,8]p ");
    ends(COP_EDGE_LOOP, true, 3, "0:[0,2,0,2]p ");
    ends(COP_EDGE_WRAP, true, 5, "0:[0,2,4,0]p ");
    /* Frames 0 to 6 were shown: the draft from 4 on has nothing new. */
    ends(COP_EDGE_LOOP, true, 7, "0:[0,2,4,6] ");
    ends(COP_EDGE_LOOP, true, 0, "");
}
END_TEST

START_TEST(a_new_stream_follows_the_end)
{
    make((CopClipWindowOptions){.frames = 2, .pad = true});
    push(0, 2);
    cop_clip_window_end(window);
    pull();
    push(0, 1);
    ck_assert_str_eq(seen->str, "0:[0,1] 1:[2,2]p 2:[0,1] ");
    counted(5, 3, 1, 0);
}
END_TEST

/* --- what is kept ------------------------------------------------------------------- */

static const CopPrepare crop = {
    .resize_h = 12, .resize_w = 16, .crop = 10, .mean = {0.4, 0.5, 0.6}, .std = {0.2, 0.3, 0.25}};

START_TEST(prepared_pictures_are_the_lanes_numbers)
{
    make((CopClipWindowOptions){.frames = 3, .prepare = &crop});
    CopArena *arena;
    CopTensor x, y;
    ck_assert_int_eq(cop_arena_create(&arena, 0), COP_OK);
    ck_assert_int_eq(cop_tensor_create(&x, arena, 1, 3, 3, 10, 10, (CopHalo){0}), COP_OK);
    ck_assert_int_eq(cop_tensor_create(&y, arena, 1, 3, 3, 10, 10, (CopHalo){0}), COP_OK);
    for (int i = 0; i < 3; i++) {
        CopFrame frame = clip_frame(COP_PIXEL_I420, 33, 21, i);
        must(cop_clip_window_push(window, &frame, &err), &err);
        const CopCropBox box = cop_prepare_centre(&crop, 33, 21);
        ck_assert_int_eq(cop_prepare_frame(&crop, &frame, box, &x, 0, i), COP_OK);
        cop_frame_unref(&frame);
    }
    CopLiveWindow *w = cop_clip_window_pull(window);
    float *clip = g_new(float, 3 * 3 * 100);
    for (int t = 0; t < 3; t++) {
        ck_assert_ptr_eq(w->picture[t]->frame.plane[0], NULL);
        for (int c = 0; c < 3; c++)
            memcpy(clip + (c * 3 + t) * 100, w->picture[t]->prepared + c * 100, 100 * sizeof *clip);
    }
    cop_tensor_load_lane(&y, 0, clip);
    for (int c = 0; c < 3; c++)
        for (int t = 0; t < 3; t++)
            for (int i = 0; i < 100; i++)
                ck_assert(*cop_tensor_at(&x, 0, c, t, i / 10, i % 10) ==
                          *cop_tensor_at(&y, 0, c, t, i / 10, i % 10));
    g_free(clip);
    cop_live_window_unref(&w);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(frames_are_shared_not_copied)
{
    make((CopClipWindowOptions){.frames = 2, .hop = 1});
    CopFrame frame[3];
    clip_make(frame, 3, COP_PIXEL_NV12, 16, 8, 0);
    for (int i = 0; i < 3; i++)
        must(cop_clip_window_push(window, &frame[i], &err), &err);
    CopLiveWindow *a = cop_clip_window_pull(window), *b = cop_clip_window_pull(window);
    ck_assert_ptr_eq(a->picture[1], b->picture[0]);
    ck_assert_ptr_eq(a->picture[1]->frame.plane[0], frame[1].plane[0]);
    CopLiveWindow *again = cop_live_window_ref(a);
    cop_live_window_unref(&a);
    ck_assert(clip_same_pixels(&again->picture[0]->frame, &frame[0]));
    cop_live_window_unref(&again);
    cop_live_window_unref(&b);
    cop_live_window_unref(&b);
    clip_free(frame, 3);
}
END_TEST

START_TEST(refused_n)
{
    static const CopClipWindowOptions bad[] = {
        {.frames = 0},
        {.frames = 5000},
        {.frames = 4, .stride = -1},
        {.frames = 4, .hop = -1},
        {.frames = 4, .hop_us = -1},
        {.frames = 4, .fps = -1},
        {.frames = 4, .fps = 0.0 / 0.0},
        {.frames = 4, .stride = 2, .lead = 1},
        {.frames = 4, .fps = 10, .trail = 1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        CopError why = {0};
        ck_assert_int_eq(cop_clip_window_create(&window, &bad[i], &why), COP_ERR_ARG);
        ck_assert_ptr_eq(window, NULL);
        ck_assert(why.text[0]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_window");
    TCase *tests = tcase_create("windows");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, windows_touch_by_default);
    tcase_add_test(tests, a_hop_overlaps_or_leaves_out);
    tcase_add_test(tests, memory_is_bounded);
    tcase_add_test(tests, frames_around_the_clip);
    tcase_add_test(tests, hops_in_time);
    tcase_add_test(tests, strides_in_time);
    tcase_add_test(tests, uneven_times);
    tcase_add_test(tests, a_gap_drops_what_is_not_whole);
    tcase_add_test(tests, another_size_is_a_gap);
    tcase_add_test(tests, the_end_pads_or_drops);
    tcase_add_test(tests, a_new_stream_follows_the_end);
    tcase_add_test(tests, prepared_pictures_are_the_lanes_numbers);
    tcase_add_test(tests, frames_are_shared_not_copied);
    tcase_add_test(tests, refused_n);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
