/* Files of many kinds: frames are the ffmpeg command's, byte by byte, whether decoded from the
 * start or found by a table.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/decode_private.h"
#include "pipeline/media/video_memory.h"
#include "tests/media_help.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))
#define FFMPEG   "ffmpeg -v error -nostdin -y "
#define PATTERN  "-f lavfi -i testsrc2=s=128x96:r=25:d=2.4,crop=%s:0:0:exact=1 -threads 1 "
#define MAKE     FFMPEG PATTERN "%s %s"
#define X264     "-pix_fmt yuv420p -c:v libx264 -preset veryfast -g 12 -bf 3 "
#define FAST     "-pix_fmt yuv420p -preset ultrafast "
#define X265     FAST "-c:v libx265 -x265-params log-level=none:keyint=12"
#define VFR      "-vf 'select=not(mod(n\\,3))+lt(n\\,20)*not(mod(n\\,7))' -fps_mode vfr "
#define HURT(f)                                                                                    \
    "for i in 2 3 4 5; do head -c 200 /dev/zero | dd of=" #f " bs=1 seek=$(($(stat -c %s " #f      \
    ") * i / 7)) conv=notrunc 2>/dev/null; done"
#define TURN(a) X264 "-metadata:s:v rotate=" #a

enum { FRAMES_MAX = 160 };

/* What must be so of a file: a table that leads anywhere, a table of nothing but times, or none. */
typedef enum Way { SEEKS, ORDERED, NO_TABLE, ANY_WAY } Way;

static const struct {
    /* size: of the piece of a test pattern; NULL: options is a command, with $FF for ffmpeg. */
    const char *name, *size, *options;
    Way way;
} rows[] = {
    {"closed.mp4", "96:74", X264, SEEKS},
    {"open.mp4", "96:74", X264 "-x264-params open-gop=1", SEEKS},
    {"open.mkv", "96:74", X264 "-x264-params open-gop=1:b-pyramid=normal", SEEKS},
    {"open.ts", "96:74", X264 "-x264-params open-gop=1", ANY_WAY},
    {"refresh.mp4", "96:74", X264 "-x264-params intra-refresh=1", ANY_WAY},
    {"refresh.ts", "96:74", X264 "-x264-params intra-refresh=1", ANY_WAY},
    {"fields.ts", "96:80", X264 "-flags +ilme+ildct", ANY_WAY},
    {"single.mp4", "96:74", X264 "-g 999", ORDERED},
    {"vfr.mp4", "96:74", VFR X264, SEEKS},
    {"vfr.mkv", "96:74", VFR X264 "-g 5", SEEKS},
    {"vfr.ts", "96:74", VFR X264, ANY_WAY},
    {"late.mkv", "96:74", X264 "-output_ts_offset 7.3", SEEKS},
    {"late.ts", "96:74", X264 "-output_ts_offset 7.3", ANY_WAY},
    {"fragments.mp4", "96:74", X264 "-movflags +frag_keyframe+empty_moov", ANY_WAY},
    {"x264.avi", "96:74", X264 "-bf 0", ANY_WAY},
    {"bframes.avi", "96:74", X264, ANY_WAY},
    {"x264.flv", "96:74", X264, SEEKS},
    {"x264.h264", "96:74", X264, ANY_WAY},
    {"odd.mp4", "97:75", X264 "-pix_fmt yuv444p", SEEKS},
    {"wide.mkv", "98:75", X264 "-pix_fmt yuv422p", SEEKS},
    {"hevc.mp4", "96:74", X265, SEEKS},
    {"hevc.mkv", "96:74", X265 ":open-gop=0:bframes=4", SEEKS},
    {"hevc.ts", "96:74", X265, ANY_WAY},
    {"vp9.webm", "97:75", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 12 -auto-alt-ref 1",
     SEEKS},
    {"vp8.webm", "97:75", "-c:v libvpx -deadline realtime -g 12 -auto-alt-ref 1", SEEKS},
    {"vp8.ivf", "96:74", "-c:v libvpx -deadline realtime -g 12", ANY_WAY},
    {"mpeg4.avi", "96:74", "-c:v mpeg4 -q:v 4 -g 12", ANY_WAY},
    {"mpeg4b.avi", "96:74", "-c:v mpeg4 -q:v 4 -g 12 -bf 2", ANY_WAY},
    {"xvid.avi", "96:74", "-c:v libxvid -q:v 4 -g 12 -bf 2", ANY_WAY},
    {"mpeg4.mp4", "96:74", "-c:v mpeg4 -q:v 4 -g 12 -bf 2", SEEKS},
    {"mpeg2.mpg", "96:74", "-c:v mpeg2video -q:v 4 -g 12 -bf 2", ANY_WAY},
    {"mpeg2.ts", "96:74", "-c:v mpeg2video -q:v 4 -g 12 -bf 2", ANY_WAY},
    {"mpeg1.mpg", "96:74", "-c:v mpeg1video -q:v 4 -g 12 -bf 2", ANY_WAY},
    {"h263.3gp", "128:96", "-c:v h263 -g 12", SEEKS},
    {"sorenson.flv", "96:74", "-c:v flv -g 12", SEEKS},
    {"wmv2.wmv", "96:74", "-c:v wmv2 -g 12", ANY_WAY},
    {"msmpeg4.avi", "96:74", "-c:v msmpeg4 -g 12", ANY_WAY},
    {"theora.ogv", "96:74", "-c:v libtheora -g 12", ANY_WAY},
    {"motion.avi", "97:75", "-c:v mjpeg -pix_fmt yuvj422p", SEEKS},
    {"motion.mov", "97:75", "-c:v mjpeg -pix_fmt yuvj420p", SEEKS},
    {"ffv1.mkv", "97:75", "-c:v ffv1 -g 12 -pix_fmt yuv420p", SEEKS},
    {"huffyuv.avi", "98:75", "-c:v huffyuv -pix_fmt yuv422p", SEEKS},
    {"png.mov", "97:75", "-c:v png -pix_fmt rgb24", SEEKS},
    {"raw.nut", "97:75", "-c:v rawvideo -pix_fmt nv12", ANY_WAY},
    {"raw.y4m", "97:75", "-pix_fmt yuv420p", ANY_WAY},
    {"pictures.gif", "64:48", "", ANY_WAY},
    {"pictures.apng", "64:48", "-pix_fmt rgb24", ANY_WAY},
    /* Rotation tags, which the ffmpeg command follows, too. */
    {"turn90.mp4", "96:74", TURN(90), SEEKS},
    {"turn180.mp4", "96:74", TURN(180), SEEKS},
    {"turn270.mov", "96:74", TURN(270), SEEKS},
    {"turn90odd.mp4", "97:75", TURN(90) " -pix_fmt yuv444p", SEEKS},
    {"turn270odd.mov", "97:75", "-c:v mjpeg -pix_fmt yuvj420p -metadata:s:v rotate=270", SEEKS},
    {"turn180odd.mov", "97:75", "-c:v mjpeg -pix_fmt yuvj422p -metadata:s:v rotate=180", SEEKS},
    {"turn90rgb.mov", "97:75", "-c:v png -pix_fmt rgb24 -metadata:s:v rotate=90", SEEKS},
    {"turn90grey.mov", "97:75", "-c:v png -pix_fmt gray -metadata:s:v rotate=90", SEEKS},
    {"turn90rgba.mov", "97:75", "-c:v png -pix_fmt rgba -metadata:s:v rotate=90", SEEKS},
    /* Cut out, cut off, joined, damaged. */
    {"edit.mp4", NULL, "$FF -ss 0.7 -i closed.mp4 -c copy edit.mp4", SEEKS},
    {"edit.mov", NULL, "$FF -ss 1.1 -t 1.2 -i open.mp4 -c copy edit.mov", ANY_WAY},
    {"edit.mkv", NULL, "$FF -ss 0.7 -i open.mkv -c copy edit.mkv", ANY_WAY},
    {"cut.ts", NULL, "head -c $(($(stat -c %s open.ts) / 2)) open.ts >cut.ts", ANY_WAY},
    {"headless.ts", NULL, "tail -c $(($(stat -c %s open.ts) * 3 / 5)) open.ts >headless.ts",
     ANY_WAY},
    {"joined.ts", NULL, "cat mpeg2.ts mpeg2.ts >joined.ts", NO_TABLE},
    {"hurt.ts", NULL, "cp mpeg2.ts hurt.ts; " HURT(hurt.ts), ANY_WAY},
    {"hurt.avi", NULL, "cp mpeg4b.avi hurt.avi; " HURT(hurt.avi), ANY_WAY},
    {"hurt.mp4", NULL, "cp closed.mp4 hurt.mp4; " HURT(hurt.mp4), NO_TABLE},
    {"hurt.webm", NULL, "cp vp8.webm hurt.webm; " HURT(hurt.webm), ANY_WAY},
};

static void make(int row)
{
    if (rows[row].size)
        help_shell(MAKE, rows[row].size, rows[row].options, rows[row].name);
    else
        help_shell("FF='" FFMPEG "'; %s", rows[row].options);
}

static void setup(void)
{
    for (int i = 0; i < COUNT(rows); i++)
        make(i);
}

/* All frames, decoded one after the other. */
static int decode_all(const char *path, CopFrame *frame)
{
    CopError err = {0};
    CopDecoder *decoder;
    CopStatus status;
    int n = 0;
    ck_assert_msg(cop_decoder_open(&decoder, path, 1, &err) == COP_OK, "%s", err.text);
    while ((status = cop_decoder_next(decoder, &frame[n], &err)) == COP_OK)
        ck_assert_int_lt(++n, FRAMES_MAX);
    ck_assert_msg(status == COP_EOF, "%s", err.text);
    cop_decoder_close(&decoder);
    return n;
}

static void drop(CopFrame *frame, int n)
{
    for (int i = 0; i < n; i++)
        cop_frame_unref(&frame[i]);
}

/* Moves on behind the frame's bytes when these are what comes. */
static bool matches(const uint8_t **at, const uint8_t *end, const CopFrame *frame)
{
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int row_bytes, lines;
        cop_plane_size(frame->format, frame->width, frame->height, p, &row_bytes, &lines);
        for (int y = 0; y < lines; y++, *at += row_bytes)
            if (end - *at < row_bytes ||
                memcmp(*at, frame->plane[p] + y * frame->stride[p], (size_t)row_bytes) != 0)
                return false;
    }
    return true;
}

START_TEST(same_as_the_ffmpeg_command)
{
    CopFrame frame[FRAMES_MAX];
    const char *name = rows[_i].name;
    const int n = decode_all(help_path(name), frame);
    size_t size;
    uint8_t *want = help_output(
        &size, "ffmpeg -v quiet -nostdin -threads 1 -i %s -fps_mode passthrough -f rawvideo -",
        name);
    const uint8_t *at = want;
    ck_assert_int_gt(n, 5);
    for (int i = 0; i < n; i++)
        ck_assert_msg(matches(&at, want + size, &frame[i]), "%s: frame %d of %d", name, i, n);
    ck_assert_msg(at == want + size, "%s: more than %d frames", name, n);
    drop(frame, n);
    free(want);
}
END_TEST

/* A window of frames with gaps, by way of cop_video_read(). */
static void read_window(const char *path, const CopFrame *all, int n, int first, int last, int step)
{
    CopFrame some[FRAMES_MAX];
    bool want[FRAMES_MAX];
    int got;
    CopError err = {0};
    for (int i = first; i <= last; i++)
        want[i - first] = (i - first) % step == 0;
    ck_assert_msg(cop_video_read(path, first, last, want, some, &got, &err) == COP_OK, "%s",
                  err.text);
    ck_assert_int_eq(got, first >= n ? 0 : (last < n ? last + 1 : n) - first);
    for (int i = first; i <= last; i++) {
        const CopFrame *frame = &some[i - first];
        if (i >= n || !want[i - first]) {
            ck_assert_ptr_eq(frame->buffer, NULL);
            continue;
        }
        ck_assert_msg(frame->index == i && frame->pts == all[i].pts && help_equal(frame, &all[i]),
                      "%s: frame %d of window %d to %d by %d", path, i, first, last, step);
        cop_frame_unref(&some[i - first]);
    }
}

START_TEST(windows)
{
    static const int wanted[][3] = {{0, 20, 1},  {0, 20, 4},  {13, 13, 1}, {25, 40, 1},
                                    {25, 40, 3}, {30, 55, 5}, {11, 12, 1}, {59, 59, 1},
                                    {3, 58, 27}, {40, 70, 2}};
    CopFrame all[FRAMES_MAX];
    const char *name = rows[_i].name, *path = help_path(name);
    const int n = decode_all(path, all);
    CopVideoFacts facts;
    for (int known = 0; known < 2; known++) { /* before and after the file has been scanned */
        for (int i = 0; i < COUNT(wanted); i++)
            read_window(path, all, n, wanted[i][0], wanted[i][1], wanted[i][2]);
        ck_assert_int_eq(cop_video_scan(path, &facts, NULL), COP_OK);
        ck_assert_int_eq(facts.frames, n);
        if (!known)
            cop_video_facts_free(&facts);
    }
    CopSeekTable table = {0};
    if (facts.seek)
        ck_assert_int_eq(cop_seek_unpack(&table, facts.seek, facts.seek_size), COP_OK);
    const char *shown[] = {"leads anywhere", "has times only", "is not there"};
    const Way way = !facts.seek ? NO_TABLE : table.keys > 1 || table.intra ? SEEKS : ORDERED;
    if (getenv("SHOW_TABLES"))
        printf("%-16s %s: %d frames, %d keys%s%s, %zu bytes\n", name, shown[way], table.frames,
               table.keys, table.timed ? ", timed" : "", table.intra ? ", intra" : "",
               facts.seek_size);
    if (rows[_i].way != ANY_WAY)
        ck_assert_msg(way == rows[_i].way, "%s: the table %s", name, shown[way]);
    cop_seek_table_free(&table);
    cop_video_facts_free(&facts);
    drop(all, n);
}
END_TEST

/* The way by the table is gone to its end: a reader that always fell back would pass above. */
START_TEST(picks)
{
    CopFrame all[FRAMES_MAX], out[FRAMES_MAX] = {{0}};
    CopVideoFacts facts;
    CopSeekTable table;
    if (rows[_i].way != SEEKS)
        return;
    const char *path = help_path(rows[_i].name);
    const int n = decode_all(path, all);
    ck_assert_int_eq(cop_video_scan(path, &facts, NULL), COP_OK);
    ck_assert_int_eq(cop_seek_unpack(&table, facts.seek, facts.seek_size), COP_OK);
    for (int i = 0; i < n; i += 3) {
        CopDecoder *decoder;
        const CopPick pick = {.table = &table, .first = i, .last = i};
        ck_assert_int_eq(cop_decoder_open(&decoder, path, 1, NULL), COP_OK);
        ck_assert_msg(cop_decoder_pick(decoder, &pick, out, NULL) == COP_OK, "%s: frame %d",
                      rows[_i].name, i);
        ck_assert(out[0].index == i && help_equal(&out[0], &all[i]));
        cop_frame_unref(&out[0]);
        cop_decoder_close(&decoder);
    }
    cop_seek_table_free(&table);
    cop_video_facts_free(&facts);
    drop(all, n);
}
END_TEST

/* Whatever an index file says of a video, its frames come out. */
START_TEST(wrong_tables)
{
    enum { TRIES = 60 };
    static const char *const names[] = {"open.mp4", "vfr.mp4", "mpeg4b.avi", "motion.avi"};
    CopFrame all[FRAMES_MAX];
    CopVideoFacts facts;
    unsigned seed = 1;
    const char *name = names[_i], *path = help_path(name);
    const int n = decode_all(path, all);
    ck_assert_int_eq(cop_video_scan(path, &facts, NULL), COP_OK);
    ck_assert_uint_gt(facts.seek_size, 0);
    for (int i = 0; i < TRIES; i++) {
        char copy[64];
        int64_t size, mtime;
        snprintf(copy, sizeof copy, "wrong%d-%s", i, name);
        help_shell("ln %s %s", name, copy);
        ck_assert(cop_video_stamp(help_path(copy), &size, &mtime));
        seed = seed * 1664525u + 1013904223u;
        /* One sum in the middle first, so that what is compared is known to be. */
        const size_t at = i == 0 ? facts.seek_size / 2 : (seed >> 8) % facts.seek_size;
        facts.seek[at] ^= (uint8_t)(1u << (seed >> 29));
        cop_video_remember(help_path(copy), size, mtime, &facts);
        facts.seek[at] ^= (uint8_t)(1u << (seed >> 29));
        read_window(help_path(copy), all, n, 13, 50, 1);
        read_window(help_path(copy), all, n, 30, 59, 5);
        help_shell("rm %s", copy);
    }
    cop_video_facts_free(&facts);
    drop(all, n);
}
END_TEST

/* Rubbish that decodes, each few bytes of which are a picture, may go on for ever. */
START_TEST(endless)
{
    CopDecoder *decoder;
    CopError err = {0};
    CopStatus status;
    help_shell("yes \"$(printf '\\t\\001345678901234567890123')\" | head -c 1200000 >endless.cdg");
    ck_assert_int_eq(cop_decoder_open(&decoder, help_path("endless.cdg"), 1, &err), COP_OK);
    ck_assert_int_eq(decoder->most, COP_FRAMES_MAX);
    decoder->most = 5000;
    while ((status = cop_decoder_skip(decoder, &err)) == COP_OK)
        ck_assert_int_le(decoder->index, 5000);
    ck_assert_int_eq(status, COP_ERR_DATA);
    ck_assert_int_eq(decoder->index, 5000);
    ck_assert_int_eq(decoder->fault, COP_FAULT_ENDLESS);
    ck_assert_msg(strstr(err.text, "endless.cdg: does not end after 5000 frames"), "%s", err.text);
    cop_decoder_close(&decoder);
}
END_TEST

/* All frames of a file have a limit, which time between them does not count towards. */
START_TEST(total)
{
    CopDecoder *decoder;
    CopError err = {0};
    CopStatus status;
    help_shell("ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=64x48:r=25:d=20 -c:v mpeg4 "
               "total.avi && ffmpeg -v error -nostdin -y -i total.avi total.h264");
    cop_decoder_limit(2);
    ck_assert_int_eq(cop_decoder_open(&decoder, help_path("total.avi"), 1, NULL), COP_OK);
    ck_assert_msg(decoder->allowed > 399 && decoder->allowed < 401, "%g", decoder->allowed);
    cop_decoder_close(&decoder);
    ck_assert_int_eq(cop_decoder_open(&decoder, help_path("total.h264"), 1, NULL), COP_OK);
    ck_assert_msg(decoder->allowed == 200, "%g", decoder->allowed); /* no length is claimed */
    decoder->spent = 0;
    decoder->allowed = 1e-3;
    while ((status = cop_decoder_skip(decoder, &err)) == COP_OK)
        continue;
    ck_assert_int_eq(status, COP_ERR_DATA);
    ck_assert_int_eq(decoder->fault, COP_FAULT_SLOW);
    ck_assert_msg(strstr(err.text, "total.h264: not decoded in 0.001 seconds"), "%s", err.text);
    ck_assert_msg(strstr(err.text, "(data.timeout); frames so far: "), "%s", err.text);
    cop_decoder_close(&decoder);
    cop_decoder_limit(30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode_files");
    TCase *tc = tcase_create("decode_files");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, setup, help_remove_folder);
    tcase_add_loop_test(tc, same_as_the_ffmpeg_command, 0, COUNT(rows));
    tcase_add_loop_test(tc, windows, 0, COUNT(rows));
    tcase_add_loop_test(tc, picks, 0, COUNT(rows));
    tcase_add_loop_test(tc, wrong_tables, 0, 4);
    TCase *bounds = tcase_create("bounds");
    tcase_add_checked_fixture(bounds, NULL, help_remove_folder);
    tcase_add_test(bounds, endless);
    tcase_add_test(bounds, total);
    suite_add_tcase(suite, bounds);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
