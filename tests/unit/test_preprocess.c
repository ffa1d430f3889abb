/* Resize, crop, normalise against torchvision's numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/convert.h"
#include "pipeline/media/preprocess.h"
#include "tests/golden/preprocess_golden.h"
#include "tests/media_help.h"

static const CopPrepare plain = {.mean = {0.43216, 0.394666, 0.37645},
                                 .std = {0.22803, 0.22145, 0.216989}};

/* Positions below 32 are known to half a unit in the last place of 16..32, once
 * an axis; two interpolations of values up to one round 8 times; then comes the
 * division by the smallest deviation, and two roundings of results below 4. */
static const double tolerance = (2 * 0x1p-20 + 8 * 0x1p-24) / 0.216989 + 2 * 0x1p-23;

static void make_tensor(CopTensor *x, CopArena **arena, int n, int t, int h, int w)
{
    ck_assert_int_eq(cop_arena_create(arena, 64 << 20), COP_OK);
    ck_assert_int_eq(cop_tensor_create(x, *arena, n, 3, t, h, w, (CopHalo){1, 1, 1, 1, 1, 1}),
                     COP_OK);
}

START_TEST(torchvision_values)
{
    const CopPrepare prepare = {.resize_h = golden_cases[_i].resize_h,
                                .resize_w = golden_cases[_i].resize_w,
                                .crop = golden_cases[_i].crop,
                                .mean = {plain.mean[0], plain.mean[1], plain.mean[2]},
                                .std = {plain.std[0], plain.std[1], plain.std[2]}};
    const int width = golden_cases[_i].width, height = golden_cases[_i].height;
    int h, w;
    cop_prepare_size(&prepare, width, height, &h, &w);
    ck_assert_int_eq(h, golden_cases[_i].out_h);
    ck_assert_int_eq(w, golden_cases[_i].out_w);
    CopCropBox box = cop_prepare_centre(&prepare, width, height);
    box.flip = golden_cases[_i].flip;

    CopFrame frame;
    CopArena *arena;
    CopTensor x;
    help_make(&frame, COP_PIXEL_RGB, width, height, (unsigned)_i);
    make_tensor(&x, &arena, 18, 2, h, w);
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, box, &x, 17, 1), COP_OK);
    const float *want = golden_values + golden_cases[_i].offset;
    double worst = 0.0;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++) {
                const float *lanes = cop_tensor_at(&x, 1, c, 1, i, j);
                worst = fmax(worst, fabs((double)lanes[1] - (double)*want++));
                ck_assert(lanes[0] == 0.0f && lanes[2] == 0.0f); /* neighbours are left alone */
                ck_assert(cop_tensor_at(&x, 1, c, 0, i, j)[1] == 0.0f);
            }
    ck_assert_msg(worst <= tolerance, "off by %g, allowed %g", worst, tolerance);

    /* The 8-bit picture is the same thing, rounded. */
    CopFrame picture;
    ck_assert_int_eq(cop_prepare_picture(&prepare, &frame, box, &picture), COP_OK);
    want = golden_values + golden_cases[_i].offset;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++) {
                const double exact = 255.0 * ((double)*want++ * prepare.std[c] + prepare.mean[c]);
                ck_assert(fabs(exact - picture.plane[0][i * picture.stride[0] + 3 * j + c]) <=
                          0.5 + 255.0 * tolerance);
            }
    cop_frame_unref(&picture);
    cop_frame_unref(&frame);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(torchvision_sizes)
{
    for (size_t i = 0; i < sizeof golden_sizes / sizeof golden_sizes[0]; i++) {
        CopPrepare prepare = plain;
        int h, w;
        prepare.resize_h = golden_sizes[i].side;
        cop_prepare_size(&prepare, golden_sizes[i].width, golden_sizes[i].height, &h, &w);
        ck_assert_int_eq(h, golden_sizes[i].resized_h);
        ck_assert_int_eq(w, golden_sizes[i].resized_w);
        prepare.crop = golden_sizes[i].crop;
        const CopCropBox box =
            cop_prepare_centre(&prepare, golden_sizes[i].width, golden_sizes[i].height);
        ck_assert_int_eq(box.top, golden_sizes[i].top);
        ck_assert_int_eq(box.left, golden_sizes[i].left);
        cop_prepare_size(&prepare, golden_sizes[i].width, golden_sizes[i].height, &h, &w);
        ck_assert(h == prepare.crop && w == prepare.crop);
    }
}
END_TEST

/* Rows are converted one at a time: the result is that of converting the whole frame. */
START_TEST(every_format)
{
    CopPrepare prepare = plain;
    prepare.resize_h = 12;
    prepare.crop = 10;
    for (int format = COP_PIXEL_NONE + 1; format < COP_PIXEL_COUNT; format++) {
        CopFrame frame, rgb, a, b;
        help_make(&frame, (CopPixelFormat)format, 41, 27, 5);
        frame.index = 8;
        ck_assert_int_eq(cop_convert_new(&rgb, COP_PIXEL_RGB, &frame), COP_OK);
        const CopCropBox box = cop_prepare_centre(&prepare, 41, 27);
        ck_assert_int_eq(cop_prepare_picture(&prepare, &frame, box, &a), COP_OK);
        ck_assert_int_eq(cop_prepare_picture(&prepare, &rgb, box, &b), COP_OK);
        for (int y = 0; y < 10; y++)
            ck_assert(memcmp(a.plane[0] + y * a.stride[0], b.plane[0] + y * b.stride[0], 30) == 0);
        ck_assert(a.index == 8);
        cop_frame_unref(&frame);
        cop_frame_unref(&rgb);
        cop_frame_unref(&a);
        cop_frame_unref(&b);
    }
}
END_TEST

/* Without resize, picture() then normalise() is frame(), to the bit. */
START_TEST(two_steps)
{
    CopPrepare prepare = plain;
    prepare.crop = 9;
    CopFrame frame, picture;
    CopArena *arena;
    CopTensor x;
    help_make(&frame, COP_PIXEL_I420, 15, 12, 2);
    make_tensor(&x, &arena, 2, 1, 9, 9);
    const CopCropBox box = {.top = 3, .left = 6, .flip = true};
    ck_assert_int_eq(cop_prepare_picture(&prepare, &frame, box, &picture), COP_OK);
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, box, &x, 0, 0), COP_OK);
    cop_prepare_normalise(&prepare, &picture, &x, 1, 0);
    for (int c = 0; c < 3; c++)
        for (int h = 0; h < 9; h++)
            for (int w = 0; w < 9; w++) {
                const float *lanes = cop_tensor_at(&x, 0, c, 0, h, w);
                ck_assert(lanes[0] == lanes[1]);
            }
    cop_frame_unref(&frame);
    cop_frame_unref(&picture);
    cop_arena_destroy(&arena);
}
END_TEST

/* A pad is black, and changes nothing of the picture: a box that reaches into it shows what the
 * whole picture has there, shifted. As torchvision's RandomCrop(padding) before ToTensor(). */
START_TEST(a_pad_is_black)
{
    enum { PAD = 4, H = 12, W = 15 };
    static const int resizes[][2] = {{0, 0}, {H, W}, {9, 20}};
    CopFrame frame;
    help_make(&frame, COP_PIXEL_I420, W, H, 6);
    for (size_t i = 0; i < sizeof resizes / sizeof resizes[0]; i++) {
        CopPrepare prepare = plain;
        prepare.resize_h = resizes[i][0];
        prepare.resize_w = resizes[i][1];
        int h, w;
        cop_prepare_size(&prepare, W, H, &h, &w);
        float *whole = malloc((size_t)(2 * 3 * h * w) * sizeof *whole), *got = whole + 3 * h * w;
        ck_assert_int_eq(cop_prepare_values(&prepare, &frame, (CopCropBox){0}, whole), COP_OK);
        for (int top = -PAD; top <= PAD; top += 2)
            for (int left = -PAD; left <= PAD; left++) {
                const CopCropBox box = {.top = top, .left = left, .flip = left % 2, .pad = PAD};
                ck_assert_int_eq(cop_prepare_values(&prepare, &frame, box, got), COP_OK);
                for (int k = 0; k < 3 * h * w; k++) {
                    const int c = k / (h * w), y = k / w % h + top;
                    const int x = (box.flip ? w - 1 - k % w : k % w) + left;
                    const bool inside = y >= 0 && y < h && x >= 0 && x < w;
                    const float black = (0 - (float)plain.mean[c]) / (float)plain.std[c];
                    ck_assert(got[k] == (inside ? whole[(c * h + y) * w + x] : black));
                }
            }
        free(whole);
    }
    cop_frame_unref(&frame);
}
END_TEST

START_TEST(refusals_n)
{
    CopFrame frame, thin, out;
    CopArena *arena;
    CopTensor x;
    help_make(&frame, COP_PIXEL_RGB, 20, 10, 1);
    help_make(&thin, COP_PIXEL_GRAY8, 2000, 1, 1);
    make_tensor(&x, &arena, 1, 2, 8, 8);
    CopPrepare prepare = plain;
    prepare.crop = 8;
    const CopCropBox inside = {.top = 2, .left = 12};
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, inside, &x, 0, 0), COP_OK);
    static const CopCropBox outside[] = {{3, 0, false, 0},  {0, 13, false, 0}, {-1, 0, false, 0},
                                         {0, -1, false, 0}, {5, 0, false, 2},  {0, 15, false, 2},
                                         {-3, 0, false, 2}, {0, -3, false, 2}, {0, 0, false, -1}};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, outside[i], &x, 0, 0), COP_ERR_ARG);
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, inside, &x, 0, 2), COP_ERR_SHAPE);
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, inside, &x, 16, 0), COP_ERR_SHAPE);
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, inside, &x, -1, 0), COP_ERR_SHAPE);
    prepare.crop = 7;
    ck_assert_int_eq(cop_prepare_frame(&prepare, &frame, inside, &x, 0, 0), COP_ERR_SHAPE);
    prepare.crop = 11;
    ck_assert_int_eq(cop_prepare_picture(&prepare, &frame, (CopCropBox){0}, &out), COP_ERR_ARG);
    ck_assert_ptr_eq(out.buffer, NULL);
    prepare.crop = 8;
    prepare.resize_h = 16; /* 2000 x 1 becomes 32000 x 16 */
    ck_assert_int_eq(cop_prepare_picture(&prepare, &thin, (CopCropBox){0}, &out), COP_ERR_ARG);
    cop_frame_unref(&frame);
    cop_frame_unref(&thin);
    cop_arena_destroy(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("preprocess");
    TCase *tc = tcase_create("preprocess");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, torchvision_values, 0,
                        (int)(sizeof golden_cases / sizeof golden_cases[0]));
    tcase_add_test(tc, torchvision_sizes);
    tcase_add_test(tc, every_format);
    tcase_add_test(tc, two_steps);
    tcase_add_test(tc, a_pad_is_black);
    tcase_add_test(tc, refusals_n);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
