/* The net's input made of a video, for comparison with another program's.
 * Usage: prepare_clip VIDEO OUT.safetensors RESIZE_H RESIZE_W CROP [PAD TOP LEFT]
 * OUT gets "clip" [1,c,t,h,w] float32: every frame, centre crop or one at (TOP, LEFT), mean and
 * standard deviation of torchvision's video models. RESIZE_W, CROP: 0 as in CopPrepare.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "models/train/safetensors.h"
#include "pipeline/media/decode.h"
#include "pipeline/media/preprocess.h"

static void check(CopStatus status, const CopError *err)
{
    if (status == COP_OK)
        return;
    fprintf(stderr, "prepare_clip: %s\n", err->text[0] ? err->text : cop_status_name(status));
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 9)
        return 2;
    const CopPrepare prepare = {.resize_h = atoi(argv[3]),
                                .resize_w = atoi(argv[4]),
                                .crop = atoi(argv[5]),
                                .mean = {0.43216, 0.394666, 0.37645},
                                .std = {0.22803, 0.22145, 0.216989}};
    CopError err = {0};
    int frames, h, w;
    check(cop_video_count(argv[1], &frames, &err), &err);
    CopDecoder *decoder;
    check(cop_decoder_open(&decoder, argv[1], 1, &err), &err);
    const CopVideoInfo *info = cop_decoder_info(decoder);
    cop_prepare_size(&prepare, info->width, info->height, &h, &w);
    CopCropBox box = cop_prepare_centre(&prepare, info->width, info->height);
    if (argc == 9)
        box = (CopCropBox){.pad = atoi(argv[6]), .top = atoi(argv[7]), .left = atoi(argv[8])};

    CopTensor x;
    CopArena *arena;
    check(cop_tensor_shape(&x, 1, 3, frames, h, w, (CopHalo){0}), &err);
    check(cop_arena_create(&arena, cop_tensor_floats(&x) * sizeof(float)), &err);
    check(cop_tensor_create(&x, arena, 1, 3, frames, h, w, (CopHalo){0}), &err);
    CopFrame frame;
    for (int t = 0; t < frames; t++) {
        check(cop_decoder_next(decoder, &frame, &err), &err);
        check(cop_prepare_frame(&prepare, &frame, box, &x, 0, t), &err);
        cop_frame_unref(&frame);
    }
    cop_decoder_close(&decoder);

    const size_t n = (size_t)3 * (size_t)frames * (size_t)h * (size_t)w;
    float *clip = malloc(n * sizeof *clip);
    if (!clip)
        return 1;
    cop_tensor_store_lane(&x, 0, clip);
    const CopStTensor out = {.name = "clip",
                             .dtype = COP_DTYPE_F32,
                             .rank = 5,
                             .shape = {1, 3, (uint64_t)frames, (uint64_t)h, (uint64_t)w},
                             .data = clip,
                             .bytes = n * sizeof *clip};
    check(cop_safetensors_write(argv[2], &out, 1, NULL, 0, &err), &err);
    free(clip);
    cop_arena_destroy(&arena);
    return 0;
}
