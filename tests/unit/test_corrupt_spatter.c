/* Spatter: edges, distances, what water and mud cover.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>

#include "pipeline/corrupt/canny.h"
#include "pipeline/corrupt/spatter_mask.h"
#include "tests/corrupt_clip.h"
#include "tests/weather_help.h"

/* --- spatter ---------------------------------------------------------------------------- */

START_TEST(canny_finds_a_step_and_its_weak_end)
{
    enum { W = 24, H = 16 };
    uint8_t grey[H][W], edge[H][W];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            grey[y][x] = (uint8_t)(x < 12 ? 0 : y < 8 ? 100 : 20); /* strength 400, below 80 */
    ck_assert_int_eq(cop_canny(&grey[0][0], W, H, 50, 150, &edge[0][0]), COP_OK);
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < W; x++)
            ck_assert_int_eq(edge[y][x], x == 11 ? 255 : 0);
    for (int y = 11; y < H; y++) /* weak, but connected */
        ck_assert_int_eq(edge[y][11], 255);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            grey[y][x] = (uint8_t)(x < 12 ? 0 : 20); /* weak all along */
    ck_assert_int_eq(cop_canny(&grey[0][0], W, H, 50, 150, &edge[0][0]), COP_OK);
    for (int i = 0; i < W * H; i++)
        ck_assert_int_eq((&edge[0][0])[i], 0);
}
END_TEST

START_TEST(distances_are_sums_of_steps)
{
    enum { W = 13, H = 11 };
    uint8_t edge[H][W] = {{0}};
    float distance[H][W];
    edge[5][6] = 255;
    ck_assert_int_eq(cop_spatter_distance(&edge[0][0], W, H, 100, &distance[0][0]), COP_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const int dx = abs(x - 6), dy = abs(y - 5);
            const int longer = dx > dy ? dx : dy, shorter = dx < dy ? dx : dy;
            /* Knight's steps first, then straight or diagonal ones. */
            const double want = 2 * shorter <= longer
                                    ? shorter * 2.1969 + (longer - 2 * shorter)
                                    : (longer - shorter) * 2.1969 + (2 * shorter - longer) * 1.4;
            ck_assert_msg(fabs((double)distance[y][x] - want) < 1e-3, "(%d, %d): %g, not %g", dx,
                          dy, (double)distance[y][x], want);
        }
    edge[5][6] = 0;
    ck_assert_int_eq(cop_spatter_distance(&edge[0][0], W, H, 20, &distance[0][0]), COP_OK);
    for (int i = 0; i < W * H; i++)
        ck_assert((&distance[0][0])[i] == 20); /* no edge anywhere */
}
END_TEST

/* Where nothing passes the threshold the original divides 0 by 0. */
START_TEST(nothing_spattered_changes_nothing)
{
    const char *const params[] = {"threshold=9", "threshold=9, mud=true"};
    for (int i = 0; i < 2; i++) {
        CopCorrupt *corrupt = weather_make("spatter", 2, COP_TEMPORAL_STATIC, NULL, params[i]);
        for (int level = 0; level < 256; level += 51) {
            CopFrame frame = weather_seen(corrupt, 31, 17, level, 0);
            ck_assert(fabs(weather_at(&frame, 8, 9) - level) <= 1); /* single precision, cut */
            clip_free(&frame, 1);
        }
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* Water only adds, and more of the colour's green than of its red; mud hides all. */
START_TEST(water_is_light_and_mud_is_dark)
{
    CopCorrupt *water = weather_make("spatter", 3, COP_TEMPORAL_STATIC, NULL, NULL);
    CopCorrupt *mud = weather_make("spatter", 5, COP_TEMPORAL_STATIC, NULL, NULL);
    CopFrame a = weather_seen(water, 128, 96, 100, 0), b = weather_seen(mud, 128, 96, 200, 0);
    int wet = 0, hidden = 0;
    for (int y = 0; y < 96; y++)
        for (int x = 0; x < 128; x++) {
            const uint8_t *p = a.plane[0] + y * a.stride[0] + 3 * x;
            const uint8_t *q = b.plane[0] + y * b.stride[0] + 3 * x;
            ck_assert(p[0] >= 99 && p[1] >= p[0] && p[1] == p[2]);
            wet += p[1] > 105;
            hidden += q[0] < 104 && q[1] < 84 && q[2] < 62; /* 0.8 or more of mud */
        }
    ck_assert(wet > 300 && wet < 128 * 96 / 2);
    ck_assert(hidden > 300 && hidden < 128 * 96 / 2);
    clip_free(&a, 1);
    clip_free(&b, 1);
    cop_corrupt_destroy(&water);
    cop_corrupt_destroy(&mud);
}
END_TEST

/* Share of the picture under water or mud, and its edges for each pixel. */
static void measure(int severity, int side, double *share, double *edges)
{
    enum { CLIPS = 12 };
    *share = *edges = 0;
    for (uint32_t clip = 0; clip < CLIPS; clip++) {
        CopCorrupt *corrupt = weather_make("spatter", severity, COP_TEMPORAL_STATIC, NULL, NULL);
        ck_assert_int_eq(cop_corrupt_reset(corrupt, clip), COP_OK);
        CopFrame frame = weather_seen(corrupt, side, side, 130, 0);
        for (int y = 0; y < side; y++)
            for (int x = 1; x < side; x++) {
                const bool wet = fabs(weather_at(&frame, x, y) - 130) > 5;
                *share += wet / (CLIPS * (double)side * side);
                const bool beside = fabs(weather_at(&frame, x - 1, y) - 130) > 5;
                *edges += (wet != beside) / (CLIPS * (double)side * side);
            }
        clip_free(&frame, 1);
        cop_corrupt_destroy(&corrupt);
    }
}

/* At twice the size as much is covered, by drops twice as large, with half the edges. */
START_TEST(spatter_grows_with_the_picture)
{
    double share[2], edges[2];
    measure(_i, 224, &share[0], &edges[0]);
    measure(_i, 448, &share[1], &edges[1]);
    ck_assert_msg(fabs(share[1] / share[0] - 1) < 0.25, "%g at 224, %g at 448", share[0], share[1]);
    ck_assert_msg(fabs(2 * edges[1] / edges[0] - 1) < 0.3, "%g at 224, %g at 448", edges[0],
                  edges[1]);
}
END_TEST

/* Whole pixels of creep move the mask exactly; after all rows of the torus it is back. */
START_TEST(spatter_creeps_down)
{
    enum { W = 80, H = 60, ROWS = H + H / 2 + 16 };
    static const char *const params[] = {"creep=3", "creep=3, mud=true, mud_sigma=1"};
    for (int i = 0; i < 2; i++) {
        CopCorrupt *corrupt = weather_make("spatter", 3, COP_TEMPORAL_COHERENT, NULL, params[i]);
        CopFrame a = weather_seen(corrupt, W, H, 90, 5), b = weather_seen(corrupt, W, H, 90, 12);
        CopFrame around = weather_seen(corrupt, W, H, 90, 5 + ROWS);
        ck_assert(clip_same_pixels(&a, &around));
        ck_assert(!clip_same_pixels(&a, &b));
        for (int y = 0; y + 21 < H; y++)
            for (int x = 0; x < W; x++)
                ck_assert(weather_at(&a, x, y) == weather_at(&b, x, y + 21));
        clip_free(&a, 1);
        clip_free(&b, 1);
        clip_free(&around, 1);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* A creeping mask covers as much as one that stays, and has no seam: rows that meet there
 * are as close as any. */
START_TEST(creeping_spatter_has_no_seam)
{
    enum { W = 96, H = 64, ROWS = H + H / 2 + 16 };
    CopCorrupt *corrupt = weather_make("spatter", 2, COP_TEMPORAL_COHERENT, NULL, "creep=1");
    double inside = 0, across = 0;
    for (uint32_t clip = 0; clip < 8; clip++) {
        ck_assert_int_eq(cop_corrupt_reset(corrupt, clip), COP_OK);
        CopFrame frame = weather_seen(corrupt, W, H, 90, H / 2); /* row 0 of the torus: H / 2 */
        for (int x = 0; x < W; x++) {
            across += fabs(weather_at(&frame, x, H / 2) - weather_at(&frame, x, H / 2 - 1));
            for (int y = 1; y < H; y++)
                inside += fabs(weather_at(&frame, x, y) - weather_at(&frame, x, y - 1)) / (H - 1);
        }
        clip_free(&frame, 1);
    }
    ck_assert_msg(across < 1.8 * inside && across > 0.4 * inside, "%g across the seam, %g inside",
                  across, inside);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_spatter");
    TCase *tc = tcase_create("weather");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, canny_finds_a_step_and_its_weak_end);
    tcase_add_test(tc, distances_are_sums_of_steps);
    tcase_add_test(tc, nothing_spattered_changes_nothing);
    tcase_add_test(tc, water_is_light_and_mud_is_dark);
    tcase_add_loop_test(tc, spatter_grows_with_the_picture, 2, 6);
    tcase_add_test(tc, spatter_creeps_down);
    tcase_add_test(tc, creeping_spatter_has_no_seam);
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
