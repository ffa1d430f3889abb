/* The elastic transform against outputs of the original script, fed with what it drew
 * (corrupt/README.md): not a byte differs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/corrupt/elastic.h"
#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

enum { SIDE = 64, N = SIDE * SIDE };

/* What the script was run with, at severities 1, 3 and 5. */
static const struct {
    int severity;
    double alpha, sigma;
    const char *picture;
} cases[] = {{1, 0, 0, "astronaut"},
             {1, 0, 0, "coffee"},
             {3, 6.4, 5.12, "astronaut"},
             {5, 10.24, 1.92, "coffee"},
             {5, 10.24, 1.92, "astronaut"}};

static float *field(const Golden *golden, const char *name, double sigma, double alpha)
{
    double *x = golden_doubles(golden, name, N);
    float *out = malloc(N * sizeof *out);
    ck_assert(out != NULL);
    ck_assert_int_eq(cop_elastic_field(x, SIDE, SIDE, sigma, alpha, out), COP_OK);
    free(x);
    return out;
}

START_TEST(elastic_is_exact)
{
    char name[96];
    snprintf(name, sizeof name, "tiny-64_elastic_transform_s%d_%s", cases[_i].severity,
             cases[_i].picture);
    Golden golden;
    golden_open(&golden, name);
    ck_assert(golden.w == SIDE && golden.h == SIDE);
    float *jitter = golden_floats(&golden, "draw.affine_jitter", 6);
    float *dx = field(&golden, "draw.field_dx", cases[_i].sigma, cases[_i].alpha);
    float *dy = field(&golden, "draw.field_dy", cases[_i].sigma, cases[_i].alpha);
    float *scratch = malloc(8 * N * sizeof *scratch);
    ck_assert(scratch != NULL);
    double inverse[6];
    cop_elastic_affine(SIDE, SIDE, jitter, inverse);
    const CopElasticFields fields = {.dx = {dx, NULL}, .dy = {dy, NULL}, .a = {1, 0}};
    CopFrame frame = golden_frame(&golden, golden.input, 0);
    CopFrame want = golden_frame(&golden, golden.output, 0);
    cop_elastic_warp(&frame, inverse, &fields, scratch);
    int worst;
    const size_t differ = golden_differ(&frame, &want, &worst);
    ck_assert_msg(differ == 0, "%s: %zu bytes differ, by up to %d", name, differ, worst);
    clip_free(&frame, 1);
    clip_free(&want, 1);
    free(jitter);
    free(dx);
    free(dy);
    free(scratch);
    cop_safetensors_close(&golden.file);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_elastic");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, elastic_is_exact, 0, (int)(sizeof cases / sizeof cases[0]));
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
