/* Tables of kernels: the built-in ones, files, what the reader refuses, and nets run by them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/conv3d_table.h"
#include "models/layers/layer_conv_common.h"
#include "tests/net_help.h"

static char *folder, *path;
static CopTier tier;
static CopKernelTable table;
static CopError err;

static void setup(void)
{
    folder = g_dir_make_tmp("coppice-kernels-XXXXXX", NULL);
    ck_assert(folder != NULL);
    path = g_build_filename(folder, "a.kernels", NULL);
    tier = cop_tier();
    err = (CopError){0};
}

static void teardown(void)
{
    cop_tier_force(tier);
    g_remove(path);
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
}

static CopStatus read_bytes(const char *text, gssize size)
{
    ck_assert(g_file_set_contents(path, text, size, NULL));
    err = (CopError){0};
    return cop_kernel_table_read(&table, path, &err);
}

/* "TIER" in `text` becomes the tier that runs. */
static CopStatus read_text(const char *text)
{
    char **parts = g_strsplit(text, "TIER", -1);
    char *whole = g_strjoinv(cop_tier_name(cop_tier()), parts);
    const CopStatus status = read_bytes(whole, -1);
    g_free(whole);
    g_strfreev(parts);
    return status;
}

static void assert_blocking(CopBlocking b, const char *walk, int positions, int cols, int kib)
{
    ck_assert_str_eq(cop_walk_name(b.walk), walk);
    ck_assert_int_eq(b.positions, positions);
    ck_assert_int_eq(b.cols, cols);
    ck_assert_int_eq(b.block_bytes, kib << 10);
}

/* What measurements came to; and they keep the limits that the reader holds files to. */
START_TEST(built_in)
{
    for (int i = 0; i < COP_TIER_COUNT; i++) {
        if (!cop_tier_force((CopTier)i))
            continue;
        const CopKernelTable *rows = cop_kernel_table_of(NULL, (CopTier)i);
        const int most = cop_conv3d_kernels((CopTier)i)->pairs_max;
        ck_assert(rows->tier == (CopTier)i);
        assert_blocking(cop_kernel_table_find(rows, 0), "singles", 14, 7, 36);
        assert_blocking(cop_kernel_table_find(rows, 0.1499), "singles", 14, 7, 36);
        assert_blocking(cop_kernel_table_find(rows, 0.15), "pairs", most, 7, 32);
        assert_blocking(cop_kernel_table_find(rows, 0.5), "winograd", most, 7, 32);
        assert_blocking(cop_kernel_table_find(rows, 0.75), "winograd", most, 14, 36);
        assert_blocking(cop_kernel_table_find(rows, 1), "winograd", most, 14, 36);
        char name[COP_KERNEL_HASH];
        ck_assert_str_eq(cop_kernel_table_name(rows, name), "built-in");
        ck_assert(cop_kernel_table_write(rows, "one\ntwo", path, &err) == COP_OK);
        ck_assert_msg(cop_kernel_table_read(&table, path, &err) == COP_OK, "%s", err.text);
        ck_assert_int_eq(table.n, rows->n);
        for (int k = 0; k < rows->n; k++) {
            const CopBlocking b = rows->row[k].blocking;
            ck_assert(table.row[k].below == rows->row[k].below);
            assert_blocking(table.row[k].blocking, cop_walk_name(b.walk), b.positions, b.cols,
                            b.block_bytes >> 10);
        }
        ck_assert_ptr_eq(cop_kernel_table_of(&table, (CopTier)i), &table);
        ck_assert_ptr_eq(cop_kernel_table_of(&(CopKernelTable){0}, (CopTier)i), rows);
        table.tier = (CopTier)(((int)i + 1) % COP_TIER_COUNT);
        ck_assert_ptr_eq(cop_kernel_table_of(&table, (CopTier)i), rows);
    }
}
END_TEST

START_TEST(reads)
{
    ck_assert_msg(read_text("# a comment\r\n\n tier\tTIER # more\r\n"
                            "0.001 pairs 6 14 9\n0.5 singles 14 1 1024\n1 winograd 6 7 36") ==
                      COP_OK,
                  "%s", err.text);
    ck_assert_int_eq(table.n, 3);
    assert_blocking(cop_kernel_table_find(&table, 1), "winograd", 6, 7, 36);
    ck_assert(table.tier == tier);
    assert_blocking(cop_kernel_table_find(&table, 0.0009), "pairs", 6, 14, 9);
    assert_blocking(cop_kernel_table_find(&table, 0.001), "singles", 14, 1, 1024);
    char first[COP_KERNEL_HASH], second[COP_KERNEL_HASH];
    cop_kernel_table_name(&table, first);
    ck_assert_uint_eq(strlen(first), 16);
    ck_assert(read_text("tier TIER\n0.001 pairs 6 14 9\n1 singles 14 1 1023\n") == COP_OK);
    ck_assert_str_ne(cop_kernel_table_name(&table, second), first);
}
END_TEST

#define HEAD "tier TIER\n"

static const struct {
    const char *text, *line, *seen, *allowed;
} bad[] = {
    {"", "", "0 rows", "a last row"},
    {"# nothing\n", "", "0 rows", "a last row"},
    {HEAD, "", "0 rows", "a last row"},
    {HEAD "0.5 pairs 6 7 36\n", "", "1 rows", "below 1"},
    {"1 pairs 6 7 36\n" HEAD, ":1:", "\"1\"", "tier NAME"},
    {"tier\n1 pairs 6 7 36\n", ":1:", "\"tier\"", "tier NAME"},
    {"tier TIER x\n1 pairs 6 7 36\n", ":1:", "\"tier\"", "tier NAME"},
    {"tier mmx\n1 pairs 6 7 36\n", ":1:", "\"mmx\"", "the tier that runs"},
    {HEAD HEAD "1 pairs 6 7 36\n", ":2:", "\"tier\"", "five words"},
    {HEAD "1 pairs 6 7\n", ":2:", "\"1\"", "five words"},
    {HEAD "1 pairs 6 7 36 1\n", ":2:", "\"1\"", "five words"},
    {HEAD "\n0 pairs 6 7 36\n", ":3:", "below: got \"0\"", "above 0"},
    {HEAD "-1 pairs 6 7 36\n", ":2:", "\"-1\"", "above 0"},
    {HEAD "nan pairs 6 7 36\n", ":2:", "\"nan\"", "above 0"},
    {HEAD "1.01 pairs 6 7 36\n", ":2:", "\"1.01\"", "at most 1"},
    {HEAD "0,5 pairs 6 7 36\n", ":2:", "\"0,5\"", "at most 1"},
    {HEAD "0.5 pairs 6 7 36\n0.5 pairs 6 7 36\n", ":3:", "\"0.5\"", "above 0.5"},
    {HEAD "1 pairs 6 7 36\n1 pairs 6 7 36\n", ":3:", "\"1\"", "no row after"},
    {HEAD "1 Pairs 6 7 36\n", ":2:", "\"Pairs\"", "singles, pairs"},
    {HEAD "1 pairs 0 7 36\n", ":2:", "positions: got \"0\"", "1 to "},
    {HEAD "1 pairs 15 7 36\n", ":2:", "positions: got \"15\"", "1 to "},
    {HEAD "1 singles 15 7 36\n", ":2:", "positions: got \"15\"", "1 to 14"},
    {HEAD "1 singles 4294967297 7 36\n", ":2:", "\"4294967297\"", "1 to 14"},
    {HEAD "1 singles 8x 7 36\n", ":2:", "\"8x\"", "1 to 14"},
    {HEAD "1 singles 8 0 36\n", ":2:", "cols: got \"0\"", "1 to 14"},
    {HEAD "1 singles 8 15 36\n", ":2:", "cols: got \"15\"", "1 to 14"},
    {HEAD "1 singles 8 7 8\n", ":2:", "KiB: got \"8\"", "9 to 1024"},
    {HEAD "1 singles 8 7 1025\n", ":2:", "KiB: got \"1025\"", "9 to 1024"},
    {HEAD "1 singles 8 7 -36\n", ":2:", "KiB: got \"-36\"", "9 to 1024"},
    {HEAD "\x1b[31m singles 8 7 36\n", ":2:", "the byte 27", "text"},
};

START_TEST(refusals)
{
    ck_assert_int_eq(read_text(bad[_i].text), COP_ERR_CONFIG);
    char *place = g_strconcat(path, bad[_i].line, NULL);
    ck_assert_msg(strstr(err.text, place) && strstr(err.text, bad[_i].seen) &&
                      strstr(err.text, bad[_i].allowed),
                  "%s", err.text);
    ck_assert_int_eq(table.n, 0);
    g_free(place);
}
END_TEST

/* What no text is. */
START_TEST(hostile)
{
    ck_assert_int_eq(read_bytes("tier\0x", 6), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "the byte 0") != NULL, "%s", err.text);
    GString *text = g_string_new("tier ");
    g_string_append(text, cop_tier_name(tier));
    for (int i = 0; i < 33; i++)
        g_string_append_printf(text, "\n%g pairs 6 7 36", (i + 1) / 33.0);
    ck_assert_int_eq(read_bytes(text->str, (gssize)text->len), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, ":34:") && strstr(err.text, "32 rows"), "%s", err.text);
    while (text->len < 1 << 16)
        g_string_append(text, "# and so on\n");
    ck_assert_int_eq(read_bytes(text->str, (gssize)text->len), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "65536 bytes") != NULL, "%s", err.text);
    g_string_assign(text, "");
    for (int i = 0; i < 5000; i++)
        g_string_append(text, "word");
    ck_assert_int_eq(read_bytes(text->str, (gssize)text->len), COP_ERR_CONFIG);
    g_string_free(text, TRUE);
    err = (CopError){0};
    ck_assert_int_eq(cop_kernel_table_read(&table, folder, &err), COP_ERR_CONFIG);
    err = (CopError){0};
    ck_assert_int_eq(cop_kernel_table_read(&table, "/nowhere/a", &err), COP_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "/nowhere/a: cannot be opened") != NULL, "%s", err.text);
    ck_assert_int_eq(
        cop_kernel_table_write(cop_kernel_table_of(NULL, tier), "", "/nowhere/a", NULL),
        COP_ERR_IO);
}
END_TEST

/* Logits of all clips by a table, the same bits for any number of threads. */
static void run_net(const CopKernelTable *kernels, float *logits, char text[COP_CONV_TEXT])
{
    for (int threads = 1; threads <= 3; threads++) {
        CopNet *net =
            narrow_plan(&(CopNetPlan){.batch = 5, .threads = threads, .kernels = kernels});
        CopPool *pool;
        must(cop_pool_create(&pool, threads), NULL);
        cop_net_init(net, 3, NULL);
        net_fill(net, 5, NULL, 0);
        cop_net_forward(net, &(CopStep){.pool = pool});
        for (int lane = 0; lane < 5; lane++) {
            float got[NARROW_CLASSES];
            net_logits(net, lane, got);
            if (threads == 1)
                memcpy(logits + lane * NARROW_CLASSES, got, sizeof got);
            ck_assert(memcmp(logits + lane * NARROW_CLASSES, got, sizeof got) == 0);
        }
        CopLayer *const *layers;
        ck_assert_int_gt(cop_net_layers(net, &layers), 0);
        cop_conv3d_kernel(cop_layer_conv(layers[0]), COP_CONV_FORWARD, text);
        ck_assert(cop_layer_conv(layers[1]) == NULL);
        cop_pool_destroy(&pool);
        cop_net_destroy(&net);
    }
}

/* Other blocks add up in another order. */
START_TEST(nets_agree)
{
    enum { N = 5 * NARROW_CLASSES };
    float want[N], got[N];
    char text[COP_CONV_TEXT];
    double error = 0, size = 0;
    run_net(NULL, want, text);
    ck_assert_msg(strncmp(text, "shared ", 7) == 0 && strstr(text, " 44K"), "%s", text);
    ck_assert(read_text("tier TIER\n1 singles 3 3 9\n") == COP_OK);
    run_net(&table, got, text);
    ck_assert_str_eq(text, "shared singles 1x3 44K"); /* which a stride takes at least */
    for (int i = 0; i < N; i++) {
        error = fmax(error, fabs((double)got[i] - (double)want[i]));
        size = fmax(size, fabs((double)want[i]));
    }
    ck_assert_msg(error <= 1e-5 * size, "%g of %g", error, size);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernel_table");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, built_in);
    tcase_add_test(tc, reads);
    tcase_add_loop_test(tc, refusals, 0, (int)G_N_ELEMENTS(bad));
    tcase_add_test(tc, hostile);
    tcase_add_test(tc, nets_agree);
    suite_add_tcase(s, tc);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
