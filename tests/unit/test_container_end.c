/* Files that end before their container says, and whole ones, which nothing may take for them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/decode.h"
#include "tests/media_help.h"

#define COUNT(a)  ((int)(sizeof(a) / sizeof(a)[0]))
#define FFMPEG    "ffmpeg -v error -nostdin -y "
#define SOUND     "-f lavfi -i sine=d=4 " /* twice as long as the pictures */
#define X264      "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 2 -threads 1 "
#define FRAGMENTS "-movflags +frag_keyframe+empty_moov "

/* `source`: what goes in beside two seconds of a test pattern at 25 frames a second.
 * `known`: cut at any place, it is refused; whether for the cut or for the header that it lost. */
static const struct {
    const char *name, *source, *options;
    bool known;
} rows[] = {
    {"plain.mp4", "", X264, true},
    {"fast.mp4", "", X264 "-movflags +faststart", true},
    {"fast.mov", "", X264 "-movflags +faststart", true},
    {"hint.mp4", "", X264 "-movflags +faststart+rtphint", true},
    {"fragments.mp4", "", X264 FRAGMENTS, true},
    {"intra.mov", "", "-pix_fmt yuvj420p -c:v mjpeg -movflags +faststart", true},
    {"sound.mp4", SOUND, X264 "-movflags +faststart", true},
    {"x264.mkv", "", X264, true},
    {"lossless.mkv", "", "-c:v ffv1", true},
    {"clusters.mkv", SOUND, X264 "-cluster_time_limit 200", true},
    {"index.mkv", "", X264 "-reserve_index_space 9000", true},
    {"vp8.webm", "", "-c:v libvpx -deadline realtime", true},
    {"mpeg4.avi", SOUND, "-c:v mpeg4 -bf 2", true},
    {"motion.avi", "", "-pix_fmt yuvj420p -c:v mjpeg", true},
    {"raw.avi", "", "-pix_fmt bgr24 -c:v rawvideo", true},
    {"vp8.ivf", "", "-c:v libvpx -deadline realtime", true},
    {"vfr.mp4", "",
     "-vf 'select=not(mod(n\\,3))+lt(n\\,9)' -fps_mode vfr -movflags +faststart " X264, true},
    {"vfr.mkv", "", "-vf 'select=not(mod(n\\,3))+lt(n\\,9)' -fps_mode vfr " X264, true},
    /* These need not say how long they are. */
    {"sorenson.flv", SOUND, "-c:v flv -ar 44100", false},
    {"x264.ts", SOUND, X264, false},
    {"mpeg2.ts", "", "-c:v mpeg2video", false},
    {"mpeg2.mpg", SOUND, "-c:v mpeg2video", false},
    {"theora.ogv", "", "-c:v libtheora", false},
    {"wmv2.wmv", "", "-c:v wmv2", false},
    {"mpeg4.nut", SOUND, "-c:v mpeg4", false},
    {"material.mxf", "", "-c:v mpeg2video", false},
    {"raw.y4m", "", "-pix_fmt yuv420p", false},
    {"x264.h264", "", X264, false},
    {"pictures.gif", "", "", false},
    {"pictures.apng", "", "", false},
};

static void encode(int row)
{
    help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=2 %s %s -threads 1 %s",
               rows[row].source, rows[row].options, rows[row].name);
}

static void must_count(const char *name)
{
    int n = 0;
    CopError err = {0};
    ck_assert_msg(cop_video_count(help_path(name), &n, &err) == COP_OK && n > 0, "%s: %s", name,
                  err.text);
}

static void must_be_cut(const char *name)
{
    int n;
    CopError err = {0};
    ck_assert_msg(cop_video_count(help_path(name), &n, &err) == COP_ERR_DATA, "%s", name);
    ck_assert_msg(strstr(err.text, ": is cut off after "), "%s", err.text);
}

START_TEST(whole_and_cut)
{
    const char *name = rows[_i].name;
    encode(_i);
    must_count(name);
    if (!rows[_i].known)
        return;
    for (int percent = 10; percent <= 90; percent += 20) {
        char cut[64];
        int n;
        CopError err = {0};
        snprintf(cut, sizeof cut, "%d-%s", percent, name);
        help_shell("head -c $(($(stat -c %%s %s) * %d / 100)) %s >%s", name, percent, name, cut);
        const CopStatus status = cop_video_count(help_path(cut), &n, &err);
        if (status == COP_OK) { /* the end was all sound */
            int all;
            ck_assert_int_eq(cop_video_count(help_path(name), &all, NULL), COP_OK);
            ck_assert_msg(n == all, "%s: %d of %d frames, and no error", cut, n, all);
            continue;
        }
        ck_assert_int_eq(status, COP_ERR_DATA);
        ck_assert_ptr_eq(strchr(err.text, '\n'), NULL);
        if (percent >= 50 && strcmp(name, "plain.mp4") != 0)
            ck_assert_msg(strstr(err.text, ": is cut off after "), "%s", err.text);
    }
}
END_TEST

/* What was written to a pipe leaves its length open, and stays readable wherever it ends. */
START_TEST(pipes)
{
    static const char *const kinds[][2] = {{"matroska", X264}, {"avi", "-c:v mpeg4"}};
    for (int i = 0; i < COUNT(kinds); i++) {
        help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=2 %s -f %s - >pipe", kinds[i][1],
                   kinds[i][0]);
        must_count("pipe");
    }
    /* AVI goes with the size of a packet. */
    help_shell("head -c $(($(stat -c %%s pipe) / 2)) pipe >half.avi");
    int n;
    CopError err = {0};
    ck_assert_int_eq(cop_video_count(help_path("half.avi"), &n, &err), COP_ERR_DATA);
    ck_assert_msg(strstr(err.text, "is cut off after ") && !strstr(err.text, " of "), "%s",
                  err.text);
    help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=2 " X264 "-f matroska - >live.mkv");
    help_shell("head -c $(($(stat -c %%s live.mkv) / 2)) live.mkv >half.mkv");
    must_count("half.mkv");
}
END_TEST

/* Cut between two packets, with all that the frames before need: the list is still too short. */
START_TEST(between_packets)
{
    size_t size, at;
    help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=2 " SOUND "-c:v mpeg4 sound.avi");
    unsigned char *bytes = help_output(&size, "cat sound.avi");
    for (at = size / 2; at + 4 < size && memcmp(bytes + at, "00dc", 4) != 0;)
        at++;
    ck_assert_uint_lt(at + 4, size);
    free(bytes);
    help_shell("head -c %zu sound.avi >between.avi", at);
    must_be_cut("between.avi");
}
END_TEST

/* Copies that start inside a group of pictures carry edit lists or hidden frames. */
START_TEST(edits)
{
    static const char *const names[] = {"edit.mp4", "edit.mov", "edit.mkv"};
    help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=4 " SOUND X264 "-g 50 long.mp4");
    for (int i = 0; i < COUNT(names); i++) {
        help_shell(FFMPEG "-ss 1.3 -t 1 -i long.mp4 -c copy -movflags +faststart %s", names[i]);
        must_count(names[i]);
    }
}
END_TEST

/* Bytes behind the end belong to nobody. */
START_TEST(more_than_promised)
{
    static const char *const names[] = {"fast.mp4", "x264.mkv", "mpeg4.avi"};
    for (int i = 0; i < COUNT(rows); i++)
        for (int k = 0; k < COUNT(names); k++)
            if (strcmp(rows[i].name, names[k]) == 0) {
                encode(i);
                help_shell("head -c 5001 /dev/zero >>%s", names[k]);
                must_count(names[k]);
            }
}
END_TEST

/* The same segment with its size in four bytes, not eight; positions count from behind it. */
START_TEST(short_segment_size)
{
    static const unsigned char id[4] = {0x18, 0x53, 0x80, 0x67};
    size_t size, at = 0;
    help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=2 " X264 "x264.mkv");
    unsigned char *bytes = help_output(&size, "cat x264.mkv");
    while (at + 12 < size && memcmp(bytes + at, id, 4) != 0)
        at++;
    ck_assert(at + 12 < size && bytes[at + 4] == 0x01 && bytes[at + 8] == 0);
    for (int missing = 0; missing < 2; missing++) {
        FILE *file = fopen(help_path("short.mkv"), "wb");
        const unsigned char head[] = {0x10, bytes[at + 9], bytes[at + 10], bytes[at + 11]};
        const size_t rest = size - at - 12 - (size_t)missing;
        ck_assert_ptr_ne(file, NULL);
        fwrite(bytes, 1, at + 4, file);
        fwrite(head, 1, sizeof head, file);
        ck_assert_uint_eq(fwrite(bytes + at + 12, 1, rest, file), rest);
        ck_assert_int_eq(fclose(file), 0);
        (missing ? must_be_cut : must_count)("short.mkv");
    }
    free(bytes);
}
END_TEST

/* The line says how much there is, and how much there should be. */
START_TEST(lines)
{
    static const char *const texts[][2] = {{"x.mp4", " frames"}, {"x.mkv", "should last 2.00 sec"}};
    for (int i = 0; i < COUNT(texts); i++) {
        CopError err = {0};
        int n, frames, of;
        help_shell(FFMPEG "-f lavfi -i testsrc2=s=160x120:r=25:d=2 " X264
                          "-movflags +faststart whole.%s && "
                          "head -c $(($(stat -c %%s whole.%s) / 2)) whole.%s >%s",
                   texts[i][0], texts[i][0], texts[i][0], texts[i][0]);
        const char *path = help_path(texts[i][0]);
        ck_assert_int_eq(cop_video_count(path, &n, &err), COP_ERR_DATA);
        ck_assert(strncmp(err.text, path, strlen(path)) == 0);
        ck_assert_msg(strstr(err.text, texts[i][1]), "%s", err.text);
        const int found =
            sscanf(err.text + strlen(path), ": is cut off after %d of %d", &frames, &of);
        ck_assert(frames > 5 && frames < 45);
        ck_assert(found == (i == 0 ? 2 : 1));
        ck_assert(i == 1 || of == 50);
        /* Frames before the cut can be had. */
        CopFrame *frame = calloc((size_t)frames + 1, sizeof *frame);
        ck_assert_int_eq(cop_video_read(path, 0, frames - 1, NULL, frame, &n, NULL), COP_OK);
        ck_assert_int_eq(n, frames);
        for (int k = 0; k < n; k++)
            cop_frame_unref(&frame[k]);
        ck_assert_int_eq(cop_video_read(path, 0, frames, NULL, frame, &n, NULL), COP_ERR_DATA);
        free(frame);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("container_end");
    TCase *tc = tcase_create("container_end");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, NULL, help_remove_folder);
    tcase_add_loop_test(tc, whole_and_cut, 0, COUNT(rows));
    tcase_add_test(tc, pipes);
    tcase_add_test(tc, between_packets);
    tcase_add_test(tc, edits);
    tcase_add_test(tc, more_than_promised);
    tcase_add_test(tc, short_segment_size);
    tcase_add_test(tc, lines);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
