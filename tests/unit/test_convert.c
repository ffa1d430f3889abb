/* Colour conversion against the formulas of BT.601 and BT.709 in double, and
 * against swscale.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/convert.h"
#include "tests/media_help.h"

/* One rounding to the nearest level, and three factors of 16 fractional bits that
 * are off by half a unit each. */
static const double tolerance = 0.5 + 3.0 * 0.5 * 255.0 / 65536.0;

static const CopColour colours[] = {{COP_MATRIX_BT601, COP_RANGE_LIMITED},
                                    {COP_MATRIX_BT601, COP_RANGE_FULL},
                                    {COP_MATRIX_BT709, COP_RANGE_LIMITED},
                                    {COP_MATRIX_BT709, COP_RANGE_FULL}};

typedef struct Triple {
    double v[3];
} Triple;

/* BT.601-7 table 3 and BT.709-6 item 3.2 to 3.5, with the decimal factors printed there. */
static Triple encode(Triple rgb, CopColour colour)
{
    const double r = rgb.v[0] / 255.0, g = rgb.v[1] / 255.0, b = rgb.v[2] / 255.0;
    double y, cb, cr;
    if (colour.matrix == COP_MATRIX_BT601) {
        y = 0.299 * r + 0.587 * g + 0.114 * b;
        cb = (b - y) / 1.772;
        cr = (r - y) / 1.402;
    } else {
        y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        cb = (b - y) / 1.8556;
        cr = (r - y) / 1.5748;
    }
    if (colour.range == COP_RANGE_FULL)
        return (Triple){{255.0 * y, 255.0 * cb + 128.0, 255.0 * cr + 128.0}};
    return (Triple){{219.0 * y + 16.0, 224.0 * cb + 128.0, 224.0 * cr + 128.0}};
}

static Triple decode(Triple yuv, CopColour colour)
{
    const int full = colour.range == COP_RANGE_FULL;
    const double y = full ? yuv.v[0] / 255.0 : (yuv.v[0] - 16.0) / 219.0;
    const double cb = (yuv.v[1] - 128.0) / (full ? 255.0 : 224.0);
    const double cr = (yuv.v[2] - 128.0) / (full ? 255.0 : 224.0);
    double r, g, b;
    if (colour.matrix == COP_MATRIX_BT601) {
        r = y + 1.402 * cr;
        b = y + 1.772 * cb;
        g = (y - 0.299 * r - 0.114 * b) / 0.587;
    } else {
        r = y + 1.5748 * cr;
        b = y + 1.8556 * cb;
        g = (y - 0.2126 * r - 0.0722 * b) / 0.7152;
    }
    return (Triple){{255.0 * r, 255.0 * g, 255.0 * b}};
}

static double clamp(double x)
{
    return x < 0.0 ? 0.0 : x > 255.0 ? 255.0 : x;
}

static void make(CopFrame *frame, CopPixelFormat format, int width, int height, CopColour colour)
{
    ck_assert_int_eq(cop_frame_alloc(frame, format, width, height), COP_OK);
    frame->colour = colour;
}

static int is_rgb(CopPixelFormat format)
{
    return format >= COP_PIXEL_RGB;
}

/* Components of one pixel, found plane by plane, as an independent reading of frame.h. */
static Triple pixel(const CopFrame *f, int x, int y)
{
    const int wide =
        f->format == COP_PIXEL_I420 || f->format == COP_PIXEL_I422 || f->format == COP_PIXEL_NV12;
    const int tall = f->format == COP_PIXEL_I420 || f->format == COP_PIXEL_NV12;
    const int cx = wide ? x / 2 : x, cy = tall ? y / 2 : y;
    const uint8_t *row = f->plane[0] + y * f->stride[0];
    switch (f->format) {
    case COP_PIXEL_GRAY8:
        return (Triple){{row[x], 128.0, 128.0}};
    case COP_PIXEL_NV12:
        return (Triple){{row[x], f->plane[1][cy * f->stride[1] + 2 * cx],
                         f->plane[1][cy * f->stride[1] + 2 * cx + 1]}};
    case COP_PIXEL_RGB:
        return (Triple){{row[3 * x], row[3 * x + 1], row[3 * x + 2]}};
    case COP_PIXEL_BGR:
        return (Triple){{row[3 * x + 2], row[3 * x + 1], row[3 * x]}};
    case COP_PIXEL_RGBX:
        return (Triple){{row[4 * x], row[4 * x + 1], row[4 * x + 2]}};
    case COP_PIXEL_BGRX:
        return (Triple){{row[4 * x + 2], row[4 * x + 1], row[4 * x]}};
    default:
        return (Triple){
            {row[x], f->plane[1][cy * f->stride[1] + cx], f->plane[2][cy * f->stride[2] + cx]}};
    }
}

/* The pixel of `from` in the colour space of `to`, not rounded. */
static Triple expected(const CopFrame *to, const CopFrame *from, int x, int y)
{
    Triple v = pixel(from, x, y);
    const int same = is_rgb(to->format) == is_rgb(from->format) &&
                     (is_rgb(to->format) || (to->colour.matrix == from->colour.matrix &&
                                             to->colour.range == from->colour.range));
    if (same)
        return v;
    if (!is_rgb(from->format))
        v = decode(v, from->colour);
    if (!is_rgb(to->format))
        v = encode(v, to->colour);
    return v;
}

static void check_frame(const CopFrame *to, const CopFrame *from)
{
    const int wide = to->format == COP_PIXEL_I420 || to->format == COP_PIXEL_I422 ||
                     to->format == COP_PIXEL_NV12;
    const int tall = to->format == COP_PIXEL_I420 || to->format == COP_PIXEL_NV12;
    double worst = 0.0;
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            const Triple got = pixel(to, x, y);
            Triple want = expected(to, from, x, y);
            if (wide || tall) {
                double sum[3] = {0};
                int n = 0;
                for (int j = tall ? y / 2 * 2 : y;
                     j < to->height && j <= (tall ? y / 2 * 2 + 1 : y); j++)
                    for (int i = x / 2 * 2; i < to->width && i <= x / 2 * 2 + 1; i++, n++) {
                        const Triple one = expected(to, from, i, j);
                        for (int c = 1; c < 3; c++)
                            sum[c] += one.v[c];
                    }
                want.v[1] = sum[1] / n;
                want.v[2] = sum[2] / n;
            }
            for (int c = 0; c < (to->format == COP_PIXEL_GRAY8 ? 1 : 3); c++)
                worst = fmax(worst, fabs(got.v[c] - clamp(want.v[c])));
        }
    ck_assert_msg(worst <= tolerance, "%s -> %s %dx%d: off by %.4f levels",
                  cop_pixel_format_name(from->format), cop_pixel_format_name(to->format), to->width,
                  to->height, worst);
}

/* All pairs of formats, odd sizes, blocks with and without a rest. */
START_TEST(every_pair)
{
    static const int sizes[][2] = {{1, 1}, {2, 2}, {3, 1}, {1, 4}, {127, 3}, {128, 2}, {259, 5}};
    for (int a = COP_PIXEL_NONE + 1; a < COP_PIXEL_COUNT; a++)
        for (int b = COP_PIXEL_NONE + 1; b < COP_PIXEL_COUNT; b++)
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                CopFrame from, to;
                make(&from, (CopPixelFormat)a, sizes[s][0], sizes[s][1], colours[s % 4]);
                make(&to, (CopPixelFormat)b, sizes[s][0], sizes[s][1],
                     colours[(s % 4 + (size_t)_i) % 4]);
                help_fill(&from, (unsigned)(a * 100 + b));
                cop_convert(&to, &from);
                check_frame(&to, &from);
                cop_frame_unref(&from);
                cop_frame_unref(&to);
            }
}
END_TEST

/* Every RGB triple to YUV and every YUV triple to RGB (one in 7 of each
 * component for three of the four colour spaces). */
START_TEST(every_value)
{
    const CopColour colour = colours[_i];
    const int step = _i == 0 ? 1 : 7, side = 255 / step + 1;
    for (int direction = 0; direction < 2; direction++) {
        CopFrame from, to;
        make(&from, direction ? COP_PIXEL_I444 : COP_PIXEL_RGB, side, side, colour);
        make(&to, direction ? COP_PIXEL_RGB : COP_PIXEL_I444, side, side, colour);
        double worst = 0.0;
        for (int a = 0; a < 256; a += step) {
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++) {
                    const uint8_t v[3] = {(uint8_t)a, (uint8_t)(y * step), (uint8_t)(x * step)};
                    for (int c = 0; c < 3; c++)
                        if (direction)
                            from.plane[c][y * from.stride[c] + x] = v[c];
                        else
                            from.plane[0][y * from.stride[0] + 3 * x + c] = v[c];
                }
            cop_convert(&to, &from);
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++) {
                    const Triple in = {{a, y * step, x * step}};
                    const Triple want = direction ? decode(in, colour) : encode(in, colour);
                    for (int c = 0; c < 3; c++) {
                        const uint8_t got = direction ? to.plane[0][y * to.stride[0] + 3 * x + c]
                                                      : to.plane[c][y * to.stride[c] + x];
                        worst = fmax(worst, fabs(got - clamp(want.v[c])));
                    }
                }
        }
        ck_assert_msg(worst <= tolerance, "off by %.4f levels", worst);
        cop_frame_unref(&from);
        cop_frame_unref(&to);
    }
}
END_TEST

START_TEST(grey_stays_grey)
{
    const CopColour colour = colours[_i];
    for (int format = COP_PIXEL_I420; format <= COP_PIXEL_NV12; format++) {
        CopFrame rgb, yuv;
        make(&rgb, COP_PIXEL_RGB, 256, 2, colour);
        make(&yuv, (CopPixelFormat)format, 256, 2, colour);
        for (int i = 0; i < 768; i++)
            rgb.plane[0][i] = rgb.plane[0][rgb.stride[0] + i] = (uint8_t)(i / 3);
        cop_convert(&yuv, &rgb);
        for (int x = 0; x < 256; x++) {
            const Triple v = pixel(&yuv, x, 0);
            ck_assert(v.v[1] == 128.0 && v.v[2] == 128.0);
        }
        cop_convert(&rgb, &yuv);
        for (int x = 0; x < 256; x++) {
            const Triple v = pixel(&rgb, x, 1);
            ck_assert(v.v[0] == v.v[1] && v.v[1] == v.v[2]);
            ck_assert(fabs(v.v[0] - x) <= 1.0); /* 219 levels cannot tell all 256 apart */
        }
        cop_frame_unref(&rgb);
        cop_frame_unref(&yuv);
    }
}
END_TEST

/* The factors everybody knows: 16-235 black and white, EBU primaries. */
START_TEST(landmarks)
{
    static const struct {
        uint8_t rgb[3], yuv[2][3]; /* BT.601, BT.709; limited */
    } rows[] = {
        {{0, 0, 0}, {{16, 128, 128}, {16, 128, 128}}},
        {{255, 255, 255}, {{235, 128, 128}, {235, 128, 128}}},
        {{255, 0, 0}, {{81, 90, 240}, {63, 102, 240}}},
        {{0, 255, 0}, {{145, 54, 34}, {173, 42, 26}}},
        {{0, 0, 255}, {{41, 240, 110}, {32, 240, 118}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int m = 0; m < 2; m++) {
            CopFrame rgb, yuv;
            const CopColour colour = {(CopMatrix)m, COP_RANGE_LIMITED};
            make(&rgb, COP_PIXEL_RGB, 1, 1, colour);
            make(&yuv, COP_PIXEL_I444, 1, 1, colour);
            memcpy(rgb.plane[0], rows[i].rgb, 3);
            cop_convert(&yuv, &rgb);
            for (int c = 0; c < 3; c++)
                ck_assert_int_eq(yuv.plane[c][0], rows[i].yuv[m][c]);
            cop_frame_unref(&rgb);
            cop_frame_unref(&yuv);
        }
}
END_TEST

/* YUV -> RGB -> YUV keeps luma within one level wherever RGB is not clipped:
 * half a level in each of R, G, B and half a level of its own are less than one. */
START_TEST(there_and_back)
{
    const CopColour colour = colours[_i];
    CopFrame yuv, rgb, back;
    make(&yuv, COP_PIXEL_I444, 64, 64, colour);
    make(&rgb, COP_PIXEL_BGRX, 64, 64, colour);
    make(&back, COP_PIXEL_I444, 64, 64, colour);
    int kept = 0;
    for (unsigned seed = 0; seed < 40; seed++) {
        help_fill(&yuv, seed);
        cop_convert(&rgb, &yuv);
        cop_convert(&back, &rgb);
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 64; x++) {
                const Triple exact = decode(pixel(&yuv, x, y), colour);
                int inside = 1;
                for (int c = 0; c < 3; c++)
                    inside &= exact.v[c] >= 0.0 && exact.v[c] <= 255.0;
                kept += inside;
                if (inside)
                    ck_assert_int_le(abs(yuv.plane[0][y * yuv.stride[0] + x] -
                                         back.plane[0][y * back.stride[0] + x]),
                                     1);
            }
    }
    ck_assert_int_gt(kept, 10000);
    cop_frame_unref(&yuv);
    cop_frame_unref(&rgb);
    cop_frame_unref(&back);
}
END_TEST

/* The fourth byte travels between formats that have one, stays where only `to` does. */
START_TEST(fourth_byte)
{
    CopFrame rgbx, bgrx, rgb, fresh;
    make(&rgbx, COP_PIXEL_RGBX, 5, 3, colours[0]);
    make(&bgrx, COP_PIXEL_BGRX, 5, 3, colours[0]);
    make(&rgb, COP_PIXEL_RGB, 5, 3, colours[0]);
    help_fill(&rgbx, 3);
    help_fill(&bgrx, 4);
    help_fill(&rgb, 5);
    cop_convert(&bgrx, &rgbx);
    for (int x = 0; x < 5; x++)
        ck_assert_int_eq(bgrx.plane[0][4 * x + 3], rgbx.plane[0][4 * x + 3]);
    cop_convert(&bgrx, &rgb);
    for (int x = 0; x < 5; x++)
        ck_assert_int_eq(bgrx.plane[0][4 * x + 3], rgbx.plane[0][4 * x + 3]);
    rgb.index = 9;
    rgb.pts = 10;
    ck_assert_int_eq(cop_convert_new(&fresh, COP_PIXEL_RGBX, &rgb), COP_OK);
    ck_assert(fresh.index == 9 && fresh.pts == 10);
    for (int x = 0; x < 5; x++)
        ck_assert_int_eq(fresh.plane[0][2 * fresh.stride[0] + 4 * x + 3], 255);
    cop_frame_unref(&bgrx);
    ck_assert_int_eq(cop_convert_new(&bgrx, COP_PIXEL_NONE, &rgb), COP_ERR_ARG);
    cop_frame_unref(&rgbx);
    cop_frame_unref(&rgb);
    cop_frame_unref(&fresh);
}
END_TEST

/* Strides of any size and sign; not a byte outside the rows is read (the
 * sanitizer build sees to that) or written. */
START_TEST(borrowed_planes)
{
    enum { W = 131, H = 3, STRIDE = 3 * W };
    uint8_t *pixels = malloc(STRIDE * H), *luma = malloc((W + 1) * H);
    CopFrame own;
    make(&own, COP_PIXEL_RGB, W, H, colours[0]);
    help_fill(&own, 6);
    for (int y = 0; y < H; y++)
        memcpy(pixels + (H - 1 - y) * STRIDE, own.plane[0] + y * own.stride[0], STRIDE);
    memset(luma, 77, (W + 1) * H);
    const CopFrame from = {.format = COP_PIXEL_RGB,
                           .width = W,
                           .height = H,
                           .plane = {pixels + (H - 1) * STRIDE},
                           .stride = {-STRIDE}};
    const CopFrame to = {
        .format = COP_PIXEL_GRAY8, .width = W, .height = H, .plane = {luma}, .stride = {W + 1}};
    cop_convert(&to, &from);
    CopFrame want;
    make(&want, COP_PIXEL_GRAY8, W, H, colours[0]);
    cop_convert(&want, &own);
    for (int y = 0; y < H; y++) {
        ck_assert(memcmp(luma + y * (W + 1), want.plane[0] + y * want.stride[0], W) == 0);
        ck_assert_int_eq(luma[y * (W + 1) + W], 77);
    }
    cop_frame_unref(&own);
    cop_frame_unref(&want);
    free(pixels);
    free(luma);
}
END_TEST

/* swscale's exact modes round their factors more coarsely and land within one
 * level for 4:4:4. Far outside the gamut (from level 512 on) it wraps round to
 * black instead of clipping; such triples are left out. */
START_TEST(swscale_agrees)
{
    enum { W = 256, H = 64 };
    const CopColour colour = colours[_i];
    for (int direction = 0; direction < 2; direction++) {
        CopFrame from, ours, theirs;
        make(&from, direction ? COP_PIXEL_I444 : COP_PIXEL_RGB, W, H, colour);
        make(&ours, direction ? COP_PIXEL_RGB : COP_PIXEL_I444, W, H, colour);
        make(&theirs, ours.format, W, H, colour);
        struct SwsContext *sws =
            sws_getContext(W, H, direction ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_RGB24, W, H,
                           direction ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUV444P,
                           SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP,
                           NULL, NULL, NULL);
        ck_assert_ptr_ne(sws, NULL);
        const int *table =
            sws_getCoefficients(colour.matrix == COP_MATRIX_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
        const int full = colour.range == COP_RANGE_FULL;
        ck_assert_int_ge(sws_setColorspaceDetails(sws, table, direction ? full : 1, table,
                                                  direction ? 1 : full, 0, 1 << 16, 1 << 16),
                         0);
        double worst = 0.0;
        for (unsigned seed = 0; seed < 16; seed++) {
            help_fill(&from, seed);
            cop_convert(&ours, &from);
            sws_scale(sws, (const uint8_t *const *)from.plane, from.stride, 0, H, theirs.plane,
                      theirs.stride);
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    const Triple a = pixel(&ours, x, y), b = pixel(&theirs, x, y);
                    const Triple exact = expected(&ours, &from, x, y);
                    for (int c = 0; c < 3; c++)
                        if (exact.v[c] < 511.0)
                            worst = fmax(worst, fabs(a.v[c] - b.v[c]));
                }
        }
        ck_assert_msg(worst <= 1.0, "colour %d direction %d: %.0f levels apart", _i, direction,
                      worst);
        sws_freeContext(sws);
        cop_frame_unref(&from);
        cop_frame_unref(&ours);
        cop_frame_unref(&theirs);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("convert");
    TCase *tc = tcase_create("convert");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, every_pair, 0, 4);
    tcase_add_loop_test(tc, every_value, 0, 4);
    tcase_add_loop_test(tc, grey_stays_grey, 0, 4);
    tcase_add_test(tc, landmarks);
    tcase_add_loop_test(tc, there_and_back, 0, 4);
    tcase_add_test(tc, fourth_byte);
    tcase_add_test(tc, borrowed_planes);
    tcase_add_loop_test(tc, swscale_agrees, 0, 4);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
