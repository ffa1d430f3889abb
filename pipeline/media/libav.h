/* Between FFmpeg's types and ours; included by files that call FFmpeg only.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_LIBAV_H
#define COP_MEDIA_LIBAV_H

#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>
#include <stdbool.h>

#include "pipeline/media/frame.h"

/* Silences FFmpeg's log on stderr, once a process, unless the application has
 * already chosen a level of its own. Everything here that uses FFmpeg calls it. */
void cop_av_quiet(void);

/* Text of a negative FFmpeg return code, written into `text`, which is returned. */
const char *cop_av_strerror(int code, char text[128]);

/* Our format with the same bytes in the same places (an alpha plane is left
 * out, an alpha byte becomes the fourth byte), or COP_PIXEL_NONE. */
CopPixelFormat cop_av_same_format(enum AVPixelFormat format);

/* FFmpeg's format with the same bytes in the same places. */
enum AVPixelFormat cop_av_pixel_format(CopPixelFormat format);

/* True when cop_av_import() can read the format: all integer formats that do
 * not pack pixels into bits. */
bool cop_av_importable(enum AVPixelFormat format);

/* What swscale shall make of the others first: gray8 or rgb24. */
enum AVPixelFormat cop_av_replacement(enum AVPixelFormat format);

/* What luma and chroma of a decoded frame mean. An untagged matrix is BT.709 above
 * 576 lines and BT.601 below, as in GStreamer; an untagged range is limited for YUV and
 * full for grey, as in FFmpeg. Matrices we do not have become the nearest one. */
CopColour cop_av_colour(const AVFrame *frame);

/* Copies an AVFrame of an importable format into a new frame: in the same format
 * where there is one, else as gray8, i444 (chroma repeated) or rgb. Samples of
 * more than 8 bits are rounded: v / 2^(bits - 8) for limited range, v * 255 /
 * (2^bits - 1) for full range and RGB. */
CopStatus cop_av_import(CopFrame *out, const AVFrame *frame) COP_MUST_CHECK;

/* Points an AVFrame at the planes of `frame` (borrowed), with size, format and colour tags. */
void cop_av_borrow(AVFrame *out, const CopFrame *frame);

/* Adds to the options of a libx264 encoder what makes its bytes a function of its
 * input: x264's AVX-512 code (version 164) lets memory it has not written reach the
 * macroblock tree, so that two runs differ; all its other code agrees to the bit. */
void cop_av_steady_x264(AVDictionary **options);

/* True when the file of `format`, read to its end, holds fewer bytes than it promises
 * for stream number `stream`: in its index (MP4 and MOV, fragments included), as the size of
 * a Matroska segment (RFC 9559) or of AVI's list of frames. What was written to a pipe
 * leaves both sizes open. Containers that promise nothing (transport and raw streams, Ogg,
 * GIF, y4m) are never cut. Moves the read position of format->pb. */
bool cop_av_is_cut(AVFormatContext *format, int stream);

#endif
