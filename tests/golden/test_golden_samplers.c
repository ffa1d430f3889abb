/* Frames, crops and preparation of test clips against torchvision's own and the formulas of
 * MMAction2 and SlowFast.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/config/config.h"
#include "tests/golden/samplers_golden.h"

enum { ROWS = sizeof samplers / sizeof samplers[0], FRAMES_MAX = 64 };

static CopSampler sampler_called(const char *name)
{
    int i = 0;
    while (strcmp(cop_sampler_names[i], name) != 0)
        i++;
    return (CopSampler)i;
}

START_TEST(test_clips)
{
    static const CopEdgePolicy policies[] = {COP_EDGE_LOOP, COP_EDGE_REPEAT, COP_EDGE_REPEAT_LAST,
                                             COP_EDGE_WRAP};
    int index[FRAMES_MAX];
    for (int i = 0; i < ROWS; i++) {
        const CopSampleOptions options = {.frames = samplers[i].frames,
                                          .stride = samplers[i].stride,
                                          .sampler = sampler_called(samplers[i].sampler),
                                          .clips = samplers[i].clips,
                                          .policy = policies[samplers[i].policy],
                                          .test = true,
                                          .fps = samplers[i].fps};
        ck_assert(cop_sample_clip(&options, samplers[i].total, samplers[i].rate, samplers[i].view,
                                  (CopRngKey){{0, 0}}, (CopRngAddress){0}, index));
        for (int j = 0; j < options.frames; j++)
            ck_assert_msg(index[j] == sampled[samplers[i].offset + j],
                          "row %d (%s %dx%d, clip %d of %d, %d frames at %g for %g, %s), frame %d: "
                          "%d, not %d",
                          i, samplers[i].sampler, options.frames, options.stride, samplers[i].view,
                          options.clips, samplers[i].total, samplers[i].rate, options.fps,
                          cop_edge_names[options.policy], j, index[j],
                          sampled[samplers[i].offset + j]);
    }
}
END_TEST

START_TEST(crops_of_three)
{
    for (size_t i = 0; i < sizeof crops / sizeof crops[0]; i++) {
        const CopPrepare prepare = {
            .resize_h = crops[i].resize_h, .resize_w = crops[i].resize_w, .crop = crops[i].crop};
        const CopCropBox box =
            cop_prepare_view(&prepare, crops[i].width, crops[i].height, crops[i].view, 3);
        ck_assert_msg(box.top == crops[i].top && box.left == crops[i].left,
                      "row %d: %d, %d, not %d, %d", (int)i, box.top, box.left, crops[i].top,
                      crops[i].left);
    }
}
END_TEST

START_TEST(presets)
{
    for (size_t i = 0; i < sizeof preparations / sizeof preparations[0]; i++) {
        char set[64];
        snprintf(set, sizeof set, "prep.preset=%s", preparations[i].preset);
        const char *const sets[] = {set};
        CopConfig config;
        CopError err = {0};
        ck_assert_msg(cop_config_load(&config, NULL, sets, 1, &err) == COP_OK, "%s", err.text);
        const CopPrepare prepare = cop_config_prepare(&config);
        ck_assert_int_eq(prepare.resize_h, preparations[i].resize[0]);
        ck_assert_int_eq(prepare.resize_w, preparations[i].resize[1]);
        ck_assert_int_eq(prepare.crop, preparations[i].crop);
        for (int c = 0; c < 3; c++) {
            ck_assert(prepare.mean[c] == preparations[i].mean[c]);
            ck_assert(prepare.std[c] == preparations[i].std[c]);
        }
        cop_config_free(&config);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden samplers");
    TCase *tests = tcase_create("samplers");
    tcase_add_test(tests, test_clips);
    tcase_add_test(tests, crops_of_three);
    tcase_add_test(tests, presets);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
