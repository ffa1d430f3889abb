/* Model files: what is written comes back, and what others wrote is not trusted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/media_help.h"
#include "tests/model_help.h"
#include "tests/net_help.h"

static char text[NARROW_CLASSES][16] = {"Move\"Left\"", "B\xc3\xb8rste", "", "a\\b\n", "e"};
static char *names[] = {text[0], text[1], text[2], text[3], text[4]};
static const CopStrings classes = {names, NARROW_CLASSES};

static const char options[] = "width=6, blocks=1, 1, stem_kernel=3";

/* --- round trip ------------------------------------------------------------------- */

START_TEST(metadata_comes_back)
{
    static const char *const sets[] = {"run.seed=18446744073709551615",
                                       "clip.stride=3",
                                       "prep.crop=9",
                                       "prep.mean=0.1, 0.25, 0.3333333333333333",
                                       "prep.std=0.5, 1, 2",
                                       "model.name=my \"net\"",
                                       NULL};
    CopConfig config;
    model_config(&config, sets);
    model_write(help_path("m.safetensors"), &config, &classes, 3, false);
    CopModel *model = model_open(help_path("m.safetensors"));
    ck_assert_str_eq(model->arch, "r3d_tiny");
    ck_assert_str_eq(model->arch_options, options);
    ck_assert_str_eq(model->method, "dense");
    ck_assert_str_eq(model->name, "my \"net\"");
    ck_assert_str_eq(model->path, help_path("m.safetensors"));
    ck_assert(model->seed == UINT64_MAX && model->density == 1);
    ck_assert(model->frames == 4 && model->stride == 3);
    ck_assert_int_eq(model->classes.n, NARROW_CLASSES);
    for (int i = 0; i < NARROW_CLASSES; i++)
        ck_assert_str_eq(model->classes.item[i], names[i]);
    const CopPrepare a = model->prepare, b = cop_config_prepare(&config);
    ck_assert(a.resize_h == b.resize_h && a.resize_w == b.resize_w && a.crop == 9);
    for (int i = 0; i < 3; i++)
        ck_assert(a.mean[i] == b.mean[i] && a.std[i] == b.std[i]);
    const CopShape input = cop_net_input_shape(model->net);
    ck_assert(input.c == 3 && input.t == 4 && input.h == 9 && input.w == 9);
    size_t size;
    unsigned char *sum = help_output(&size, "sha256sum m.safetensors");
    ck_assert(size > 64 && memcmp(sum, model->sha256, 64) == 0 && !model->sha256[64]);
    free(sum);
    cop_model_close(&model);
    ck_assert_ptr_eq(model, NULL);
    cop_model_close(&model);
    cop_config_free(&config);
    help_remove_folder();
}
END_TEST

/* Zeros are masked, names are made up from method and density, logits are the same
 * as those of a net that computes with the zeros. */
START_TEST(sparse_models_skip_their_zeros)
{
    CopConfig config;
    CopError err = {0};
    CopSafetensors *file;
    model_config(&config, NULL);
    model_write(help_path("half.safetensors"), &config, &classes, 3, true);
    CopModel *model = model_open(help_path("half.safetensors"));
    ck_assert_msg(fabs(model->density - 0.5) < 0.01, "%g", model->density);
    ck_assert_str_eq(model->name, "rigl 0.5 s1");
    ck_assert_ptr_ne(narrow_param(model->net, "layer1.0.conv1.0.weight")->mask, NULL);
    CopNet *dense = narrow_plan(&(CopNetPlan){.batch = 8, .threads = 1});
    must(cop_safetensors_open(&file, help_path("half.safetensors"), &err), &err);
    must(cop_net_load(dense, file, &err), &err);
    const CopStep step = {.training = false};
    net_fill(dense, 8, NULL, 0);
    net_fill(model->net, 8, NULL, 1e30f);
    cop_net_forward(dense, &step);
    cop_net_forward(model->net, &step);
    for (int lane = 0; lane < 8; lane++) {
        float a[NARROW_CLASSES], b[NARROW_CLASSES];
        net_logits(dense, lane, a);
        net_logits(model->net, lane, b);
        for (int k = 0; k < NARROW_CLASSES; k++) /* sums of other terms in another order */
            ck_assert(fabsf(a[k] - b[k]) < 1e-4f);
    }
    cop_safetensors_close(&file);
    cop_net_destroy(&dense);
    cop_model_close(&model);
    cop_config_free(&config);
    help_remove_folder();
}
END_TEST

/* --- other programs' files ---------------------------------------------------------- */

START_TEST(files_without_metadata_need_an_architecture)
{
    CopModel *model;
    CopError err = {0};
    model_write_meta(help_path("bare.safetensors"), NULL, 0);
    ck_assert_int_eq(
        cop_model_open(&model, help_path("bare.safetensors"), "", NULL, 1, 1, NULL, &err),
        COP_ERR_MODEL);
    ck_assert(model == NULL && strstr(err.text, "--arch"));
    err = (CopError){0};
    ck_assert_int_eq(
        cop_model_open(&model, help_path("bare.safetensors"), "r3d_tini", NULL, 1, 1, NULL, &err),
        COP_ERR_CONFIG);
    ck_assert_ptr_ne(strstr(err.text, "r3d_tiny"), NULL);
    err = (CopError){0}; /* known, but not what is in the file */
    ck_assert_int_eq(
        cop_model_open(&model, help_path("bare.safetensors"), "r3d_tiny", NULL, 1, 1, NULL, &err),
        COP_ERR_MODEL);
    /* With the options the weights tell the rest, whoever gives them. */
    err = (CopError){0};
    must(cop_model_open(&model, help_path("bare.safetensors"),
                        "r3d_tiny, width=6, blocks=1, 1, stem_kernel=3", NULL, 1, 1, NULL, &err),
         &err);
    ck_assert(model->classes.n == 0 && cop_net_classes(model->net) == NARROW_CLASSES);
    cop_model_close(&model);
    const CopStMeta meta[] = {{"arch.options", options}};
    model_write_meta(help_path("bare.safetensors"), meta, 1);
    err = (CopError){0};
    must(cop_model_open(&model, help_path("bare.safetensors"), "r3d_tiny", NULL, 1, 1, NULL, &err),
         &err);
    ck_assert(model->classes.n == 0 && cop_net_classes(model->net) == NARROW_CLASSES);
    ck_assert(model->frames == 8 && model->stride == 1 && model->prepare.crop == 56);
    ck_assert_str_eq(model->name, "dense s0");
    cop_model_close(&model);
    const CopShape other = {3, 5, 17, 19};
    must(
        cop_model_open(&model, help_path("bare.safetensors"), "r3d-tiny", &other, 1, 1, NULL, &err),
        &err);
    const CopShape input = cop_net_input_shape(model->net);
    ck_assert(memcmp(&input, &other, sizeof input) == 0);
    cop_model_close(&model);
    ck_assert_int_eq(cop_model_open(&model, help_path("none"), NULL, NULL, 1, 1, NULL, NULL),
                     COP_ERR_IO);
    help_remove_folder();
}
END_TEST

static const CopStMeta sound[] = {
    {"arch", "r3d_tiny"},
    {"arch.options", options},
    {"classes", "[\"a\",\"b\",\"c\",\"d\",\"e\"]"},
    {"clip.frames", "4"},
    {"clip.stride", "2"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"sparse.density", "1"},
    {"seed", "1"},
};
enum { ROWS = sizeof sound / sizeof sound[0] };

/* One row at a time is replaced; the error must be the model's, with a text. */
static const CopStMeta hostile[] = {
    {"arch", "vgg"},
    {"arch", "../../etc/passwd"},
    {"arch", "%s%n"},
    {"arch.options", "width=6"},
    {"arch.options", "width=-1"},
    {"arch.options", "width=512, blocks=64, 64, 64, 64"},
    {"arch.options", "no such option"},
    {"arch.options", "depth=3"},
    {"classes", ""},
    {"classes", "[]"},
    {"classes", "{}"},
    {"classes", "[1, 2, 3, 4, 5]"},
    {"classes", "[\"a\", \"b\", null, \"d\", \"e\"]"},
    {"classes", "[\"a\", \"b\", [\"c\"], \"d\", \"e\"]"},
    {"classes", "[\"a\", \"b\", {\"c\": 1}, \"d\", \"e\"]"},
    {"classes", "[\"a\""},
    {"classes", "[\"a\",\"b\",\"c\",\"d\"]"}, /* fewer than the weights have */
    {"classes", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]"},
    {"clip.frames", "0"},
    {"clip.frames", "-4"},
    {"clip.frames", "four"},
    {"clip.frames", "4.5"},
    {"clip.frames", "99999999999999999999"},
    {"clip.stride", "0"},
    {"clip.stride", ""},
    {"prep", ""},
    {"prep", "[]"},
    {"prep", "{"},
    {"prep", "{}"},
    {"prep", "{\"resize\":[],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[0,0],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11,9],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[1e99,11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[-13,11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[\"13\",\"11\"],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[[13],11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":13,\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":-1,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":\"9\",\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":[9],\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":14,\"mean\":[0,0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0,1e300],\"std\":[1,1,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,0,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,1e-300,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0,0],\"std\":[1,null,1]}"},
    {"prep", "{\"resize\":[13,11],\"crop\":0,\"mean\":[0,0,0]}"},
    {"sparse.density", "0"},
    {"sparse.density", "1.01"},
    {"sparse.density", "nan"},
    {"sparse.density", "half"},
    {"seed", "-1"},
    {"seed", "1e5"},
};
enum { HOSTILE = sizeof hostile / sizeof hostile[0] };

START_TEST(hostile_metadata_is_refused)
{
    CopStMeta rows[ROWS];
    CopModel *model;
    CopError err = {0};
    for (int i = 0; i < ROWS; i++)
        rows[i] = strcmp(sound[i].key, hostile[_i].key) == 0 ? hostile[_i] : sound[i];
    model_write_meta(help_path("bad.safetensors"), rows, ROWS);
    const CopStatus status =
        cop_model_open(&model, help_path("bad.safetensors"), NULL, NULL, 1, 1, NULL, &err);
    const bool large = status == COP_ERR_NOMEM && strstr(hostile[_i].value, "width=512");
    ck_assert_msg(status == COP_ERR_MODEL || large, "%s = '%s': %s (%s)", hostile[_i].key,
                  hostile[_i].value, cop_status_name(status), err.text);
    ck_assert(model == NULL && strstr(err.text, "bad.safetensors"));
    help_remove_folder();
}
END_TEST

/* The rows as they are are taken, and nesting does no harm. */
START_TEST(sound_metadata_is_taken)
{
    model_write_meta(help_path("good.safetensors"), sound, ROWS);
    CopModel *model = model_open(help_path("good.safetensors"));
    ck_assert(model->stride == 2 && model->seed == 1);
    cop_model_close(&model);

    enum { DEPTH = 20000 };
    char *deep = malloc(2 * DEPTH + 1);
    memset(deep, '[', DEPTH);
    memset(deep + DEPTH, ']', DEPTH);
    deep[2 * DEPTH] = '\0';
    CopStMeta rows[ROWS];
    CopError err = {0};
    memcpy(rows, sound, sizeof sound);
    rows[2].value = deep;
    model_write_meta(help_path("deep.safetensors"), rows, ROWS);
    ck_assert_int_eq(
        cop_model_open(&model, help_path("deep.safetensors"), NULL, NULL, 1, 1, NULL, &err),
        COP_ERR_MODEL);
    free(deep);
    help_remove_folder();
}
END_TEST

START_TEST(names_are_made_up)
{
    char *name = cop_model_default_name("dense", 1, 7);
    ck_assert_str_eq(name, "dense s7");
    free(name);
    name = cop_model_default_name("set", 0.49991, 0);
    ck_assert_str_eq(name, "set 0.5 s0");
    free(name);
    name = cop_model_default_name("rigl", 0.0625, 12);
    ck_assert_str_eq(name, "rigl 0.063 s12");
    free(name);
}
END_TEST

int main(void)
{
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("model");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, metadata_comes_back);
    tcase_add_test(tests, sparse_models_skip_their_zeros);
    tcase_add_test(tests, files_without_metadata_need_an_architecture);
    tcase_add_loop_test(tests, hostile_metadata_is_refused, 0, HOSTILE);
    tcase_add_test(tests, sound_metadata_is_taken);
    tcase_add_test(tests, names_are_made_up);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
