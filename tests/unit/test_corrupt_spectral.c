/* Spectral corruptions against closed forms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/pass_filter.h"
#include "pipeline/corrupt/spectral_noise.h"
#include "tests/corrupt_clip.h"

static const double pi = 3.14159265358979323846;

static CopFrame flat(int width, int height, int level, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, index);
    for (int y = 0; y < height; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, (size_t)(3 * width));
    return frame;
}

static int at(const CopFrame *frame, int u, int v, int c)
{
    return frame->plane[0][v * frame->stride[0] + 3 * u + c];
}

/* A frame of `level`, or a textured one where level is negative, after a corruption. */
static CopFrame corrupted(const char *name, CopTemporal temporal, uint32_t clip, const char *params,
                          int width, int height, int level, int64_t index)
{
    CopFrame frame = level < 0 ? clip_frame(COP_PIXEL_RGB, width, height, index)
                               : flat(width, height, level, index);
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = name,
                                 .severity = 3,
                                 .seed = 5,
                                 .clip = clip,
                                 .temporal = temporal,
                                 .params = params};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    cop_corrupt_destroy(&corrupt);
    return frame;
}

/* --- low_pass and high_pass ------------------------------------------------------------ */

static bool within(double fx, double fy, double radius, bool square)
{
    const double f = square ? fmax(fabs(fx), fabs(fy)) : hypot(fx, fy);
    return f * f <= radius * radius + 1e-9;
}

/* Channel c of a frame with the frequencies inside kept, as a sum over all of them. */
static void kept_slowly(const CopFrame *frame, int c, double radius, bool square, bool cosine,
                        double *out)
{
    const int w = frame->width, h = frame->height;
    memset(out, 0, (size_t)(w * h) * sizeof *out);
    for (int ky = 0; ky < h; ky++)
        for (int kx = 0; kx < w; kx++) {
            const double fx = cosine ? (double)kx / w : 2.0 * (2 * kx > w ? kx - w : kx) / w;
            const double fy = cosine ? (double)ky / h : 2.0 * (2 * ky > h ? ky - h : ky) / h;
            if (!within(fx, fy, radius, square))
                continue;
            double re = 0, im = 0;
            for (int v = 0; v < h; v++)
                for (int u = 0; u < w; u++) {
                    const double angle = 2 * pi * ((double)kx * u / w + (double)ky * v / h);
                    const double wave = cos(pi * kx * (u + 0.5) / w) * cos(pi * ky * (v + 0.5) / h);
                    re += at(frame, u, v, c) * (cosine ? wave : cos(angle));
                    im += at(frame, u, v, c) * (cosine ? 0 : sin(angle));
                }
            const double norm = (cosine ? (kx ? 2.0 : 1) * (ky ? 2.0 : 1) : 1) / ((double)w * h);
            for (int v = 0; v < h; v++)
                for (int u = 0; u < w; u++) {
                    const double angle = 2 * pi * ((double)kx * u / w + (double)ky * v / h);
                    const double wave = cos(pi * kx * (u + 0.5) / w) * cos(pi * ky * (v + 0.5) / h);
                    out[v * w + u] +=
                        norm * (cosine ? re * wave : re * cos(angle) + im * sin(angle));
                }
        }
}

/* The nearest level, but for values within a thousandth of half-way. */
static void check_level(int level, double value, const char *what)
{
    const double clipped = fmin(fmax(value, 0), 255);
    ck_assert_msg(fabs(level - clipped) < 0.501, "%s: %d, not %g", what, level, value);
}

START_TEST(passes_equal_slow_sums)
{
    enum { MOST = 16 * 13 };
    static const int sizes[][2] = {{16, 12}, {13, 7}, {9, 16}, {1, 8}, {5, 1}, {11, 13}};
    static const double radii[] = {0.2, 0.35, 0.5, 0.7, 1.1};
    static double low[MOST];
    for (int kind = 0; kind < 4; kind++)
        for (size_t r = 0; r < sizeof radii / sizeof radii[0]; r++) {
            const int w = sizes[_i][0], h = sizes[_i][1], longer = w > h ? w : h;
            const bool square = kind & 1, cosine = kind >> 1;
            char params[96];
            snprintf(params, sizeof params, "radius=%g, shape=%s, mode=%s", radii[r],
                     square ? "square" : "disc", cosine ? "dct" : "dft");
            CopFrame in = clip_frame(COP_PIXEL_RGB, w, h, 3);
            CopFrame a = corrupted("low_pass", 0, 0, params, w, h, -1, 3);
            CopFrame b = corrupted("high_pass", 0, 0, params, w, h, -1, 3);
            strcat(params, ", around=grey");
            CopFrame middle = corrupted("high_pass", 0, 0, params, w, h, -1, 3);
            const double least = fmax(radii[r], (cosine ? 1.0 : 2.0) / longer);
            for (int c = 0; c < 3; c++) {
                double mean = 0;
                kept_slowly(&in, c, radii[r], square, cosine, low);
                for (int i = 0; i < w * h; i++) {
                    mean += at(&in, i % w, i / w, c) / ((double)w * h);
                    check_level(at(&a, i % w, i / w, c), low[i], params);
                }
                kept_slowly(&in, c, least, square, cosine, low);
                for (int i = 0; i < w * h; i++)
                    check_level(at(&b, i % w, i / w, c), at(&in, i % w, i / w, c) - low[i] + mean,
                                params);
                for (int i = 0; i < w * h; i++)
                    check_level(at(&middle, i % w, i / w, c),
                                at(&in, i % w, i / w, c) - low[i] + 128, params);
            }
            clip_free(&in, 1);
            clip_free(&a, 1);
            clip_free(&b, 1);
            clip_free(&middle, 1);
        }
}
END_TEST

/* A filter of levels 0 or 1 at each frequency: twice is once, and what it keeps and
 * what it takes out are orthogonal. */
START_TEST(passes_are_projections)
{
    enum { W = 62, H = 45, N = W * H };
    static float x[N], once[N], twice[N];
    const CopRngKey key = cop_rng_key(3, "plane");
    for (int i = 0; i < N; i++)
        x[i] = (float)(255 * cop_rng_uniform(key, (uint32_t)i, (CopRngAddress){0}) - 128);
    for (int kind = 0; kind < 8; kind++) {
        const CopFrequencyDisc disc = {W, H, 0.4, kind & 1, kind >> 1 & 1};
        const CopPass pass = kind >> 2 ? COP_PASS_HIGH : COP_PASS_LOW;
        CopPassFilter filter = {0};
        memcpy(once, x, sizeof x);
        ck_assert_int_eq(cop_pass_filter_plane(&filter, once, &disc, pass), COP_OK);
        memcpy(twice, once, sizeof x);
        ck_assert_int_eq(cop_pass_filter_plane(&filter, twice, &disc, pass), COP_OK);
        double kept = 0, dot = 0;
        for (int i = 0; i < N; i++) {
            ck_assert(fabsf(twice[i] - once[i]) < 2e-4f);
            kept += once[i] * once[i];
            dot += once[i] * (x[i] - once[i]);
        }
        ck_assert(kept > 1e5);
        ck_assert_msg(fabs(dot) < 1e-5 * kept, "%g of %g", dot, kept);
        cop_pass_filter_free(&filter);
    }
}
END_TEST

START_TEST(flat_pictures_pass)
{
    static const int sizes[][2] = {{1, 1}, {7, 5}, {64, 48}, {127, 61}};
    static const int levels[] = {0, 1, 77, 128, 254, 255};
    for (size_t s = 0; s < 4; s++)
        for (size_t l = 0; l < 6; l++)
            for (int kind = 0; kind < 4; kind++) {
                const int w = sizes[s][0], h = sizes[s][1];
                CopFrame in = flat(w, h, levels[l], 0);
                CopFrame out = corrupted(kind & 1 ? "low_pass" : "high_pass", 0, 0,
                                         kind >> 1 ? "radius=0.3, mode=dct" : "radius=0.3", w, h,
                                         levels[l], 0);
                ck_assert(clip_same_pixels(&in, &out));
                clip_free(&in, 1);
                clip_free(&out, 1);
            }
}
END_TEST

START_TEST(radii_at_their_ends)
{
    for (int mode = 0; mode < 2; mode++) {
        char params[48];
        const char *name = mode ? "dct" : "dft";
        CopFrame in = clip_frame(COP_PIXEL_RGB, 33, 17, 1);
        snprintf(params, sizeof params, "radius=1.5, mode=%s", name);
        CopFrame all = corrupted("low_pass", 0, 0, params, 33, 17, -1, 1);
        CopFrame no_mean = corrupted("high_pass", 0, 0, params, 33, 17, -1, 1);
        snprintf(params, sizeof params, "radius=0, mode=%s", name);
        CopFrame mean = corrupted("low_pass", 0, 0, params, 33, 17, -1, 1);
        CopFrame none = corrupted("high_pass", 0, 0, params, 33, 17, -1, 1);
        ck_assert(clip_same_pixels(&in, &all));
        ck_assert(clip_same_pixels(&in, &none));
        ck_assert(clip_same_pixels(&mean, &no_mean));
        for (int c = 0; c < 3; c++) {
            double sum = 0;
            for (int i = 0; i < 33 * 17; i++) {
                sum += at(&in, i % 33, i / 33, c);
                ck_assert_int_eq(at(&mean, i % 33, i / 33, c), at(&mean, 0, 0, c));
            }
            check_level(at(&mean, 0, 0, c), sum / (33 * 17), "mean");
        }
        CopFrame *frames[] = {&in, &all, &no_mean, &mean, &none};
        for (size_t i = 0; i < 5; i++)
            clip_free(frames[i], 1);
    }
}
END_TEST

/* --- noise ----------------------------------------------------------------------------- */

static double grey(const CopFrame *frame, int i, int c)
{
    return at(frame, i % frame->width, i / frame->width, c) - 128.0;
}

static double product(const CopFrame *a, int ca, const CopFrame *b, int cb)
{
    double sum = 0;
    const int n = a->width * a->height;
    for (int i = 0; i < n; i++)
        sum += grey(a, i, ca) * grey(b, i, cb) / n;
    return sum;
}

/* rho's root mean square is met by each ring; rounding adds 1/12. What lies outside the
 * ring is rounding alone: white, so in proportion to the frequencies there. */
START_TEST(bands_have_their_strength_and_place)
{
    enum { W = 224, H = 160, N = W * H };
    static float x[N];
    static CopComplex spectrum[(W / 2 + 1) * H];
    const int band = _i + 1;
    char params[48];
    snprintf(params, sizeof params, "band=%d, rho=0.07", band);
    CopFrame frame = corrupted("band_noise", 0, 0, params, W, H, 128, 0);
    const double want = 0.07 * 255 * (0.07 * 255);
    CopFft2 *fft;
    ck_assert_int_eq(cop_fft2_create(&fft, W, H), COP_OK);
    for (int c = 0; c < 3; c++) {
        const double variance = product(&frame, c, &frame, c) - 1.0 / 12;
        /* rounding errors of N values of 1/12 and their product with the noise */
        ck_assert_msg(fabs(variance / want - 1) < 4 * 2 * sqrt(1.0 / 12 / want / N) + 1e-5,
                      "band %d: %g of %g", band, variance, want);
        for (int i = 0; i < N; i++)
            x[i] = (float)grey(&frame, i, c);
        cop_fft2_forward(fft, x, W / 2 + 1, spectrum);
        double outside = 0;
        int n = 0;
        for (int kx = 0; kx <= W / 2; kx++)
            for (int ky = 0; ky < H; ky++) {
                const double fx = 2.0 * kx / W, fy = 2.0 * (2 * ky > H ? ky - H : ky) / H;
                const double f = hypot(fx, fy), top = ldexp(1, band - 6);
                if (f > top / 2 + 1e-6 && f <= top + 1e-6)
                    continue;
                const CopComplex *z = &spectrum[kx * H + ky];
                outside += ((double)z->r * z->r + (double)z->i * z->i) / N;
                n++;
            }
        ck_assert_msg(outside / n < 1.3 / 12, "band %d: %g a frequency", band, outside / n);
    }
    cop_fft2_destroy(&fft);
    clip_free(&frame, 1);
}
END_TEST

/* Ring 6 of W x H has M = N 3 pi / 16 independent frequencies' worth of deviates. */
START_TEST(bands_of_channels_frames_and_clips_are_independent)
{
    enum { W = 96, H = 80 };
    const double want = 0.05 * 255 * (0.05 * 255), most = 4 / sqrt(W * H * 3 * pi / 16);
    const char *params = "band=6, rho=0.05";
    CopFrame a = corrupted("band_noise", COP_TEMPORAL_IID, 0, params, W, H, 128, 7);
    CopFrame b = corrupted("band_noise", COP_TEMPORAL_IID, 0, params, W, H, 128, 8);
    CopFrame c = corrupted("band_noise", COP_TEMPORAL_IID, 1, params, W, H, 128, 7);
    CopFrame d = corrupted("band_noise", COP_TEMPORAL_STATIC, 1, params, W, H, 128, 7);
    CopFrame e = corrupted("band_noise", COP_TEMPORAL_STATIC, 1, params, W, H, 128, 1000);
    ck_assert(fabs(product(&a, 0, &a, 1)) < most * want);
    ck_assert(fabs(product(&a, 0, &a, 2)) < most * want);
    ck_assert(fabs(product(&a, 0, &b, 0)) < most * want);
    ck_assert(fabs(product(&a, 0, &c, 0)) < most * want);
    ck_assert(clip_same_pixels(&d, &e));
    CopFrame *frames[] = {&a, &b, &c, &d, &e};
    for (size_t i = 0; i < 5; i++)
        clip_free(frames[i], 1);
}
END_TEST

static void all_equal(const void *context, int kx, int width, int height, float *amplitude)
{
    (void)context;
    (void)kx;
    (void)width;
    for (int ky = 0; ky <= height / 2; ky++)
        amplitude[ky] = 1;
}

/* All amplitudes equal: white normal noise, whose pixels are independent and have the
 * moments of a normal distribution, odd and even sides alike. With waves the sum of many
 * is normal, too. Standard errors of the 4th moment and of a correlation: sqrt(96 / n)
 * and sqrt(1 / n). */
START_TEST(equal_amplitudes_are_white_noise)
{
    static const int sizes[][2] = {{128, 96}, {101, 127}, {90, 111}, {111, 90}};
    const int w = sizes[_i % 4][0], h = sizes[_i % 4][1], n = w * h;
    const CopNoiseShape shape = {.amplitude = all_equal, .columns = w / 2 + 1, .waves = _i >= 4};
    CopNoiseField field = {0};
    ck_assert_int_eq(cop_noise_field_draw(&field, w, h, 1, &shape, cop_rng_key(9, "white"), 0, 0),
                     COP_OK);
    double fourth = 0, square = 0, right = 0, below = 0;
    for (int i = 0; i < n; i++) {
        const double x = field.value[i];
        square += x * x / n;
        fourth += x * x * x * x / n;
        right += x * field.value[(i + 1) % n] / n;
        below += x * field.value[(i + w) % n] / n;
    }
    /* The mean is drawn like any frequency and comes on top of the deviation of 1. */
    ck_assert(fabs(square - 1) < 16.0 / n + 1e-5);
    ck_assert_msg(fabs(fourth - 3) < 4 * sqrt(96.0 / n), "fourth moment %g", fourth);
    ck_assert(fabs(right) < 4 / sqrt(n));
    ck_assert(fabs(below) < 4 / sqrt(n));
    /* Rows' and columns' sums are the frequencies of the first column and row, which are
     * drawn by rules of their own: variance 1 as well. */
    double rows = 0, columns = 0;
    for (int v = 0; v < h; v++) {
        double sum = 0;
        for (int u = 0; u < w; u++)
            sum += field.value[v * w + u];
        rows += sum * sum / w / h;
    }
    for (int u = 0; u < w; u++) {
        double sum = 0;
        for (int v = 0; v < h; v++)
            sum += field.value[v * w + u];
        columns += sum * sum / w / h;
    }
    ck_assert_msg(fabs(rows - 1) < 4 * sqrt(2.0 / h), "rows %g", rows);
    ck_assert_msg(fabs(columns - 1) < 4 * sqrt(2.0 / w), "columns %g", columns);
    cop_noise_field_free(&field);
}
END_TEST

/* Four pixels of white noise without their mean have three dimensions of equal strength:
 * Nyquist's frequency, its own mirror image, has a third of the energy (a share
 * distributed as Beta(1/2, 1), of variance 4/45). */
START_TEST(own_mirror_images_are_as_strong)
{
    enum { CLIPS = 1000 };
    const CopNoiseShape shape = {.amplitude = all_equal, .columns = _i ? 1 : 3};
    CopNoiseField field = {0};
    double share = 0;
    for (uint32_t clip = 0; clip < CLIPS; clip++) {
        ck_assert_int_eq(cop_noise_field_draw(&field, _i ? 1 : 4, _i ? 4 : 1, 1, &shape,
                                              cop_rng_key(9, "white"), clip, 0),
                         COP_OK);
        const float *x = field.value;
        const double nyquist = (x[0] - x[1] + x[2] - x[3]) / 4.0;
        share += nyquist * nyquist / CLIPS; /* of an energy of 1 a pixel */
    }
    ck_assert_msg(fabs(share - 1 / 3.) < 4 * sqrt(4 / 45. / CLIPS), "%g", share);
    cop_noise_field_free(&field);
}
END_TEST

/* What is kept from frame to frame follows another clip or size. */
START_TEST(kept_fields_follow_the_clip_and_size)
{
    static const char *const names[] = {"band_noise", "brownish_noise", "blue_noise_sample"};
    const struct {
        uint32_t clip;
        int w, h;
    } order[] = {{0, 64, 48}, {1, 64, 48}, {0, 64, 48}, {0, 48, 48}, {0, 48, 64}, {1, 64, 48}};
    CopCorrupt *corrupt = clip_corrupt(names[_i], 3, 5, NULL, NULL);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        ck_assert_int_eq(cop_corrupt_reset(corrupt, order[i].clip), COP_OK);
        CopFrame got = flat(order[i].w, order[i].h, 128, 0);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &got), COP_OK);
        CopFrame want =
            corrupted(names[_i], 0, order[i].clip, NULL, order[i].w, order[i].h, 128, 0);
        ck_assert_msg(clip_same_pixels(&got, &want), "step %d", (int)i);
        clip_free(&got, 1);
        clip_free(&want, 1);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

static void up_to(const void *context, int kx, int width, int height, float *amplitude)
{
    (void)width;
    for (int ky = 0; ky <= height / 2; ky++)
        amplitude[ky] = kx + ky <= *(const int *)context;
}

/* Nor is a field of another shape taken for the one that is asked for. */
START_TEST(kept_fields_follow_the_shape)
{
    enum { SIDE = 16 };
    const int reach[] = {3, 5};
    CopNoiseField kept = {0};
    for (int i = 0; i < 4; i++) {
        const CopNoiseShape shape = {
            .amplitude = up_to, .context = &reach[i % 2], .variant = reach[i % 2], .columns = 6};
        CopNoiseField fresh = {0};
        ck_assert_int_eq(
            cop_noise_field_draw(&kept, SIDE, SIDE, 1, &shape, cop_rng_key(9, "kept"), 0, 0),
            COP_OK);
        ck_assert_int_eq(
            cop_noise_field_draw(&fresh, SIDE, SIDE, 1, &shape, cop_rng_key(9, "kept"), 0, 0),
            COP_OK);
        ck_assert(memcmp(kept.value, fresh.value, SIDE * SIDE * sizeof *kept.value) == 0);
        cop_noise_field_free(&fresh);
    }
    cop_noise_field_free(&kept);
}
END_TEST

/* Frequencies of a small picture are drawn alike in one twice its size. */
START_TEST(bands_look_alike_at_all_sizes)
{
    enum { W = 64, H = 48 };
    CopFrame a = corrupted("band_noise", 0, 0, "band=4, rho=0.1", W, H, 128, 0);
    CopFrame b = corrupted("band_noise", 0, 0, "band=3, rho=0.1", 2 * W, 2 * H, 128, 0);
    for (int v = 0; v < H; v++)
        for (int u = 0; u < W; u++)
            ck_assert_int_le(abs(at(&a, u, v, 0) - at(&b, 2 * u, 2 * v, 0)), 1);
    clip_free(&a, 1);
    clip_free(&b, 1);
}
END_TEST

/* Amplitude 1 / (f^2 + 1): f = 1 has 6.25 and 25 times the energy of f = 2 and 3. Means of
 * C clips' energies along an axis, each of relative deviation near 1. */
START_TEST(brownish_noise_falls_with_frequency)
{
    enum { SIDE = 32, CLIPS = 200 };
    static float x[SIDE * SIDE];
    static CopComplex spectrum[(SIDE / 2 + 1) * SIDE];
    double energy[4] = {0}, mean = 0, outer = 0;
    CopFft2 *fft;
    ck_assert_int_eq(cop_fft2_create(&fft, SIDE, SIDE), COP_OK);
    for (uint32_t clip = 0; clip < CLIPS; clip++) {
        CopFrame frame = corrupted("brownish_noise", 0, clip, "sigma=0.1", SIDE, SIDE, 128, 0);
        for (int i = 0; i < SIDE * SIDE; i++)
            x[i] = (float)(grey(&frame, i, 1) + 0.5); /* truncation takes half a level */
        cop_fft2_forward(fft, x, SIDE / 2 + 1, spectrum);
        for (int k = 0; k < 4; k++) {
            const CopComplex z = spectrum[k * SIDE];
            energy[k] += (double)z.r * z.r + (double)z.i * z.i;
        }
        double sum = 0, squares = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            sum += x[i] / (SIDE * SIDE);
            squares += x[i] * x[i] / (SIDE * SIDE);
        }
        mean += sum / CLIPS;
        outer += (squares - sum * sum) / CLIPS;
        clip_free(&frame, 1);
    }
    ck_assert_msg(fabs(outer / (25.5 * 25.5) - 1) < 0.02, "variance %g", outer);
    ck_assert_msg(fabs(mean) < 4 * 25.5 / sqrt(CLIPS), "mean %g", mean);
    ck_assert_msg(fabs(energy[1] / energy[2] / 6.25 - 1) < 4 * sqrt(2.0 / CLIPS), "%g",
                  energy[1] / energy[2]);
    ck_assert_msg(fabs(energy[1] / energy[3] / 25 - 1) < 4 * sqrt(2.0 / CLIPS), "%g",
                  energy[1] / energy[3]);
    cop_fft2_destroy(&fft);
}
END_TEST

/* The share of holes is the normal distribution's, all colours of a pixel go together, and
 * a hole's neighbour is less often one than by chance. */
START_TEST(blue_noise_makes_lone_holes)
{
    enum { W = 160, H = 120, N = W * H };
    static const double thresholds[] = {-2.26, -2.02, -1.78, -1.3, -0.82};
    char params[32];
    snprintf(params, sizeof params, "threshold=%g", thresholds[_i]);
    CopFrame frame = corrupted("blue_noise_sample", 0, 0, params, W, H, 200, 0);
    double holes = 0, pairs = 0;
    for (int v = 0; v < H; v++)
        for (int u = 0; u < W; u++) {
            const int x = at(&frame, u, v, 0);
            ck_assert(x == 0 || x == 200);
            ck_assert(at(&frame, u, v, 1) == x && at(&frame, u, v, 2) == x);
            holes += x == 0;
            pairs += x == 0 && at(&frame, (u + 1) % W, v, 0) == 0;
        }
    const double p = 0.5 * erfc(-thresholds[_i] / sqrt(2));
    ck_assert_msg(fabs(holes / N - p) < 4 * sqrt(p / N), "%g holes of %g", holes / N, p);
    ck_assert_msg(pairs < 0.8 * holes * holes / N, "%g pairs", pairs);
    clip_free(&frame, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_spectral");
    TCase *tc = tcase_create("spectral");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, passes_equal_slow_sums, 0, 6);
    tcase_add_test(tc, passes_are_projections);
    tcase_add_test(tc, flat_pictures_pass);
    tcase_add_test(tc, radii_at_their_ends);
    tcase_add_loop_test(tc, bands_have_their_strength_and_place, 0, 6);
    tcase_add_test(tc, bands_of_channels_frames_and_clips_are_independent);
    tcase_add_loop_test(tc, equal_amplitudes_are_white_noise, 0, 8);
    tcase_add_loop_test(tc, own_mirror_images_are_as_strong, 0, 2);
    tcase_add_loop_test(tc, kept_fields_follow_the_clip_and_size, 0, 3);
    tcase_add_test(tc, kept_fields_follow_the_shape);
    tcase_add_test(tc, bands_look_alike_at_all_sizes);
    tcase_add_test(tc, brownish_noise_falls_with_frequency);
    tcase_add_loop_test(tc, blue_noise_makes_lone_holes, 0, 5);
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
