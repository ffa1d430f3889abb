/* Schedules of corruptions: what is read, what holds when, what is refused.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "pipeline/corrupt/severity_schedule.h"

static void parse(CopSchedule *schedule, const char *text)
{
    CopError err = {0};
    ck_assert_msg(cop_schedule_parse(schedule, text, &err) == COP_OK, "%s", err.text);
}

/* What holds at a time: a name (NULL: nothing yet; "none") and a severity. */
static void check_at(const CopSchedule *schedule, double seconds, const char *name, double severity)
{
    double found;
    const CopScheduleEntry *entry = cop_schedule_at(schedule, seconds, &found);
    ck_assert_msg(!entry == !name, "at %g", seconds);
    if (entry)
        ck_assert_str_eq(entry->desc ? entry->desc->name : "none", name);
    ck_assert_msg(fabs(found - severity) < 1e-12, "at %g: %g", seconds, found);
}

START_TEST(lines_and_steps)
{
    CopSchedule schedule;
    parse(&schedule, "0:gaussian_noise:0;10:gaussian_noise:5;20:fog:3:step;30:fog:1; "
                     "40:none; 50:rain:2");
    ck_assert_int_eq(schedule.n, 6);
    check_at(&schedule, -1, NULL, 0);
    check_at(&schedule, 0, "gaussian_noise", 0);
    check_at(&schedule, 2.5, "gaussian_noise", 1.25);
    check_at(&schedule, 10, "gaussian_noise", 5);
    check_at(&schedule, 19.9, "gaussian_noise", 5);
    check_at(&schedule, 20, "fog", 3);
    check_at(&schedule, 29.9, "fog", 3);
    check_at(&schedule, 35, "fog", 1);
    check_at(&schedule, 45, "none", 0);
    check_at(&schedule, 1e9, "rain", 2);
    cop_schedule_free(&schedule);
    cop_schedule_free(&schedule);
}
END_TEST

START_TEST(jumps_at_one_time)
{
    CopSchedule schedule;
    parse(&schedule, "5:fog:1;5:fog:4;7:fog:5");
    check_at(&schedule, 4.999, NULL, 0);
    check_at(&schedule, 5, "fog", 4);
    check_at(&schedule, 6, "fog", 4.5);
    cop_schedule_free(&schedule);
}
END_TEST

/* Only what is the same in all is joined by a line. */
START_TEST(parameters)
{
    CopSchedule schedule;
    parse(&schedule, "0:fog:1:weight=2; 10:fog:2:linear:weight=2 ;20:fog:5;"
                     "30:burst:1:step:corruption=fog,inner_params=weight=2:decay=1.5");
    ck_assert_str_eq(schedule.entry[0].params, "weight=2");
    ck_assert_str_eq(schedule.entry[1].params, "weight=2");
    ck_assert_ptr_eq(schedule.entry[2].params, NULL);
    ck_assert_str_eq(schedule.entry[3].params, "corruption=fog,inner_params=weight=2:decay=1.5");
    ck_assert(schedule.entry[3].step && !schedule.entry[1].step);
    check_at(&schedule, 5, "fog", 1.5);
    check_at(&schedule, 15, "fog", 2);
    cop_schedule_free(&schedule);
}
END_TEST

START_TEST(repeats)
{
    CopSchedule schedule;
    parse(&schedule, "1:fog:0;3:fog:4;4:repeat");
    ck_assert_int_eq(schedule.n, 2);
    check_at(&schedule, 0.5, NULL, 0);
    check_at(&schedule, 2, "fog", 2);
    check_at(&schedule, 3.5, "fog", 4);
    check_at(&schedule, 4.5, NULL, 0);
    check_at(&schedule, 402, "fog", 2);
    cop_schedule_free(&schedule);
}
END_TEST

START_TEST(nothing)
{
    static const char *const texts[] = {"", " ", ";", " ; ; "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CopSchedule schedule;
        parse(&schedule, texts[i]);
        check_at(&schedule, 3, NULL, 0);
        cop_schedule_free(&schedule);
    }
}
END_TEST

static const struct {
    const char *text, *word;
} wrong[] = {{"fog", "\"fog\""},
             {"0", "TIME:CORRUPTION:SEVERITY"},
             {"0:", "TIME:CORRUPTION:SEVERITY"},
             {"0:fog", "0 to 5"},
             {"0:fog:", "0 to 5"},
             {"0:fog:5.5", "5.5"},
             {"0:fog:-1", "-1"},
             {"0:fog:nan", "nan"},
             {"0:fgo:1", "fog"},
             {"x:fog:1", "\"x\""},
             {"-1:fog:1", "\"-1\""},
             {"inf:fog:1", "inf"},
             {"nan:fog:1", "nan"},
             {"1:fog:1;0.5:fog:2", "entry 2"},
             {"0:fog:1:smooth", "smooth"},
             {"0:fog:1:", "linear, step"},
             {"0:none:7", "7"},
             {"3:repeat", "before"},
             {"0:fog:1;0:repeat", "above 0"},
             {"0:fog:1;3:repeat:2", "nothing else"},
             {"0:fog:1;3:repeat;4:fog:1", "follow"},
             {"2:fog:1;1:repeat", "must not fall"}};

START_TEST(refused)
{
    CopSchedule schedule;
    CopError err = {0};
    ck_assert_int_eq(cop_schedule_parse(&schedule, wrong[_i].text, &err), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, wrong[_i].word) != NULL, "\"%s\": %s", wrong[_i].text, err.text);
    ck_assert_ptr_eq(schedule.entry, NULL);
    ck_assert_int_eq(schedule.n, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("severity_schedule");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, lines_and_steps);
    tcase_add_test(tc, jumps_at_one_time);
    tcase_add_test(tc, parameters);
    tcase_add_test(tc, repeats);
    tcase_add_test(tc, nothing);
    tcase_add_loop_test(tc, refused, 0, (int)(sizeof wrong / sizeof *wrong));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
