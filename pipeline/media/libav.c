/* Between FFmpeg's types and ours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/libav.h"

#include <libavutil/cpu.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

enum { SIDE_MAX = 16384, LINES_SD = 576 };

/* The first row of a format is the one that encoders are given. */
static const struct {
    enum AVPixelFormat av;
    CopPixelFormat ours;
} formats[] = {
    {AV_PIX_FMT_GRAY8, COP_PIXEL_GRAY8},   {AV_PIX_FMT_YUV420P, COP_PIXEL_I420},
    {AV_PIX_FMT_YUV422P, COP_PIXEL_I422},  {AV_PIX_FMT_YUV444P, COP_PIXEL_I444},
    {AV_PIX_FMT_NV12, COP_PIXEL_NV12},     {AV_PIX_FMT_RGB24, COP_PIXEL_RGB},
    {AV_PIX_FMT_BGR24, COP_PIXEL_BGR},     {AV_PIX_FMT_RGB0, COP_PIXEL_RGBX},
    {AV_PIX_FMT_BGR0, COP_PIXEL_BGRX},     {AV_PIX_FMT_YUVJ420P, COP_PIXEL_I420},
    {AV_PIX_FMT_YUVJ422P, COP_PIXEL_I422}, {AV_PIX_FMT_YUVJ444P, COP_PIXEL_I444},
    {AV_PIX_FMT_YUVA420P, COP_PIXEL_I420}, {AV_PIX_FMT_YUVA422P, COP_PIXEL_I422},
    {AV_PIX_FMT_YUVA444P, COP_PIXEL_I444}, {AV_PIX_FMT_RGBA, COP_PIXEL_RGBX},
    {AV_PIX_FMT_BGRA, COP_PIXEL_BGRX},
};

static void silence(void)
{
    if (av_log_get_level() == AV_LOG_INFO) /* FFmpeg's own default */
        av_log_set_level(AV_LOG_QUIET);
}

void cop_av_quiet(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
}

const char *cop_av_strerror(int code, char text[128])
{
    av_strerror(code, text, 128);
    return text;
}

CopPixelFormat cop_av_same_format(enum AVPixelFormat format)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].av == format)
            return formats[i].ours;
    return COP_PIXEL_NONE;
}

enum AVPixelFormat cop_av_pixel_format(CopPixelFormat format)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].ours == format)
            return formats[i].av;
    return AV_PIX_FMT_NONE;
}

bool cop_av_importable(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    const uint64_t odd = AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT |
                         AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_BAYER;
    return desc && !(desc->flags & odd) && format != AV_PIX_FMT_XYZ12LE &&
           format != AV_PIX_FMT_XYZ12BE;
}

enum AVPixelFormat cop_av_replacement(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    return desc && desc->nb_components == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
}

static CopPixelFormat target(enum AVPixelFormat format)
{
    const CopPixelFormat same = cop_av_same_format(format);
    if (same != COP_PIXEL_NONE)
        return same;
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    if (desc->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))
        return COP_PIXEL_RGB;
    return desc->nb_components < 3 ? COP_PIXEL_GRAY8 : COP_PIXEL_I444;
}

CopColour cop_av_colour(const AVFrame *frame)
{
    CopColour colour = {COP_MATRIX_BT601, COP_RANGE_LIMITED};
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        colour.matrix = COP_MATRIX_BT709;
        break;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_FCC:
        break;
    default:
        if (frame->height > LINES_SD)
            colour.matrix = COP_MATRIX_BT709;
    }
    const enum AVPixelFormat format = (enum AVPixelFormat)frame->format;
    const CopPixelFormat ours = target(format);
    if (frame->color_range == AVCOL_RANGE_JPEG || format == AV_PIX_FMT_YUVJ420P ||
        format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ444P ||
        format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ411P ||
        (ours == COP_PIXEL_GRAY8 && frame->color_range == AVCOL_RANGE_UNSPECIFIED))
        colour.range = COP_RANGE_FULL;
    return colour;
}

static void copy_planes(const CopFrame *out, const AVFrame *frame)
{
    for (int i = 0; i < cop_pixel_format_planes(out->format); i++) {
        int row_bytes, rows;
        cop_plane_size(out->format, out->width, out->height, i, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            memcpy(out->plane[i] + (ptrdiff_t)y * out->stride[i],
                   frame->data[i] + (ptrdiff_t)y * frame->linesize[i], (size_t)row_bytes);
    }
}

static uint8_t to_8_bits(unsigned v, int depth, bool limited)
{
    if (depth == 8)
        return (uint8_t)v;
    if (limited && depth > 8) {
        v = (v + (1u << (depth - 9))) >> (depth - 8);
        return (uint8_t)(v > 255 ? 255 : v);
    }
    const unsigned top = (1u << depth) - 1;
    return (uint8_t)((v * 255 + top / 2) / top);
}

/* Entries are 0xAARRGGBB in the machine's order. */
static uint8_t palette_component(const uint8_t *palette, unsigned entry, int component)
{
    uint32_t colour;
    memcpy(&colour, palette + 4 * entry, sizeof colour);
    return (uint8_t)(colour >> (16 - 8 * component));
}

/* Component by component through FFmpeg's own reader of any layout. */
static void copy_components(const CopFrame *out, const AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);
    const bool palette = desc->flags & AV_PIX_FMT_FLAG_PAL, rgb = out->format == COP_PIXEL_RGB;
    const bool limited = !rgb && out->colour.range == COP_RANGE_LIMITED;
    const int components = out->format == COP_PIXEL_GRAY8 ? 1 : 3;
    const uint8_t *data[4] = {frame->data[0], frame->data[1], frame->data[2], frame->data[3]};
    for (int c = 0; c < components; c++) {
        const bool chroma = c > 0 && !rgb;
        const int shift_w = chroma ? desc->log2_chroma_w : 0;
        const int shift_h = chroma ? desc->log2_chroma_h : 0;
        const int depth = desc->comp[palette ? 0 : c].depth;
        const int w = -(-out->width >> shift_w);
        for (int y = 0; y < out->height; y++) {
            uint16_t line[SIDE_MAX];
            av_read_image_line2(line, data, frame->linesize, desc, 0, y >> shift_h, palette ? 0 : c,
                                w, 0, sizeof line[0]);
            uint8_t *row = out->plane[rgb ? 0 : c] + (ptrdiff_t)y * out->stride[rgb ? 0 : c];
            for (int x = 0; x < out->width; x++) {
                const unsigned v = line[x >> shift_w];
                row[rgb ? 3 * x + c : x] =
                    palette ? palette_component(data[1], v, c) : to_8_bits(v, depth, limited);
            }
        }
    }
}

CopStatus cop_av_import(CopFrame *out, const AVFrame *frame)
{
    const enum AVPixelFormat format = (enum AVPixelFormat)frame->format;
    COP_TRY(cop_frame_alloc(out, target(format), frame->width, frame->height));
    out->colour = cop_av_colour(frame);
    if (cop_av_same_format(format) != COP_PIXEL_NONE)
        copy_planes(out, frame);
    else
        copy_components(out, frame);
    return COP_OK;
}

void cop_av_borrow(AVFrame *out, const CopFrame *frame)
{
    for (int i = 0; i < 4; i++) {
        out->data[i] = frame->plane[i];
        out->linesize[i] = frame->stride[i];
    }
    out->width = frame->width;
    out->height = frame->height;
    out->format = cop_av_pixel_format(frame->format);
    out->color_range = frame->colour.range == COP_RANGE_FULL ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    out->colorspace =
        frame->colour.matrix == COP_MATRIX_BT709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

void cop_av_steady_x264(AVDictionary **options)
{
    /* x264 believes what it is told, so tell it only where AVX2 is known to be there. */
    if (av_get_cpu_flags() & AV_CPU_FLAG_AVX512)
        av_dict_set(options, "x264-params", "asm=avx2", 0);
}
