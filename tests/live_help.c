/* A video, models and frames for the tests of live parts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/live_help.h"

#include <glib.h>
#include <gst/check/check.h>
#include <string.h>

#include "pipeline/media/decode.h"
#include "pipeline/model/classifier.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

static char *video, *relative, *model_path[3];
static uint32_t id;
static int label;
static CopFrame frames[GRID_FRAMES];

void live_set_up(void)
{
    CopConfig config;
    CopDataset dataset;
    CopError err = {0};
    int n;
    grid_set_up();
    grid_config(&config, NULL);
    must(cop_dataset_load(&config.data, COP_SPLIT_TEST, &dataset, &err), &err);
    video = g_strdup(dataset.item[0].path);
    relative = g_strdup(dataset.item[0].relative);
    id = dataset.item[0].id;
    label = dataset.item[0].label;
    cop_dataset_free(&dataset);
    cop_config_free(&config);
    must(cop_video_read(video, 0, GRID_FRAMES - 1, NULL, frames, &n, &err), &err);
    ck_assert_int_eq(n, GRID_FRAMES);
    for (int i = 0; i < 3; i++)
        model_path[i] = g_strdup_printf("%s/%c.safetensors", help_folder(), 'a' + i);
}

void live_tear_down(void)
{
    cop_frames_unref(frames, GRID_FRAMES);
    for (int i = 0; i < 3; i++)
        g_free(model_path[i]);
    g_free(video);
    g_free(relative);
    grid_tear_down();
}

const char *live_video(void)
{
    return video;
}

const char *live_model(char which)
{
    return model_path[which - 'a'];
}

const CopFrame *live_frame(int index)
{
    return &frames[index];
}

const char *live_video_relative(void)
{
    return relative;
}

uint32_t live_video_id(void)
{
    return id;
}

int live_video_label(void)
{
    return label;
}

void live_predict(char which, bool batch, float *p)
{
    CopClassifier *classifier;
    CopError err = {0};
    const float *out;
    const CopClassifierOptions options = {.batch = batch, .threads = 1};
    must(cop_classifier_open(&classifier, live_model(which), &options, &err), &err);
    must(cop_classify(classifier, live_video(), &out, &err), &err);
    memcpy(p, out, GRID_CLASSES * sizeof *p);
    cop_classifier_close(&classifier);
}
