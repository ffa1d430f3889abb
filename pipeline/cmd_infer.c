/* coppice infer: tensors in, logits out, with nothing in between but the net.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/cli.h"
#include "pipeline/model/model.h"

extern const CopCommand cop_cmd_infer;

enum { BATCH_MOST = 32 };

typedef struct Words {
    char *model, *arch, *input, *output, *tile, *kernels;
    double idle;
    int threads;
} Words;

/* The tensor "clips" [n,c,t,h,w] of the input file. */
static CopStatus find_clips(const CopSafetensors *file, const char *path, const CopStTensor **out,
                            CopShape *shape, CopError *err)
{
    const CopStTensor *clips = *out = cop_safetensors_find(file, "clips");
    if (!clips || clips->rank != 5 || clips->dtype != COP_DTYPE_F32)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s: has no float32 tensor \"clips\" of shape [n,c,t,h,w]", path);
    for (int d = 0; d < 5; d++)
        if (clips->shape[d] < 1 || clips->shape[d] > 1 << 16)
            return cop_error_set(err, COP_ERR_DATA,
                                 "%s: size %llu of dimension %d of \"clips\" is "
                                 "not in 1..65536",
                                 path, (unsigned long long)clips->shape[d], d);
    *shape = (CopShape){(int)clips->shape[1], (int)clips->shape[2], (int)clips->shape[3],
                        (int)clips->shape[4]};
    return COP_OK;
}

/* Whatever lies in lanes that no clip uses must not matter. */
static void fill(const CopTensor *x, float value)
{
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++) {
                    float *row = cop_tensor_at(x, g, c, t, h, 0);
                    for (int i = 0; i < x->w * COP_LANES; i++)
                        row[i] = value;
                }
}

static void run_batches(const CopModel *model, const CopStTensor *clips, CopShape shape, float idle,
                        CopPool *pool, float *logits)
{
    const size_t size = (size_t)shape.c * (size_t)shape.t * (size_t)shape.h * (size_t)shape.w;
    const int n = (int)clips->shape[0], classes = cop_net_classes(model->net);
    const int most = cop_net_batch(model->net);
    float *clip = g_new(float, size);
    const CopStep step = {.pool = pool};
    for (int first = 0; first < n; first += most) {
        const int lanes = n - first < most ? n - first : most;
        cop_net_set_n(model->net, lanes);
        fill(cop_net_input(model->net), idle);
        for (int i = 0; i < lanes; i++) {
            memcpy(clip, (const char *)clips->data + (size_t)(first + i) * size * sizeof *clip,
                   size * sizeof *clip);
            cop_tensor_load_lane(cop_net_input(model->net), i, clip);
        }
        cop_net_forward(model->net, &step);
        for (int i = 0; i < lanes; i++)
            cop_tensor_store_lane(cop_net_logits(model->net), i,
                                  logits + (size_t)(first + i) * (size_t)classes);
    }
    g_free(clip);
}

static CopStatus infer(const Words *words, CopError *err)
{
    if (!words->model || !words->input || !words->output)
        return cop_error_set(err, COP_ERR_ARG, "--model, --input and --output are all wanted");
    CopSafetensors *file = NULL;
    CopModel *model = NULL;
    CopPool *pool = NULL;
    const CopStTensor *clips;
    CopShape shape;
    CopKernelTable kernels = {0};
    bool tile;
    if (words->kernels)
        COP_TRY(cop_kernel_table_read(&kernels, words->kernels, err));
    CopStatus status = cop_safetensors_open(&file, words->input, err);
    if (status != COP_OK)
        return err->status =
                   status == COP_ERR_MODEL || status == COP_ERR_IO ? COP_ERR_DATA : status;
    status = find_clips(file, words->input, &clips, &shape, err);
    if (status == COP_OK && (status = cop_pool_create(&pool, words->threads)) != COP_OK)
        cop_error_set(err, status, "--threads %d: no such pool can be made", words->threads);
    if (status == COP_OK)
        status = cop_cli_tile(words->tile, (int)clips->shape[0], &tile, err);
    if (status == COP_OK) {
        const int n = (int)clips->shape[0], batch = n < BATCH_MOST ? n : BATCH_MOST;
        status =
            cop_model_open(&model, words->model, words->arch, &shape,
                           tile ? COP_MODEL_TILES : batch, cop_pool_threads(pool), &kernels, err);
    }
    if (status == COP_OK) {
        const uint64_t n = clips->shape[0], classes = (uint64_t)cop_net_classes(model->net);
        const gsize values = n * classes;
        float *logits = g_new(float, values);
        run_batches(model, clips, shape, (float)words->idle, pool, logits);
        const CopStTensor out = {.name = "logits",
                                 .dtype = COP_DTYPE_F32,
                                 .rank = 2,
                                 .shape = {n, classes},
                                 .data = logits,
                                 .bytes = values * sizeof *logits};
        status = cop_safetensors_write(words->output, &out, 1, NULL, 0, err);
        if (status == COP_OK)
            printf("%s: logits [%d, %d]\n", words->output, (int)n, (int)classes);
        g_free(logits);
    }
    cop_model_close(&model);
    cop_pool_destroy(&pool);
    cop_safetensors_close(&file);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {0};
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &words.model, "Weights, safetensors", "M"},
        {"arch", 0, 0, G_OPTION_ARG_FILENAME, &words.arch,
         "Architecture of weights that do not name it, and options: \"resnet34, stem=cifar\"", "A"},
        {"input", 'i', 0, G_OPTION_ARG_FILENAME, &words.input,
         "Tensor \"clips\" [n,c,t,h,w], float32, as normalised", "X.safetensors"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &words.output, "Tensor \"logits\" [n,k]",
         "Y.safetensors"},
        {"idle", 0, 0, G_OPTION_ARG_DOUBLE, &words.idle,
         "What to fill unused lanes with, to show that they do not matter (0)", "X"},
        {"tile", 0, 0, G_OPTION_ARG_STRING, &words.tile,
         "Spread each clip over the vector lanes: auto, on or off (auto: where there is one clip)",
         "WORD"},
        {"kernels", 0, 0, G_OPTION_ARG_FILENAME, &words.kernels,
         "Table of kernels, as profile --tune writes it (built in)", "FILE"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &words.threads, "Threads; 0: all processors (0)", "N"},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_infer, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && argc > 1)
        cop_error_set(&err, COP_ERR_ARG, "\"%s\" is left over", argv[1]);
    if (!done && (err.status != COP_OK || infer(&words, &err) != COP_OK))
        code = cop_cli_fail("infer", &err);
    g_free(words.model);
    g_free(words.arch);
    g_free(words.input);
    g_free(words.output);
    g_free(words.tile);
    g_free(words.kernels);
    return code;
}

const CopCommand cop_cmd_infer = {
    .name = "infer",
    .usage = "--model M --input X.safetensors --output Y.safetensors",
    .summary = "run a net on prepared clips",
    .run = run,
};
