/* JPEG: each frame through libjpeg and back, by itself (Hendrycks and Dietterich, ICLR
 * 2019). The library's defaults are the definition: baseline tables scaled by quality,
 * chroma halved both ways, whole-number DCT, smooth upsampling; Pillow's are the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct Jpeg {
    int quality;
} Jpeg;

/* libjpeg reports errors by a function that must not return. */
typedef struct Failure {
    struct jpeg_error_mgr manager;
    jmp_buf back;
    CopStatus status;
} Failure;

static const CopOption options[] = {
    {"quality", "of the Independent JPEG Group's scale", COP_TYPE_INT, offsetof(Jpeg, quality),
     "15", 1, 100, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void fail(j_common_ptr codec)
{
    Failure *failure = (Failure *)codec->err;
    failure->status = codec->err->msg_code == JERR_OUT_OF_MEMORY ? COP_ERR_NOMEM : COP_ERR_DATA;
    longjmp(failure->back, 1);
}

static void keep_quiet(j_common_ptr codec, int level)
{
    (void)codec;
    (void)level;
}

static void watch(Failure *failure, struct jpeg_error_mgr **manager)
{
    *manager = jpeg_std_error(&failure->manager);
    failure->manager.error_exit = fail;
    failure->manager.emit_message = keep_quiet;
}

/* *data is malloc'ed by libjpeg and the caller's to free. After a failure, which only a
 * lack of memory makes, no one can tell whether libjpeg has freed it: it is let go. */
static CopStatus compress(const CopFrame *frame, int quality, unsigned char **data,
                          unsigned long *size)
{
    struct jpeg_compress_struct codec;
    Failure failure;
    watch(&failure, &codec.err);
    if (setjmp(failure.back)) {
        jpeg_destroy_compress(&codec);
        *data = NULL;
        return failure.status;
    }
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, data, size);
    codec.image_width = (JDIMENSION)frame->width;
    codec.image_height = (JDIMENSION)frame->height;
    codec.input_components = 3;
    codec.in_color_space = JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, quality, TRUE);
    jpeg_start_compress(&codec, TRUE);
    while (codec.next_scanline < codec.image_height) {
        JSAMPROW row = frame->plane[0] + (ptrdiff_t)codec.next_scanline * frame->stride[0];
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    return COP_OK;
}

static CopStatus decompress(const CopFrame *frame, const unsigned char *data, unsigned long size)
{
    struct jpeg_decompress_struct codec;
    Failure failure;
    watch(&failure, &codec.err);
    if (setjmp(failure.back)) {
        jpeg_destroy_decompress(&codec);
        return failure.status;
    }
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, data, size);
    jpeg_read_header(&codec, TRUE);
    codec.out_color_space = JCS_RGB;
    jpeg_start_decompress(&codec);
    while (codec.output_scanline < codec.output_height) {
        JSAMPROW row = frame->plane[0] + (ptrdiff_t)codec.output_scanline * frame->stride[0];
        jpeg_read_scanlines(&codec, &row, 1);
    }
    jpeg_finish_decompress(&codec);
    jpeg_destroy_decompress(&codec);
    return COP_OK;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Jpeg *jpeg = corrupt->state;
    unsigned char *data = NULL;
    unsigned long size = 0;
    CopStatus status = compress(frame, jpeg->quality, &data, &size);
    if (status == COP_OK)
        status = decompress(frame, data, size);
    free(data);
    return status;
}

static const char *const columns[] = {"quality", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){100},
     (const double[]){25, 18, 15, 10, 7}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){100},
     (const double[]){25, 18, 15, 10, 7}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){100},
     (const double[]){23, 16, 13, 8, 5}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){100},
     (const double[]){65, 58, 50, 40, 25}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){100},
     (const double[]){80, 65, 58, 50, 40}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){100},
     (const double[]){25, 18, 15, 10, 7}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_jpeg_compression = {
    .name = "jpeg_compression",
    .summary = "each frame through a JPEG of low quality",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Jpeg),
    .apply = apply,
};
