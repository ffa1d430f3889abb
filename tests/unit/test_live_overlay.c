/* The overlay: what is kept looks like what is drawn anew, nothing leaves the frame, and frames of
 * all formats show the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/live/overlay.h"
#include "pipeline/live/overlay_feed.h"
#include "pipeline/media/convert.h"
#include "tests/corrupt_clip.h"
#include "tests/live_help.h"
#include "tests/net_help.h"

static const int sizes[][2] = {{640, 480}, {1920, 1080}, {161, 121}, {719, 243}, {240, 400}};

static const double severity[] = {0, 1, 3, 5}, score[] = {0.9, 0.8, NAN, 0.3};

static CopOverlayPredictions predictions(void)
{
    return (CopOverlayPredictions){.model = "dense s1",
                                   .note = "18 ms",
                                   .n = 3,
                                   .top = {{"walking", 0.7},
                                           {"a class whose name is far too long for a card", 0.2},
                                           {"M\xC3\xBCller \xE6\xBC\xA2 \xFF", 0.1}}};
}

static CopOverlayRobustness robustness(const CopFrame *clean, const CopFrame *corrupt)
{
    CopOverlayRobustness content = {.clean = clean,
                                    .corrupt = corrupt,
                                    .corruption = "gaussian_noise",
                                    .severity = 2.5,
                                    .measure = "accuracy",
                                    .note = "label: walking",
                                    .n_models = 2};
    for (int m = 0; m < 2; m++)
        content.model[m] = (CopOverlayModel){.name = m ? "rigl" : "dense",
                                             .clean = {"walking", 0.9},
                                             .corrupt = {"running", 0.4},
                                             .clean_verdict = COP_VERDICT_RIGHT,
                                             .corrupt_verdict = COP_VERDICT_WRONG,
                                             .robust = m ? NAN : 0.5,
                                             .severity = severity,
                                             .score = score,
                                             .points = 4};
    return content;
}

/* A copy of the sheet; g_free() it. */
static uint8_t *copy_sheet(CopOverlay *overlay, gsize *size)
{
    int stride;
    CopCanvas *canvas = cop_overlay_canvas(overlay);
    const uint8_t *pixels = cop_canvas_pixels(canvas, &stride);
    *size = (gsize)stride * (gsize)cop_canvas_height(canvas);
    return g_memdup2(pixels, *size);
}

static void open_overlay(CopOverlay **overlay, int i)
{
    ck_assert_int_eq(cop_overlay_create(overlay, sizes[i][0], sizes[i][1]), COP_OK);
}

/* --- drawing -------------------------------------------------------------------------- */

START_TEST(kept_words_look_like_new_ones)
{
    CopOverlay *overlay;
    gsize size;
    open_overlay(&overlay, _i);
    CopFrame clean = clip_frame(COP_PIXEL_RGB, 112, 112, 1);
    CopFrame corrupt = clip_frame(COP_PIXEL_RGB, 112, 112, 5);
    const CopOverlayPredictions p = predictions();
    const CopOverlayRobustness r = robustness(&clean, &corrupt);
    uint8_t *sheet[2][4];
    long rendered[4];
    for (int i = 0; i < 4; i++) { /* the two sides take turns, so each is drawn new, then kept */
        cop_overlay_show_predictions(overlay, &p);
        sheet[0][i] = copy_sheet(overlay, &size);
        rendered[i] = cop_canvas_rendered(cop_overlay_canvas(overlay));
        cop_overlay_clear(overlay); /* history is empty again */
    }
    ck_assert(rendered[0] > 0 && rendered[2] == rendered[0]);
    for (int i = 0; i < 4; i++) {
        cop_overlay_show_robustness(overlay, &r);
        sheet[1][i] = copy_sheet(overlay, &size);
        if (i == 2)
            cop_canvas_forget(cop_overlay_canvas(overlay));
        cop_overlay_clear(overlay);
    }
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 4; i++) {
            ck_assert(memcmp(sheet[k][i], sheet[k][0], size) == 0);
            if (i)
                g_free(sheet[k][i]);
        }
    ck_assert(memcmp(sheet[0][0], sheet[1][0], size) != 0);
    g_free(sheet[0][0]);
    g_free(sheet[1][0]);
    cop_frame_unref(&clean);
    cop_frame_unref(&corrupt);
    cop_overlay_destroy(&overlay);
    ck_assert_ptr_eq(overlay, NULL);
    cop_overlay_destroy(&overlay);
}
END_TEST

/* How many rectangles hold a pixel. */
static int covers(const CopCanvas *canvas, int x, int y)
{
    const CopCanvasRect *rect;
    const int n = cop_canvas_rects(canvas, &rect);
    int count = 0;
    for (int i = 0; i < n; i++)
        count += x >= rect[i].x && y >= rect[i].y && x < rect[i].x + rect[i].w &&
                 y < rect[i].y + rect[i].h;
    return count;
}

/* Rectangles hold all that was drawn, lie in the frame, and say opaque where it is. */
static void check_sheet(CopOverlay *overlay)
{
    int stride, drawn = 0, outside = 0, twice = 0, clear = 0;
    CopCanvas *canvas = cop_overlay_canvas(overlay);
    const uint8_t *pixels = cop_canvas_pixels(canvas, &stride);
    const CopCanvasRect *rect;
    for (int y = 0; y < cop_canvas_height(canvas); y++)
        for (int x = 0; x < cop_canvas_width(canvas); x++) {
            const bool some = pixels[y * stride + 4 * x + 3] != 0;
            const int held = covers(canvas, x, y);
            drawn += some;
            outside += some && held == 0;
            twice += held > 1; /* it would be blended twice */
        }
    ck_assert_int_gt(drawn, 0);
    ck_assert_int_eq(outside, 0);
    ck_assert_int_eq(twice, 0);
    const int n = cop_canvas_rects(canvas, &rect);
    for (int i = 0; i < n; i++) {
        const CopCanvasRect *r = &rect[i];
        ck_assert(r->x >= 0 && r->y >= 0 && r->x % 2 == 0 && r->y % 2 == 0);
        ck_assert(r->x + r->w <= cop_canvas_width(canvas));
        ck_assert(r->y + r->h <= cop_canvas_height(canvas));
        for (int y = r->y; r->opaque && y < r->y + r->h; y++)
            for (int x = r->x; x < r->x + r->w; x++)
                clear += pixels[y * stride + 4 * x + 3] != 255;
    }
    ck_assert_int_eq(clear, 0);
}

START_TEST(nothing_outside_the_frame)
{
    CopOverlay *overlay;
    open_overlay(&overlay, _i);
    CopFrame small = clip_frame(COP_PIXEL_RGB, 112, 112, 1);
    CopFrame own = clip_frame(COP_PIXEL_I420, sizes[_i][0], sizes[_i][1], 5);
    const CopOverlayPredictions p = predictions();
    cop_overlay_show_predictions(overlay, &p);
    check_sheet(overlay);
    CopOverlayRobustness r = robustness(&small, &small);
    cop_overlay_show_robustness(overlay, &r);
    check_sheet(overlay);
    r = robustness(NULL, &own);
    cop_overlay_show_robustness(overlay, &r);
    check_sheet(overlay);
    cop_frame_unref(&small);
    cop_frame_unref(&own);
    cop_overlay_destroy(&overlay);
}
END_TEST

/* Light words on a dark card, wider where the label is longer. */
static int ink(const char *label)
{
    CopOverlay *overlay;
    int stride, n = 0;
    open_overlay(&overlay, 0);
    const CopOverlayPredictions p = {.model = "", .n = 1, .top = {{label, 0}}};
    cop_overlay_show_predictions(overlay, &p);
    const uint8_t *pixels = cop_canvas_pixels(cop_overlay_canvas(overlay), &stride);
    for (int y = 0; y < 480; y++)
        for (int x = 0; x < 200; x++)
            n += pixels[y * stride + 4 * x] > 200 && pixels[y * stride + 4 * x + 2] > 200;
    cop_overlay_destroy(&overlay);
    return n;
}

START_TEST(words_are_there)
{
    const int none = ink(""), few = ink("ab"), more = ink("abab abab");
    ck_assert_int_eq(none, 0);
    ck_assert_int_gt(few, 10);
    ck_assert_int_gt(more, 3 * few);
}
END_TEST

START_TEST(too_small_to_be_read)
{
    CopOverlay *overlay;
    ck_assert_int_eq(cop_overlay_create(&overlay, 96, 64), COP_OK);
    const CopOverlayPredictions p = predictions();
    cop_overlay_show_predictions(overlay, &p);
    CopFrame frame = clip_frame(COP_PIXEL_I420, 96, 64, 0), same;
    ck_assert_int_eq(cop_convert_new(&same, COP_PIXEL_I420, &frame), COP_OK);
    ck_assert_int_eq(cop_overlay_draw(overlay, &frame), COP_OK);
    ck_assert(clip_same_pixels(&frame, &same));
    cop_frame_unref(&frame);
    cop_frame_unref(&same);
    cop_overlay_destroy(&overlay);
    ck_assert_int_eq(cop_overlay_create(&overlay, 8, 64), COP_ERR_ARG);
    ck_assert_ptr_eq(overlay, NULL);
}
END_TEST

/* --- blending ------------------------------------------------------------------------- */

/* The sheet over an RGB frame by the textbook, in double. */
static void blend_by_hand(CopOverlay *overlay, const CopFrame *rgb)
{
    int stride;
    const uint8_t *sheet = cop_canvas_pixels(cop_overlay_canvas(overlay), &stride);
    for (int y = 0; y < rgb->height; y++)
        for (int x = 0; x < rgb->width; x++) {
            const uint8_t *s = sheet + y * stride + 4 * x;
            uint8_t *d = rgb->plane[0] + y * rgb->stride[0] + 3 * x;
            for (int c = 0; c < 3; c++)
                d[c] = (uint8_t)lround(fmin(255, s[2 - c] + d[c] * (255 - s[3]) / 255.0));
        }
}

/* Largest difference of two RGB frames. */
static int farthest(const CopFrame *a, const CopFrame *b)
{
    int most = 0;
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < 3 * a->width; x++)
            most = MAX(most,
                       abs(a->plane[0][y * a->stride[0] + x] - b->plane[0][y * b->stride[0] + x]));
    return most;
}

static double mean_distance(const CopFrame *a, const CopFrame *b)
{
    return sqrt(clip_mse(a, b, 1));
}

/* To blend and to convert may change places, as far as rounding goes and, where chroma is halved,
 * coverage is the same in its pixels. */
static void check_luma(const CopFrame *like, const CopFrame *shown, const CopFrame *hand)
{
    CopFrame there, back;
    ck_assert_int_eq(cop_frame_alloc(&there, like->format, like->width, like->height), COP_OK);
    there.colour = like->colour;
    cop_convert(&there, hand);
    ck_assert_int_eq(cop_convert_new(&back, COP_PIXEL_RGB, &there), COP_OK);
    ck_assert_msg(mean_distance(shown, &back) < 1.5, "%s: %g", cop_pixel_format_name(like->format),
                  mean_distance(shown, &back));
    if (like->format == COP_PIXEL_GRAY8 || like->format == COP_PIXEL_I444)
        ck_assert_int_le(farthest(shown, &back), 6);
    cop_frame_unref(&there);
    cop_frame_unref(&back);
}

START_TEST(every_format_shows_the_same)
{
    static const int w = 323, h = 241; /* odd both ways */
    CopOverlay *overlay;
    ck_assert_int_eq(cop_overlay_create(&overlay, w, h), COP_OK);
    CopFrame small = clip_frame(COP_PIXEL_RGB, 60, 60, 1);
    const CopOverlayRobustness r = robustness(&small, &small);
    cop_overlay_show_robustness(overlay, &r);
    CopFrame source = clip_frame(COP_PIXEL_GRAY8, w, h, 3), hand;
    ck_assert_int_eq(cop_convert_new(&hand, COP_PIXEL_RGB, &source), COP_OK);
    blend_by_hand(overlay, &hand);
    for (int format = COP_PIXEL_GRAY8; format < COP_PIXEL_COUNT; format++)
        for (int range = 0; range < (format < COP_PIXEL_RGB ? 2 : 1); range++) {
            CopFrame frame, shown;
            ck_assert_int_eq(cop_frame_alloc(&frame, (CopPixelFormat)format, w, h), COP_OK);
            frame.colour = (CopColour){COP_MATRIX_BT709, (CopRange)range};
            if (format == COP_PIXEL_RGBX || format == COP_PIXEL_BGRX)
                memset(frame.plane[0], 77, (size_t)frame.stride[0] * (size_t)h);
            cop_convert(&frame, &source);
            const uint8_t fourth = frame.plane[0][3];
            ck_assert_int_eq(cop_overlay_draw(overlay, &frame), COP_OK);
            ck_assert_int_eq(cop_convert_new(&shown, COP_PIXEL_RGB, &frame), COP_OK);
            if (format >= COP_PIXEL_RGB)
                ck_assert_int_le(farthest(&shown, &hand), 1);
            else
                check_luma(&frame, &shown, &hand);
            if (format >= COP_PIXEL_RGBX)
                for (int y = 0; y < h; y++)
                    for (int x = 0; x < w; x++)
                        ck_assert(frame.plane[0][y * frame.stride[0] + 4 * x + 3] == fourth);
            cop_frame_unref(&shown);
            cop_frame_unref(&frame);
        }
    CopFrame other = clip_frame(COP_PIXEL_I420, w + 1, h, 0);
    ck_assert_int_eq(cop_overlay_draw(overlay, &other), COP_ERR_SHAPE);
    cop_frame_unref(&other);
    cop_frame_unref(&small);
    cop_frame_unref(&source);
    cop_frame_unref(&hand);
    cop_overlay_destroy(&overlay);
}
END_TEST

/* New content loaded behind the frames is what loading it for a frame gives. */
START_TEST(the_back_is_ready_for_the_next_frame)
{
    CopOverlay *a, *b;
    open_overlay(&a, 3);
    open_overlay(&b, 3);
    const CopOverlayPredictions p = predictions();
    CopFrame first = clip_frame(COP_PIXEL_NV12, 719, 243, 0), x, y;
    x = clip_frame(COP_PIXEL_NV12, 719, 243, 1);
    y = clip_frame(COP_PIXEL_NV12, 719, 243, 1);
    ck_assert_int_eq(cop_overlay_draw(a, &first), COP_OK); /* a knows the format before */
    cop_overlay_show_predictions(a, &p);
    cop_overlay_show_predictions(b, &p);
    ck_assert_int_eq(cop_overlay_draw(a, &x), COP_OK);
    ck_assert_int_eq(cop_overlay_draw(b, &y), COP_OK);
    ck_assert(clip_same_pixels(&x, &y));
    CopFrame bare = clip_frame(COP_PIXEL_NV12, 719, 243, 1);
    ck_assert(!clip_same_pixels(&x, &bare));
    cop_overlay_clear(a);
    cop_frame_copy_pixels(&x, &bare);
    ck_assert_int_eq(cop_overlay_draw(a, &x), COP_OK);
    ck_assert(clip_same_pixels(&x, &bare));
    cop_frame_unref(&first);
    cop_frame_unref(&bare);
    cop_frame_unref(&x);
    cop_frame_unref(&y);
    cop_overlay_destroy(&a);
    cop_overlay_destroy(&b);
}
END_TEST

/* --- answers -------------------------------------------------------------------------- */

static CopOverlay *fed;
static CopLiveGrid *live;
static int n_fed, n_blank;

static void answered(void *ctx, const CopLiveGridAnswer *answer)
{
    const CopCanvasRect *rects;
    (void)ctx;
    cop_overlay_feed_robustness(fed, live, answer);
    n_fed++;
    n_blank += cop_canvas_rects(cop_overlay_canvas(fed), &rects) < 3;
}

START_TEST(answers_are_shown_while_frames_are_drawn)
{
    CopError err = {0};
    live_set_up();
    const char *const models[] = {live_model('a'), live_model('b')};
    const CopLiveGridCalls calls = {answered, NULL, NULL};
    const CopLiveGridOptions options = {.models = models,
                                        .n_models = 2,
                                        .corruptions = "brightness:1,3,contrast:5",
                                        .stage = COP_STAGE_INPUT,
                                        .hop = 1,
                                        .threads = 1,
                                        .pictures = true};
    must(cop_live_grid_create(&live, &options, &calls, &err), &err);
    ck_assert_int_eq(cop_overlay_create(&fed, 320, 240), COP_OK);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < GRID_FRAMES; i++) {
            CopFrame shown = clip_frame(COP_PIXEL_I420, 320, 240, i);
            must(cop_live_grid_push(live, live_frame(i), NULL, &err), &err);
            ck_assert_int_eq(cop_overlay_draw(fed, &shown), COP_OK);
            cop_frame_unref(&shown);
        }
        cop_live_grid_end(live);
    }
    ck_assert_int_gt(n_fed, 4);
    ck_assert_int_eq(n_blank, 0);
    cop_live_grid_destroy(&live);
    cop_overlay_destroy(&fed);
    live_tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_overlay");
    TCase *tests = tcase_create("overlay");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, kept_words_look_like_new_ones, 0, G_N_ELEMENTS(sizes));
    tcase_add_loop_test(tests, nothing_outside_the_frame, 0, G_N_ELEMENTS(sizes));
    tcase_add_test(tests, words_are_there);
    tcase_add_test(tests, too_small_to_be_read);
    tcase_add_test(tests, every_format_shows_the_same);
    tcase_add_test(tests, the_back_is_ready_for_the_next_frame);
    tcase_add_test(tests, answers_are_shown_while_frames_are_drawn);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
