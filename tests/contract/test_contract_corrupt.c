/* What every corruption promises, held against the whole registry.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/corrupt.h"
#include "tests/corrupt_clip.h"

enum { FRAMES = 40 };

static const CopCorruptDesc *desc_at(int i)
{
    return cop_corrupt_registry[i];
}

static CopCorrupt *make(int i, double severity)
{
    return clip_corrupt(desc_at(i)->name, severity, 7, NULL, NULL);
}

static void run(CopCorrupt *corrupt, const CopFrame *in, int n, CopFrame *out)
{
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, n, out), COP_OK);
}

START_TEST(descriptor_is_complete)
{
    const CopCorruptDesc *desc = desc_at(_i);
    for (const char *p = desc->name; *p; p++)
        ck_assert(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_');
    for (int other = 0; other < _i; other++)
        ck_assert_str_ne(desc->name, desc_at(other)->name);
    ck_assert_ptr_eq(cop_corrupt_find(desc->name, NULL), desc);
    ck_assert(desc->summary && *desc->summary && desc->reference && *desc->reference);
    ck_assert_int_lt(desc->family, COP_FAMILY_COUNT);
    ck_assert_msg(!desc->apply != !desc->push, "either apply() or push()");
    if (desc->push) {
        ck_assert(desc->pull && desc->flush && desc->close);
        ck_assert(!(desc->flags & COP_CORRUPT_RGB));
    }
    ck_assert_str_eq(desc->tables->preset, COP_PRESET_DEFAULT);
    if (desc->temporal)
        ck_assert(desc->temporal & 1u << desc->temporal_default);
    ck_assert(!(desc->temporal & 1u << COP_TEMPORAL_AUTO));
}
END_TEST

START_TEST(options_fit_the_state)
{
    const CopCorruptDesc *desc = desc_at(_i);
    for (const CopOption *row = desc->options; row->name; row++) {
        ck_assert_uint_lt(row->offset, desc->state_size);
        ck_assert_ptr_eq(cop_option_find(desc->options, row->name), row);
        ck_assert(row->help && *row->help && row->def);
    }
}
END_TEST

START_TEST(tables_fit_the_options)
{
    const CopCorruptDesc *desc = desc_at(_i);
    ck_assert(desc->tables->preset != NULL);
    for (const CopSeverityTable *table = desc->tables; table->preset; table++) {
        int n = 0;
        while (table->columns[n])
            n++;
        for (int column = 0; column < n; column++) {
            const CopOption *row = cop_option_find(desc->options, table->columns[column]);
            ck_assert_msg(row != NULL, "column %s", table->columns[column]);
            for (int s = -1; s < COP_SEVERITIES; s++) {
                const double x = s < 0 ? table->identity[column] : table->rows[s * n + column];
                if (row->min != 0 || row->max != 0)
                    ck_assert_msg(x >= row->min && x <= row->max, "%s = %g", row->name, x);
            }
        }
    }
}
END_TEST

/* Frames in which a corruption must show: some leave most frames alone. */
static int enough(int index, int frames)
{
    return desc_at(index)->flags & COP_CORRUPT_PARTIAL ? FRAMES : frames;
}

START_TEST(every_preset_and_severity_runs)
{
    const CopCorruptDesc *desc = desc_at(_i);
    const int n = enough(_i, 8);
    CopFrame in[FRAMES], out[FRAMES];
    clip_make(in, n, COP_PIXEL_I420, 64, 48, 0);
    for (const CopSeverityTable *table = desc->tables; table->preset; table++)
        for (int s = 1; s <= COP_SEVERITIES; s++) {
            CopCorrupt *corrupt = clip_corrupt(desc->name, s, 7, table->preset, NULL);
            run(corrupt, in, n, out);
            ck_assert_msg(clip_mse(in, out, n) > 0, "%s at %d changes nothing", table->preset, s);
            clip_free(out, n);
            cop_corrupt_destroy(&corrupt);
        }
    clip_free(in, n);
}
END_TEST

START_TEST(severity_0_is_untouched)
{
    CopFrame in[4], out[4];
    CopCorrupt *corrupt = make(_i, 0);
    for (int format = 1; format < COP_PIXEL_COUNT; format++) {
        clip_make(in, 4, (CopPixelFormat)format, 33, 17, 5);
        run(corrupt, in, 4, out);
        for (int i = 0; i < 4; i++) {
            ck_assert(clip_same_shape(&in[i], &out[i]));
            ck_assert(clip_same_pixels(&in[i], &out[i]));
            ck_assert_ptr_eq(in[i].plane[0], out[i].plane[0]); /* a reference, no copy */
        }
        clip_free(out, 4);
        clip_free(in, 4);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

static void check_formats(int index, int width, int height)
{
    CopCorrupt *corrupt = make(index, 3);
    for (int format = 1; format < COP_PIXEL_COUNT; format++) {
        CopFrame in[5], kept[5], out[5];
        clip_make(in, 5, (CopPixelFormat)format, width, height, 3);
        clip_make(kept, 5, (CopPixelFormat)format, width, height, 3);
        run(corrupt, in, 5, out);
        for (int i = 0; i < 5; i++) {
            ck_assert_msg(clip_same_shape(&in[i], &out[i]), "format %d", format);
            ck_assert_msg(clip_same_pixels(&in[i], &kept[i]), "input changed, format %d", format);
        }
        if (format == COP_PIXEL_RGBX || format == COP_PIXEL_BGRX)
            for (int i = 0; i < 5; i++)
                for (int x = 0; x < width; x++)
                    ck_assert_int_eq(out[i].plane[0][4 * x + 3], in[i].plane[0][4 * x + 3]);
        clip_free(out, 5);
        clip_free(kept, 5);
        clip_free(in, 5);
    }
    cop_corrupt_destroy(&corrupt);
}

START_TEST(formats_1x1)
{
    check_formats(_i, 1, 1);
}
END_TEST

START_TEST(formats_7x5)
{
    check_formats(_i, 7, 5);
}
END_TEST

START_TEST(formats_64x48)
{
    check_formats(_i, 64, 48);
}
END_TEST

/* A frame of 4K, as a stream. Under a sanitizer a sample of the registry has to do. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LARGE_STEP = 9 };
#else
enum { LARGE_STEP = 1 };
#endif

START_TEST(format_3840x2160)
{
    CopFrame in, kept, out;
    clip_make(&in, 1, COP_PIXEL_I420, 3840, 2160, 3);
    ck_assert_int_eq(cop_frame_alloc(&kept, COP_PIXEL_I420, 3840, 2160), COP_OK);
    cop_frame_copy_pixels(&kept, &in);
    CopCorrupt *corrupt = make(LARGE_STEP * _i, 3);
    run(corrupt, &in, 1, &out);
    ck_assert(clip_same_shape(&in, &out));
    ck_assert_msg(clip_same_pixels(&in, &kept), "input changed");
    const CopCorruptDesc *desc = desc_at(LARGE_STEP * _i);
    if (desc->apply && !(desc->flags & COP_CORRUPT_PARTIAL)) /* others may need a second frame */
        ck_assert(!clip_same_pixels(&in, &out));
    cop_frame_unref(&out);
    cop_frame_unref(&kept);
    cop_frame_unref(&in);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Borrowed planes of an odd stride between guard bytes: same pixels, guards whole. */
START_TEST(borrowed_frames_of_odd_stride)
{
    enum { W = 21, H = 11, STRIDE = 3 * W + 5, N = 4 };
    static uint8_t memory[N][STRIDE * H];
    memset(memory, 0xA5, sizeof memory);
    CopFrame owned[N], borrowed[N], a[N], b[N];
    clip_make(owned, N, COP_PIXEL_RGB, W, H, 0);
    for (int i = 0; i < N; i++) {
        borrowed[i] = owned[i];
        borrowed[i].buffer = NULL;
        borrowed[i].plane[0] = memory[i];
        borrowed[i].stride[0] = STRIDE;
        cop_frame_copy_pixels(&borrowed[i], &owned[i]);
    }
    CopCorrupt *corrupt = make(_i, 4);
    run(corrupt, owned, N, a);
    run(corrupt, borrowed, N, b);
    for (int i = 0; i < N; i++) {
        ck_assert(clip_same_pixels(&a[i], &b[i]));
        ck_assert(clip_same_pixels(&owned[i], &borrowed[i]));
    }
    if (desc_at(_i)->apply)
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(cop_corrupt_in_place(corrupt, &borrowed[i]), COP_OK);
            ck_assert_ptr_eq(borrowed[i].plane[0], memory[i]);
            ck_assert(clip_same_pixels(&a[i], &borrowed[i]));
        }
    else
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &borrowed[0]), COP_ERR_UNSUPPORTED);
    for (int i = 0; i < N; i++)
        for (int y = 0; y < H; y++)
            for (int x = 3 * W; x < STRIDE; x++)
                ck_assert_uint_eq(memory[i][y * STRIDE + x], 0xA5);
    clip_free(a, N);
    clip_free(b, N);
    clip_free(owned, N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Pulling after each push, or only at the end, is the same stream. */
START_TEST(pieces_equal_the_whole)
{
    CopFrame in[FRAMES], whole[FRAMES];
    clip_make(in, FRAMES, COP_PIXEL_I420, 64, 48, 0);
    CopCorrupt *corrupt = make(_i, 3);
    for (int i = 0; i < FRAMES; i++)
        ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
    ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
    for (int i = 0; i < FRAMES; i++) {
        ck_assert_int_eq(cop_corrupt_pull(corrupt, &whole[i]), COP_OK);
        ck_assert(clip_same_shape(&in[i], &whole[i]));
    }
    CopFrame frame;
    ck_assert_int_eq(cop_corrupt_pull(corrupt, &frame), COP_EOF);
    ck_assert_int_eq(cop_corrupt_push(corrupt, &in[0]), COP_ERR_ARG);

    ck_assert_int_eq(cop_corrupt_reset(corrupt, 0), COP_OK);
    int out = 0;
    for (int i = 0; i < FRAMES; i++) {
        CopFrame shared; /* the caller lets go at once */
        ck_assert_int_eq(cop_frame_ref(&shared, &in[i]), COP_OK);
        ck_assert_int_eq(cop_corrupt_push(corrupt, &shared), COP_OK);
        cop_frame_unref(&shared);
        CopStatus status;
        while ((status = cop_corrupt_pull(corrupt, &frame)) == COP_OK) {
            ck_assert(clip_same_pixels(&frame, &whole[out++]));
            cop_frame_unref(&frame);
        }
        ck_assert_int_eq(status, COP_AGAIN);
        ck_assert_int_ge(out, i + 1 - corrupt->latency); /* as declared */
    }
    ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
    while (cop_corrupt_pull(corrupt, &frame) == COP_OK) {
        ck_assert(clip_same_pixels(&frame, &whole[out++]));
        cop_frame_unref(&frame);
    }
    ck_assert_int_eq(out, FRAMES);
    clip_free(whole, FRAMES);
    clip_free(in, FRAMES);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(any_start_gives_the_same_bytes)
{
    CopFrame in[FRAMES], whole[FRAMES], part[FRAMES];
    clip_make(in, FRAMES, COP_PIXEL_I420, 64, 48, 0);
    CopCorrupt *corrupt = make(_i, 3);
    run(corrupt, in, FRAMES, whole);
    const struct {
        int first, last;
    } spans[] = {{0, 3}, {5, 5}, {13, 20}, {30, 34}, {36, FRAMES - 1}};
    for (size_t s = 0; s < sizeof spans / sizeof spans[0]; s++) {
        const int first = spans[s].first, last = spans[s].last;
        int from, to;
        cop_corrupt_span(corrupt, first, last, FRAMES, &from, &to);
        ck_assert(from >= 0 && from <= first && to >= last && to < FRAMES);
        run(corrupt, in + from, to - from + 1, part);
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

/* Whether two ways of drawing over time give the same clip. */
static bool same_modes(int index, CopTemporal a, CopTemporal b)
{
    CopFrame in[4], out[2][4];
    clip_make(in, 4, COP_PIXEL_RGB, 64, 48, 0);
    const CopTemporal modes[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        CopCorrupt *corrupt;
        const CopCorruptSpec spec = {
            .name = desc_at(index)->name, .severity = 3, .seed = 7, .temporal = modes[i]};
        ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
        run(corrupt, in, 4, out[i]);
        cop_corrupt_destroy(&corrupt);
    }
    bool same = true;
    for (int i = 0; i < 4; i++)
        same = same && clip_same_pixels(&out[0][i], &out[1][i]);
    clip_free(out[0], 4);
    clip_free(out[1], 4);
    clip_free(in, 4);
    return same;
}

START_TEST(modes_over_time_differ)
{
    const CopCorruptDesc *desc = desc_at(_i);
    for (int a = COP_TEMPORAL_IID; a <= COP_TEMPORAL_COHERENT; a++)
        for (int b = a + 1; b <= COP_TEMPORAL_COHERENT; b++) {
            const unsigned both = 1u << a | 1u << b;
            if ((desc->temporal & both) == both)
                ck_assert_msg(!same_modes(_i, (CopTemporal)a, (CopTemporal)b), "%s is %s",
                              cop_temporal_names[a], cop_temporal_names[b]);
        }
    ck_assert(same_modes(_i, COP_TEMPORAL_AUTO, desc->temporal_default));
}
END_TEST

static bool same_output(int index, uint64_t seed, uint32_t clip)
{
    const bool seldom =
        desc_at(index)->family == COP_FAMILY_BITSTREAM; /* hits a group, not a frame */
    const int n = seldom ? FRAMES : enough(index, 4);
    CopFrame in[FRAMES], a[FRAMES], b[FRAMES];
    clip_make(in, n, COP_PIXEL_RGB, 32, 24, 0);
    CopCorrupt *one = clip_corrupt(desc_at(index)->name, 3, 7, NULL, NULL);
    CopCorrupt *two = clip_corrupt(desc_at(index)->name, 3, seed, NULL, NULL);
    run(one, in, n, a);
    ck_assert_int_eq(cop_corrupt_reset(two, clip), COP_OK);
    run(two, in, n, b);
    bool same = true;
    for (int i = 0; i < n; i++)
        same = same && clip_same_pixels(&a[i], &b[i]);
    clip_free(a, n);
    clip_free(b, n);
    clip_free(in, n);
    cop_corrupt_destroy(&one);
    cop_corrupt_destroy(&two);
    return same;
}

START_TEST(seed_and_clip_address_the_randomness)
{
    const bool random = desc_at(_i)->flags & COP_CORRUPT_RANDOM;
    ck_assert(same_output(_i, 7, 0));
    ck_assert_int_eq(same_output(_i, 8, 0), !random);
    ck_assert_int_eq(same_output(_i, 7, 1), !random);
}
END_TEST

START_TEST(severity_may_change_midway)
{
    enum { N = 24 };
    const double severities[] = {2, 4.5, 0, 1, 0.25, 3};
    CopFrame in[N], frame;
    clip_make(in, N, COP_PIXEL_I420, 48, 32, 0);
    CopCorrupt *corrupt = make(_i, 5);
    int out = 0;
    for (int i = 0; i < N; i++) {
        if (i % 4 == 0)
            ck_assert_int_eq(cop_corrupt_set_severity(corrupt, severities[i / 4], NULL), COP_OK);
        ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
        for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++) {
            ck_assert(clip_same_shape(&frame, &in[out]));
            /* frames pushed at severity 0, and only those, are as they were */
            const bool same = clip_same_pixels(&frame, &in[out]);
            if (severities[out / 4] == 0 || !(desc_at(_i)->flags & COP_CORRUPT_PARTIAL))
                ck_assert_int_eq(same, severities[out / 4] == 0);
            cop_frame_unref(&frame);
        }
    }
    ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
    for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++)
        cop_frame_unref(&frame);
    ck_assert_int_eq(out, N);
    ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 5.01, NULL), COP_ERR_CONFIG);
    ck_assert_int_eq(cop_corrupt_set_severity(corrupt, -0.1, NULL), COP_ERR_CONFIG);
    clip_free(in, N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Between rows the options lie between the rows' own. */
START_TEST(fractional_severities_describe_values_between)
{
    const CopCorruptDesc *desc = desc_at(_i);
    for (double severity = 0.5; severity < COP_SEVERITIES; severity++) {
        CopCorrupt *corrupt = make(_i, severity);
        char *text = cop_corrupt_describe(corrupt);
        ck_assert(text != NULL);
        for (int column = 0; desc->tables->columns[column]; column++) {
            int n = 0;
            while (desc->tables->columns[n])
                n++;
            const CopOption *row = cop_option_find(desc->options, desc->tables->columns[column]);
            const int lower = (int)severity - 1;
            const bool linear = row->flags & COP_OPTION_INTERPOLATE;
            const double high = desc->tables->rows[(lower + 1) * n + column];
            const double low = lower >= 0 ? desc->tables->rows[lower * n + column]
                               : linear   ? desc->tables->identity[column]
                                          : high;
            double want = linear ? (low + high) / 2 : low, seen = 0;
            if (linear && row->flags & COP_OPTION_RECIPROCAL)
                want = 2 / ((low != 0 ? 1 / low : 0) + (high != 0 ? 1 / high : 0));
            if (row->type == COP_TYPE_INT)
                want = (int)(want + 0.5);
            char key[64];
            snprintf(key, sizeof key, "%s=", row->name);
            const char *at = strstr(text, key);
            ck_assert(at != NULL);
            seen = strtod(at + strlen(key), NULL);
            if (row->type == COP_TYPE_INT || row->type == COP_TYPE_DOUBLE)
                ck_assert_msg(fabs(seen - want) < 1e-12, "%s", text);
        }
        free(text);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

static void check_refused(const CopCorruptSpec *spec, const char *word)
{
    CopCorrupt *corrupt = NULL;
    CopError err = {0};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, spec, &err), COP_ERR_CONFIG);
    ck_assert(corrupt == NULL);
    ck_assert_int_eq(err.status, COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, word) != NULL, "\"%s\" does not mention \"%s\"", err.text, word);
}

START_TEST(bad_specs_are_refused_n)
{
    const CopCorruptDesc *desc = desc_at(_i);
    CopCorruptSpec spec = {.name = desc->name, .severity = 3, .preset = "no-such-preset"};
    check_refused(&spec, desc->tables->preset);
    spec.preset = NULL;
    spec.severity = 5.5;
    check_refused(&spec, "5.5");
    spec.severity = strtod("nan", NULL);
    check_refused(&spec, "severity");
    spec.severity = 3;
    spec.params = "no_such_option=1";
    check_refused(&spec, "no_such_option");
    spec.params = "no_such_option";
    check_refused(&spec, "name=value");
    char params[96];
    const char *option = desc->tables->columns[0];
    snprintf(params, sizeof params, "%s=much", option);
    spec.params = params;
    check_refused(&spec, option);
    snprintf(params, sizeof params, "%s=1e9", option);
    check_refused(&spec, option);
    spec.severity = 0; /* also where nothing would be done with it */
    check_refused(&spec, option);
}
END_TEST

static Suite *suite(void)
{
    int n = 0;
    while (cop_corrupt_registry[n])
        n++;
    Suite *s = suite_create("contract_corrupt");
    TCase *tc = tcase_create("registry");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, descriptor_is_complete, 0, n);
    tcase_add_loop_test(tc, options_fit_the_state, 0, n);
    tcase_add_loop_test(tc, tables_fit_the_options, 0, n);
    tcase_add_loop_test(tc, every_preset_and_severity_runs, 0, n);
    tcase_add_loop_test(tc, severity_0_is_untouched, 0, n);
    tcase_add_loop_test(tc, formats_1x1, 0, n);
    tcase_add_loop_test(tc, formats_7x5, 0, n);
    tcase_add_loop_test(tc, formats_64x48, 0, n);
    tcase_add_loop_test(tc, borrowed_frames_of_odd_stride, 0, n);
    tcase_add_loop_test(tc, pieces_equal_the_whole, 0, n);
    tcase_add_loop_test(tc, any_start_gives_the_same_bytes, 0, n);
    tcase_add_loop_test(tc, modes_over_time_differ, 0, n);
    tcase_add_loop_test(tc, seed_and_clip_address_the_randomness, 0, n);
    tcase_add_loop_test(tc, severity_may_change_midway, 0, n);
    tcase_add_loop_test(tc, fractional_severities_describe_values_between, 0, n);
    tcase_add_loop_test(tc, bad_specs_are_refused_n, 0, n);
    suite_add_tcase(s, tc);
    TCase *large = tcase_create("large");
    tcase_set_timeout(large, 60);
    tcase_add_loop_test(large, format_3840x2160, 0, (n + LARGE_STEP - 1) / LARGE_STEP);
    suite_add_tcase(s, large);
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
