/* Writing files: what is written is what comes back, whole or not at all.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gst/check/check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pipeline/media/convert.h"
#include "pipeline/media/encode.h"
#include "tests/media_help.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

enum { FRAMES = 5, TIMES = 5 };

static const CopEncodeOptions plain = {.rate_num = 30, .rate_den = 1, .crf = 18, .threads = 1};

static void setup(void)
{
    help_folder();
}

/* A smooth picture that moves, so that a lossy codec has something to keep. */
static void draw(const CopFrame *frame, int t)
{
    CopFrame rgb;
    help_make(&rgb, COP_PIXEL_RGB, frame->width, frame->height, 0);
    for (int y = 0; y < rgb.height; y++)
        for (int x = 0; x < rgb.width; x++) {
            uint8_t *p = rgb.plane[0] + y * rgb.stride[0] + 3 * x;
            p[0] = (uint8_t)(127.0 + 100.0 * sin((x + 3 * t) / 9.0));
            p[1] = (uint8_t)(127.0 + 100.0 * sin((y - 2 * t) / 7.0));
            p[2] = (uint8_t)(127.0 + 100.0 * sin((x + y) / 11.0));
        }
    cop_convert(frame, &rgb);
    cop_frame_unref(&rgb);
}

/* Writes FRAMES pictures of noise (smooth pictures for .mp4). */
static void write_file(const char *path, CopPixelFormat format, int width, int height,
                       CopColour colour, const CopEncodeOptions *options, CopFrame frames[FRAMES])
{
    CopEncoder *encoder = NULL;
    CopError err = {0};
    const bool lossy = strstr(path, ".mp4") || strstr(path, ".mov") || strstr(path, ".MP4");
    for (int i = 0; i < FRAMES; i++) {
        help_make(&frames[i], format, width, height, (unsigned)i);
        frames[i].colour = colour;
        frames[i].index = i;
        if (lossy)
            draw(&frames[i], i);
        if (i == 0)
            ck_assert_msg(cop_encoder_open(&encoder, path, &frames[0], options, &err) == COP_OK,
                          "%s", err.text);
        ck_assert_msg(cop_encoder_write(encoder, &frames[i], &err) == COP_OK, "%s", err.text);
    }
    ck_assert_msg(cop_encoder_finish(encoder, &err) == COP_OK, "%s", err.text);
    cop_encoder_close(&encoder);
    cop_encoder_close(&encoder);
}

static void drop(CopFrame *frames)
{
    for (int i = 0; i < FRAMES; i++)
        cop_frame_unref(&frames[i]);
}

/* The format that lossless files hold a format in. */
static CopPixelFormat held(const char *suffix, CopPixelFormat format)
{
    if (format == COP_PIXEL_NV12)
        return COP_PIXEL_I420;
    if (format < COP_PIXEL_RGB)
        return format;
    return strcmp(suffix, "y4m") == 0 ? COP_PIXEL_I444 : COP_PIXEL_BGRX;
}

START_TEST(lossless)
{
    static const char *const suffixes[] = {"mkv", "avi", "y4m"};
    static const int sizes[][2] = {{33, 17}, {64, 48}, {1, 1},   {2, 3},
                                   {3, 1},   {16, 16}, {15, 40}, {400, 300}};
    for (int s = 0; s < COUNT(suffixes); s++)
        for (int size = 0; size < COUNT(sizes); size++) {
            const CopPixelFormat format = (CopPixelFormat)(_i + 1);
            const CopColour colour = {
                COP_MATRIX_BT601, format == COP_PIXEL_GRAY8 ? COP_RANGE_FULL : COP_RANGE_LIMITED};
            char name[64];
            snprintf(name, sizeof name, "%s%d.%s", cop_pixel_format_name(format), size,
                     suffixes[s]);
            CopFrame frames[FRAMES], back[FRAMES + 1];
            CopError err = {0};
            int n;
            write_file(help_path(name), format, sizes[size][0], sizes[size][1], colour, &plain,
                       frames);
            ck_assert_msg(cop_video_read(help_path(name), 0, FRAMES, NULL, back, &n, &err) ==
                              COP_OK,
                          "%s", err.text);
            ck_assert_int_eq(n, FRAMES);
            for (int i = 0; i < FRAMES; i++) {
                CopFrame want;
                ck_assert_int_eq(cop_frame_alloc(&want, held(suffixes[s], format), sizes[size][0],
                                                 sizes[size][1]),
                                 COP_OK);
                want.colour = colour;
                if (want.format == COP_PIXEL_I444 && format >= COP_PIXEL_RGB)
                    want.colour.range = COP_RANGE_FULL;
                help_fill(&want, 0);
                cop_convert(&want, &frames[i]);
                ck_assert_int_eq(back[i].format, want.format);
                if (want.format == COP_PIXEL_BGRX) { /* FFV1 has no fourth byte there */
                    CopFrame rgb, rgb_back;
                    ck_assert_int_eq(cop_convert_new(&rgb, COP_PIXEL_RGB, &frames[i]), COP_OK);
                    ck_assert_int_eq(cop_convert_new(&rgb_back, COP_PIXEL_RGB, &back[i]), COP_OK);
                    ck_assert_msg(help_equal(&rgb, &rgb_back), "%s frame %d", name, i);
                    cop_frame_unref(&rgb);
                    cop_frame_unref(&rgb_back);
                } else {
                    ck_assert_msg(help_equal(&want, &back[i]), "%s frame %d", name, i);
                    if (strcmp(suffixes[s], "avi") != 0)
                        ck_assert(back[i].colour.range == want.colour.range);
                }
                cop_frame_unref(&want);
                cop_frame_unref(&back[i]);
            }
            drop(frames);
        }
}
END_TEST

/* H.264 keeps the picture, its size, its rate and what its colours mean. */
START_TEST(lossy)
{
    static const struct {
        const char *name;
        int width, height;
        CopPixelFormat format, back;
        CopColour colour, tagged;
    } rows[] = {
        {"even.mp4",
         96,
         64,
         COP_PIXEL_I420,
         COP_PIXEL_I420,
         {COP_MATRIX_BT601, COP_RANGE_LIMITED},
         {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
        {"hd.mov",
         96,
         64,
         COP_PIXEL_NV12,
         COP_PIXEL_I420,
         {COP_MATRIX_BT709, COP_RANGE_FULL},
         {COP_MATRIX_BT709, COP_RANGE_FULL}},
        {"odd.mp4",
         97,
         63,
         COP_PIXEL_I420,
         COP_PIXEL_I444,
         {COP_MATRIX_BT709, COP_RANGE_LIMITED},
         {COP_MATRIX_BT709, COP_RANGE_LIMITED}},
        {"rgb.mp4",
         96,
         64,
         COP_PIXEL_RGB,
         COP_PIXEL_I420,
         {COP_MATRIX_BT709, COP_RANGE_FULL},
         {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
        {"tall.mp4",
         64,
         600,
         COP_PIXEL_BGRX,
         COP_PIXEL_I420,
         {COP_MATRIX_BT601, COP_RANGE_FULL},
         {COP_MATRIX_BT709, COP_RANGE_LIMITED}},
        {"grey.mp4",
         96,
         64,
         COP_PIXEL_GRAY8,
         COP_PIXEL_I420,
         {COP_MATRIX_BT601, COP_RANGE_FULL},
         {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
        {"CAPITAL.MP4",
         96,
         64,
         COP_PIXEL_I422,
         COP_PIXEL_I420,
         {COP_MATRIX_BT601, COP_RANGE_LIMITED},
         {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
    };
    CopFrame frames[FRAMES], back[FRAMES + 1];
    int n;
    const char *path = help_path(rows[_i].name);
    write_file(path, rows[_i].format, rows[_i].width, rows[_i].height, rows[_i].colour, &plain,
               frames);
    ck_assert_int_eq(cop_video_read(path, 0, FRAMES, NULL, back, &n, NULL), COP_OK);
    ck_assert_int_eq(n, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
        ck_assert_int_eq(back[i].format, rows[_i].back);
        ck_assert(back[i].colour.matrix == rows[_i].tagged.matrix &&
                  back[i].colour.range == rows[_i].tagged.range);
        /* Compared as RGB: 30 dB is far above a shifted, swapped or wrongly ranged picture. */
        CopFrame a, b;
        ck_assert_int_eq(cop_convert_new(&a, COP_PIXEL_RGB, &frames[i]), COP_OK);
        ck_assert_int_eq(cop_convert_new(&b, COP_PIXEL_RGB, &back[i]), COP_OK);
        double sum = 0.0;
        for (int y = 0; y < a.height; y++)
            for (int x = 0; x < 3 * a.width; x++) {
                const double d = a.plane[0][y * a.stride[0] + x] - b.plane[0][y * b.stride[0] + x];
                sum += d * d;
            }
        const double psnr = 10.0 * log10(255.0 * 255.0 * 3.0 * a.width * a.height / (sum + 1e-9));
        ck_assert_msg(psnr > 30.0, "%s frame %d: %.1f dB", rows[_i].name, i, psnr);
        cop_frame_unref(&a);
        cop_frame_unref(&b);
        cop_frame_unref(&back[i]);
    }
    drop(frames);
    CopDecoder *decoder;
    ck_assert_int_eq(cop_decoder_open(&decoder, path, 1, NULL), COP_OK);
    ck_assert(cop_decoder_info(decoder)->rate_num == 30 &&
              cop_decoder_info(decoder)->rate_den == 1);
    cop_decoder_close(&decoder);
}
END_TEST

/* crf and keyint reach the encoder. */
START_TEST(options_count)
{
    CopFrame frames[FRAMES];
    const CopColour colour = {0};
    CopEncodeOptions rough = plain, often = plain;
    rough.crf = 45;
    often.keyint = 2;
    write_file(help_path("fine.mp4"), COP_PIXEL_I420, 160, 128, colour, &plain, frames);
    drop(frames);
    write_file(help_path("rough.mp4"), COP_PIXEL_I420, 160, 128, colour, &rough, frames);
    drop(frames);
    write_file(help_path("often.mp4"), COP_PIXEL_I420, 160, 128, colour, &often, frames);
    drop(frames);
    help_shell("test $(stat -c %%s rough.mp4) -lt $(stat -c %%s fine.mp4)");
    help_shell(
        "test $(ffprobe -v error -show_entries packet=flags -of csv often.mp4 | grep -c K) = 3");
    help_shell(
        "test $(ffprobe -v error -show_entries packet=flags -of csv fine.mp4 | grep -c K) = 1");
}
END_TEST

START_TEST(same_bytes_every_time)
{
    static const char *const suffixes[] = {"mp4", "mov", "mkv", "avi", "y4m"};
    for (int s = 0; s < COUNT(suffixes); s++) {
        char name[TIMES][32];
        for (int k = 0; k < TIMES; k++) {
            CopFrame frames[FRAMES];
            snprintf(name[k], sizeof name[k], "same%d.%s", k, suffixes[s]);
            write_file(help_path(name[k]), COP_PIXEL_I420, 96, 64, (CopColour){0}, &plain, frames);
            drop(frames);
        }
        for (int k = 1; k < TIMES; k++)
            help_shell("cmp %s %s", name[0], name[k]);
    }
    /* FFV1 does not depend on threads at all. */
    CopEncodeOptions threads = plain;
    threads.threads = 4;
    CopFrame frames[FRAMES];
    write_file(help_path("same4.mkv"), COP_PIXEL_I420, 96, 64, (CopColour){0}, &threads, frames);
    drop(frames);
    help_shell("cmp same0.mkv same4.mkv");
}
END_TEST

START_TEST(pictures)
{
    CopEncoder *encoder;
    CopError err = {0};
    CopFrame frame, back[2];
    int n;
    static const CopPixelFormat formats[] = {COP_PIXEL_RGB, COP_PIXEL_GRAY8, COP_PIXEL_BGRX,
                                             COP_PIXEL_I420};
    for (int i = 0; i < COUNT(formats); i++) {
        help_make(&frame, formats[i], 31, 9, 4);
        frame.colour.range = COP_RANGE_FULL; /* as PNG has it */
        ck_assert_int_eq(cop_encoder_open(&encoder, help_path("one.png"), &frame, &plain, &err),
                         COP_OK);
        ck_assert_int_eq(cop_encoder_write(encoder, &frame, &err), COP_OK);
        ck_assert_int_eq(cop_encoder_write(encoder, &frame, &err), COP_ERR_ARG);
        ck_assert_ptr_ne(strstr(err.text, "holds one picture"), NULL);
        err = (CopError){0};
        ck_assert_int_eq(cop_encoder_finish(encoder, &err), COP_OK);
        cop_encoder_close(&encoder);
        CopFrame want;
        ck_assert_int_eq(
            cop_convert_new(&want, formats[i] == COP_PIXEL_GRAY8 ? COP_PIXEL_GRAY8 : COP_PIXEL_RGB,
                            &frame),
            COP_OK);
        ck_assert_int_eq(cop_video_read(help_path("one.png"), 0, 1, NULL, back, &n, &err), COP_OK);
        ck_assert_int_eq(n, 1);
        ck_assert(help_equal(&back[0], &want));
        cop_frame_unref(&back[0]);
        cop_frame_unref(&want);
        cop_frame_unref(&frame);
    }

    CopFrame frames[FRAMES];
    write_file(help_path("many%02d.png"), COP_PIXEL_RGB, 12, 10, (CopColour){0}, &plain, frames);
    for (int i = 0; i < FRAMES; i++) {
        char name[32];
        snprintf(name, sizeof name, "many%02d.png", i + 1);
        ck_assert_int_eq(cop_video_read(help_path(name), 0, 0, NULL, back, &n, &err), COP_OK);
        ck_assert(n == 1 && help_equal(&back[0], &frames[i]));
        cop_frame_unref(&back[0]);
    }
    drop(frames);
    ck_assert(access(help_path("many00.png"), F_OK) != 0);
    ck_assert(access(help_path("many06.png"), F_OK) != 0);
}
END_TEST

START_TEST(standard_output)
{
    CopFrame frames[FRAMES];
    const int kept = dup(1), fd = open(help_path("piped.y4m"), O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    dup2(fd, 1);
    write_file("-", COP_PIXEL_I422, 13, 7, (CopColour){0}, &plain, frames);
    drop(frames);
    dup2(kept, 1);
    write_file(help_path("filed.y4m"), COP_PIXEL_I422, 13, 7, (CopColour){0}, &plain, frames);
    drop(frames);
    help_shell("cmp piped.y4m filed.y4m");
    help_shell("head -n 1 piped.y4m | grep -q '^YUV4MPEG2 W13 H7 F30:1 .*C422'");
    close(fd);
    close(kept);
}
END_TEST

/* An unfinished file leaves nothing, a finished one replaces what was there. */
START_TEST(whole_or_nothing)
{
    static const char *const names[] = {"a.mp4", "b.mkv", "c.avi", "d.y4m", "e.png", "f%d.png"};
    help_shell("rm -rf * && echo before >b.mkv");
    for (int i = 0; i < COUNT(names); i++) {
        CopEncoder *encoder;
        CopFrame frame;
        help_make(&frame, COP_PIXEL_RGB, 32, 32, 1);
        ck_assert_int_eq(cop_encoder_open(&encoder, help_path(names[i]), &frame, &plain, NULL),
                         COP_OK);
        ck_assert_int_eq(cop_encoder_write(encoder, &frame, NULL), COP_OK);
        cop_encoder_close(&encoder);
        cop_frame_unref(&frame);
    }
    help_shell("test \"$(ls -A)\" = b.mkv && test \"$(cat b.mkv)\" = before");
    CopFrame frames[FRAMES];
    write_file(help_path("b.mkv"), COP_PIXEL_RGB, 32, 32, (CopColour){0}, &plain, frames);
    drop(frames);
    help_shell("test \"$(ls -A)\" = b.mkv && ffprobe -v error b.mkv");
}
END_TEST

START_TEST(refused_n)
{
    static const struct {
        const char *name;
        CopStatus status;
        const char *text;
    } rows[] = {
        {"x.webm", COP_ERR_UNSUPPORTED, "allowed are .mp4 .mov .mkv .avi .y4m .png"},
        {"mp4", COP_ERR_UNSUPPORTED, "unknown suffix"},
        {"nowhere/x.mkv", COP_ERR_IO, "No such file or directory"},
    };
    CopEncoder *encoder;
    CopFrame frame, other;
    help_make(&frame, COP_PIXEL_I420, 32, 32, 1);
    for (int i = 0; i < COUNT(rows); i++) {
        CopError err = {0};
        ck_assert_int_eq(cop_encoder_open(&encoder, help_path(rows[i].name), &frame, &plain, &err),
                         rows[i].status);
        ck_assert_ptr_eq(encoder, NULL);
        ck_assert_msg(strstr(err.text, rows[i].text) && strstr(err.text, rows[i].name), "%s",
                      err.text);
    }
    static const CopEncodeOptions wrong[] = {{25, 1, 52, 0, 1, NULL},
                                             {25, 1, -1, 0, 1, NULL},
                                             {25, 1, 20, -1, 1, NULL},
                                             {25, 1, 20, 0, 0, NULL},
                                             {25, 1, 20, 0, 99, NULL}};
    for (int i = 0; i < COUNT(wrong); i++)
        ck_assert_int_eq(cop_encoder_open(&encoder, help_path("x.mp4"), &frame, &wrong[i], NULL),
                         COP_ERR_ARG);

    CopError err = {0};
    ck_assert_int_eq(cop_encoder_open(&encoder, help_path("x.mkv"), &frame, &plain, NULL), COP_OK);
    ck_assert_int_eq(cop_encoder_finish(encoder, NULL), COP_ERR_ARG); /* no frame */
    help_make(&other, COP_PIXEL_I420, 32, 34, 1);
    ck_assert_int_eq(cop_encoder_write(encoder, &other, &err), COP_ERR_ARG);
    ck_assert_ptr_ne(strstr(err.text, "32x34 i420"), NULL);
    cop_frame_unref(&other);
    help_make(&other, COP_PIXEL_NV12, 32, 32, 1);
    ck_assert_int_eq(cop_encoder_write(encoder, &other, NULL), COP_ERR_ARG);
    cop_frame_unref(&other);
    cop_encoder_close(&encoder);
    cop_encoder_close(NULL);
    cop_frame_unref(&frame);
}
END_TEST

/* A disk that fills up: here a limit on the size of files. */
START_TEST(full_disk_n)
{
    static const char *const names[] = {"full.mkv", "full.mp4", "full.y4m", "full.png"};
    help_shell("rm -rf *");
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {20000, 20000};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int i = 0; i < COUNT(names); i++) {
        CopEncoder *encoder;
        CopError err = {0};
        CopFrame frame;
        CopEncodeOptions options = plain;
        options.crf = 0;
        help_make(&frame, COP_PIXEL_RGB, 200, 200, 1);
        ck_assert_int_eq(cop_encoder_open(&encoder, help_path(names[i]), &frame, &options, &err),
                         COP_OK);
        CopStatus status = cop_encoder_write(encoder, &frame, &err);
        if (status == COP_OK)
            status = cop_encoder_finish(encoder, &err);
        ck_assert_int_eq(status, COP_ERR_IO);
        ck_assert_msg(strstr(err.text, "cannot be written: ") != NULL, "%s", err.text);
        cop_encoder_close(&encoder);
        cop_frame_unref(&frame);
    }
    help_shell("test -z \"$(ls -A)\"");
}
END_TEST

START_TEST(full_pipe_n)
{
    CopEncoder *encoder;
    CopError err = {0};
    CopFrame frame;
    const int kept = dup(1), fd = open("/dev/full", O_WRONLY);
    help_make(&frame, COP_PIXEL_RGB, 200, 200, 1);
    fflush(stdout);
    dup2(fd, 1);
    ck_assert_int_eq(cop_encoder_open(&encoder, "-", &frame, &plain, &err), COP_OK);
    CopStatus status = cop_encoder_write(encoder, &frame, &err);
    if (status == COP_OK)
        status = cop_encoder_finish(encoder, &err);
    dup2(kept, 1);
    clearerr(stdout);
    ck_assert_int_eq(status, COP_ERR_IO);
    ck_assert_ptr_ne(strstr(err.text, "No space left on device"), NULL);
    cop_encoder_close(&encoder);
    cop_frame_unref(&frame);
    close(fd);
    close(kept);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encode");
    TCase *tc = tcase_create("encode");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, setup, help_remove_folder);
    tcase_add_loop_test(tc, lossless, 0, COP_PIXEL_COUNT - 1);
    tcase_add_loop_test(tc, lossy, 0, 7);
    tcase_add_test(tc, options_count);
    tcase_add_test(tc, same_bytes_every_time);
    tcase_add_test(tc, pictures);
    tcase_add_test(tc, standard_output);
    tcase_add_test(tc, whole_or_nothing);
    tcase_add_test(tc, refused_n);
    tcase_add_test(tc, full_disk_n);
    tcase_add_test(tc, full_pipe_n);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
