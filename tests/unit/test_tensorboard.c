/* TensorBoard's event files, read back by the format's own description.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/report/compare.h"
#include "pipeline/report/tensorboard.h"
#include "tests/fake_results.h"
#include "tests/media_help.h"

/* RFC 3720, appendix B.4, and the check value of the CRC catalogues. */
START_TEST(crc32c_is_the_standards)
{
    unsigned char zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (int i = 0; i < 32; i++)
        rising[i] = (unsigned char)i;
    ck_assert_uint_eq(cop_crc32c("123456789", 9), 0xE3069283);
    ck_assert_uint_eq(cop_crc32c(zeros, 32), 0x8A9136AA);
    ck_assert_uint_eq(cop_crc32c(ones, 32), 0x62A8AB43);
    ck_assert_uint_eq(cop_crc32c(rising, 32), 0x46DD794E);
    ck_assert_uint_eq(cop_crc32c("", 0), 0);
}
END_TEST

static uint64_t fixed(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static void check_crc(const unsigned char *bytes, size_t size)
{
    const uint32_t crc = cop_crc32c(bytes, size), masked = (crc >> 15 | crc << 17) + 0xA282EAD8;
    ck_assert_uint_eq(fixed(bytes + size, 4), masked);
}

/* The next record's event past its time and step; *size is what is left of it. */
static const unsigned char *next_event(const unsigned char **p, uint64_t *step, size_t *size)
{
    const size_t length = fixed(*p, 8);
    const unsigned char *event = *p + 12;
    check_crc(*p, 8);
    check_crc(event, length);
    *p = event + length + 4;
    double time;
    memcpy(&time, event + 1, sizeof time);
    ck_assert(event[0] == (1 << 3 | 1) && time > 1.7e9 && time < 1e11);
    ck_assert_int_eq(event[9], 2 << 3 | 0);
    const unsigned char *q = event + 10;
    *step = 0;
    for (int shift = 0;; shift += 7, q++) {
        *step |= (uint64_t)(*q & 0x7f) << shift;
        if (!(*q & 0x80))
            break;
    }
    q++;
    *size = length - (size_t)(q - event);
    return q;
}

START_TEST(figures_read_back)
{
    static const char tag[] = "train/loss";
    CopEvents *events, *second;
    CopError err = {0};
    const char *folder = help_folder();
    ck_assert_msg(cop_events_create(&events, folder, 301, &err) == COP_OK, "%s", err.text);
    cop_events_scalar(events, tag, 301, 0.1);
    cop_events_scalar(events, tag, UINT64_C(1) << 40, -2);
    ck_assert_int_eq(cop_events_flush(events, &err), COP_OK);
    cop_events_close(&events);
    cop_events_close(&events);
    size_t size, left;
    unsigned char *bytes = help_output(&size, "cat events.out.tfevents.*");
    const unsigned char *p = bytes;
    uint64_t step;

    const unsigned char *event = next_event(&p, &step, &left);
    ck_assert(step == 0 && left == 2 + 13 &&
              memcmp(event,
                     "\x1a\x0d"
                     "brain.Event:2",
                     15) == 0);
    event = next_event(&p, &step, &left);
    ck_assert(step == 301 && left == 4 && memcmp(event, "\x3a\x02\x08\x01", 4) == 0);
    for (int i = 0; i < 2; i++) {
        static const float want[] = {0.1F, -2};
        event = next_event(&p, &step, &left);
        ck_assert(step == (i ? UINT64_C(1) << 40 : 301));
        /* summary { value { tag, simple_value } } */
        ck_assert(left == 2 + 2 + 2 + 10 + 5);
        ck_assert(memcmp(event, "\x2a\x13\x0a\x11\x0a\x0a", 6) == 0);
        ck_assert(memcmp(event + 6, tag, 10) == 0 && event[16] == (2 << 3 | 5));
        ck_assert(memcmp(event + 17, &want[i], 4) == 0);
    }
    ck_assert(p == bytes + size);
    free(bytes);

    /* Two of one second have two names. */
    ck_assert_int_eq(cop_events_create(&events, folder, 1, &err), COP_OK);
    ck_assert_int_eq(cop_events_create(&second, folder, 1, &err), COP_OK);
    cop_events_close(&events);
    cop_events_close(&second);
    bytes = help_output(&size, "ls | wc -l");
    ck_assert(bytes[0] == '3');
    free(bytes);
    ck_assert_int_eq(cop_events_create(&events, help_path("none"), 1, &err), COP_ERR_IO);
    ck_assert(events == NULL && strstr(err.text, "none"));
    help_remove_folder();
}
END_TEST

/* What the files say is what the results say, to the last bit of a float. */
START_TEST(results_are_exported)
{
    const FakeResults fake = {.models = 2, .corruptions = 2, .clips = 9, .missing = 1};
    CopResults *results = fake_load(help_path("r.db"), &fake);
    CopError err = {0};
    char folder[256];
    snprintf(folder, sizeof folder, "%s/tb", help_folder());
    ck_assert_msg(cop_compare_events(results, folder, &err) == COP_OK, "%s", err.text);
    for (int m = 0; m < results->n_models; m++) {
        size_t size, left;
        unsigned char *bytes = help_output(&size, "cat 'tb/%s'/events.*", results->models[m].label);
        const unsigned char *p = bytes;
        uint64_t step;
        int figures = 0, wanted = 0;
        while (p < bytes + size) {
            const unsigned char *event = next_event(&p, &step, &left);
            if (event[0] != 0x2a)
                continue;
            char tag[64] = {0};
            float value;
            memcpy(tag, event + 6, event[5]);
            memcpy(&value, event + left - 4, sizeof value);
            CopInterval want;
            if (strcmp(tag, "top1/clean") == 0) {
                want = cop_results_score(results, m, COP_SCOPE_CLEAN);
            } else if (strcmp(tag, "top1/robust") == 0) {
                want = cop_results_score(results, m, COP_SCOPE_ROBUST);
            } else {
                int c = 0;
                while (strcmp(results->corruptions[c].name, tag + 5) != 0)
                    c++;
                const int column = cop_results_column(results, c, (double)step / 100);
                ck_assert_msg(column > 0, "%s at %d", tag, (int)step);
                want = cop_results_top1(results, m, column);
            }
            ck_assert_msg(value == (float)want.value, "%s: %g", tag, (double)value);
            figures++;
        }
        for (int i = 1; i < results->n_columns; i++)
            wanted += results->models[m].cells[i].n > 0;
        wanted += !isnan(cop_results_score(results, m, COP_SCOPE_CLEAN).value);
        wanted += !isnan(cop_results_score(results, m, COP_SCOPE_ROBUST).value);
        ck_assert_int_eq(figures, wanted);
        ck_assert_int_gt(figures, 4);
        free(bytes);
    }
    cop_results_free(&results);
    help_remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensorboard");
    TCase *tests = tcase_create("tensorboard");
    tcase_add_test(tests, crc32c_is_the_standards);
    tcase_add_test(tests, figures_read_back);
    tcase_add_test(tests, results_are_exported);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
