/* Training runs of a report's models: which folders count, and what their lines say.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "pipeline/report/report.h"
#include "pipeline/report/run_metrics.h"
#include "tests/fake_results.h"
#include "tests/media_help.h"

static const char lines[] =
    "{\"step\": 10, \"layer\": \"a.weight\", \"weights\": 100, \"nnz\": 50, \"dropped\": 5, "
    "\"grown\": 5, \"regrown\": 0, \"explored\": 55}\n"
    "{\"step\": 10, \"layer\": \"b.weight\", \"weights\": 200, \"nnz\": 20, \"dropped\": 4, "
    "\"grown\": 4, \"regrown\": 1, \"explored\": 23}\n"
    "{\"epoch\": 1, \"step\": 12, \"loss\": 2.5, \"train_top1\": 0.2, \"test_top1\": 0.25, "
    "\"density\": 0.5, \"explored\": 0.6}\n"
    "not JSON, <b>\n[1, 2]\n{\"skipped\": \"x.mp4\", \"reason\": \"cut\"}\n"
    "{\"step\": \"20\", \"layer\": 7}\n"
    "{\"step\": 20, \"layer\": \"a.weight\", \"weights\": 100, \"nnz\": 50, \"dropped\": 5, "
    "\"grown\": 3, \"regrown\": 0, \"explored\": 60}\n"
    "{\"epoch\": 2, \"step\": 24, \"loss\": 1.5, \"density\": 0.5}\n"
    "{\"epoch\": 3, \"st"; /* cut off */

static CopResults *results;

/* A run's folder whose model is `bytes`; returns that model's hash. */
static char *write_run(const char *name, const char *bytes)
{
    char *folder = g_strdup(help_path(name)), *file;
    ck_assert(g_mkdir_with_parents(folder, 0755) == 0);
    file = g_build_filename(folder, "metrics.jsonl", NULL);
    ck_assert(g_file_set_contents(file, lines, -1, NULL));
    g_free(file);
    file = g_build_filename(folder, "model.safetensors", NULL);
    ck_assert(g_file_set_contents(file, bytes, -1, NULL));
    g_free(file);
    g_free(folder);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, bytes, -1);
}

static char *mine, *other;

static void setup(void)
{
    results =
        fake_load(help_path("r.db"), &(FakeResults){.models = 3, .corruptions = 1, .clips = 20});
    mine = write_run("runs/mine", "mine");
    other = write_run("runs/other", "other");
    results->models[1].about.sha256 = mine;
}

static void teardown(void)
{
    cop_results_free(&results);
    g_free(mine);
    g_free(other);
    help_remove_folder();
}

static GPtrArray *find(const char *folder)
{
    char *path = g_strdup(help_path(folder));
    const char *const folders[] = {path};
    GPtrArray *runs = cop_run_metrics_find(results, folders, 1);
    g_free(path);
    return runs;
}

START_TEST(found_by_hash)
{
    GPtrArray *runs = cop_run_metrics_find(results, NULL, 0);
    ck_assert_uint_eq(runs->len, 0);
    g_ptr_array_unref(runs);
    runs = find("runs/other"); /* of no model here */
    ck_assert_uint_eq(runs->len, 0);
    g_ptr_array_unref(runs);
    runs = find("nowhere");
    ck_assert_uint_eq(runs->len, 0);
    g_ptr_array_unref(runs);
    runs = find("runs/mine");
    ck_assert_uint_eq(runs->len, 1);
    g_ptr_array_unref(runs);
    runs = find("runs"); /* the folder above both */
    ck_assert_uint_eq(runs->len, 1);
    ck_assert_int_eq(((CopRunMetrics *)g_ptr_array_index(runs, 0))->model, 1);
    g_ptr_array_unref(runs);
    char *path = g_strdup(help_path("runs/mine/model.safetensors"));
    results->models[1].path = path; /* as the result file remembers it */
    runs = cop_run_metrics_find(results, NULL, 0);
    ck_assert_uint_eq(runs->len, 1);
    g_ptr_array_unref(runs);
    g_free(path);
}
END_TEST

START_TEST(lines_are_read)
{
    GPtrArray *runs = find("runs");
    const CopRunMetrics *run = g_ptr_array_index(runs, 0);
    ck_assert_uint_eq(run->log->epochs->len, 2);
    const CopUpdateEpoch *epoch = &g_array_index(run->log->epochs, CopUpdateEpoch, 0);
    ck_assert(epoch->step == 12 && epoch->loss == 2.5 && epoch->test_top1 == 0.25);
    ck_assert(epoch->density == 0.5 && epoch->explored == 0.6);
    ck_assert(isnan(g_array_index(run->log->epochs, CopUpdateEpoch, 1).explored));
    ck_assert_uint_eq(run->log->layers->len, 2);
    const CopUpdateLayer *layer = g_ptr_array_index(run->log->layers, 0);
    ck_assert_str_eq(layer->name, "a.weight");
    ck_assert_uint_eq(layer->points->len, 2);
    const CopUpdatePoint *update = &g_array_index(layer->points, CopUpdatePoint, 1);
    ck_assert(update->step == 20 && update->nnz == 50 && update->grown == 3);
    ck_assert(update->weights == 100 && update->explored == 60);
    GString *json = g_string_new(NULL);
    cop_run_metrics_json(json, runs);
    ck_assert_str_eq(json->str,
                     "[{\"model\":1,\"epochs\":[[12.0,0.5,0.6,2.5,0.25],[24.0,0.5,null,1.5,null]],"
                     "\"layers\":[{\"name\":\"a.weight\",\"weights\":100.0,\"updates\":"
                     "[[10.0,50.0,5.0,55.0],[20.0,50.0,3.0,60.0]]},{\"name\":\"b.weight\","
                     "\"weights\":200.0,\"updates\":[[10.0,20.0,4.0,23.0]]}]}]");
    g_string_free(json, TRUE);
    g_ptr_array_unref(runs);
}
END_TEST

START_TEST(page_shows_them)
{
    char *path = g_strdup(help_path("runs"));
    const char *const folders[] = {path};
    const CopReportOptions options = {.folders = folders, .n_folders = 1, .command = "as typed"};
    char *page = cop_report_html(results, 0, &options);
    ck_assert(strstr(page, "<section id=\"topology\">") != NULL);
    ck_assert(strstr(page, "1 of 3 models") != NULL);
    ck_assert(strstr(page, "<code>a.weight</code></th><td class=\"num\">100</td><td "
                           "class=\"num\">0.5</td><td class=\"num\">0.5</td><td "
                           "class=\"num\">0.16</td><td class=\"num\">0.6</td>") != NULL);
    ck_assert(strstr(page, "id=\"runs\">[{\"model\":1,") != NULL);
    ck_assert(strstr(page, "as typed") != NULL);
    g_free(page);
    page = cop_report_html(results, 0, NULL);
    ck_assert(strstr(page, "<section id=\"topology\">") == NULL);
    ck_assert(strstr(page, "id=\"runs\"") == NULL);
    g_free(page);
    g_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_metrics");
    TCase *tc = tcase_create("run_metrics");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, found_by_hash);
    tcase_add_test(tc, lines_are_read);
    tcase_add_test(tc, page_shows_them);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
