/* Decoding against the ffmpeg command, byte by byte; broken and hostile files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gst/check/check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models/core/clock.h"
#include "pipeline/media/decode.h"
#include "tests/media_help.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))
#define CUT_MP4  "cut.mp4" /* the only one that is known to be cut; see test_container_end.c */

/* What the ffmpeg command makes from 1.2 s of a test pattern, and what must come
 * out; frames 0: whatever the ffmpeg command finds. */
static const struct {
    const char *name, *source, *options;
    CopPixelFormat format;
    int frames;
} good[] = {
    {"bframes.mp4", "testsrc2=s=96x74", "-pix_fmt yuv420p -c:v libx264 -bf 3 -g 10", COP_PIXEL_I420,
     30},
    {"bframes.h264", "testsrc2=s=96x74", "-pix_fmt yuv420p -c:v libx264 -bf 3 -g 10",
     COP_PIXEL_I420, 30},
    {"turned.mp4", "testsrc2=s=96x74", "-pix_fmt yuv420p -c:v libx264 -metadata:s:v rotate=90",
     COP_PIXEL_I420, 30},
    {"lossless.mkv", "testsrc=s=97x75", "-pix_fmt yuv420p -c:v ffv1", COP_PIXEL_I420, 30},
    {"wide.mkv", "testsrc=s=97x75", "-pix_fmt yuv422p -c:v ffv1", COP_PIXEL_I422, 30},
    {"full.mkv", "testsrc=s=97x75", "-pix_fmt yuv444p -c:v ffv1", COP_PIXEL_I444, 30},
    {"grey.mkv", "testsrc=s=97x75", "-pix_fmt gray -c:v ffv1", COP_PIXEL_GRAY8, 30},
    {"rgb.mkv", "testsrc=s=97x75", "-pix_fmt bgr0 -c:v ffv1", COP_PIXEL_BGRX, 30},
    {"motion.avi", "testsrc2=s=96x74", "-pix_fmt yuvj420p -c:v mjpeg", COP_PIXEL_I420, 30},
    {"mpeg4.avi", "testsrc2=s=96x74", "-pix_fmt yuv420p -c:v mpeg4 -bf 2", COP_PIXEL_I420, 30},
    {"mpeg2.ts", "testsrc2=s=96x74", "-pix_fmt yuv420p -c:v mpeg2video -bf 2", COP_PIXEL_I420, 30},
    {"fields.ts", "testsrc2=s=96x80", "-pix_fmt yuv420p -c:v mpeg2video -flags +ilme+ildct",
     COP_PIXEL_I420, 30},
    {"nv12.nut", "testsrc=s=97x75", "-pix_fmt nv12 -c:v rawvideo", COP_PIXEL_NV12, 30},
    {"rgb24.nut", "testsrc=s=97x75", "-pix_fmt rgb24 -c:v rawvideo", COP_PIXEL_RGB, 30},
    {"bgr24.nut", "testsrc=s=97x75", "-pix_fmt bgr24 -c:v rawvideo", COP_PIXEL_BGR, 30},
    {"rgb0.nut", "testsrc=s=97x75", "-pix_fmt rgb0 -c:v rawvideo", COP_PIXEL_RGBX, 30},
    {"small.y4m", "testsrc=s=97x75", "-pix_fmt yuv420p", COP_PIXEL_I420, 30},
    {"picture.png", "testsrc=s=97x75", "-frames:v 1 -pix_fmt rgb24", COP_PIXEL_RGB, 1},
    {"grey.png", "testsrc=s=97x75", "-frames:v 1 -pix_fmt gray", COP_PIXEL_GRAY8, 1},
    /* made from others by setup() */
    {"cover.mp4", NULL, NULL, COP_PIXEL_I420, 30},
    {CUT_MP4, NULL, NULL, COP_PIXEL_I420, 0},
    {"cut.ts", NULL, NULL, COP_PIXEL_I420, 0},
    {"late.ts", NULL, NULL, COP_PIXEL_I420, 0},
    {"flipped0.ts", NULL, NULL, COP_PIXEL_I420, 0},
    {"flipped1.ts", NULL, NULL, COP_PIXEL_I420, 0},
    {"flipped2.ts", NULL, NULL, COP_PIXEL_I420, 0},
};

static void flip_bits(const char *from, const char *to, unsigned seed)
{
    size_t size;
    unsigned char *bytes = help_output(&size, "cat %s", from);
    for (int i = 0; i < 12; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[2000 + seed % (size - 2000)] ^= (unsigned char)(1u << (seed >> 29));
    }
    FILE *file = fopen(help_path(to), "wb");
    ck_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    free(bytes);
}

static void setup(void)
{
    const char *ffmpeg = "ffmpeg -v error -nostdin -y";
    for (int i = 0; i < COUNT(good); i++)
        if (good[i].source)
            help_shell("%s -f lavfi -i %s:r=25:d=1.2 -threads 1 %s %s", ffmpeg, good[i].source,
                       good[i].options, good[i].name);
    help_shell("%s -f lavfi -i testsrc2=s=320x240:r=25:d=1.2 -threads 1 -pix_fmt yuv420p -c:v "
               "libx264 -g 12 -bf 2 -movflags +faststart big.mp4",
               ffmpeg);
    help_shell("%s -i big.mp4 -c copy big.ts", ffmpeg);
    help_shell("head -c $(($(stat -c %%s big.mp4) / 2)) big.mp4 >cut.mp4");
    help_shell("head -c $(($(stat -c %%s big.ts) / 2)) big.ts >cut.ts");
    help_shell("tail -c $(($(stat -c %%s big.ts) * 3 / 5)) big.ts >late.ts");
    flip_bits("big.ts", "flipped0.ts", 0);
    flip_bits("big.ts", "flipped1.ts", 1);
    flip_bits("big.ts", "flipped2.ts", 2);
    help_shell("%s -f lavfi -i testsrc=s=500x400 -frames:v 1 large.png", ffmpeg);
    help_shell("%s -i bframes.mp4 -i large.png -map 0 -map 1 -c copy -disposition:v:1 attached_pic "
               "cover.mp4",
               ffmpeg);
}

static CopStatus end_of(const char *path)
{
    return strstr(path, "/" CUT_MP4) ? COP_ERR_DATA : COP_EOF;
}

/* Everything that comes out, row by row. */
static uint8_t *decode_all(const char *path, int threads, size_t *size, int *frames)
{
    CopError err = {0};
    CopDecoder *decoder;
    ck_assert_msg(cop_decoder_open(&decoder, path, threads, &err) == COP_OK, "%s", err.text);
    const CopVideoInfo *info = cop_decoder_info(decoder);
    uint8_t *bytes = NULL;
    CopFrame frame;
    CopStatus status;
    const CopStatus end = end_of(path);
    *size = 0;
    *frames = 0;
    while ((status = cop_decoder_next(decoder, &frame, &err)) == COP_OK) {
        ck_assert(frame.index == *frames);
        ck_assert(frame.format == info->format && frame.width == info->width &&
                  frame.height == info->height);
        ++*frames;
        for (int p = 0; p < cop_pixel_format_planes(frame.format); p++) {
            int row_bytes, rows;
            cop_plane_size(frame.format, frame.width, frame.height, p, &row_bytes, &rows);
            bytes = realloc(bytes, *size + (size_t)row_bytes * (size_t)rows);
            for (int y = 0; y < rows; y++, *size += (size_t)row_bytes)
                memcpy(bytes + *size, frame.plane[p] + y * frame.stride[p], (size_t)row_bytes);
        }
        cop_frame_unref(&frame);
    }
    ck_assert_int_eq(status, end);
    ck_assert_int_eq(cop_decoder_next(decoder, &frame, &err), end);
    cop_decoder_close(&decoder);
    cop_decoder_close(&decoder);
    return bytes;
}

START_TEST(same_as_the_ffmpeg_command)
{
    size_t size, want_size;
    int frames;
    const char *path = help_path(good[_i].name);
    uint8_t *bytes = decode_all(path, 1, &size, &frames);
    uint8_t *want = help_output(&want_size,
                                "ffmpeg -v quiet -nostdin -threads 1 -i %s "
                                "-fps_mode passthrough -f rawvideo -",
                                good[_i].name);
    ck_assert_int_gt(frames, 0);
    if (good[_i].frames)
        ck_assert_int_eq(frames, good[_i].frames);
    ck_assert_msg(size == want_size, "%s: %zu bytes, wanted %zu", good[_i].name, size, want_size);
    ck_assert_msg(memcmp(bytes, want, size) == 0, "%s: other pixels", good[_i].name);

    /* Threads change nothing, and counting agrees. */
    int n;
    uint8_t *again = decode_all(path, 4, &want_size, &n);
    ck_assert(n == frames && size == want_size && memcmp(bytes, again, size) == 0);
    const bool whole = end_of(path) == COP_EOF;
    ck_assert_int_eq(cop_video_count(path, &n, NULL), whole ? COP_OK : COP_ERR_DATA);
    ck_assert_int_eq(n, whole ? frames : 0);

    CopDecoder *decoder;
    ck_assert_int_eq(cop_decoder_open(&decoder, path, 1, NULL), COP_OK);
    ck_assert_int_eq(cop_decoder_info(decoder)->format, good[_i].format);
    cop_decoder_close(&decoder);
    free(bytes);
    free(again);
    free(want);
}
END_TEST

/* Formats that are not ours become one of ours; the reference is the ffmpeg
 * command's own samples and the formula in libav.h. */
START_TEST(deep_samples)
{
    static const struct {
        const char *name, *options, *raw;
        CopPixelFormat format;
        int depth, chroma, limited; /* chroma: log2 of the subsampling, both ways */
    } rows[] = {
        {"deep_a.mkv", "-pix_fmt yuv420p10le -c:v ffv1", "yuv420p10le", COP_PIXEL_I444, 10, 1, 1},
        {"deep_b.mkv", "-pix_fmt yuv444p12le -color_range pc -c:v ffv1", "yuv444p12le",
         COP_PIXEL_I444, 12, 0, 0},
        {"deep_c.mkv", "-pix_fmt gray16le -c:v ffv1", "gray16le", COP_PIXEL_GRAY8, 16, 0, 0},
        {"deep_d.nut", "-pix_fmt rgb48le -c:v rawvideo", "gbrp16le", COP_PIXEL_RGB, 16, 0, 0},
    };
    enum { W = 97, H = 75 };
    const char *name = rows[_i].name;
    help_shell("ffmpeg -v error -nostdin -y -f lavfi -i testsrc=s=97x75:d=0.2 -threads 1 %s %s",
               rows[_i].options, name);
    size_t size, want_size;
    int frames;
    uint8_t *bytes = decode_all(help_path(name), 1, &size, &frames);
    uint8_t *want = help_output(
        &want_size,
        "ffmpeg -v quiet -nostdin -i %s -fps_mode passthrough -f rawvideo -pix_fmt %s -", name,
        rows[_i].raw);
    ck_assert_int_eq(frames, 5);
    const uint8_t *at = bytes;
    const int planes = rows[_i].format == COP_PIXEL_GRAY8 ? 1 : 3;
    const int cw = (W + rows[_i].chroma) >> rows[_i].chroma,
              ch = (H + rows[_i].chroma) >> rows[_i].chroma;
    const size_t luma = (size_t)W * H * 2, chroma = (size_t)cw * (size_t)ch * 2;
    const size_t frame_size = planes == 1 ? luma : luma + 2 * chroma;
    ck_assert_uint_eq(want_size, frame_size * 5);
    for (int f = 0; f < frames; f++)
        for (int i = 0; i < W * H * planes; i++) {
            const bool rgb = rows[_i].format == COP_PIXEL_RGB;
            const int c = rgb ? i % 3 : i / (W * H), x = (rgb ? i / 3 : i) % W,
                      y = (rgb ? i / 3 : i) / W % H;
            const int plane = rgb ? (c + 2) % 3 : c; /* gbrp: green first */
            const int shift = plane ? rows[_i].chroma : 0;
            const size_t sample = (size_t)f * frame_size +
                                  (plane ? luma + (size_t)(plane - 1) * chroma : 0) +
                                  2 * (size_t)((y >> shift) * (plane ? cw : W) + (x >> shift));
            const int v = want[sample] + 256 * want[sample + 1], depth = rows[_i].depth;
            const double exact =
                rows[_i].limited ? v / (double)(1 << (depth - 8)) : v * 255.0 / ((1 << depth) - 1);
            const double error = *at++ - (exact > 255.0 ? 255.0 : exact);
            ck_assert_msg(error <= 0.5 && error >= -0.5, "frame %d component %d (%d, %d): %f", f, c,
                          x, y, error);
        }
    free(bytes);
    free(want);
}
END_TEST

/* Conversions that lose nothing and so have one right answer. */
START_TEST(exact_formats)
{
    static const char *const rows[][3] = {
        {"pal.png", "-pix_fmt pal8", "rgb24"},
        {"mono.png", "-pix_fmt monob", "gray"},
        {"alpha.png", "-pix_fmt rgba", "rgba"},
        {"planar.nut", "-pix_fmt gbrp -c:v rawvideo", "rgb24"},
        {"yuyv.nut", "-pix_fmt yuv422p -c:v rawvideo -pix_fmt yuyv422",
         "yuv444p -sws_flags neighbor+accurate_rnd+full_chroma_int"},
        {"float.exr", "-pix_fmt gbrpf32le", "rgb24"},
        {"picture.gif", "-pix_fmt pal8", "bgra"},
    };
    help_shell(
        "ffmpeg -v error -nostdin -y -f lavfi -i testsrc=s=98x75 -frames:v 1 %s -update 1 %s",
        rows[_i][1], rows[_i][0]);
    size_t size, want_size;
    int frames;
    uint8_t *bytes = decode_all(help_path(rows[_i][0]), 1, &size, &frames);
    uint8_t *want = help_output(
        &want_size, "ffmpeg -v quiet -nostdin -i %s -frames:v 1 -f rawvideo -pix_fmt %s -",
        rows[_i][0], rows[_i][2]);
    ck_assert_int_eq(frames, 1);
    ck_assert_uint_eq(size, want_size);
    ck_assert_msg(memcmp(bytes, want, size) == 0, "%s: other pixels", rows[_i][0]);
    free(bytes);
    free(want);
}
END_TEST

START_TEST(info_and_times)
{
    CopDecoder *decoder;
    CopFrame frame;
    ck_assert_int_eq(cop_decoder_open(&decoder, help_path("bframes.mp4"), 1, NULL), COP_OK);
    const CopVideoInfo *info = cop_decoder_info(decoder);
    ck_assert(info->width == 96 && info->height == 74);
    ck_assert(info->rate_num == 25 && info->rate_den == 1);
    ck_assert_str_eq(info->codec, "h264");
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(cop_decoder_skip(decoder, NULL), COP_OK);
        ck_assert_int_eq(cop_decoder_next(decoder, &frame, NULL), COP_OK);
        ck_assert(frame.index == 2 * i + 1 && frame.pts == 40000 * frame.index);
        cop_frame_unref(&frame);
    }
    ck_assert_int_eq(cop_decoder_errors(decoder), 0);
    cop_decoder_close(&decoder);
}
END_TEST

/* Tags of matrix and range, and what untagged video is taken for. */
START_TEST(colours)
{
    static const struct {
        const char *size, *options;
        CopColour colour;
    } rows[] = {
        {"64x64", "", {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
        {"64x578", "", {COP_MATRIX_BT709, COP_RANGE_LIMITED}},
        {"64x64", "-colorspace bt709", {COP_MATRIX_BT709, COP_RANGE_LIMITED}},
        {"64x578", "-colorspace smpte170m", {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
        {"64x64", "-colorspace bt709 -color_range pc", {COP_MATRIX_BT709, COP_RANGE_FULL}},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        help_shell(
            "ffmpeg -v error -nostdin -y -f lavfi -i color=s=%s:d=0.04:r=25 -pix_fmt yuv420p "
            "%s -c:v libx264 colour.mp4",
            rows[i].size, rows[i].options);
        CopDecoder *decoder;
        ck_assert_int_eq(cop_decoder_open(&decoder, help_path("colour.mp4"), 1, NULL), COP_OK);
        const CopColour colour = cop_decoder_info(decoder)->colour;
        ck_assert_msg(colour.matrix == rows[i].colour.matrix &&
                          colour.range == rows[i].colour.range,
                      "row %d: matrix %d range %d", i, (int)colour.matrix, (int)colour.range);
        cop_decoder_close(&decoder);
    }
}
END_TEST

/* Two streams of different size, one behind the other. */
START_TEST(size_changes)
{
    help_shell("ffmpeg -v error -nostdin -y -f lavfi -i color=red:s=64x48:r=25:d=0.4 -threads 1 "
               "-pix_fmt yuv420p -c:v mpeg2video small.m2v");
    help_shell("ffmpeg -v error -nostdin -y -i mpeg2.ts -c copy -an first.m2v");
    help_shell("cat first.m2v small.m2v >both.m2v");
    size_t size, first_size;
    int frames, first_frames;
    unsigned char *listed = help_output(&size, "ffmpeg -v quiet -nostdin -i both.m2v -fps_mode "
                                               "passthrough -f framecrc - | grep -vc '^#'");
    const int want = atoi((char *)listed);
    free(listed);
    uint8_t *bytes = decode_all(help_path("both.m2v"), 1, &size, &frames);
    uint8_t *first = decode_all(help_path("first.m2v"), 1, &first_size, &first_frames);
    /* The decoder drops the frame that it still held back at the change. */
    ck_assert_int_eq(frames, want);
    ck_assert_int_ge(frames, first_frames + 9);
    ck_assert(memcmp(bytes, first, first_size * 29 / 30) == 0);
    /* Red is red at any size: Y 81, within what MPEG-2 loses. */
    const uint8_t *last = bytes + (size_t)(frames - 1) * (96 * 74 + 2 * 48 * 37);
    for (int i = 0; i < 96 * 74; i++)
        ck_assert(abs(last[i] - 81) <= 2);
    free(bytes);
    free(first);
}
END_TEST

START_TEST(refused_n)
{
    static const struct {
        const char *make, *name, *text;
    } rows[] = {
        {"true", "missing.mp4", ": No such file or directory"},
        {"mkdir -p folder.mp4", "folder.mp4", ": is a directory"},
        {": >empty.mp4", "empty.mp4", ": empty file"},
        {"rm -f fifo.mp4; mkfifo fifo.mp4", "fifo.mp4", ": not a regular file"},
        {"echo hello >text.mp4", "text.mp4",
         ": not a video: Invalid data found when processing input"},
        {"yes hello | head -c 100000 >text.txt", "text.txt", ": not a video: "},
        {"head -c 300 bframes.mp4 >stub.mp4", "stub.mp4", ": not a video: "},
        {"ffmpeg -v error -nostdin -y -f lavfi -i sine=d=0.5 sound.wav", "sound.wav",
         ": has no video stream, only sound"},
        {"ffmpeg -v error -nostdin -y -f lavfi -i sine=d=0.5 -i large.png -map 0 -map 1 -c:v copy "
         "-disposition:v attached_pic song.mp3",
         "song.mp3", ": has no video stream, only sound"},
        {"printf '#EXTM3U\\n#EXT-X-TARGETDURATION:1\\n#EXTINF:1,\\nbig.ts\\n' >list.mp4",
         "list.mp4", ": not a video: files of kind hls are not read"},
        {"printf 'ffconcat version 1.0\\nfile big.ts\\n' >concat.mp4", "concat.mp4",
         ": not a video: files of kind concat are not read"},
        {"head -c 40 picture.png >stub.png", "stub.png", ": no frame could be decoded"},
    };
    help_shell("%s", rows[_i].make);
    const char *path = help_path(rows[_i].name);
    CopError err = {0};
    CopDecoder *decoder;
    ck_assert_int_eq(cop_decoder_open(&decoder, path, 1, &err), COP_ERR_DATA);
    ck_assert_ptr_eq(decoder, NULL);
    ck_assert(strncmp(err.text, path, strlen(path)) == 0);
    ck_assert_msg(strncmp(err.text + strlen(path), rows[_i].text, strlen(rows[_i].text)) == 0, "%s",
                  err.text);
    ck_assert_ptr_eq(strchr(err.text, '\n'), NULL);
    int n;
    CopFrame frame;
    ck_assert_int_eq(cop_video_count(path, &n, NULL), COP_ERR_DATA);
    ck_assert_int_eq(cop_video_read(path, 0, 0, NULL, &frame, &n, NULL), COP_ERR_DATA);
}
END_TEST

/* Video, then hundreds of gigabytes of nothing, which no demuxer gives up on by itself. */
START_TEST(slow_n)
{
    static const char *const kinds[] = {"h264", "mpg"};
    int n;
    CopError err = {0};
    CopVideoFacts facts;
    help_shell("cp bframes.h264 endless.h264; "
               "ffmpeg -v error -nostdin -y -i mpeg2.ts -c copy endless.mpg; "
               "truncate -s 300G endless.%s",
               kinds[_i]);
    char *path = strdup(help_path(_i ? "endless.mpg" : "endless.h264"));
    cop_decoder_limit(0.5);
    const double start = cop_clock();
    ck_assert_int_eq(cop_video_count(path, &n, &err), COP_ERR_DATA);
    const double seconds = cop_clock() - start;
    ck_assert_msg(seconds > 0.5 && seconds < 20, "%f", seconds);
    ck_assert_msg(strstr(err.text, ": gave no frame in 0.5 seconds (data.timeout)"), "%s",
                  err.text);
    ck_assert_ptr_eq(strchr(err.text, '\n'), NULL);
    /* Nobody waits for it a second time, unless for longer. */
    ck_assert(cop_video_recall(path, &facts));
    ck_assert(facts.fault == COP_FAULT_SLOW && facts.waited == 0.5);
    CopError again = {0};
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(cop_video_count(path, &n, &again), COP_ERR_DATA);
    ck_assert_msg(cop_clock() - start < 20 + 0.5 * 100, "%f", cop_clock() - start);
    ck_assert_msg(strstr(again.text, "verify or a longer data.timeout tries it again"), "%s",
                  again.text);
    cop_decoder_limit(0.25);
    ck_assert(cop_video_recall(path, &facts));
    static const double longer[] = {0, 0.75};
    for (int i = 0; i < 2; i++) {
        cop_decoder_limit(longer[i]);
        ck_assert(!cop_video_recall(path, &facts));
    }
    ck_assert_int_eq(cop_video_scan(path, &facts, NULL), COP_ERR_DATA);
    ck_assert(cop_video_recall(path, &facts) && facts.waited == 0.75);
    cop_decoder_limit(30);
    free(path);
}
END_TEST

/* Headers that promise two thousand million frames, or years of them. */
START_TEST(promises)
{
    static const struct {
        const char *box;
        size_t at; /* of the number behind the name */
        bool good; /* it does not matter */
    } rows[] = {{"mvhd", 16, true}, {"mdhd", 16, true}, {"stts", 8, true},
                {"stsz", 8, false}, {"ctts", 8, true},  {"stco", 4, false}};
    size_t size, at = 0;
    unsigned char *bytes = help_output(&size, "cat bframes.mp4");
    while (at + 40 < size && memcmp(bytes + at, rows[_i].box, 4) != 0)
        at++;
    ck_assert_uint_lt(at + 40, size);
    const unsigned char much[4] = {0x7F, 0xFF, 0xFF, 0xFF};
    memcpy(bytes + at + 4 + rows[_i].at, much, 4);
    FILE *file = fopen(help_path("promise.mp4"), "wb");
    ck_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    free(bytes);
    int n;
    CopError err = {0};
    const double start = cop_clock();
    const CopStatus status = cop_video_count(help_path("promise.mp4"), &n, &err);
    ck_assert_msg(cop_clock() - start < 20, "%s", rows[_i].box);
    ck_assert_msg(status == (rows[_i].good ? COP_OK : COP_ERR_DATA), "%s: %s", rows[_i].box,
                  err.text);
    ck_assert_int_eq(n, rows[_i].good ? 30 : 0);
    ck_assert_ptr_eq(strchr(err.text, '\n'), NULL);
}
END_TEST

START_TEST(arguments_n)
{
    CopDecoder *decoder;
    CopFrame frames[2];
    int n;
    const char *path = help_path("bframes.mp4");
    ck_assert_int_eq(cop_decoder_open(&decoder, path, 0, NULL), COP_ERR_ARG);
    ck_assert_int_eq(cop_decoder_open(&decoder, path, 17, NULL), COP_ERR_ARG);
    ck_assert_int_eq(cop_video_read(path, -1, 0, NULL, frames, &n, NULL), COP_ERR_ARG);
    ck_assert_int_eq(cop_video_read(path, 1, 0, NULL, frames, &n, NULL), COP_ERR_ARG);
    ck_assert_int_eq(cop_video_count("-", &n, NULL), COP_ERR_ARG);
    cop_decoder_close(NULL);
}
END_TEST

START_TEST(ranges)
{
    CopFrame all[40], some[40];
    int n, m;
    const char *path = help_path("bframes.mp4");
    ck_assert_int_eq(cop_video_read(path, 0, 39, NULL, all, &n, NULL), COP_OK);
    ck_assert_int_eq(n, 30);
    ck_assert_ptr_eq(all[30].buffer, NULL);
    static const int wanted[][2] = {{0, 0}, {7, 18}, {29, 29}, {25, 33}, {30, 31}, {1000, 1010}};
    for (int i = 0; i < COUNT(wanted); i++) {
        const int first = wanted[i][0], last = wanted[i][1];
        ck_assert_int_eq(cop_video_read(path, first, last, NULL, some, &m, NULL), COP_OK);
        ck_assert_int_eq(m, first >= 30 ? 0 : (last >= 30 ? 29 : last) - first + 1);
        for (int j = 0; j < m; j++) {
            ck_assert(some[j].index == first + j && help_equal(&some[j], &all[first + j]));
            cop_frame_unref(&some[j]);
        }
    }
    for (int i = 0; i < n; i++)
        cop_frame_unref(&all[i]);
}
END_TEST

/* A file of the same path, size and time is not decoded again; a changed one is. */
START_TEST(counts_are_remembered)
{
    int n;
    const char *path = help_path("counted.mp4");
    help_shell("cp bframes.mp4 counted.mp4 && touch -d @1000000 counted.mp4");
    ck_assert_int_eq(cop_video_count(path, &n, NULL), COP_OK);
    ck_assert_int_eq(n, 30);
    help_shell("head -c $(stat -c %%s bframes.mp4) /dev/zero >counted.mp4 && "
               "touch -d @1000000 counted.mp4");
    ck_assert_int_eq(cop_video_count(path, &n, NULL), COP_OK);
    ck_assert_int_eq(n, 30);
    help_shell("touch -d @1000001 counted.mp4");
    ck_assert_int_eq(cop_video_count(path, &n, NULL), COP_ERR_DATA);
    ck_assert_int_eq(n, 0);
}
END_TEST

static void *count(void *path)
{
    int n = 0;
    const CopStatus status = cop_video_count(path, &n, NULL);
    return (void *)(uintptr_t)(status == COP_OK ? n : 0);
}

START_TEST(counting_from_threads)
{
    pthread_t thread[4];
    char *path = strdup(help_path("mpeg2.ts"));
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, count, path), 0);
    for (int i = 0; i < 4; i++) {
        void *n;
        pthread_join(thread[i], &n);
        ck_assert_uint_eq((uintptr_t)n, 30);
    }
    free(path);
}
END_TEST

START_TEST(standard_input)
{
    size_t size, want_size;
    int frames;
    uint8_t *want = decode_all(help_path("small.y4m"), 1, &want_size, &frames);
    const int fd = open(help_path("small.y4m"), O_RDONLY);
    ck_assert_int_ge(dup2(fd, 0), 0);
    uint8_t *bytes = decode_all("-", 1, &size, &frames);
    ck_assert(frames == 30 && size == want_size && memcmp(bytes, want, size) == 0);
    free(bytes);
    free(want);
    close(fd);
}
END_TEST

START_TEST(nothing_on_stderr)
{
    const int kept = dup(2), fd = open(help_path("stderr"), O_RDWR | O_CREAT, 0600);
    dup2(fd, 2);
    static const char *const names[] = {"flipped0.ts", "cut.mp4", "late.ts", "stub2.mp4"};
    int n;
    help_shell("head -c 9000 cut.mp4 >stub2.mp4");
    for (int i = 0; i < COUNT(names); i++)
        if (cop_video_count(help_path(names[i]), &n, NULL) != COP_OK)
            n = 0;
    dup2(kept, 2);
    ck_assert_int_eq((int)lseek(fd, 0, SEEK_END), 0);
    close(fd);
    close(kept);
}
END_TEST

/* Broken packets are counted. */
START_TEST(errors_are_counted)
{
    help_shell("cp big.mp4 damaged.mp4 && for i in 2 3 4 5; do head -c 400 /dev/zero | "
               "dd of=damaged.mp4 bs=1 seek=$((i * 5000)) conv=notrunc 2>/dev/null; done");
    CopDecoder *decoder;
    ck_assert_int_eq(cop_decoder_open(&decoder, help_path("damaged.mp4"), 1, NULL), COP_OK);
    CopStatus status;
    while ((status = cop_decoder_skip(decoder, NULL)) == COP_OK)
        ;
    ck_assert_int_eq(status, COP_EOF);
    ck_assert_int_gt(cop_decoder_errors(decoder), 0);
    cop_decoder_close(&decoder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *tc = tcase_create("decode");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, setup, help_remove_folder);
    tcase_add_loop_test(tc, same_as_the_ffmpeg_command, 0, COUNT(good));
    tcase_add_loop_test(tc, deep_samples, 0, 4);
    tcase_add_loop_test(tc, exact_formats, 0, 7);
    tcase_add_test(tc, info_and_times);
    tcase_add_test(tc, colours);
    tcase_add_test(tc, size_changes);
    tcase_add_loop_test(tc, refused_n, 0, 12);
    tcase_add_loop_test(tc, slow_n, 0, 2);
    tcase_add_loop_test(tc, promises, 0, 6);
    tcase_add_test(tc, arguments_n);
    tcase_add_test(tc, ranges);
    tcase_add_test(tc, counts_are_remembered);
    tcase_add_test(tc, counting_from_threads);
    tcase_add_test(tc, standard_input);
    tcase_add_test(tc, nothing_on_stderr);
    tcase_add_test(tc, errors_are_counted);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
