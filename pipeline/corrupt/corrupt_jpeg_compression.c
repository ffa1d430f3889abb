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
    unsigned char *room; /* for a frame's JPEG */
    size_t size;
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

/* *data holds *size bytes, room enough: libjpeg leaves it where it is. */
static CopStatus compress(const CopFrame *frame, int quality, unsigned char **data,
                          unsigned long *size)
{
    struct jpeg_compress_struct codec;
    Failure failure;
    watch(&failure, &codec.err);
    if (setjmp(failure.back)) {
        jpeg_destroy_compress(&codec);
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

/* Six bytes a pixel of whole blocks hold any JPEG, as libjpeg-turbo reckons, too. */
static CopStatus make_room(Jpeg *jpeg, const CopFrame *frame)
{
    const size_t width = ((size_t)frame->width + 15) / 16 * 16;
    const size_t height = ((size_t)frame->height + 15) / 16 * 16, size = 6 * width * height + 4096;
    if (jpeg->size >= size)
        return COP_OK;
    free(jpeg->room);
    jpeg->room = malloc(size);
    jpeg->size = jpeg->room ? size : 0;
    return jpeg->room ? COP_OK : COP_ERR_NOMEM;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Jpeg *jpeg = corrupt->state;
    COP_TRY(make_room(jpeg, frame));
    unsigned char *data = jpeg->room;
    unsigned long size = jpeg->size;
    CopStatus status = compress(frame, jpeg->quality, &data, &size);
    if (status == COP_OK)
        status = decompress(frame, data, size);
    if (data != jpeg->room) /* never, by what libjpeg-turbo says of sizes */
        free(data);
    return status;
}

static void close_room(CopCorrupt *corrupt)
{
    Jpeg *jpeg = corrupt->state;
    free(jpeg->room);
    jpeg->room = NULL;
    jpeg->size = 0;
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
    .close = close_room,
};
