/* Turned pictures against the definition, pixel by pixel; tags in files against the ffmpeg command.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/orient.h"

#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/convert.h"
#include "pipeline/media/decode.h"
#include "tests/media_help.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

/* Bytes of a sample: what must stay together. */
static int bytes_of(CopPixelFormat format, int plane)
{
    if (format == COP_PIXEL_RGB || format == COP_PIXEL_BGR)
        return 3;
    if (format == COP_PIXEL_RGBX || format == COP_PIXEL_BGRX)
        return 4;
    return format == COP_PIXEL_NV12 && plane == 1 ? 2 : 1;
}

/* Sample (x, y) of the turned plane comes from where? Mirrors are undone first. */
static void check_plane(const CopFrame *out, const CopFrame *in, int plane, unsigned turn)
{
    int row_bytes, rows;
    const int bytes = bytes_of(in->format, plane);
    cop_plane_size(out->format, out->width, out->height, plane, &row_bytes, &rows);
    const int columns = row_bytes / bytes;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) {
            const int u = turn & COP_TURN_FLIP_X ? columns - 1 - x : x;
            const int v = turn & COP_TURN_FLIP_Y ? rows - 1 - y : y;
            const int from_x = turn & COP_TURN_TRANSPOSE ? v : u;
            const int from_y = turn & COP_TURN_TRANSPOSE ? u : v;
            ck_assert_msg(memcmp(out->plane[plane] + y * out->stride[plane] + x * bytes,
                                 in->plane[plane] + from_y * in->stride[plane] + from_x * bytes,
                                 (size_t)bytes) == 0,
                          "%s, turn %u, plane %d: (%d, %d)", cop_pixel_format_name(in->format),
                          turn, plane, x, y);
        }
}

START_TEST(every_turn_of_every_format)
{
    const CopPixelFormat format = (CopPixelFormat)_i;
    for (unsigned turn = 0; turn < 8; turn++) {
        CopFrame in, out, wide = {0};
        help_make(&in, format, 37, 23, turn);
        in.index = 5;
        in.pts = 7;
        ck_assert_int_eq(cop_frame_turn(&out, &in, turn), COP_OK);
        if (format == COP_PIXEL_I422 && turn & COP_TURN_TRANSPOSE)
            ck_assert_int_eq(cop_convert_new(&wide, COP_PIXEL_I444, &in), COP_OK);
        const CopFrame *from = wide.buffer ? &wide : &in;
        const bool upright = !(turn & COP_TURN_TRANSPOSE);
        ck_assert(out.format == from->format && out.index == 5 && out.pts == 7);
        ck_assert(out.width == (upright ? 37 : 23) && out.height == (upright ? 23 : 37));
        for (int i = 0; i < cop_pixel_format_planes(out.format); i++)
            check_plane(&out, from, i, turn);
        cop_frame_unref(&in);
        cop_frame_unref(&out);
        cop_frame_unref(&wide);
    }
}
END_TEST

/* One is 65536; the last number of each row has 30 bits behind the point. */
#define M(a, b, c, d)                                                                              \
    {                                                                                              \
        (a) * 65536, (b)*65536, 0, (c)*65536, (d)*65536, 0, 0, 0, 1 << 30                          \
    }
static const struct {
    int32_t matrix[9];
    unsigned turn;
} tags[] = {
    {M(1, 0, 0, 1), 0},
    {M(0, 1, -1, 0), COP_TURN_CLOCKWISE},
    {M(0, -1, 1, 0), COP_TURN_COUNTERCLOCKWISE},
    {M(-1, 0, 0, -1), COP_TURN_HALF},
    {M(-1, 0, 0, 1), COP_TURN_FLIP_X},
    {M(1, 0, 0, -1), COP_TURN_FLIP_Y},
    {M(0, 1, 1, 0), COP_TURN_TRANSPOSE},
    {M(0, -1, -1, 0), COP_TURN_TRANSPOSE | COP_TURN_FLIP_X | COP_TURN_FLIP_Y},
    {M(2, 0, 0, 2), 0},
    {M(1, 1, -1, 1), 0}, /* by 45 degrees: not a quarter turn */
    {M(0, 0, 0, 0), 0},  /* flattens the picture */
};

/* The tag in an MP4's track header, 40 bytes behind its version. */
static void write_tag(const char *from, const char *to, const int32_t matrix[9])
{
    size_t size, at = 0;
    unsigned char *bytes = help_output(&size, "cat %s", from);
    while (at + 84 < size && memcmp(bytes + at, "tkhd", 4) != 0)
        at++;
    ck_assert_uint_lt(at + 84, size);
    for (int i = 0; i < 36; i++)
        bytes[at + 44 + (size_t)i] = (unsigned char)((uint32_t)matrix[i / 4] >> (24 - 8 * (i % 4)));
    FILE *file = fopen(help_path(to), "wb");
    ck_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    free(bytes);
}

static void setup(void)
{
    help_shell("ffmpeg -v error -nostdin -y -f lavfi -i "
               "testsrc2=s=98x76:r=25:d=0.2,crop=97:75:0:0:exact=1 -threads 1 "
               "-c:v mjpeg -pix_fmt yuvj420p plain.mov");
}

START_TEST(as_the_ffmpeg_command)
{
    CopDecoder *decoder;
    CopFrame frame;
    size_t size;
    ck_assert_uint_eq(cop_turn_of_matrix(tags[_i].matrix), tags[_i].turn);
    write_tag("plain.mov", "tagged.mov", tags[_i].matrix);
    const bool odd = tags[_i].turn == 0;
    uint8_t *want = help_output(
        &size, "ffmpeg -v quiet -nostdin %s -i tagged.mov -fps_mode passthrough -f rawvideo -",
        odd ? "-noautorotate" : "");
    const uint8_t *at = want;
    ck_assert_int_eq(cop_decoder_open(&decoder, help_path("tagged.mov"), 1, NULL), COP_OK);
    const CopVideoInfo *info = cop_decoder_info(decoder);
    const bool upright = !(tags[_i].turn & COP_TURN_TRANSPOSE);
    ck_assert(info->width == (upright ? 97 : 75) && info->height == (upright ? 75 : 97));
    for (int n = 0; n < 5; n++) {
        ck_assert_int_eq(cop_decoder_next(decoder, &frame, NULL), COP_OK);
        ck_assert(frame.width == info->width && frame.height == info->height);
        for (int p = 0; p < 3; p++) {
            int row_bytes, rows;
            cop_plane_size(frame.format, frame.width, frame.height, p, &row_bytes, &rows);
            for (int y = 0; y < rows; y++, at += row_bytes)
                ck_assert_msg(
                    at + row_bytes <= want + size &&
                        memcmp(at, frame.plane[p] + y * frame.stride[p], (size_t)row_bytes) == 0,
                    "tag %d: frame %d, plane %d, row %d", _i, n, p, y);
        }
        cop_frame_unref(&frame);
    }
    ck_assert_ptr_eq(at, want + size);
    cop_decoder_close(&decoder);
    free(want);
}
END_TEST

START_TEST(no_matrix)
{
    ck_assert_uint_eq(cop_turn_of_matrix(NULL), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("orient");
    TCase *tc = tcase_create("orient");
    tcase_add_unchecked_fixture(tc, setup, help_remove_folder);
    tcase_add_loop_test(tc, every_turn_of_every_format, 1, COP_PIXEL_COUNT);
    tcase_add_loop_test(tc, as_the_ffmpeg_command, 0, COUNT(tags));
    tcase_add_test(tc, no_matrix);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
