/* Frames: sizes, sharing, borrowing, limits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/frame.h"
#include "tests/media_help.h"

START_TEST(plane_sizes)
{
    static const struct {
        CopPixelFormat format;
        int width, height, planes, plane, row_bytes, rows;
    } rows[] = {
        {COP_PIXEL_GRAY8, 5, 3, 1, 0, 5, 3},        {COP_PIXEL_I420, 5, 3, 3, 0, 5, 3},
        {COP_PIXEL_I420, 5, 3, 3, 1, 3, 2},         {COP_PIXEL_I420, 4, 4, 3, 2, 2, 2},
        {COP_PIXEL_I422, 5, 3, 3, 2, 3, 3},         {COP_PIXEL_I444, 5, 3, 3, 1, 5, 3},
        {COP_PIXEL_NV12, 5, 3, 2, 0, 5, 3},         {COP_PIXEL_NV12, 5, 3, 2, 1, 6, 2},
        {COP_PIXEL_NV12, 1, 1, 2, 1, 2, 1},         {COP_PIXEL_RGB, 5, 3, 1, 0, 15, 3},
        {COP_PIXEL_BGR, 16384, 1, 1, 0, 49152, 1},  {COP_PIXEL_RGBX, 5, 3, 1, 0, 20, 3},
        {COP_PIXEL_BGRX, 1, 16384, 1, 0, 4, 16384},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int row_bytes, n;
        ck_assert_int_eq(cop_pixel_format_planes(rows[i].format), rows[i].planes);
        cop_plane_size(rows[i].format, rows[i].width, rows[i].height, rows[i].plane, &row_bytes,
                       &n);
        ck_assert_int_eq(row_bytes, rows[i].row_bytes);
        ck_assert_int_eq(n, rows[i].rows);
    }
}
END_TEST

START_TEST(names)
{
    for (int i = 0; i < COP_PIXEL_COUNT; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(cop_pixel_format_name((CopPixelFormat)i),
                             cop_pixel_format_name((CopPixelFormat)j));
    ck_assert_str_eq(cop_pixel_format_name(COP_PIXEL_I420), "i420");
    ck_assert_str_eq(cop_pixel_format_name((CopPixelFormat)99), "none");
    ck_assert_int_eq(cop_pixel_format_planes((CopPixelFormat)-1), 0);
}
END_TEST

/* Every byte of every plane can be written, planes do not overlap, and a vector
 * read past the last byte stays inside (the sanitizer build sees to both). */
START_TEST(memory)
{
    static const int sizes[][2] = {{1, 1}, {2, 1}, {3, 5}, {64, 2}, {65, 63}, {385, 289}};
    for (int format = COP_PIXEL_NONE + 1; format < COP_PIXEL_COUNT; format++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            CopFrame frame, copy;
            ck_assert_int_eq(
                cop_frame_alloc(&frame, (CopPixelFormat)format, sizes[s][0], sizes[s][1]), COP_OK);
            ck_assert_int_eq(
                cop_frame_alloc(&copy, (CopPixelFormat)format, sizes[s][0], sizes[s][1]), COP_OK);
            for (int p = 0; p < cop_pixel_format_planes(frame.format); p++) {
                ck_assert_uint_eq((uintptr_t)frame.plane[p] % 64, 0);
                ck_assert_int_eq(frame.stride[p] % 64, 0);
            }
            ck_assert(frame.pts == INT64_MIN);
            help_fill(&frame, (unsigned)s);
            cop_frame_copy_pixels(&copy, &frame);
            ck_assert(help_equal(&frame, &copy));
            const int last = cop_pixel_format_planes(frame.format) - 1;
            int row_bytes, rows;
            cop_plane_size(frame.format, frame.width, frame.height, last, &row_bytes, &rows);
            uint8_t vector[64];
            memcpy(vector, frame.plane[last] + (rows - 1) * frame.stride[last] + row_bytes - 1, 64);
            cop_frame_unref(&frame);
            cop_frame_unref(&copy);
        }
}
END_TEST

START_TEST(limits_n)
{
    static const int sizes[][2] = {
        {0, 1}, {1, 0}, {-1, 5}, {5, -1}, {16385, 1}, {1, 16385}, {INT_MAX, INT_MAX}, {INT_MIN, 4}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        CopFrame frame;
        memset(&frame, 0x55, sizeof frame);
        ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_RGBX, sizes[s][0], sizes[s][1]),
                         COP_ERR_ARG);
        ck_assert_ptr_eq(frame.buffer, NULL);
        ck_assert_ptr_eq(frame.plane[0], NULL);
    }
    CopFrame frame;
    ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_NONE, 4, 4), COP_ERR_ARG);
    ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_COUNT, 4, 4), COP_ERR_ARG);
}
END_TEST

START_TEST(sharing)
{
    CopFrame a, b;
    ck_assert_int_eq(cop_frame_alloc(&a, COP_PIXEL_I420, 7, 5), COP_OK);
    help_fill(&a, 1);
    a.index = 12;
    a.pts = 34;
    a.colour = (CopColour){COP_MATRIX_BT709, COP_RANGE_FULL};
    ck_assert_int_eq(cop_frame_ref(&b, &a), COP_OK);
    ck_assert_ptr_eq(b.plane[0], a.plane[0]);
    ck_assert_int_eq(cop_frame_make_writable(&b), COP_OK);
    ck_assert_ptr_ne(b.plane[0], a.plane[0]);
    ck_assert(b.index == 12 && b.pts == 34 && b.colour.matrix == COP_MATRIX_BT709 &&
              b.colour.range == COP_RANGE_FULL);
    ck_assert(help_equal(&a, &b));
    b.plane[2][0] ^= 1;
    ck_assert(!help_equal(&a, &b));

    uint8_t *kept = a.plane[0];
    ck_assert_int_eq(cop_frame_make_writable(&a), COP_OK); /* the only owner again */
    ck_assert_ptr_eq(a.plane[0], kept);
    cop_frame_unref(&a);
    cop_frame_unref(&a);
    cop_frame_unref(&b);
    cop_frame_unref(NULL);
}
END_TEST

START_TEST(borrowed)
{
    uint8_t pixels[3 * 100];
    memset(pixels, 7, sizeof pixels);
    const CopFrame lent = {.format = COP_PIXEL_GRAY8,
                           .width = 90,
                           .height = 3,
                           .plane = {pixels},
                           .stride = {100},
                           .index = 5};
    CopFrame kept;
    ck_assert_int_eq(cop_frame_ref(&kept, &lent), COP_OK);
    ck_assert_ptr_ne(kept.plane[0], pixels);
    ck_assert(kept.index == 5);
    memset(pixels, 8, sizeof pixels);
    ck_assert_int_eq(kept.plane[0][2 * kept.stride[0] + 89], 7);
    cop_frame_unref(&kept);

    CopFrame own = lent;
    ck_assert_int_eq(cop_frame_make_writable(&own), COP_OK);
    ck_assert_ptr_ne(own.plane[0], pixels);
    ck_assert_int_eq(own.plane[0][0], 8);
    cop_frame_unref(&own);
}
END_TEST

START_TEST(upside_down)
{
    uint8_t pixels[4 * 8];
    for (int i = 0; i < 32; i++)
        pixels[i] = (uint8_t)i;
    const CopFrame flipped = {
        .format = COP_PIXEL_GRAY8, .width = 8, .height = 4, .plane = {pixels + 24}, .stride = {-8}};
    CopFrame copy;
    ck_assert_int_eq(cop_frame_ref(&copy, &flipped), COP_OK);
    ck_assert_int_eq(copy.plane[0][0], 24);
    ck_assert_int_eq(copy.plane[0][3 * copy.stride[0] + 7], 7);
    cop_frame_unref(&copy);
}
END_TEST

static void *share(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        CopFrame mine;
        if (cop_frame_ref(&mine, arg) != COP_OK)
            return arg;
        cop_frame_unref(&mine);
    }
    return NULL;
}

START_TEST(threads)
{
    CopFrame frame;
    ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_RGB, 8, 8), COP_OK);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, share, &frame), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        ck_assert_ptr_eq(failed, NULL);
    }
    uint8_t *before = frame.plane[0];
    ck_assert_int_eq(cop_frame_make_writable(&frame), COP_OK);
    ck_assert_ptr_eq(frame.plane[0], before); /* a lost count would force a copy */
    cop_frame_unref(&frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frame");
    TCase *tc = tcase_create("frame");
    tcase_add_test(tc, plane_sizes);
    tcase_add_test(tc, names);
    tcase_add_test(tc, memory);
    tcase_add_test(tc, limits_n);
    tcase_add_test(tc, sharing);
    tcase_add_test(tc, borrowed);
    tcase_add_test(tc, upside_down);
    tcase_add_test(tc, threads);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
