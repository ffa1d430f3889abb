/* The configuration file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/config/config.h"

static char *folder, *path;
static CopConfig config;
static CopError err;

static void setup(void)
{
    folder = g_dir_make_tmp("coppice-config-XXXXXX", NULL);
    ck_assert(folder != NULL);
    path = g_build_filename(folder, "a.cfg", NULL);
    config = (CopConfig){0};
    err = (CopError){0};
}

static void teardown(void)
{
    cop_config_free(&config);
    GDir *dir = g_dir_open(folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        char *file = g_build_filename(folder, name, NULL);
        g_remove(file);
        g_free(file);
    }
    g_dir_close(dir);
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
}

static void write_file(const char *name, const char *text)
{
    char *file = g_build_filename(folder, name, NULL);
    ck_assert(g_file_set_contents(file, text, -1, NULL));
    g_free(file);
}

static CopStatus load(const char *text)
{
    write_file("a.cfg", text);
    cop_config_free(&config);
    err = (CopError){0};
    return cop_config_load(&config, path, NULL, 0, &err);
}

static void assert_loads(const char *text)
{
    ck_assert_msg(load(text) == COP_OK, "%s: %s", text, err.text);
}

/* Loading fails with a text that holds every one of the words (ended by NULL). */
static void assert_refused(const char *text, const char *const *words)
{
    ck_assert_msg(load(text) == COP_ERR_CONFIG, "%s was taken", text);
    ck_assert_int_eq(err.status, COP_ERR_CONFIG);
    for (; *words; words++)
        ck_assert_msg(strstr(err.text, *words), "\"%s\" not in: %s", *words, err.text);
    /* Safe to free after a failure. */
    cop_config_free(&config);
}
#define REFUSED(text, ...) assert_refused(text, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(defaults_without_file)
{
    ck_assert_int_eq(cop_config_load(&config, NULL, NULL, 0, &err), COP_OK);
    ck_assert_int_eq(config.clip.frames, 8);
    ck_assert_str_eq(config.data.format, "folder");
    ck_assert_int_eq(config.corrupt.severities.n, 5);
    ck_assert_str_eq(config.corrupt.corruptions.item[0], "all");
    const CopPrepare prepare = cop_config_prepare(&config);
    ck_assert_int_eq(prepare.resize_w, 56);
    ck_assert(prepare.mean[1] == 0.394666);
    ck_assert(prepare.std[2] == 0.216989);
    const CopSampleOptions sample = cop_config_sample(&config);
    ck_assert_int_eq(sample.stride, 2);
    ck_assert_int_eq(sample.policy, COP_EDGE_LOOP);
}
END_TEST

/* A value of the row that is not its default, as libconfig spells it. */
static char *other_value(const CopOption *row)
{
    if (row->choices)
        return g_strdup_printf("\"%s\"",
                               row->choices[strcmp(row->choices[0], row->def) == 0 ? 1 : 0]);
    switch (row->type) {
    case COP_TYPE_BOOL:
        return g_strdup(strcmp(row->def, "true") == 0 ? "false" : "true");
    case COP_TYPE_INT:
        return g_strdup_printf("%d", atoi(row->def) + (atoi(row->def) < row->max ? 1 : -1));
    case COP_TYPE_U64:
        return g_strdup("1234567890123456789L");
    case COP_TYPE_DOUBLE:
        return g_strdup_printf("%.6f", row->max == 1 ? 0.625 : row->max / 2);
    case COP_TYPE_INTS:
        return g_strdup("[7]");
    case COP_TYPE_DOUBLES:
        return g_strdup(strcmp(row->name, "betas") == 0 ? "[0.25, 0.125]" : "[0.25, 0.125, 0.5]");
    case COP_TYPE_STRINGS:
        return g_strdup(strstr(row->name, "method") ? "[\"rigl\"]" : "[\"noise\", \"blur\"]");
    default:
        return g_strdup(strcmp(row->name, "format") == 0   ? "\"ucf101\""
                        : strcmp(row->name, "method") == 0 ? "\"set\""
                                                           : "\"/x \\\"y\\\" \\\\ z\"");
    }
}

static const CopConfigBlock *block_at(int i)
{
    return &cop_config_blocks[i];
}

/* Every key of block _i, one by one: the file moves it, and only it, with '-' for
 * '_' too, and the printed text loads back to itself. */
START_TEST(every_key)
{
    const CopConfigBlock *block = block_at(_i);
    assert_loads("");
    char *plain = cop_config_text(&config, COP_CONFIG_ALL);
    for (const CopOption *row = block->options; row->name; row++) {
        char *value = other_value(row), *dashed = g_strdelimit(g_strdup(row->name), "_", '-');
        char *text = g_strdup_printf("%s = { %s = %s; };", block->name, row->name, value);
        assert_loads(text);
        char *shown = cop_config_text(&config, COP_CONFIG_ALL);
        ck_assert_msg(strcmp(shown, plain) != 0, "%s changed nothing", text);
        assert_loads(shown);
        char *again = cop_config_text(&config, COP_CONFIG_ALL);
        ck_assert_str_eq(again, shown);

        char *other = g_strdup_printf("%s : { %s : %s }", block->name, dashed, value);
        assert_loads(other);
        char *same = cop_config_text(&config, COP_CONFIG_ALL);
        ck_assert_str_eq(same, shown);

        /* The rest of the text is untouched: one line differs. */
        char **a = g_strsplit(plain, "\n", -1), **b = g_strsplit(shown, "\n", -1);
        ck_assert_uint_eq(g_strv_length(a), g_strv_length(b));
        int differs = 0;
        for (int i = 0; a[i]; i++)
            differs += strcmp(a[i], b[i]) != 0;
        const bool sets_others = !strcmp(block->name, "prep") || !strcmp(block->name, "sparse");
        if (!sets_others || strcmp(row->name, "preset") != 0)
            ck_assert_int_eq(differs, 1); /* a preset sets the others, too */

        g_strfreev(a);
        g_strfreev(b);
        free(shown);
        free(again);
        free(same);
        g_free(other);
        g_free(text);
        g_free(dashed);
        g_free(value);
    }
    free(plain);
}
END_TEST

/* Every key of block _i refuses a wrong type, by place and name. */
START_TEST(every_key_wrong_type)
{
    const CopConfigBlock *block = block_at(_i);
    for (const CopOption *row = block->options; row->name; row++) {
        char *name = g_strdup_printf("%s.%s", block->name, row->name);
        const char *values[] = {"{ x = 1; }", row->type == COP_TYPE_BOOL ? "1" : "true"};
        for (int i = 0; i < 2; i++) {
            char *text =
                g_strdup_printf("%s = {\n  %s = %s;\n};", block->name, row->name, values[i]);
            REFUSED(text, "a.cfg:2: ", name, "got ", "allowed: ");
            g_free(text);
        }
        g_free(name);
    }
}
END_TEST

START_TEST(presets_of_sparse_training)
{
    assert_loads("sparse = { interval = 7; preset = \"granet-orig\"; density = 0.2; };");
    ck_assert_str_eq(config.sparse.method, "granet");
    ck_assert(config.sparse.interval == 7 && config.sparse.initial_density == 0.5);
    ck_assert(config.sparse.density == 0.2 && config.sparse.drop_round == 1);
    ck_assert_int_eq(cop_config_set(&config, "sparse.preset=rigl-orig", &err), COP_OK);
    ck_assert_str_eq(config.sparse.method, "rigl");
    ck_assert(config.sparse.interval == 100 && config.sparse.density == 0.2);
    REFUSED("sparse = { preset = \"rigl\"; };", "sparse.preset", "rigl-orig", "mest-orig");
    REFUSED("train = { optimizer = \"adam\"; };", "train.optimizer", "adamw");
    REFUSED("train = { betas = [0.9]; };", "train.betas", "a list of 2");
}
END_TEST

/* A preset comes first, wherever it stands; what is written beside it counts. */
START_TEST(presets_of_preparation)
{
    static const char *const texts[] = {
        "prep = { preset = \"torchvision_r3d\"; crop = 96; mean = [0.5, 0.5, 0.5]; };",
        "prep = { crop = 96; mean = [0.5, 0.5, 0.5]; preset = \"torchvision-r3d\"; };"};
    for (int i = 0; i < 2; i++) {
        assert_loads(texts[i]);
        const CopPrepare prepare = cop_config_prepare(&config);
        ck_assert_int_eq(prepare.resize_h, 128);
        ck_assert_int_eq(prepare.resize_w, 171);
        ck_assert_int_eq(prepare.crop, 96);
        ck_assert(prepare.mean[0] == 0.5 && prepare.std[0] == 0.22803);
    }
    assert_loads("prep = { resize = [64]; crop = 60; };");
    ck_assert_int_eq(cop_config_set(&config, "prep.preset=x3d_s", &err), COP_OK);
    ck_assert_int_eq(cop_config_set(&config, "prep.crop=160", &err), COP_OK);
    const CopPrepare prepare = cop_config_prepare(&config);
    ck_assert_int_eq(prepare.resize_h, 182);
    ck_assert_int_eq(prepare.resize_w, 0);
    ck_assert_int_eq(prepare.crop, 160);
    ck_assert(prepare.std[1] == 0.225);
    REFUSED("prep = { preset = \"r3d\"; };", "a.cfg:1: ", "prep.preset", "torchvision_r3d");
}
END_TEST

START_TEST(rates_of_samplers)
{
    assert_loads("clip = { sampler = \"slowfast\"; fps = 30.0; };");
    ck_assert(cop_config_sample(&config).fps == 30);
    ck_assert_int_eq(cop_config_sample(&config).sampler, COP_SAMPLER_SLOWFAST);
    REFUSED("clip = { sampler = \"mmaction\"; fps = 30.0; };", "clip.fps", "30", "mmaction");
    REFUSED("clip = { sampler = \"segments\"; fps = 0.5; };", "clip.fps", "segments");
    assert_loads("clip = { fps = 15.0; };");
}
END_TEST

START_TEST(unknown_names)
{
    REFUSED("train = { epochs = 3; };\ntrian = { };", "a.cfg:2: ", "\"trian\"", "\"train\"");
    REFUSED("train = {\n epochs = 3;\n epoch = 4; };", "a.cfg:3: ", "\"epoch\"", "\"epochs\"");
    REFUSED("sparse = { method = \"rigle\"; };", "a.cfg:1: sparse.method", "\"rigle\"", "\"rigl\"");
    REFUSED("data = { format = \"ucf11\"; };", "data.format", "ucf101");
    REFUSED("corrupt = { corruptions = [\"noise\", \"brightnes\"]; };", "brightness");
    REFUSED("sweep = { methods = (\"dense\", \"sett\"); };", "sweep.methods", "\"set\"");
    REFUSED("clip = { policy = \"lop\"; };", "clip.policy", "\"lop\"", "loop", "repeat");
    REFUSED("train = 3;", "a.cfg:1: ", "train", "block");
}
END_TEST

START_TEST(out_of_range)
{
    REFUSED("clip = { frames = 0; };", "clip.frames", "\"0\"", "1024");
    REFUSED("train = {\n\n lr = -0.5; };", "a.cfg:3: ", "train.lr", "-0.5");
    REFUSED("corrupt = { severities = [1.0, 6.0]; };", "corrupt.severities", "6");
    REFUSED("run = { seed = -1; };", "run.seed", "-1");
    REFUSED("clip = { frames = 2.5; };", "clip.frames", "point");
    REFUSED("train = { lr = 1e400; };", "train.lr");
    REFUSED("prep = { mean = [0.5, 0.5]; };", "prep.mean", "list of 2", "list of 3");
    REFUSED("prep = { resize = [1, 2, 3]; };", "prep.resize", "1 to 2");
    REFUSED("prep = { resize = [32, 40]; crop = 36; };", "prep.crop", "36", "32");
}
END_TEST

START_TEST(big_integers)
{
    assert_loads("run = { seed = 2147483647; };");
    ck_assert_uint_eq(config.run.seed, 2147483647u);
    assert_loads("run = { seed = 9223372036854775807L; };");
    ck_assert_uint_eq(config.run.seed, 9223372036854775807u);
    assert_loads("run = { seed = \"18446744073709551615\"; };");
    ck_assert_uint_eq(config.run.seed, 18446744073709551615u);
    assert_loads("run = { seed = 0x7FFFFFFF; };");
    ck_assert_uint_eq(config.run.seed, 0x7FFFFFFFu);
    /* libconfig would read 1, -1, the largest 64-bit integer and -1. */
    REFUSED("run = {\n seed = 4294967297; };", "a.cfg:2: ", "4294967297");
    REFUSED("run = { seed = 99999999999999999999; };", "99999999999999999999");
    REFUSED("run = { seed = 18446744073709551615L; };", "18446744073709551615L");
    REFUSED("run = { seed = 0xFFFFFFFFFF; };", "0xFFFFFFFFFF");
    REFUSED("sweep = { seeds = [1, 4294967298]; };", "4294967298");
    REFUSED("clip = { frames = 4294967300L; };", "clip.frames", "4294967300");
    assert_loads(
        "# 4294967297\nmodel = { name = \"4294967297 // \\\" 4294967297\"; };\n"
        "// 4294967297\n/* 4294967297 \n 4294967297 */\ntrain = { lr = 0.1234567890123; };");
    ck_assert_str_eq(config.model.name, "4294967297 // \" 4294967297");
}
END_TEST

START_TEST(number_arrays)
{
    REFUSED("train = {\n milestones = [0, 0.5]; };", "a.cfg:2: ", "mismatched", "( )");
    assert_loads("train = { milestones = (0, 0.5, 1); lr = 1; };");
    ck_assert_int_eq(config.train.milestones.n, 3);
    ck_assert(config.train.milestones.item[1] == 0.5);
    ck_assert(config.train.milestones.item[2] == 1);
    ck_assert(config.train.lr == 1);
    assert_loads("corrupt = { severities = 3; corruptions = \"noise, blur\"; };");
    ck_assert_int_eq(config.corrupt.severities.n, 1);
    ck_assert_int_eq(config.corrupt.corruptions.n, 2);
    assert_loads("corrupt = { params = [\"h264_crf:gop=16, crf=30\", \"a\\\\b\"]; };");
    ck_assert_int_eq(config.corrupt.params.n, 2);
    ck_assert_str_eq(config.corrupt.params.item[0], "h264_crf:gop=16, crf=30");
    ck_assert_str_eq(config.corrupt.params.item[1], "a\\b");
    assert_loads("train = { milestones = []; };");
    ck_assert_int_eq(config.train.milestones.n, 0);
    REFUSED("train = { milestones = ((1)); };", "train.milestones");
}
END_TEST

START_TEST(sets_come_last)
{
    write_file("a.cfg", "train = { epochs = 3; batch = 4; };");
    const char *const sets[] = {"train.epochs=5", " clip.frames = 4 ", "prep.mean=[0, 0.5,1]",
                                "train.epochs=6", "model.options=width=16, blocks=1"};
    ck_assert_msg(cop_config_load(&config, path, sets, 5, &err) == COP_OK, "%s", err.text);
    ck_assert_int_eq(config.train.epochs, 6);
    ck_assert_int_eq(config.train.batch, 4);
    ck_assert_int_eq(config.clip.frames, 4);
    ck_assert(config.prep.mean.item[2] == 1);
    ck_assert_str_eq(config.model.options, "width=16, blocks=1");
}
END_TEST

START_TEST(set_errors)
{
    assert_loads("");
    const struct {
        const char *set, *word;
    } cases[] = {
        {"epochs=3", "block.key=value"}, {"train.epochs", "block.key=value"},
        {"trian.epochs=3", "\"train\""}, {"train.epoch=3", "\"epochs\""},
        {"train.epochs=3.5", "3.5"},     {"train.epochs=4294967297", "4294967297"},
        {"train.nesterov=3", "true"},    {"", "block.key=value"},
        {"prep.std=1", "list of 3"},     {"sparse.density=1.5", "sparse.density"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        err = (CopError){0};
        ck_assert_int_eq(cop_config_set(&config, cases[i].set, &err), COP_ERR_CONFIG);
        ck_assert_msg(strstr(err.text, cases[i].word), "%s: %s", cases[i].set, err.text);
        ck_assert_int_eq(cop_config_set(&config, cases[i].set, NULL), COP_ERR_CONFIG);
    }
    const char *const bad[] = {"train.lr=fast"};
    cop_config_free(&config);
    err = (CopError){0};
    ck_assert_int_eq(cop_config_load(&config, path, bad, 1, &err), COP_ERR_CONFIG);
    ck_assert(config.model.arch == NULL);
}
END_TEST

START_TEST(paths_follow_the_file)
{
    write_file("a.cfg", "data = { root = \"videos\"; annotation = \"../lists\"; };\n"
                        "model = { weights = \"/abs/w.safetensors\"; kernels = \"k\"; };");
    ck_assert_int_eq(cop_config_load(&config, path, NULL, 0, &err), COP_OK);
    char *root = g_build_filename(folder, "videos", NULL);
    char *above = g_path_get_dirname(folder);
    char *lists = g_build_filename(above, "lists", NULL);
    ck_assert_str_eq(config.data.root, root);
    ck_assert_str_eq(config.data.annotation, lists);
    ck_assert_str_eq(config.model.weights, "/abs/w.safetensors");
    char *kernels = g_build_filename(folder, "k", NULL);
    ck_assert_str_eq(config.model.kernels, kernels);
    g_free(kernels);
    ck_assert_int_eq(cop_config_set(&config, "data.root=clips", &err), COP_OK);
    char *here = g_get_current_dir(), *clips = g_build_filename(here, "clips", NULL);
    ck_assert_str_eq(config.data.root, clips);
    g_free(root);
    g_free(above);
    g_free(lists);
    g_free(here);
    g_free(clips);
}
END_TEST

START_TEST(includes)
{
    write_file("b.cfg", "train = { epochs = 9; };\n");
    assert_loads("@include \"b.cfg\"\nclip = { frames = 4; };");
    ck_assert_int_eq(config.train.epochs, 9);
    ck_assert_int_eq(config.clip.frames, 4);
    write_file("b.cfg", "\n\ntrain = { epochs = 4294967297; };\n");
    REFUSED("@include \"b.cfg\"\n", "b.cfg:3: ", "4294967297");
    write_file("b.cfg", "\n\ntrain = { epochs = 0; };\n");
    REFUSED("@include \"b.cfg\"\n", "b.cfg:3: ", "train.epochs");
    REFUSED("@include \"c.cfg\"\n", "c.cfg", "no such file");
    REFUSED("@include \".\"\n", "no such file"); /* libconfig would end the process */
    REFUSED("@include \"a.cfg\"\n", "a.cfg:", "nest");
}
END_TEST

START_TEST(files_that_are_none)
{
    char *missing = g_build_filename(folder, "none.cfg", NULL);
    ck_assert_int_eq(cop_config_load(&config, missing, NULL, 0, &err), COP_ERR_CONFIG);
    ck_assert(strstr(err.text, "none.cfg") != NULL);
    g_free(missing);
    err = (CopError){0};
    ck_assert_int_eq(cop_config_load(&config, folder, NULL, 0, &err), COP_ERR_CONFIG);
    REFUSED("\n/* \n */ \"", "a.cfg:3: ", "does not end");
    REFUSED("\n/* train = { };\n", "a.cfg:2: ", "does not end");
    REFUSED("train { epochs = 3; }", "a.cfg:1: ", "syntax", "block = {");
    REFUSED("train = { epochs = 3; epochs = 4; };", "a.cfg:1: ", "duplicate");
}
END_TEST

START_TEST(text_round_trip)
{
    assert_loads("run = { seed = \"18446744073709551615\"; };\n"
                 "model = { name = \"a \\\"b\\\" \\\\ \\n\\t\\x01 \303\251\"; };\n"
                 "train = { lr = 0.1; weight_decay = 1e-5; milestones = (0, "
                 "0.333333333333333314829616256247, 1); };\n"
                 "corrupt = { params = [\"a:b=1, c=2\", \"\"]; severities = (0.5, 5); };\n"
                 "data = { root = \"x\"; };");
    char *text = cop_config_text(&config, COP_CONFIG_ALL);
    CopConfig copy;
    ck_assert_int_eq(cop_config_copy(&copy, &config), COP_OK);
    ck_assert_msg(load(text) == COP_OK, "%s", err.text);
    char *again = cop_config_text(&config, COP_CONFIG_ALL),
         *copied = cop_config_text(&copy, COP_CONFIG_ALL);
    ck_assert_str_eq(text, again);
    ck_assert_str_eq(text, copied);
    ck_assert_uint_eq(config.run.seed, UINT64_MAX);
    ck_assert_str_eq(config.model.name, "a \"b\" \\ \n\t\x01 \303\251");
    ck_assert(config.train.weight_decay == 1e-5);
    ck_assert(config.train.milestones.item[1] == 1.0 / 3);
    ck_assert_str_eq(config.corrupt.params.item[1], "");
    cop_config_free(&copy);
    free(text);
    free(again);
    free(copied);
}
END_TEST

/* Runs that were written before a key there was go on. */
START_TEST(later_keys_keep_identities)
{
    assert_loads("train = { lr = 0.1; };");
    char *text = cop_config_text(&config, COP_CONFIG_IDENTITY);
    ck_assert(strstr(text, "    crop = \"centre\";") && strstr(text, "    lr = 0.1;"));
    ck_assert(!strstr(text, " pad = "));
    free(text);
    assert_loads("augment = { crop = \"random\"; pad = 4; };");
    text = cop_config_text(&config, COP_CONFIG_IDENTITY);
    ck_assert(strstr(text, "    pad = 4;"));
    free(text);
}
END_TEST

static char *effective(const char *text)
{
    assert_loads(text);
    return cop_config_text(&config, COP_CONFIG_EFFECTIVE);
}

/* What makes a model, or chooses cells, is no part of a setup; what moves a
 * prediction of a given model is. */
START_TEST(effective_text)
{
    char *plain = effective("");
    const char *const same[] = {
        "run = { out = \"x\"; threads = 3; seed = 9; };",
        "train = { lr = 0.5; };",
        "sparse = { method = \"rigl\"; density = 0.1; };",
        "corrupt = { severities = [1.0]; };",
        "eval = { save_views = true; };",
        "data = { max_skip = 0.5; };",
        "corrupt = { corruptions = [\"noise\"]; };",
        "sweep = { seeds = [4]; };",
    };
    const char *const other[] = {
        "clip = { frames = 9; };",  "prep = { crop = 48; };",
        "corrupt = { seed = 3; };", "corrupt = { params = [\"brightness:c=1\"]; };",
        "data = { fold = 2; };",    "eval = { aggregate = \"max\"; };",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        char *text = effective(same[i]);
        ck_assert_str_eq(text, plain);
        free(text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(other); i++) {
        char *text = effective(other[i]);
        ck_assert_str_ne(text, plain);
        free(text);
    }
    free(plain);
}
END_TEST

START_TEST(free_twice)
{
    assert_loads("");
    cop_config_free(&config);
    cop_config_free(&config);
    cop_config_free(NULL);
}
END_TEST

int main(void)
{
    int blocks = 0;
    while (cop_config_blocks[blocks].name)
        blocks++;
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, defaults_without_file);
    tcase_add_loop_test(tests, every_key, 0, blocks);
    tcase_add_loop_test(tests, every_key_wrong_type, 0, blocks);
    tcase_add_test(tests, presets_of_preparation);
    tcase_add_test(tests, presets_of_sparse_training);
    tcase_add_test(tests, rates_of_samplers);
    tcase_add_test(tests, unknown_names);
    tcase_add_test(tests, out_of_range);
    tcase_add_test(tests, big_integers);
    tcase_add_test(tests, number_arrays);
    tcase_add_test(tests, sets_come_last);
    tcase_add_test(tests, set_errors);
    tcase_add_test(tests, paths_follow_the_file);
    tcase_add_test(tests, includes);
    tcase_add_test(tests, files_that_are_none);
    tcase_add_test(tests, text_round_trip);
    tcase_add_test(tests, later_keys_keep_identities);
    tcase_add_test(tests, effective_text);
    tcase_add_test(tests, free_twice);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
