/* A net in a program of one's own: loads a model and prints what it makes of one grey clip.
 *   cc embed.c $(pkg-config --cflags --libs libcoppice-nn) -o embed
 *   ./embed model.safetensors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "models/train/net.h"

static const CopShape shape = {.c = 3, .t = 4, .h = 24, .w = 24};
static float clip[3 * 4 * 24 * 24]; /* [c][t][h][w], normalised: 0 is the mean colour */

/* The file says which net it holds; the clip's size is ours to choose. */
static CopStatus load(CopNet **net, const char *path, CopError *err)
{
    CopSafetensors *file;
    COP_TRY(cop_safetensors_open(&file, path, err));
    const CopStTensor *last = cop_safetensors_find(file, "fc.weight");
    const char *arch = cop_safetensors_meta(file, "arch");
    const char *options = cop_safetensors_meta(file, "arch.options");
    const CopNetPlan plan = {.batch = 1, .threads = 1, .weights = file};
    CopStatus status = last && arch
                           ? cop_net_create(net, arch, options, (int)last->shape[0], shape, err)
                           : cop_error_set(err, COP_ERR_MODEL, "%s: no model", path);
    if (status == COP_OK)
        status = cop_net_plan(*net, &plan, err);
    if (status == COP_OK)
        status = cop_net_load(*net, file, err);
    cop_safetensors_close(&file);
    return status;
}

int main(int argc, char **argv)
{
    CopNet *net = NULL;
    CopPool *pool = NULL;
    CopError err = {0};
    if (argc != 2 || load(&net, argv[1], &err) != COP_OK || cop_pool_create(&pool, 1) != COP_OK) {
        fprintf(stderr, "embed: %s\n", argc == 2 ? err.text : "embed MODEL");
        cop_net_destroy(&net);
        return 1;
    }
    const CopStep step = {.pool = pool};
    cop_net_set_n(net, 1);
    cop_tensor_load_lane(cop_net_input(net), 0, clip);
    cop_net_forward(net, &step);
    for (int k = 0; k < cop_net_classes(net); k++)
        printf("%.5f\n", (double)*cop_tensor_at(cop_net_logits(net), 0, k, 0, 0, 0));
    cop_net_destroy(&net);
    cop_pool_destroy(&pool);
    return 0;
}
