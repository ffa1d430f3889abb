/* The comparison in its formats and the report page.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <glib.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/eval/seed_gain.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/report.h"
#include "pipeline/report/terminal.h"
#include "tests/fake_results.h"
#include "tests/media_help.h"

static const char hostile[] = "</script><img src=x onerror=alert(1)>\"'&\x1b[2J\xff";
static CopResults *results;

static void load(const FakeResults *fake)
{
    results = fake_load(help_path("r.db"), fake);
}

static void setup(void)
{
    load(&(FakeResults){.models = 4, .corruptions = 4, .clips = 40, .pictures = true});
}

static void setup_hostile(void)
{
    load(&(FakeResults){.models = 2, .corruptions = 1, .clips = 20, .name = hostile, .missing = 3});
}

static void teardown(void)
{
    cop_results_free(&results);
    help_remove_folder();
}

static void check_holds(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in the text", part);
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

START_TEST(numbers)
{
    char text[COP_NUMBER_SIZE];
    ck_assert_str_eq(cop_text_percent(text, 0.8549), "85.5");
    ck_assert_str_eq(cop_text_percent(text, NAN), "-");
    ck_assert_str_eq(cop_text_points(text, 0.013), "+1.3");
    ck_assert_str_eq(cop_text_points(text, -0.0004), "0.0");
    ck_assert_str_eq(cop_text_points(text, 0.0004), "0.0");
    ck_assert_str_eq(cop_text_interval(text, (CopInterval){0.85, 0.7672, 0.9069, 100}),
                     "85.0 [76.7, 90.7]");
    ck_assert_str_eq(cop_text_change(text, (CopInterval){-0.02, -0.05, 0.01, 9}),
                     "-2.0 [-5.0, +1.0]");
    ck_assert_str_eq(cop_text_p(text, 0.0004), "< 0.001");
    ck_assert_str_eq(cop_text_p(text, 0.0414), "0.041");
    ck_assert_str_eq(cop_text_p(text, NAN), "-");
    ck_assert_str_eq(cop_text_count(text, 999), "999");
    ck_assert_str_eq(cop_text_count(text, 999949), "999.9 k");
    ck_assert_str_eq(cop_text_count(text, 999950), "1.0 M");
    ck_assert_str_eq(cop_text_count(text, 33176010), "33.2 M");
    ck_assert_str_eq(cop_text_exact(text, 0.1), "0.1");
    ck_assert(g_ascii_strtod(cop_text_exact(text, 1.0 / 3), NULL) == 1.0 / 3);
}
END_TEST

START_TEST(tables)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "name", false);
    cop_table_column(table, "n", true);
    cop_table_cell(table, "%s", "gr\xc3\xbc\xc3\x9f");
    cop_table_cell(table, "%d", 7);
    cop_table_cell(table, "%s", "a,\"b\"_%");
    cop_table_cell(table, "%d", 1234);
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    ck_assert_str_eq(text, "name        n\n"
                           "-------  ----\n"
                           "gr\xc3\xbc\xc3\x9f        7\n"
                           "a,\"b\"_%  1234\n");
    g_free(text);
    text = cop_table_text(table, COP_TABLE_CSV);
    ck_assert_str_eq(text, "name,n\ngr\xc3\xbc\xc3\x9f,7\n\"a,\"\"b\"\"_%\",1234\n");
    g_free(text);
    text = cop_table_text(table, COP_TABLE_LATEX);
    check_holds(text, "\\begin{tabular}{lr}");
    check_holds(text, "a,\"b\"\\_\\% & 1234 \\\\");
    g_free(text);
    cop_table_destroy(&table);
    cop_table_destroy(&table);
}
END_TEST

START_TEST(json_keys)
{
    static const char *const keys[] = {"name", "method",     "density",  "seed",  "clean", "robust",
                                       "rpc",  "parameters", "nonzeros", "flops", "cells"};
    char *text = cop_compare_json(results, 0, true);
    JsonParser *parser = json_parser_new();
    ck_assert(json_parser_load_from_data(parser, text, -1, NULL));
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *models = json_object_get_array_member(root, "models");
    ck_assert_int_eq((int)json_array_get_length(models), 4);
    for (guint i = 0; i < 4; i++) {
        JsonObject *model = json_array_get_object_element(models, i);
        for (size_t k = 0; k < G_N_ELEMENTS(keys); k++)
            ck_assert_msg(json_object_has_member(model, keys[k]), "no %s", keys[k]);
        JsonArray *cells = json_object_get_array_member(model, "cells");
        ck_assert_int_eq((int)json_array_get_length(cells), results->n_columns);
        JsonObject *cell = json_array_get_object_element(cells, 3);
        ck_assert_str_eq(json_object_get_string_member(cell, "corruption"), "gaussian_noise");
        ck_assert(json_object_get_double_member(cell, "severity") == 3);
        ck_assert_int_eq((int)json_object_get_int_member(cell, "n"), 40);
        ck_assert(json_object_get_double_member(cell, "top1") ==
                  cop_results_top1(results, (int)i, 3).value);
        ck_assert(json_object_get_double_member(cell, "top5") ==
                  cop_results_top5(results, (int)i, 3).value);
        ck_assert(json_object_get_double_member(model, "robust") ==
                  cop_results_score(results, (int)i, COP_SCOPE_ROBUST).value);
    }
    ck_assert_int_eq((int)json_array_get_length(json_object_get_array_member(root, "tests")), 3);
    g_object_unref(parser);
    g_free(text);
}
END_TEST

START_TEST(text_formats)
{
    char number[COP_NUMBER_SIZE];
    char *text = cop_compare_text(results, 0), *csv = cop_compare_csv(results, 0);
    char *latex = cop_compare_latex(results, 0);
    for (int i = 0; i < results->n_models; i++) {
        const CopInterval robust = cop_results_score(results, i, COP_SCOPE_ROBUST);
        check_holds(text, cop_text_interval(number, robust));
        check_holds(latex, cop_text_interval(number, robust));
        check_holds(csv, cop_text_exact(number, robust.value));
        for (int corruption = 0; corruption < results->n_corruptions; corruption++) {
            const CopInterval mean = cop_results_score(results, i, corruption);
            check_holds(text, cop_text_percent(number, mean.value));
            check_holds(csv, cop_text_exact(number, mean.value));
        }
    }
    check_holds(text, "Against dense");
    check_holds(latex, "gaussian\\_noise");
    ck_assert_int_eq(count_of(csv, "\n"), 1 + results->n_models);
    g_free(text);
    g_free(csv);
    g_free(latex);
}
END_TEST

static void check_narrow(const char *text)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        ck_assert_int_lt((int)strcspn(line, "\n"), 200);
}

/* A screen has no room for a column a model; what is left out is named. */
START_TEST(many_models)
{
    load(&(FakeResults){.models = 20, .corruptions = 1, .clips = 10});
    char *text = cop_compare_text(results, 0);
    check_holds(text, "Too many models");
    check_holds(text, "rigl-0.5 s4");
    check_holds(text, "Over seeds");
    check_narrow(text);
    g_free(text);
    cop_results_free(&results);
    help_remove_folder();
}
END_TEST

/* Seventeen recipes of two seeds: a row each. */
START_TEST(many_recipes)
{
    sqlite3 *db;
    load(&(FakeResults){.models = 34, .corruptions = 1, .clips = 10});
    cop_results_free(&results);
    ck_assert(sqlite3_open(help_path("r.db"), &db) == SQLITE_OK);
    ck_assert(
        sqlite3_exec(db,
                     "UPDATE model SET method = 'set', density = 0.05 * (id % 17 + 1),"
                     " seed = (id - 1) / 17, name = 'set ' || (id % 17) || ' s' || ((id - 1) / 17)",
                     NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
    ck_assert(cop_results_load(&results, help_path("r.db"), 0, NULL) == COP_OK);
    ck_assert_int_eq(results->n_recipes, 17);
    char *text = cop_compare_text(results, 0);
    ck_assert_int_eq(count_of(text, ", 2 seeds  "), 17 + 16); /* means, gains */
    check_holds(text, "points above set 1 of the same seed");
    ck_assert(!strstr(text, "\ngaussian_noise "));
    check_narrow(text);
    g_free(text);
    cop_results_free(&results);
    help_remove_folder();
}
END_TEST

/* Nor has a page: charts and maps show recipes, means over their seeds. */
START_TEST(many_models_are_pooled)
{
    char number[COP_NUMBER_SIZE], cell[96];
    load(&(FakeResults){.models = 16, .corruptions = 2, .clips = 10});
    char *page = cop_report_html(results, 0, NULL);
    ck_assert_int_eq(count_of(page, "<table class=\"map\">"), 16);
    check_holds(page, "<section id=\"changes\">");
    check_holds(page, "\"pooled\":false");
    g_free(page);
    cop_results_free(&results);
    help_remove_folder();

    load(&(FakeResults){.models = 20, .corruptions = 2, .clips = 10});
    ck_assert_int_eq(results->n_recipes, 4);
    page = cop_report_html(results, 0, NULL);
    check_holds(page, "\"pooled\":true");
    *strstr(page, "<script") = '\0';
    ck_assert_int_eq(count_of(page, "<table class=\"map\">"), 4);
    ck_assert(!strstr(page, "<section id=\"changes\">") && !strstr(page, "href=\"#changes\""));
    for (int recipe = 0; recipe < 4; recipe++) {
        for (int column = 1; column < results->n_columns; column++) {
            double sum = 0;
            for (int i = 0; i < results->n_models; i++)
                if (results->models[i].recipe == recipe)
                    sum += cop_results_top1(results, i, column).value;
            g_snprintf(cell, sizeof cell, ">%s</td>", cop_text_percent(number, sum / 5));
            check_holds(page, cell);
        }
        if (recipe == results->models[0].recipe)
            continue;
        const CopSeedGain gain =
            cop_results_seed_gain(results, recipe, results->models[0].recipe, COP_SCOPE_ROBUST);
        ck_assert_int_eq((int)gain.mean.n, 5);
        cop_text_points(number, gain.mean.value);
        g_snprintf(cell, sizeof cell, ">%s%s</span>", number[0] == '-' ? "−" : "",
                   number + (number[0] == '-'));
        check_holds(page, cell);
    }
    g_free(page);
    cop_results_free(&results);
    help_remove_folder();
}
END_TEST

/* Every number of the file stands in the page's tables, which need no script. */
START_TEST(page_has_every_number)
{
    char number[COP_NUMBER_SIZE], cell[96];
    char *page = cop_report_html(results, 0, NULL);
    *strstr(page, "<script") = '\0';
    for (int i = 0; i < results->n_models; i++) {
        check_holds(page, results->models[i].about.sha256);
        for (int column = 1; column < results->n_columns; column++) {
            const CopInterval top1 = cop_results_top1(results, i, column);
            g_snprintf(cell, sizeof cell, ">%s</td>", cop_text_percent(number, top1.value));
            check_holds(page, cell);
            check_holds(page, cop_text_interval(number, top1));
        }
        for (int scope = COP_SCOPE_CLEAN; scope < results->n_corruptions; scope++) {
            const CopInterval score = cop_results_score(results, i, scope);
            g_snprintf(cell, sizeof cell, ">%s<", cop_text_percent(number, score.value));
            check_holds(page, cell);
            const CopInterval change = cop_results_difference(results, i, 0, scope, NULL);
            cop_text_points(number, change.value);
            g_snprintf(cell, sizeof cell, ">%s%s</span>", number[0] == '-' ? "−" : "",
                       number + (number[0] == '-'));
            if (i != 0)
                check_holds(page, cell);
        }
    }
    for (int i = 0; i < results->n_meta; i++)
        check_holds(page, results->meta[i].value);
    check_holds(page, "no video stream");
    check_holds(page, "40 labelled clips");
    /* Pictures: clean in each row, and five severities. */
    ck_assert_int_eq(count_of(page, "src=\"data:image/png;base64,"), 4 * 6);
    g_free(page);
}
END_TEST

START_TEST(page_is_self_contained)
{
    char *page = cop_report_html(results, 0, NULL);
    static const char *const outside[] = {"src=\"http", "href=\"http", "@import", "url(", "<link"};
    for (size_t i = 0; i < G_N_ELEMENTS(outside); i++)
        ck_assert_msg(!strstr(page, outside[i]), "%s", outside[i]);
    check_holds(page, "default-src 'none'");
    check_holds(page, "Chart.js v");
    ck_assert_int_eq(count_of(page, "<script"), count_of(page, "</script>"));
    static const char *const elements[] = {"table", "tr", "section", "figure", "span", "div"};
    char *scripts = strstr(page, "<script");
    *scripts = '\0';
    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++) {
        char open[16], open_with[16], close[16];
        g_snprintf(open, sizeof open, "<%s>", elements[i]);
        g_snprintf(open_with, sizeof open_with, "<%s ", elements[i]);
        g_snprintf(close, sizeof close, "</%s>", elements[i]);
        ck_assert_int_eq(count_of(page, open) + count_of(page, open_with), count_of(page, close));
    }
    g_free(page);
}
END_TEST

START_TEST(page_escapes)
{
    char *page = cop_report_html(results, 0, NULL);
    ck_assert(g_utf8_validate(page, -1, NULL));
    ck_assert(!strstr(page, "<img src=x"));
    check_holds(page, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&apos;&amp;");
    /* The data block, the library and our script; none of them ended early. */
    ck_assert_int_eq(count_of(page, "</script>"), 3);
    char *data = strstr(page, "id=\"data\">") + strlen("id=\"data\">");
    *strstr(data, "</script>") = '\0';
    JsonParser *parser = json_parser_new();
    ck_assert(json_parser_load_from_data(parser, data, -1, NULL));
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonObject *model =
        json_array_get_object_element(json_object_get_array_member(root, "models"), 1);
    ck_assert(g_str_has_prefix(json_object_get_string_member(model, "name"), "</script><img"));
    /* The last cell lacks clips. */
    ck_assert(json_object_get_null_member(model, "robust"));
    ck_assert(json_object_get_null_member(model, "rpc"));
    g_object_unref(parser);
    g_free(page);
    char *text = cop_compare_text(results, 0);
    ck_assert(!strchr(text, '\x1b'));
    g_free(text);
}
END_TEST

START_TEST(page_is_written_whole)
{
    CopError err = {0};
    const char *file = help_path("report.html");
    char *text, *page;
    ck_assert_msg(cop_report_write(results, 1, NULL, file, &err) == COP_OK, "%s", err.text);
    ck_assert(g_file_get_contents(file, &text, NULL, NULL));
    page = cop_report_html(results, 1, NULL);
    ck_assert_str_eq(text, page);
    ck_assert(g_str_has_suffix(text, "</html>\n"));
    g_free(text);
    g_free(page);
    ck_assert(cop_report_write(results, 0, NULL, help_path("none/report.html"), &err) ==
              COP_ERR_IO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tc = tcase_create("numbers");
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, tables);
    suite_add_tcase(suite, tc);
    tc = tcase_create("report");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, json_keys);
    tcase_add_test(tc, text_formats);
    tcase_add_test(tc, page_has_every_number);
    tcase_add_test(tc, page_is_self_contained);
    tcase_add_test(tc, page_is_written_whole);
    suite_add_tcase(suite, tc);
    tc = tcase_create("many models");
    tcase_add_test(tc, many_models);
    tcase_add_test(tc, many_recipes);
    tcase_add_test(tc, many_models_are_pooled);
    suite_add_tcase(suite, tc);
    tc = tcase_create("hostile names");
    tcase_add_checked_fixture(tc, setup_hostile, teardown);
    tcase_add_test(tc, page_escapes);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
