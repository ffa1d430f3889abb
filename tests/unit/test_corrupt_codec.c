/* Codec and bitstream corruptions as streams: low delay, alignment, hits that are counted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corrupt_clip.h"

static const struct {
    const char *name, *params; /* no frame waits for the next one */
    int gop, latency;
} low[] = {{"h264_crf", "delay=low, gop=8", 8, 0},
           {"h264_abr", "delay=low, gop=8, bits_per_pixel=1", 8, 0},
           {"h265_crf", "delay=low, gop=8, preset=ultrafast", 8, 0},
           {"h265_abr", "delay=low, gop=8, preset=ultrafast, bits_per_pixel=1", 8, 0},
           {"mpeg1", "gop=8", 8, 1},
           {"mpeg2", NULL, 12, 0},
           {"mpeg4", "gop=1", 1, 0},
           {"bit_error", "delay=low, hits=9, gop=8", 8, 0},
           {"packet_loss", "delay=low, rate=0.2, gop=8", 8, 0},
           {"bitstream_excision", "delay=low, frames=3, gop=8", 8, 0}};
enum { LOW = sizeof low / sizeof low[0], FRAMES = 21 };

static CopCorrupt *make(int i)
{
    return clip_corrupt(low[i].name, 3, 7, NULL, low[i].params);
}

START_TEST(low_delay_is_as_declared)
{
    CopFrame in[FRAMES], frame;
    clip_make(in, FRAMES, COP_PIXEL_I420, 80, 72, 0);
    CopCorrupt *corrupt = make(_i);
    const int gop = low[_i].gop, latency = low[_i].latency;
    ck_assert_int_eq(corrupt->latency, latency);
    ck_assert_int_eq(corrupt->look_behind, gop - 1);
    ck_assert_int_eq(corrupt->align, gop);
    int out = 0;
    for (int i = 0; i < FRAMES; i++) {
        ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
        for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++) {
            ck_assert(clip_same_shape(&frame, &in[out]));
            cop_frame_unref(&frame);
        }
        ck_assert_int_ge(out, i + 1 - latency);
        if ((i + 1) % gop == 0) /* nothing waits for the next group */
            ck_assert_int_eq(out, i + 1);
    }
    ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
    for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++)
        cop_frame_unref(&frame);
    ck_assert_int_eq(out, FRAMES);
    clip_free(in, FRAMES);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(low_delay_starts_anywhere)
{
    CopFrame in[FRAMES], whole[FRAMES], part[FRAMES];
    clip_make(in, FRAMES, COP_PIXEL_I420, 80, 72, 0);
    CopCorrupt *corrupt = make(_i);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, FRAMES, whole), COP_OK);
    const struct {
        int first, last;
    } spans[] = {{0, 2}, {5, 5}, {9, 14}, {16, 16}, {7, 8}, {20, 20}};
    for (size_t s = 0; s < sizeof spans / sizeof spans[0]; s++) {
        const int first = spans[s].first, last = spans[s].last;
        int from, to;
        cop_corrupt_span(corrupt, first, last, FRAMES, &from, &to);
        ck_assert_int_le(to - last, low[_i].latency); /* frames that nobody waits for */
        ck_assert_int_eq(from, first - first % low[_i].gop);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in + from, to - from + 1, part), COP_OK);
        for (int i = first; i <= last; i++)
            ck_assert_msg(clip_same_pixels(&whole[i], &part[i - from]), "frame %d of %d..%d", i,
                          first, last);
        clip_free(part, to - from + 1);
    }
    clip_free(whole, FRAMES);
    clip_free(in, FRAMES);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Hits of one run over `n` frames. */
static int hits_of(CopCorrupt *corrupt, const CopFrame *in, int n)
{
    CopFrame *out = calloc((size_t)n, sizeof *out);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, n, out), COP_OK);
    clip_free(out, n);
    free(out);
    return (int)cop_corrupt_hits(corrupt);
}

/* What each group is due, for whole groups and for the short one at the end. */
START_TEST(hits_are_counted)
{
    enum { N = 36 };
    static const struct {
        const char *name, *params;
        int least, most;
    } cases[] = {
        {"bit_error", "hits=0.001, at_least_one=true", 3, 3},
        {"bit_error", "hits=0.001, at_least_one=true, delay=low", 0, 3},
        {"bit_error", "hits=1000, preset=ultrafast", 2100, 2400},
        {"bit_error", "hits=0", 0, 0},
        {"bit_error", "hits=0.0001, at_least_one=false", 0, 0},
        {"bit_error", "amount=100000000", 0, 0},
        {"packet_loss", "rate=0.00001, at_least_one=true", 3, 3},
        {"packet_loss", "losses=0.001, at_least_one=true", 3, 3},
        {"packet_loss", "losses=9", 14, 27},
        {"packet_loss", "losses=9, delay=low", 14, 27},
        {"packet_loss", "losses=10000, mtu=65507", 36, 36},
        {"packet_loss", "rate=0.00001, at_least_one=true, delay=low", 0, 3},
        {"packet_loss", "losses=0", 0, 0},
        {"packet_loss", "rate=0.00001, at_least_one=false", 0, 0},
        {"packet_loss", "rate=1, mtu=65507", 36, 36},
        {"packet_loss", "rate=1, mtu=65507, cut=stream", 3, 3},
        {"packet_loss", "rate=0.99, burst=1, mtu=65507", 33, 36},
        {"bitstream_excision", "frames=2", 6, 6},
        {"bitstream_excision", "frames=2, delay=low", 4, 6},
        {"bitstream_excision", "frames=250", 33, 33},
        {"bitstream_excision", "frames=0", 0, 0},
        {"h264_crf", "crf=30", 0, 0},
    };
    CopFrame in[N];
    clip_make(in, N, COP_PIXEL_I420, 64, 48, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CopCorrupt *corrupt = clip_corrupt(cases[i].name, 3, 7, NULL, cases[i].params);
        const int hits = hits_of(corrupt, in, N);
        ck_assert_msg(hits >= cases[i].least && hits <= cases[i].most, "%s, %s: %d hits",
                      cases[i].name, cases[i].params, hits);
        ck_assert_int_eq(hits_of(corrupt, in, N), hits); /* of a new stream, the same anew */
        ck_assert_int_eq(cop_corrupt_reset(corrupt, 0), COP_OK);
        ck_assert_int_eq((int)cop_corrupt_hits(corrupt), 0);
        cop_corrupt_destroy(&corrupt);
    }
    clip_free(in, N);
}
END_TEST

/* By FFmpeg's rule there is no seed; one byte in 10000 are some in this clip, and a
 * group's are its own. */
START_TEST(published_bit_errors_have_no_seed)
{
    enum { N = 32 };
    CopFrame in[N], a[N], b[N];
    clip_make(in, N, COP_PIXEL_I420, 160, 128, 0);
    int last = 0;
    for (int s = 1; s <= COP_SEVERITIES; s++) {
        CopCorrupt *one = clip_corrupt("bit_error", s, 1, "kinetics-c", NULL);
        CopCorrupt *two = clip_corrupt("bit_error", s, 2, "kinetics-c", NULL);
        ck_assert_int_eq(cop_corrupt_frames(one, in, N, a), COP_OK);
        ck_assert_int_eq(cop_corrupt_frames(two, in, N, b), COP_OK);
        for (int i = 0; i < N; i++)
            ck_assert(clip_same_pixels(&a[i], &b[i]));
        last = (int)cop_corrupt_hits(one);
        ck_assert_int_eq((int)cop_corrupt_hits(two), last);
        clip_free(b, N);
        ck_assert_int_eq(cop_corrupt_frames(two, in + N / 2, N / 2, b), COP_OK);
        for (int i = 0; i < N / 2; i++)
            ck_assert(clip_same_pixels(&a[N / 2 + i], &b[i]));
        clip_free(b, N / 2);
        clip_free(a, N);
        cop_corrupt_destroy(&one);
        cop_corrupt_destroy(&two);
    }
    ck_assert(last >= 2 && last < 60);
    clip_free(in, N);
}
END_TEST

/* A hit stays in its group: frames of groups without one are those of the stream undamaged. */
START_TEST(damage_ends_with_its_group)
{
    enum { N = 64, GOP = 16 };
    CopFrame in[N], clean[N], out[N];
    clip_make(in, N, COP_PIXEL_I420, 64, 48, 0);
    CopCorrupt *none = clip_corrupt("bit_error", 3, 7, NULL, "hits=0");
    CopCorrupt *some = clip_corrupt("bit_error", 3, 7, NULL, "hits=0.7, at_least_one=false");
    ck_assert_int_eq(cop_corrupt_frames(none, in, N, clean), COP_OK);
    ck_assert_int_eq(cop_corrupt_frames(some, in, N, out), COP_OK);
    int hit = 0;
    for (int g = 0; g < N; g += GOP) {
        int same = 0;
        for (int i = g; i < g + GOP; i++)
            same += clip_same_pixels(&clean[i], &out[i]);
        hit += same < GOP;
    }
    ck_assert(hit >= 1 && hit <= 3);
    ck_assert_int_ge((int)cop_corrupt_hits(some), hit);
    clip_free(out, N);
    clip_free(clean, N);
    clip_free(in, N);
    cop_corrupt_destroy(&none);
    cop_corrupt_destroy(&some);
}
END_TEST

/* Frames in flight keep the severity that their group began with. */
START_TEST(severity_changes_between_groups)
{
    enum { N = 8 };
    static const char *const names[] = {"bit_error", "packet_loss", "bitstream_excision",
                                        "h265_crf",  "h264_abr",    "mpeg2"};
    CopFrame in[2 * N], whole[2 * N], out[2 * N];
    clip_make(in, 2 * N, COP_PIXEL_I420, 64, 48, 0);
    for (int k = 0; k < 6; k++) {
        CopCorrupt *corrupt = clip_corrupt(names[k], 2, 7, NULL, "gop=8");
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, 5, whole), COP_OK);
        ck_assert_int_eq(cop_corrupt_reset(corrupt, 0), COP_OK);
        for (int i = 0; i < 2 * N; i++) {
            if (i == 5)
                ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 5, NULL), COP_OK);
            ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
        }
        ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
        for (int i = 0; i < 2 * N; i++) {
            ck_assert_int_eq(cop_corrupt_pull(corrupt, &out[i]), COP_OK);
            if (i < 5)
                ck_assert_msg(clip_same_pixels(&out[i], &whole[i]), "%s, frame %d", names[k], i);
        }
        clip_free(whole, 5);
        clip_free(out, 2 * N);
        cop_corrupt_destroy(&corrupt);
    }
    clip_free(in, 2 * N);
}
END_TEST

/* The finest quantiser is near the picture, each next severity farther away. */
START_TEST(quantisers_rise_with_severity)
{
    enum { N = 13 };
    static const char *const names[] = {"mpeg1", "mpeg2", "mpeg4", "mjpeg"};
    CopFrame in[N], out[N];
    clip_make(in, N, COP_PIXEL_I420, 64, 48, 0);
    for (int k = 0; k < 4; k++) {
        double last = 0;
        for (int s = 0; s <= COP_SEVERITIES; s++) {
            CopCorrupt *corrupt = clip_corrupt(names[k], s ? s : 1, 0, NULL, s ? NULL : "q=1");
            ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
            const double mse = clip_mse(in, out, N);
            ck_assert_msg(mse > last && (s || mse < 8), "%s %d: %g", names[k], s, mse);
            last = mse;
            clip_free(out, N);
            cop_corrupt_destroy(&corrupt);
        }
    }
    clip_free(in, N);
}
END_TEST

/* With gop=0 frames leave late, at most as declared, and hang on all before them. */
START_TEST(one_stream_has_no_groups)
{
    enum { N = 110 };
    static const struct {
        const char *name, *params;
        int latency;
    } cases[] = {{"h264_crf", "gop=0", 80},
                 {"h264_crf", "gop=0, preset=veryslow", 80},
                 {"h264_abr", "gop=0, preset=medium", 80},
                 {"h265_crf", "gop=0", 80},
                 {"h264_crf", "gop=0, delay=low", 0}};
    CopCorrupt *grouped = clip_corrupt("h264_crf", 3, 0, NULL, "gop=200");
    ck_assert_int_eq(grouped->latency, 199); /* a group waits for its last frame, however long */
    cop_corrupt_destroy(&grouped);
    CopFrame in[N], whole[N], frame;
    clip_make(in, N, COP_PIXEL_I420, 80, 72, 0);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        CopCorrupt *corrupt = clip_corrupt(cases[k].name, 3, 0, NULL, cases[k].params);
        ck_assert_int_eq(corrupt->latency, cases[k].latency);
        int from, to;
        cop_corrupt_span(corrupt, 70, 71, N, &from, &to);
        ck_assert_int_eq(from, 0);
        ck_assert_int_eq(to, 71 + cases[k].latency < N ? 71 + cases[k].latency : N - 1);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, whole), COP_OK);
        ck_assert_int_eq(cop_corrupt_reset(corrupt, 0), COP_OK);
        int out = 0;
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
            for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++) {
                ck_assert(clip_same_pixels(&frame, &whole[out]));
                cop_frame_unref(&frame);
            }
            ck_assert_int_ge(out, i + 1 - cases[k].latency);
        }
        ck_assert_int_gt(out, 0); /* before the end */
        clip_free(whole, N);
        cop_corrupt_destroy(&corrupt);
    }
    clip_free(in, N);
}
END_TEST

/* A span that ends early gives the bytes of the whole: nothing looks farther than declared. */
START_TEST(one_stream_looks_as_far_as_declared)
{
    enum { N = 100, LAST = 10 };
    static const char *const names[] = {"h264_abr", "h265_abr"};
    CopFrame in[N], whole[N], part[N];
    clip_make(in, N, COP_PIXEL_I420, 80, 72, 0);
    CopCorrupt *corrupt = clip_corrupt(names[_i], 3, 0, NULL, "gop=0, preset=veryslow");
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, whole), COP_OK);
    int from, to;
    cop_corrupt_span(corrupt, 0, LAST, N, &from, &to);
    ck_assert_int_lt(to, N - 1);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, to + 1, part), COP_OK);
    for (int i = 0; i <= LAST; i++)
        ck_assert_msg(clip_same_pixels(&whole[i], &part[i]), "frame %d", i);
    clip_free(part, to + 1);
    clip_free(whole, N);
    clip_free(in, N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Mean squared error of an instance that knows of `bits` a frame. */
static double loss_at(const char *name, const char *preset, double severity, const char *params,
                      double bits)
{
    enum { N = 16 };
    CopFrame in[N], out[N];
    clip_make(in, N, COP_PIXEL_I420, 80, 72, 0);
    CopCorrupt *corrupt = clip_corrupt(name, severity, 0, preset, params);
    cop_corrupt_set_source(corrupt, bits);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
    const double mse = clip_mse(in, out, N);
    clip_free(out, N);
    clip_free(in, N);
    cop_corrupt_destroy(&corrupt);
    return mse;
}

/* The published rate is a fraction of the file's: 8000 bits a frame over 8 are 25000 a second. */
START_TEST(a_rate_of_the_source)
{
    static const char *const names[] = {"h264_abr", "h265_abr"};
    const char *name = names[_i];
    CopCorrupt *corrupt = clip_corrupt(name, 3, 0, "kinetics-c", NULL);
    ck_assert(cop_corrupt_wants_source(corrupt));
    ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 0, NULL), COP_OK);
    ck_assert(!cop_corrupt_wants_source(corrupt));
    cop_corrupt_destroy(&corrupt);
    corrupt = clip_corrupt(name, 3, 0, NULL, NULL);
    ck_assert(!cop_corrupt_wants_source(corrupt));
    cop_corrupt_destroy(&corrupt);

    const double source = loss_at(name, "kinetics-c", 3, NULL, 8000);
    const double fixed = loss_at(name, NULL, 3, "preset=medium, bitrate=25000", 8000);
    ck_assert(source == fixed);
    ck_assert(loss_at(name, "kinetics-c", 3, NULL, 80000) < source);
    ck_assert(loss_at(name, "kinetics-c", 4, NULL, 16000) == source);
    const double unknown = loss_at(name, "kinetics-c", 3, NULL, 0);
    ck_assert(unknown == loss_at(name, NULL, 3, "preset=medium, bits_per_pixel=0.025", 8000));
    ck_assert(unknown != source);
    const char *burst =
        _i ? "corruption=h265_abr, inner_preset=kinetics-c, share=1, inner_severity=3"
           : "corruption=h264_abr, inner_preset=kinetics-c, share=1, inner_severity=3";
    ck_assert(loss_at("burst", NULL, 3, burst, 8000) == source);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_codec");
    TCase *tc = tcase_create("streams");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, low_delay_is_as_declared, 0, LOW);
    tcase_add_loop_test(tc, low_delay_starts_anywhere, 0, LOW);
    tcase_add_test(tc, hits_are_counted);
    tcase_add_test(tc, published_bit_errors_have_no_seed);
    tcase_add_test(tc, damage_ends_with_its_group);
    tcase_add_test(tc, severity_changes_between_groups);
    tcase_add_test(tc, quantisers_rise_with_severity);
    tcase_add_test(tc, one_stream_has_no_groups);
    tcase_add_loop_test(tc, one_stream_looks_as_far_as_declared, 0, 2);
    tcase_add_loop_test(tc, a_rate_of_the_source, 0, 2);
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
