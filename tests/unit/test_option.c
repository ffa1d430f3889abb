/* Option rows, names and numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <gst/check/check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/list.h"
#include "models/core/option.h"

typedef struct Sample {
    bool flag;
    int count;
    uint64_t seed;
    double density;
    char *arch;
    int init;
    CopInts sizes;
    CopDoubles mean;
    CopStrings methods, paths;
    double rate;
} Sample;

static const char *const inits[] = {"uniform", "erk", "erk-plus", NULL};
static const char *const methods[] = {"static", "set", "rigl", "mest", NULL};

static const CopOption rows[] = {
    {"flag", "a flag", COP_TYPE_BOOL, offsetof(Sample, flag), "true", 0, 0, NULL, 0},
    {"batch-count", "a count", COP_TYPE_INT, offsetof(Sample, count), "3", 1, 9, NULL, 0},
    {"seed", "a seed", COP_TYPE_U64, offsetof(Sample, seed), "1", 0, 0, NULL, 0},
    {"density", "a share", COP_TYPE_DOUBLE, offsetof(Sample, density), "0.5", 0, 1, NULL, 0},
    {"arch", "a text", COP_TYPE_STRING, offsetof(Sample, arch), "r3d", 0, 0, NULL, 0},
    {"init", "a choice", COP_TYPE_CHOICE, offsetof(Sample, init), "erk", 0, 0, inits, 0},
    {"sizes", "whole numbers", COP_TYPE_INTS, offsetof(Sample, sizes), "112, 112", 1, 512, NULL, 0},
    {"mean", "numbers", COP_TYPE_DOUBLES, offsetof(Sample, mean), "[0.43216, 0.5]", 0, 1, NULL, 0},
    {"methods", "names", COP_TYPE_STRINGS, offsetof(Sample, methods), "set", 0, 0, methods, 0},
    {"paths", "texts", COP_TYPE_STRINGS, offsetof(Sample, paths), "", 0, 0, NULL, 0},
    {"rate", "unbounded above", COP_TYPE_DOUBLE, offsetof(Sample, rate), "1", 0.25, DBL_MAX, NULL,
     0},
    COP_OPTIONS_END,
};

static Sample sample;
static CopError err;

static void setup(void)
{
    sample = (Sample){0};
    err = (CopError){0};
    ck_assert_int_eq(cop_options_defaults(rows, &sample, &err), COP_OK);
}

static void teardown(void)
{
    cop_options_free(rows, &sample);
}

static void set(const char *name, const char *text)
{
    const CopStatus status = cop_options_set(rows, &sample, name, text, &err);
    ck_assert_msg(status == COP_OK, "%s = %s: %s", name, text, err.text);
}

static void refuse(const char *name, const char *text, const char *said)
{
    err = (CopError){0};
    ck_assert_msg(cop_options_set(rows, &sample, name, text, &err) == COP_ERR_CONFIG,
                  "%s = %s was taken", name, text);
    ck_assert_int_eq(err.status, COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, said) != NULL, "\"%s\" lacks \"%s\"", err.text, said);
}

START_TEST(defaults_fill_every_field)
{
    ck_assert(sample.flag);
    ck_assert_int_eq(sample.count, 3);
    ck_assert_uint_eq(sample.seed, 1);
    ck_assert(sample.density == 0.5 && sample.rate == 1);
    ck_assert_str_eq(sample.arch, "r3d");
    ck_assert_int_eq(sample.init, 1);
    ck_assert_int_eq(sample.sizes.n, 2);
    ck_assert_int_eq(sample.sizes.item[1], 112);
    ck_assert_int_eq(sample.mean.n, 2);
    ck_assert(sample.mean.item[0] == 0.43216);
    ck_assert_int_eq(sample.methods.n, 1);
    ck_assert_str_eq(sample.methods.item[0], "set");
    ck_assert_int_eq(sample.paths.n, 0);
}
END_TEST

START_TEST(defaults_that_break_a_row_leave_nothing)
{
    static const CopOption bad[] = {
        {"arch", "", COP_TYPE_STRING, offsetof(Sample, arch), "x", 0, 0, NULL, 0},
        {"count", "", COP_TYPE_INT, offsetof(Sample, count), "12", 1, 9, NULL, 0},
        COP_OPTIONS_END,
    };
    Sample other = {0};
    ck_assert_int_eq(cop_options_defaults(bad, &other, &err), COP_ERR_CONFIG);
    ck_assert(other.arch == NULL);
}
END_TEST

START_TEST(booleans_have_eight_spellings)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (int i = 0; i < 4; i++) {
        set("flag", yes[i]);
        ck_assert(sample.flag);
        set("flag", no[i]);
        ck_assert(!sample.flag);
    }
    refuse("flag", "", "true or false");
    refuse("flag", "2", "flag: got \"2\"");
}
END_TEST

START_TEST(numbers_keep_their_range)
{
    set("batch_count", "9");
    ck_assert_int_eq(sample.count, 9);
    refuse("batch-count", "10", "1 to 9");
    refuse("batch-count", "0", "whole number");
    refuse("batch-count", "2.5", "got \"2.5\"");
    refuse("batch-count", "99999999999999999999", "1 to 9");
    ck_assert_int_eq(sample.count, 9);

    set("seed", "18446744073709551615");
    ck_assert(sample.seed == UINT64_MAX);
    refuse("seed", "18446744073709551616", "whole number");
    refuse("seed", "-1", "whole number");

    set("density", "1e-3");
    ck_assert(sample.density == 1e-3);
    refuse("density", "1.0000001", "0 to 1");
    refuse("density", "nan", "0 to 1");
    refuse("density", "", "0 to 1");
    refuse("rate", "0.2", "at least 0.25");
    set("rate", "1e300");
    refuse("rate", "inf", "at least");
}
END_TEST

START_TEST(choices_are_named)
{
    set("init", "uniform");
    ck_assert_int_eq(sample.init, 0);
    set("init", "erk_plus");
    ck_assert_int_eq(sample.init, 2);
    refuse("init", "unifrom", "did you mean \"uniform\"");
    refuse("init", "kaiming", "one of: uniform, erk, erk-plus");
    ck_assert_int_eq(sample.init, 2);
}
END_TEST

START_TEST(lists_come_in_three_notations)
{
    static const char *const texts[] = {"1,2,3", " [ 1 , 2, 3 ] ", "(1, 2,\t3)"};
    for (int i = 0; i < 3; i++) {
        set("sizes", "7");
        set("sizes", texts[i]);
        ck_assert_int_eq(sample.sizes.n, 3);
        for (int j = 0; j < 3; j++)
            ck_assert_int_eq(sample.sizes.item[j], j + 1);
    }
    static const char *const empty[] = {"", " ", "[]", "( )"};
    for (int i = 0; i < 4; i++) {
        set("mean", "0.5");
        set("mean", empty[i]);
        ck_assert_int_eq(sample.mean.n, 0);
    }
    static const char *const broken[] = {",", "1,", "1,,2", "[1", "1]", "[1)", "[", "1 2", "[1,]"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        refuse("sizes", broken[i], "list of whole numbers, 1 to 512");
    refuse("sizes", "1, 513", "got \"513\"");
    refuse("methods", "set, rigll", "did you mean \"rigl\"");
    set("methods", "rigl, set");
    ck_assert_int_eq(sample.methods.n, 2);
}
END_TEST

START_TEST(quoted_items_hold_anything)
{
    set("paths", "a b, \"c, d\", \"\", \" \\\"e\\\\ \"");
    ck_assert_int_eq(sample.paths.n, 4);
    ck_assert_str_eq(sample.paths.item[0], "a b");
    ck_assert_str_eq(sample.paths.item[1], "c, d");
    ck_assert_str_eq(sample.paths.item[2], "");
    ck_assert_str_eq(sample.paths.item[3], " \"e\\ ");
    refuse("paths", "\"a", "list of texts");
    refuse("paths", "\"a\" b", "list of texts");
    refuse("paths", "\"a\\\"", "list of texts");
}
END_TEST

START_TEST(text_reads_back)
{
    static const char *const values[][2] = {
        {"flag", "false"},
        {"batch-count", "7"},
        {"seed", "18446744073709551615"},
        {"density", "0.1"},
        {"arch", " a, \"b\" "},
        {"init", "erk-plus"},
        {"sizes", "1, 2, 3"},
        {"mean", "0.1, 0.25, 1"},
        {"methods", "mest, static"},
        {"paths", "\"a, b\", \"\", [x], \"(\", \"\\\\\", \"\\\" \""},
        {"rate", "0.30000000000000004"},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        set(values[i][0], values[i][1]);
        const CopOption *row = cop_option_find(rows, values[i][0]);
        char *text = cop_option_text(row, &sample);
        Sample other = {0};
        ck_assert_int_eq(cop_options_set(rows, &other, row->name, text, NULL), COP_OK);
        char *again = cop_option_text(row, &other);
        ck_assert_str_eq(text, again);
        if (row->type != COP_TYPE_STRINGS || row->choices)
            ck_assert_str_eq(text, values[i][1]);
        else
            for (int j = 0; j < sample.paths.n; j++)
                ck_assert_str_eq(sample.paths.item[j], other.paths.item[j]);
        free(text);
        free(again);
        cop_options_free(rows, &other);
    }
}
END_TEST

START_TEST(copies_share_nothing)
{
    set("paths", "a, b");
    set("arch", "x3d");
    Sample copy = {0};
    ck_assert_int_eq(cop_options_copy(rows, &copy, &sample), COP_OK);
    ck_assert_ptr_ne(copy.arch, sample.arch);
    ck_assert_ptr_ne(copy.sizes.item, sample.sizes.item);
    ck_assert_ptr_ne(copy.mean.item, sample.mean.item);
    ck_assert_ptr_ne(copy.paths.item[0], sample.paths.item[0]);
    for (const CopOption *row = rows; row->name; row++) {
        char *a = cop_option_text(row, &sample), *b = cop_option_text(row, &copy);
        ck_assert_str_eq(a, b);
        free(a);
        free(b);
    }
    cop_options_free(rows, &copy);
    ck_assert(copy.arch == NULL);
    ck_assert_int_eq(copy.paths.n, 0);
    cop_options_free(rows, &copy);
}
END_TEST

START_TEST(unknown_names_bring_the_nearest)
{
    refuse("denisty", "1", "did you mean \"density\"");
    refuse("frames", "1", "known: flag, batch-count");
    ck_assert(cop_option_find(rows, "frames") == NULL);
    ck_assert_ptr_eq(cop_option_find(rows, "batch_count"), &rows[1]);
}
END_TEST

START_TEST(nearest_is_a_slip_away)
{
    static const char *const names[] = {"fog", "frost", "motion-blur", "gaussian_noise", NULL};
    ck_assert_str_eq(cop_nearest_name("fogg", names), "fog");
    ck_assert_str_eq(cop_nearest_name("ofg", names), "fog"); /* one swap */
    ck_assert_str_eq(cop_nearest_name("Frost", names), "frost");
    ck_assert_str_eq(cop_nearest_name("motion_blr", names), "motion-blur");
    ck_assert_str_eq(cop_nearest_name("gausian_nosie", names), "gaussian_noise");
    ck_assert(cop_nearest_name("rain", names) == NULL);
    ck_assert(cop_nearest_name("f", names) == NULL);
    ck_assert(cop_nearest_name("", names) == NULL);
    char longest[200];
    memset(longest, 'f', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    ck_assert(cop_nearest_name(longest, names) == NULL);
}
END_TEST

START_TEST(allowed_values_fit_their_buffer)
{
    char text[16];
    ck_assert_str_eq(cop_option_allowed(cop_option_find(rows, "init"), text, sizeof text),
                     "one of: unif...");
    ck_assert_str_eq(cop_option_allowed(cop_option_find(rows, "arch"), text, sizeof text),
                     "any text");
    ck_assert_str_eq(cop_option_allowed(cop_option_find(rows, "density"), text, sizeof text),
                     "0 to 1");
    ck_assert_str_eq(cop_option_type_name(COP_TYPE_DOUBLES), "list of numbers");
}
END_TEST

START_TEST(numbers_are_read_whole)
{
    double d = -1;
    int i = -1;
    uint64_t u = 1;
    static const char *const broken[] = {"",    " 1",  "1 ",    "0x10", "1,5",   "1e",  "e5", ".",
                                         "inf", "nan", "1e400", "--1",  "1.5.2", "-e1", "+"};
    for (size_t k = 0; k < sizeof broken / sizeof broken[0]; k++)
        ck_assert_msg(!cop_parse_double(broken[k], &d), "%s was taken", broken[k]);
    ck_assert(d == -1);
    ck_assert(cop_parse_double("-.5e-3", &d) && d == -.5e-3);
    ck_assert(cop_parse_double("1e-400", &d) && d == 0);
    ck_assert(cop_parse_int("-2147483648", &i) && i == INT32_MIN);
    ck_assert(!cop_parse_int("2147483648", &i) && !cop_parse_int("1.0", &i));
    ck_assert(!cop_parse_int("", &i) && !cop_parse_int("-", &i) && !cop_parse_int("0x1", &i));
    ck_assert(!cop_parse_u64("+1", &u) && !cop_parse_u64("", &u) && u == 1);
}
END_TEST

START_TEST(doubles_print_shortest)
{
    char text[32];
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {-0.0, "-0"},
        {100000, "100000"},
        {1e22, "1e+22"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(cop_format_double(cases[i].value, text), cases[i].text);
    /* Every bit pattern of a walk through the exponents survives. */
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        ck_assert(cop_parse_double(cop_format_double(value, text), &back));
        ck_assert_msg(memcmp(&back, &value, sizeof value) == 0, "%s", text);
    }
}
END_TEST

/* Few machines have a locale with a decimal comma installed, but glibc's
 * localedef can compile one; where it cannot, there is nothing to disturb us. */
START_TEST(a_locale_changes_nothing)
{
    char folder[] = "/tmp/cop-locale-XXXXXX", command[200];
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/xx_XX 2>/dev/null", folder);
    if (system(command) == 0) {
        setenv("LOCPATH", folder, 1);
        ck_assert(setlocale(LC_ALL, "xx_XX") != NULL);
        ck_assert_str_eq(localeconv()->decimal_point, ",");
    }
    char text[32];
    double value = 0;
    ck_assert(cop_parse_double("0.5", &value) && value == 0.5);
    ck_assert(!cop_parse_double("0,5", &value));
    ck_assert_str_eq(cop_format_double(0.1, text), "0.1");
    setlocale(LC_ALL, "C");
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("option");
    TCase *options = tcase_create("rows"), *texts = tcase_create("texts");
    tcase_add_checked_fixture(options, setup, teardown);
    tcase_add_test(options, defaults_fill_every_field);
    tcase_add_test(options, defaults_that_break_a_row_leave_nothing);
    tcase_add_test(options, booleans_have_eight_spellings);
    tcase_add_test(options, numbers_keep_their_range);
    tcase_add_test(options, choices_are_named);
    tcase_add_test(options, lists_come_in_three_notations);
    tcase_add_test(options, quoted_items_hold_anything);
    tcase_add_test(options, text_reads_back);
    tcase_add_test(options, copies_share_nothing);
    tcase_add_test(options, unknown_names_bring_the_nearest);
    suite_add_tcase(suite, options);
    tcase_add_test(texts, nearest_is_a_slip_away);
    tcase_add_test(texts, allowed_values_fit_their_buffer);
    tcase_add_test(texts, numbers_are_read_whole);
    tcase_add_test(texts, doubles_print_shortest);
    tcase_add_test(texts, a_locale_changes_nothing);
    suite_add_tcase(suite, texts);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
