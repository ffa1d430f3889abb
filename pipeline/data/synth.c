/* Writing a drawn data set in UCF101's layout.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/synth.h"

#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/file.h"
#include "models/core/pool.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/encode.h"

typedef struct Job {
    const char *folder;
    const CopSynthOptions *options;
    int per_group;
    CopRngKey key;
    void (*step)(void *ctx, int done);
    void *ctx;
    atomic_int done;
    atomic_bool failed;
    GMutex lock; /* guards err */
    CopError err;
} Job;

/* UCF101's groups hold about four clips; small sets take fewer, to have groups to divide. */
static int clips_per_group(int clips)
{
    return clips >= 12 ? 4 : clips >= 6 ? 2 : 1;
}

/* As in UCF101's first split, where groups 1 to 7 of 25 are for testing. */
static int test_groups(int groups)
{
    return MAX(1, (groups * 28 + 50) / 100);
}

/* "Class/v_Class_g01_c01.mp4" of clip `number`, counted from 0; g_free() it. */
static char *clip_name(int motion, int number, int per_group)
{
    const char *name = cop_motion_names[motion];
    return g_strdup_printf("%s/v_%s_g%02d_c%02d.mp4", name, name, number / per_group + 1,
                           number % per_group + 1);
}

static CopStatus write_frames(const CopSynthScene *scene, const char *path, int size, int frames,
                              CopError *err)
{
    const CopEncodeOptions options = {.rate_num = 25, .rate_den = 1, .crf = 18, .threads = 1};
    CopEncoder *encoder = NULL;
    CopFrame picture = {0};
    CopStatus status = cop_frame_alloc(&picture, COP_PIXEL_RGB, size, size);
    for (int t = 0; status == COP_OK && t < frames; t++) {
        picture.index = t;
        picture.pts = (int64_t)t * 40000;
        cop_synth_draw(scene, t, false, &picture);
        CopFrame frame = {0};
        status = cop_convert_new(&frame, COP_PIXEL_I420, &picture);
        if (status == COP_OK && t == 0)
            status = cop_encoder_open(&encoder, path, &frame, &options, err);
        if (status == COP_OK)
            status = cop_encoder_write(encoder, &frame, err);
        cop_frame_unref(&frame);
    }
    if (status == COP_OK)
        status = cop_encoder_finish(encoder, err);
    cop_encoder_close(&encoder);
    cop_frame_unref(&picture);
    return status;
}

static void write_clip(void *ctx, int i, int worker)
{
    (void)worker;
    Job *job = ctx;
    if (atomic_load(&job->failed))
        return;
    const int motion = i / job->options->clips, number = i % job->options->clips;
    const CopSynthClip clip = {.key = job->key,
                               .motion = (CopMotion)motion,
                               .group = (uint32_t)(number / job->per_group),
                               .number = (uint32_t)number};
    char *name = clip_name(motion, number, job->per_group);
    char *path = g_build_filename(job->folder, "videos", name, NULL);
    CopSynthScene *scene = NULL;
    CopError err = {0};
    CopStatus status = cop_synth_open(&scene, &clip);
    if (status == COP_OK)
        status = write_frames(scene, path, job->options->size, job->options->frames, &err);
    if (status != COP_OK) {
        cop_error_set(&err, status, "%s: %s", path, cop_status_name(status));
        g_mutex_lock(&job->lock);
        cop_error_set(&job->err, status, "%s", err.text);
        g_mutex_unlock(&job->lock);
        atomic_store(&job->failed, true);
    } else if (job->step) {
        job->step(job->ctx, atomic_fetch_add(&job->done, 1) + 1);
    }
    cop_synth_close(&scene);
    g_free(path);
    g_free(name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(cop_motion_names[*(const int *)a], cop_motion_names[*(const int *)b]);
}

static CopStatus write_list(const char *folder, const char *name, const GString *text,
                            CopError *err)
{
    char *path = g_build_filename(folder, "annotations", name, NULL);
    const CopStatus status = cop_file_write(path, text->str, text->len, err);
    g_free(path);
    return status;
}

/* The lists come after the last clip: a folder that has them is complete. */
static CopStatus write_lists(const Job *job, CopSynthSummary *summary, CopError *err)
{
    const CopSynthOptions *options = job->options;
    int order[COP_MOTION_COUNT];
    for (int i = 0; i < options->classes; i++)
        order[i] = i;
    qsort(order, (size_t)options->classes, sizeof order[0], by_name);
    GString *classes = g_string_new(NULL), *train = g_string_new(NULL), *test = g_string_new(NULL);
    for (int i = 0; i < options->classes; i++) {
        g_string_append_printf(classes, "%d %s\n", i + 1, cop_motion_names[order[i]]);
        for (int number = 0; number < options->clips; number++) {
            char *name = clip_name(order[i], number, job->per_group);
            if (number / job->per_group < summary->test_groups) {
                g_string_append_printf(test, "%s\n", name);
                summary->test++;
            } else {
                g_string_append_printf(train, "%s %d\n", name, i + 1);
                summary->train++;
            }
            g_free(name);
        }
    }
    CopStatus status = write_list(job->folder, "trainlist01.txt", train, err);
    if (status == COP_OK)
        status = write_list(job->folder, "testlist01.txt", test, err);
    if (status == COP_OK)
        status = write_list(job->folder, "classInd.txt", classes, err);
    g_string_free(classes, TRUE);
    g_string_free(train, TRUE);
    g_string_free(test, TRUE);
    return status;
}

static CopStatus make_folder(const char *folder, const char *below, const char *name, CopError *err)
{
    char *path = g_build_filename(folder, below, name, NULL);
    CopStatus status = COP_OK;
    if (g_mkdir_with_parents(path, 0777) != 0)
        status = cop_error_set(err, COP_ERR_IO, "%s: cannot be made: %s", path, strerror(errno));
    g_free(path);
    return status;
}

static CopStatus check(const char *folder, const CopSynthOptions *options, CopError *err)
{
    const struct {
        const char *name;
        int value, low, high;
    } bounds[] = {
        {"classes", options->classes, 2, COP_MOTION_COUNT},
        {"clips", options->clips, 2, 9999},
        {"size", options->size, 16, 1024},
        {"frames", options->frames, 2, 1024},
        {"threads", options->threads, 0, 1024},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++)
        if (bounds[i].value < bounds[i].low || bounds[i].value > bounds[i].high)
            return cop_error_set(err, COP_ERR_ARG, "%s: got %d; allowed: %d to %d", bounds[i].name,
                                 bounds[i].value, bounds[i].low, bounds[i].high);
    if (options->size % 2)
        return cop_error_set(err, COP_ERR_ARG, "size: got %d; allowed: even numbers",
                             options->size);
    char *lists = g_build_filename(folder, "annotations", "classInd.txt", NULL);
    const bool taken = g_file_test(lists, G_FILE_TEST_EXISTS);
    g_free(lists);
    if (taken)
        return cop_error_set(err, COP_ERR_ARG,
                             "%s: already holds a data set; remove it or choose another folder",
                             folder);
    return COP_OK;
}

CopStatus cop_synth_write(const char *folder, const CopSynthOptions *options,
                          CopSynthSummary *summary, void (*step)(void *ctx, int done), void *ctx,
                          CopError *err)
{
    *summary = (CopSynthSummary){0};
    COP_TRY(check(folder, options, err));
    COP_TRY(make_folder(folder, "annotations", NULL, err));
    for (int i = 0; i < options->classes; i++)
        COP_TRY(make_folder(folder, "videos", cop_motion_names[i], err));
    Job job = {.folder = folder,
               .options = options,
               .per_group = clips_per_group(options->clips),
               .key = cop_rng_key(options->seed, "synth"),
               .step = step,
               .ctx = ctx};
    CopPool *pool;
    const CopStatus created = cop_pool_create(&pool, options->threads);
    if (created != COP_OK)
        return cop_error_set(err, created, "threads: %s", cop_status_name(created));
    g_mutex_init(&job.lock);
    cop_parallel_for(pool, options->classes * options->clips, write_clip, &job);
    cop_pool_destroy(&pool);
    g_mutex_clear(&job.lock);
    if (atomic_load(&job.failed))
        return cop_error_set(err, job.err.status, "%s", job.err.text);
    summary->groups = (options->clips + job.per_group - 1) / job.per_group;
    summary->test_groups = test_groups(summary->groups);
    return write_lists(&job, summary, err);
}
