/* Blurs of pictures against slow, plain versions in doubles, and closed forms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/defocus_kernel.h"
#include "pipeline/corrupt/flat_map.h"
#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/motion_line.h"
#include "pipeline/corrupt/whole_levels.h"
#include "tests/corrupt_clip.h"
#include "tests/picture_help.h"

/* Element i of row y, the border repeated or mirrored */
static int at(const CopFrame *frame, int y, int i, CopBorder border)
{
    const int x = (int)floor(i / 3.0), channel = i - 3 * x;
    return frame->plane[0][cop_border_index(y, frame->height, border) * frame->stride[0] +
                           3 * cop_border_index(x, frame->width, border) + channel];
}

static const int sizes[][2] = {{1, 1}, {7, 5}, {3, 40}, {90, 31}, {300, 40}};
enum { SIZES = 5 };

/* --- what a float cannot decide ----------------------------------------------------- */

START_TEST(whole_levels_are_cut_and_marked)
{
    const float level[] = {-3,     -0.001f, 0,      0.001f, 0.5f,    0.999f,
                           1.001f, 17.25f,  254.9f, 255,    255.05f, 300};
    const uint8_t want[] = {0, 0, 0, 0, 0, 0, 1, 17, 254, 255, 255, 255};
    const uint8_t close[] = {0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0};
    uint8_t y[12], near[12];
    ck_assert(cop_whole_levels(y, near, level, 0.01f, 12));
    ck_assert(memcmp(y, want, 12) == 0);
    ck_assert(memcmp(near, close, 12) == 0);
    ck_assert(!cop_whole_levels(y, near, level + 7, 0.01f, 2));
    ck_assert(!cop_whole_levels(y, near, level, 0.01f, 5)); /* 0 on either side of 0 */
}
END_TEST

typedef struct Asked {
    int exact, v;
    int flat_end; /* elements below it hang on one colour */
    unsigned way; /* how those above are flat */
} Asked;

static uint8_t answer_exactly(void *filter, int v, int i)
{
    Asked *asked = filter;
    asked->exact++;
    ck_assert_int_eq(v, asked->v);
    return (uint8_t)(i % 50 + 100);
}

static unsigned answer_flat(void *filter, int channel, int v, int first, int last)
{
    const Asked *asked = filter;
    ck_assert(v == asked->v && first <= last);
    ck_assert_int_eq(channel, first < last ? -1 : first % 3);
    return last < asked->flat_end ? COP_FLAT : first < asked->flat_end ? 0 : asked->way;
}

/* Elements 200 .. 599 of a row: flat and on a level up to 332, then in the middle of levels
 * but for each seventh, which lies a hair below one. */
enum { CUT_FIRST = 200, CUT_N = 400, CUT_FLAT = 333 };

/* Cuts row 1 of y [2][CUT_N] */
static void cut_row(Asked *asked, uint8_t *y, ptrdiff_t stride)
{
    static uint8_t source[2][CUT_FIRST + CUT_N];
    static float level[CUT_N];
    for (int i = 0; i < CUT_N; i++) {
        const bool flat = CUT_FIRST + i < CUT_FLAT;
        source[1][CUT_FIRST + i] = (uint8_t)(flat ? 30 + i % 3 : 0);
        level[i] = flat ? 31.0001f : i % 7 ? 77.5f : 76.9999f;
    }
    CopFlatMap map = {.x = source[0], .stride = sizeof source[0]};
    const CopCut by = {asked, 0.001f, answer_exactly, &map, answer_flat, stride};
    cop_cut_row(&by, y + CUT_N, level, 1, CUT_FIRST, CUT_N);
}

START_TEST(rows_are_cut_by_who_can_decide)
{
    static uint8_t rows[2 * CUT_N], *const y = rows + CUT_N;
    Asked asked = {.v = 1, .flat_end = CUT_FLAT};
    cut_row(&asked, rows, 0);
    int exact = 3; /* once for each of three levels, wherever it is met first */
    const uint8_t known[3] = {y[0], y[1], y[2]};
    for (int i = 0; i < CUT_N; i++) {
        if (CUT_FIRST + i < CUT_FLAT) {
            ck_assert_uint_eq(y[i], known[i % 3]);
        } else if (i % 7) {
            ck_assert_uint_eq(y[i], 77);
        } else {
            ck_assert_uint_eq(y[i], (unsigned)((CUT_FIRST + i) % 50 + 100));
            exact++;
        }
    }
    ck_assert_int_eq(asked.exact, exact);
}
END_TEST

/* Where rows or columns are alike, what comes before holds, if the filter is the same there. */
START_TEST(rows_are_cut_by_what_comes_before)
{
    static uint8_t rows[2 * CUT_N], *const y = rows + CUT_N;
    static const struct {
        unsigned way;
        ptrdiff_t stride, from; /* 0: they are decided one by one */
    } cases[] = {{COP_FLAT_DOWN, CUT_N, CUT_N}, {COP_FLAT_ALONG, CUT_N, 3}, {COP_FLAT_DOWN, 0, 0}};
    for (int c = 0; c < 3; c++) {
        Asked asked = {.v = 1, .flat_end = CUT_FLAT, .way = cases[c].way};
        for (int i = 0; i < CUT_N; i++)
            rows[i] = (uint8_t)(i % 90);
        cut_row(&asked, rows, cases[c].stride);
        for (int i = CUT_FLAT - CUT_FIRST + 64; i < CUT_N; i++) /* what straddles is not */
            if (i % 7)
                ck_assert_uint_eq(y[i], 77);
            else if (cases[c].from)
                ck_assert_uint_eq(y[i], y[i - cases[c].from]);
            else
                ck_assert_uint_eq(y[i], (unsigned)((CUT_FIRST + i) % 50 + 100));
    }
}
END_TEST

/* What the map says once so much was asked that it read the picture */
static unsigned ask(CopFlatMap *map, int channel, const int box[4])
{
    unsigned flat = 0;
    for (int i = 0; i < 1000; i++)
        flat = cop_flat_map_ask(map, channel, box[0], box[1], box[2], box[3]);
    return flat;
}

START_TEST(flat_map_finds_what_does_not_change)
{
    static const struct {
        int box[4], channel;
        unsigned flat;
    } asked[] = {
        /* blue differs at (12, 6), red in rows 8 and 9, green in columns 17 to 19 */
        {{-5, 11, -5, 7}, -1, COP_FLAT},
        {{0, 16, 0, 5}, -1, COP_FLAT},
        {{12, 12, 6, 6}, -1, 0},
        {{12, 12, 6, 6}, 0, COP_FLAT},
        {{13, 14, 6, 6}, -1, COP_FLAT_DOWN}, /* differs from the column before */
        {{0, 16, 0, 7}, -1, 0},
        {{0, 16, 0, 7}, 1, COP_FLAT},
        {{0, 16, 0, 7}, 2, 0},
        {{0, 99, 0, 5}, -1, COP_FLAT_DOWN},
        {{0, 99, 0, 5}, 2, COP_FLAT},
        {{0, 11, 0, 99}, -1, COP_FLAT_ALONG},
        {{0, 11, 0, 99}, 0, COP_FLAT_ALONG},
        {{0, 11, 0, 99}, 1, COP_FLAT},
        {{14, 99, 8, 9}, 0, COP_FLAT_ALONG},
        {{14, 99, 9, 9}, 0, COP_FLAT},
        {{14, 99, 7, 9}, 1, COP_FLAT_DOWN},
        {{14, 99, 7, 9}, -1, 0},
    };
    CopFrame frame = picture_flat(20, 10, 9);
    for (int v = 0; v < 10; v++)
        for (int u = 0; u < 20; u++) {
            uint8_t *x = frame.plane[0] + v * frame.stride[0] + 3 * u;
            x[0] = (uint8_t)(v < 8 ? 9 : 20);
            x[1] = (uint8_t)(u < 17 ? 9 : 30);
            x[2] = (uint8_t)(u == 12 && v == 6 ? 10 : 9);
        }
    CopFlatMap map = {0};
    cop_flat_map_start(&map, frame.plane[0], frame.stride[0], 20, 10);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const unsigned flat = ask(&map, asked[i].channel, asked[i].box);
        ck_assert_msg(flat == asked[i].flat, "question %zu: %u", i, flat);
    }
    cop_flat_map_start(&map, frame.plane[0], frame.stride[0], 20, 10);
    ck_assert(!cop_flat_map_ask(&map, -1, 0, 5, 0, 5)); /* too early to be worth it */
    cop_flat_map_free(&map);
    clip_free(&frame, 1);
}
END_TEST

/* --- motion blur --------------------------------------------------------------------- */

static void plain_line(CopFrame *out, const CopFrame *in, double radius, double sigma, double angle)
{
    const double turn = angle * acos(-1) / 180;
    const int taps = 2 * (int)ceil(radius) + 1;
    double sum = 0;
    for (int k = 0; k < taps; k++)
        sum += exp(-k * k / (2 * sigma * sigma));
    for (int y = 0; y < in->height; y++)
        for (int i = 0; i < 3 * in->width; i++) {
            double level = 0;
            for (int k = 0; k < taps; k++)
                level += exp(-k * k / (2 * sigma * sigma)) / sum * 257 *
                         at(in, y + (int)ceil(k * sin(turn) - 0.5),
                            i + 3 * (int)ceil(k * cos(turn) - 0.5), COP_BORDER_REPLICATE);
            out->plane[0][y * out->stride[0] + i] = (uint8_t)(floor(level + 0.5) / 257);
        }
}

START_TEST(motion_blur_equals_the_plain_sum)
{
    const double angles[] = {0, 17, -44, 90, 133, -91, 180};
    for (int size = 0; size < SIZES; size++)
        for (int k = 0; k < 7; k++) {
            const double radius = 2.5 + 4 * k, sigma = 1 + 3 * k;
            CopFrame in = picture_rough(sizes[size][0], sizes[size][1]);
            CopFrame want = picture_flat(in.width, in.height, 0);
            plain_line(&want, &in, radius, sigma, angles[k]);
            ck_assert_int_eq(cop_motion_line(in.plane[0], 3, in.width, in.height, in.stride[0],
                                             radius, sigma, angles[k]),
                             COP_OK);
            ck_assert_msg(picture_differ(&in, &want) == 0, "%d wide, angle %g: %d bytes differ",
                          in.width, angles[k], picture_differ(&in, &want));
            clip_free(&in, 1);
            clip_free(&want, 1);
        }
}
END_TEST

START_TEST(one_plane_is_blurred_as_a_colour_is)
{
    enum { W = 41, H = 23 };
    CopFrame rgb = picture_rough(W, H);
    uint8_t plane[W * H];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            plane[y * W + x] = rgb.plane[0][y * rgb.stride[0] + 3 * x + 1];
    ck_assert_int_eq(cop_motion_line(plane, 1, W, H, W, 9, 4, 30), COP_OK);
    ck_assert_int_eq(cop_motion_line(rgb.plane[0], 3, W, H, rgb.stride[0], 9, 4, 30), COP_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            ck_assert_uint_eq(plane[y * W + x], rgb.plane[0][y * rgb.stride[0] + 3 * x + 1]);
    clip_free(&rgb, 1);
}
END_TEST

/* Each pixel sees what lies ahead of it at angle 0: a point drags a tail to the left. */
START_TEST(motion_blur_has_one_tail)
{
    CopFrame frame = picture_flat(41, 9, 0);
    memset(frame.plane[0] + 4 * frame.stride[0] + 3 * 20, 255, 3);
    picture_corrupt("motion_blur", "radius=10, sigma=3, angle=0, spread=0", &frame);
    double sum = 0;
    for (int k = 0; k <= 20; k++)
        sum += exp(-k * k / 18.0);
    for (int y = 0; y < 9; y++)
        for (int x = 0; x < 41; x++) {
            const int k = 20 - x;
            const double want = y == 4 && k >= 0 ? 255 * exp(-k * k / 18.0) / sum : 0;
            ck_assert_int_eq(frame.plane[0][y * frame.stride[0] + 3 * x],
                             (int)(floor(257 * want + 0.5) / 257));
        }
    clip_free(&frame, 1);
}
END_TEST

/* Lines and Gaussians of no length, disks of one pixel, no copies, no shuffling */
START_TEST(nothing_leaves_the_picture)
{
    static const char *const nothing[][2] = {{"motion_blur", "sigma=0"},
                                             {"motion_blur", "radius=0"},
                                             {"gaussian_blur", "sigma=0.12"},
                                             {"defocus_blur", "radius=0, alias_sigma=0"},
                                             {"zoom_blur", "stop=1"},
                                             {"zoom_blur", "stop=1.005, step=0.01"},
                                             {"glass_blur", "sigma=0, delta=0"},
                                             {"glass_blur", "sigma=0.05, passes=0"},
                                             {"pixelate", "scale=1"},
                                             {"pixelate", "scale=0, block=0"}};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        CopFrame in = picture_rough(37, 21), out = picture_rough(37, 21);
        picture_corrupt(nothing[i][0], nothing[i][1], &out);
        ck_assert_msg(picture_differ(&in, &out) == 0, "%s, %s", nothing[i][0], nothing[i][1]);
        clip_free(&in, 1);
        clip_free(&out, 1);
    }
}
END_TEST

/* --- Gaussian blur ------------------------------------------------------------------- */

START_TEST(gaussian_blur_equals_the_plain_sum)
{
    const double sigmas[] = {0.5, 0.75, 2, 3.3, 11};
    for (int size = 0; size < SIZES; size++)
        for (int s = 0; s < 5; s++) {
            const double sigma = sigmas[s];
            const int r = (int)(4 * sigma + 0.5);
            CopFrame in = picture_rough(sizes[size][0], sizes[size][1]);
            double weight[2 * 44 + 1], sum = 0, *column;
            for (int k = -r; k <= r; k++)
                sum += weight[k + r] = exp(-0.5 * k * k / (sigma * sigma));
            const int n = 3 * in.width;
            column = malloc((size_t)(n * in.height) * sizeof *column);
            for (int y = 0; y < in.height; y++)
                for (int i = 0; i < n; i++) {
                    double level = 0;
                    for (int k = -r; k <= r; k++)
                        level += weight[k + r] / sum * at(&in, y + k, i, COP_BORDER_REPLICATE);
                    column[y * n + i] = level;
                }
            CopFrame out = picture_rough(in.width, in.height);
            char params[64];
            snprintf(params, sizeof params, "sigma=%g", sigma);
            picture_corrupt("gaussian_blur", params, &out);
            for (int y = 0; y < in.height; y++)
                for (int i = 0; i < n; i++) {
                    double level = 0;
                    for (int k = -r; k <= r; k++) {
                        const int x = cop_border_index(i / 3 + k, in.width, COP_BORDER_REPLICATE);
                        level += weight[k + r] / sum * column[y * n + 3 * x + i % 3];
                    }
                    const int seen = out.plane[0][y * out.stride[0] + i];
                    /* a whole level but for rounding errors may fall either way */
                    const double off = level - seen;
                    ck_assert_msg(off > -1e-9 && off < 1 + 1e-9, "%g at %d, %d: %d for %.12f",
                                  sigma, y, i, seen, level);
                }
            free(column);
            clip_free(&in, 1);
            clip_free(&out, 1);
        }
}
END_TEST

/* A flat picture keeps its level, or the one below where weights round to less than 1. */
START_TEST(flat_pictures_stay_flat)
{
    static const char *const blurs[][2] = {{"gaussian_blur", "sigma=2.5"},
                                           {"zoom_blur", "stop=1.16"},
                                           {"defocus_blur", "radius=4, alias_sigma=0.5"}};
    for (int i = 0; i < 3; i++)
        for (int level = 0; level < 256; level += 5) {
            CopFrame frame = picture_flat(70, 33, level);
            picture_corrupt(blurs[i][0], blurs[i][1], &frame);
            const int seen = frame.plane[0][0];
            ck_assert_msg(seen == level || seen == level - 1, "%s: %d for %d", blurs[i][0], seen,
                          level);
            CopFrame want = picture_flat(70, 33, seen);
            ck_assert_msg(picture_differ(&frame, &want) == 0, "%s at %d", blurs[i][0], level);
            clip_free(&frame, 1);
            clip_free(&want, 1);
        }
}
END_TEST

/* Zoomed copies of a flat picture are all the same, and the mean of twelve and the picture
 * is a chain of 32-bit floats: which level it falls to is theirs, too. */
START_TEST(zoom_blur_adds_floats)
{
    int below = 0;
    for (int level = 0; level < 256; level++) {
        const float own = (float)(level / 255.0);
        float sum = 0;
        for (int k = 0; k < 12; k++)
            sum += own;
        const int want = (int)((own + sum) / 13 * 255);
        CopFrame frame = picture_flat(40, 30, level), expected = picture_flat(40, 30, want);
        picture_corrupt("zoom_blur", "stop=1.11, step=0.01", &frame);
        ck_assert_msg(picture_differ(&frame, &expected) == 0, "level %d", level);
        below += want < level;
        clip_free(&frame, 1);
        clip_free(&expected, 1);
    }
    ck_assert_int_gt(below, 0); /* or this tests nothing */
}
END_TEST

/* --- defocus blur -------------------------------------------------------------------- */

/* The kernel's own grid mirrors what leaves it: a gain, where the disk touches its end. */
START_TEST(defocus_blur_has_a_gain)
{
    static const struct {
        double radius, soft, sum;
        int reach;
    } kernels[] = {{3, 0.1, 1, 8},      {8, 0.5, 1.0130, 8},   {10, 0.5, 1.0108, 10},
                   {8.5, 0.5, 1, 11},   {7, 0.5, 1.0029, 8},   {0.5, 0.6, 1, 8},
                   {32.14, 1.6, 1, 35}, {12, 0.5, 1.00775, 12}};
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        CopDefocusKernel kernel;
        ck_assert_int_eq(cop_defocus_kernel(&kernel, kernels[i].radius, kernels[i].soft), COP_OK);
        ck_assert_int_eq(kernel.reach, kernels[i].reach);
        const int side = 2 * kernel.reach + 1;
        double sum = 0;
        for (int k = 0; k < side * side; k++)
            sum += (double)kernel.weight[k];
        ck_assert_msg(fabs(sum - kernels[i].sum) < 5e-5, "radius %g: sum %.6f", kernels[i].radius,
                      sum);
        cop_defocus_kernel_free(&kernel);
    }
    CopFrame frame = picture_flat(30, 30, 200), want = picture_flat(30, 30, 202);
    picture_corrupt("defocus_blur", "radius=8, alias_sigma=0.5", &frame);
    ck_assert_int_eq(picture_differ(&frame, &want), 0);
    clip_free(&frame, 1);
    clip_free(&want, 1);
}
END_TEST

START_TEST(defocus_blur_equals_the_plain_sum)
{
    static const double radii[] = {0.5, 1, 3, 8, 8.6, 10, 21.4},
                        softs[] = {0.6, 0.1, 0.1, 0.5, 0.4, 0.5, 1};
    for (int size = 0; size < SIZES; size++)
        for (int s = 0; s < 7; s++) {
            CopDefocusKernel kernel;
            ck_assert_int_eq(cop_defocus_kernel(&kernel, radii[s], softs[s]), COP_OK);
            const int r = kernel.reach, side = 2 * r + 1;
            CopFrame in = picture_rough(sizes[size][0], sizes[size][1]),
                     out = picture_rough(in.width, in.height);
            char params[64];
            snprintf(params, sizeof params, "radius=%g, alias_sigma=%g", radii[s], softs[s]);
            picture_corrupt("defocus_blur", params, &out);
            for (int y = 0; y < in.height; y++)
                for (int i = 0; i < 3 * in.width; i++) {
                    double level = 0;
                    for (int dy = -r; dy <= r; dy++)
                        for (int dx = -r; dx <= r; dx++)
                            if (kernel.weight[(dy + r) * side + dx + r] > 0)
                                level += (double)kernel.weight[(dy + r) * side + dx + r] *
                                         at(&in, y + dy, i + 3 * dx, COP_BORDER_REFLECT_101);
                    ck_assert_msg(out.plane[0][y * out.stride[0] + i] == (int)fmin(level, 255),
                                  "%s in %d columns, row %d, %d: %.9f", params, in.width, y, i,
                                  level);
                }
            cop_defocus_kernel_free(&kernel);
            clip_free(&in, 1);
            clip_free(&out, 1);
        }
}
END_TEST

/* --- zoom blur ----------------------------------------------------------------------- */

/* One axis by the original's words: the middle cropped, stretched end to end, and the
 * middle of that kept. */
static double position(int i, int size, double factor)
{
    const int kept = (int)ceil(size / factor), zoomed = (int)nearbyint(kept * factor);
    const int trim = (zoomed - size) / 2, crop = (size - kept) / 2;
    return crop + (zoomed > 1 ? fmin((i + trim) * (kept - 1.0) / (zoomed - 1), kept - 1) : i);
}

START_TEST(zoom_blur_equals_the_plain_mean)
{
    static const double stops[] = {1.06, 1.11, 1.21, 1.9}, steps[] = {0.01, 0.01, 0.02, 0.1};
    static const int counts[] = {7, 12, 11, 9};
    for (int size = 0; size < SIZES; size++)
        for (int s = 0; s < 4; s++) {
            CopFrame in = picture_rough(sizes[size][0], sizes[size][1]),
                     out = picture_rough(in.width, in.height);
            char params[64];
            snprintf(params, sizeof params, "stop=%g, step=%g", stops[s], steps[s]);
            picture_corrupt("zoom_blur", params, &out);
            for (int y = 0; y < in.height; y++)
                for (int i = 0; i < 3 * in.width; i++) {
                    double sum = in.plane[0][y * in.stride[0] + i];
                    for (int k = 0; k < counts[s]; k++) {
                        const double factor = 1 + k * (1 + steps[s] - 1); /* arange's float */
                        const double down = position(y, in.height, factor);
                        const double across = position(i / 3, in.width, factor);
                        const int row = (int)down, column = 3 * (int)across + i % 3;
                        const double v = down - row, u = across - (int)across;
                        sum += (1 - v) * (1 - u) * at(&in, row, column, COP_BORDER_REPLICATE) +
                               (1 - v) * u * at(&in, row, column + 3, COP_BORDER_REPLICATE) +
                               v * (1 - u) * at(&in, row + 1, column, COP_BORDER_REPLICATE) +
                               v * u * at(&in, row + 1, column + 3, COP_BORDER_REPLICATE);
                    }
                    /* the original's floats leave this much open */
                    const double off = sum / (counts[s] + 1) - out.plane[0][y * out.stride[0] + i];
                    ck_assert_msg(off > -5e-4 && off < 1 + 5e-4, "%s, %d columns, %d, %d: %g",
                                  params, in.width, y, i, off);
                }
            clip_free(&in, 1);
            clip_free(&out, 1);
        }
}
END_TEST

/* Whatever the options allow ends, and soon. */
START_TEST(extremes_end)
{
    static const char *const extremes[][2] = {
        {"motion_blur", "radius=1024, sigma=10000"},
        {"gaussian_blur", "sigma=256"},
        {"defocus_blur", "radius=127, alias_sigma=100"},
        {"defocus_blur", "radius=8.0001, alias_sigma=0"},
        {"zoom_blur", "stop=2, step=0.005"},
        {"glass_blur", "sigma=256, delta=256, passes=16"},
        {"glass_blur", "sigma=0.2, delta=15, passes=16"},
        {"pixelate", "scale=0.0000001"},
        {"pixelate", "scale=0, block=16384"},
        {"jpeg_compression", "quality=1"},
    };
    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
        for (int size = 0; size < SIZES; size++) {
            CopFrame frame = picture_rough(sizes[size][0], sizes[size][1]);
            picture_corrupt(extremes[i][0], extremes[i][1], &frame);
            clip_free(&frame, 1);
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_blur");
    TCase *tc = tcase_create("blurs");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, whole_levels_are_cut_and_marked);
    tcase_add_test(tc, rows_are_cut_by_who_can_decide);
    tcase_add_test(tc, rows_are_cut_by_what_comes_before);
    tcase_add_test(tc, flat_map_finds_what_does_not_change);
    tcase_add_test(tc, motion_blur_equals_the_plain_sum);
    tcase_add_test(tc, one_plane_is_blurred_as_a_colour_is);
    tcase_add_test(tc, motion_blur_has_one_tail);
    tcase_add_test(tc, nothing_leaves_the_picture);
    tcase_add_test(tc, gaussian_blur_equals_the_plain_sum);
    tcase_add_test(tc, flat_pictures_stay_flat);
    tcase_add_test(tc, zoom_blur_adds_floats);
    tcase_add_test(tc, defocus_blur_has_a_gain);
    tcase_add_test(tc, defocus_blur_equals_the_plain_sum);
    tcase_add_test(tc, zoom_blur_equals_the_plain_mean);
    tcase_add_test(tc, extremes_end);
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
