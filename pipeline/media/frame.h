/* Video frames in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_FRAME_H
#define COP_MEDIA_FRAME_H

#include <stdint.h>

#include "models/core/status.h"

/* 8-bit formats. Chroma of odd sizes is rounded up, as everywhere else. */
typedef enum CopPixelFormat {
    COP_PIXEL_NONE,
    COP_PIXEL_GRAY8,
    COP_PIXEL_I420, /* planar Y, U, V; chroma halved both ways */
    COP_PIXEL_I422,
    COP_PIXEL_I444,
    COP_PIXEL_NV12, /* Y, then U and V interleaved, halved both ways */
    COP_PIXEL_RGB,  /* packed, 3 bytes */
    COP_PIXEL_BGR,
    COP_PIXEL_RGBX, /* packed, 4 bytes, the last one carried along untouched */
    COP_PIXEL_BGRX,
    COP_PIXEL_COUNT
} CopPixelFormat;

typedef enum CopMatrix { COP_MATRIX_BT601, COP_MATRIX_BT709 } CopMatrix;
typedef enum CopRange { COP_RANGE_LIMITED, COP_RANGE_FULL } CopRange;

/* How luma and chroma stand for RGB; without meaning for RGB formats. */
typedef struct CopColour {
    CopMatrix matrix;
    CopRange range;
} CopColour;

typedef struct CopFrameBuffer CopFrameBuffer; /* reference-counted memory */

/* Planes of one picture. `index` is the number of the decoded source frame from
 * the start of the file or segment; `pts` is in microseconds, INT64_MIN if unknown. */
typedef struct CopFrame {
    CopPixelFormat format;
    int width, height;
    uint8_t *plane[4];
    int stride[4];
    CopColour colour;
    int64_t index, pts;
    CopFrameBuffer *buffer; /* owner of the planes; NULL when they are borrowed */
} CopFrame;

const char *cop_pixel_format_name(CopPixelFormat format); /* "i420" */
int cop_pixel_format_planes(CopPixelFormat format);

/* Size of one plane of a width x height picture: bytes a row and rows. */
void cop_plane_size(CopPixelFormat format, int width, int height, int plane, int *row_bytes,
                    int *rows);

/* A new frame with memory of its own, strides multiples of 64. Sizes 1..16384.
 * `out` is overwritten; release it with cop_frame_unref(). */
CopStatus cop_frame_alloc(CopFrame *out, CopPixelFormat format, int width,
                          int height) COP_MUST_CHECK;

/* Another reference to the same planes; a borrowed frame is copied instead. */
CopStatus cop_frame_ref(CopFrame *out, const CopFrame *frame) COP_MUST_CHECK;

/* Drops a reference and zeroes the frame. NULL-safe, idempotent. */
void cop_frame_unref(CopFrame *frame);

/* The same for n frames of an array (NULL: none). */
void cop_frames_unref(CopFrame *frame, int n);

/* Gives the frame planes that no one else reads, copying if needed. */
CopStatus cop_frame_make_writable(CopFrame *frame) COP_MUST_CHECK;

/* Copies pixels between frames of one format and size. */
void cop_frame_copy_pixels(const CopFrame *to, const CopFrame *from);

#endif
