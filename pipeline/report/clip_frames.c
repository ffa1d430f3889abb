/* A few small pictures of a clip, decoded when a report is made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/clip_frames.h"

#include <stdlib.h>

#include "pipeline/media/decode.h"
#include "pipeline/media/png_write.h"
#include "pipeline/media/preprocess.h"

enum { SIDE = 96 };

void cop_clip_frames_free(CopClipFrames *frames)
{
    for (int i = 0; i < COP_CLIP_FRAMES; i++)
        free(frames->png[i]);
    *frames = (CopClipFrames){0};
}

static CopStatus encode(const CopFrame *frame, void **png, size_t *size)
{
    const int side = frame->width < frame->height ? frame->width : frame->height;
    const CopPrepare look = {.resize_h = side < SIDE ? side : SIDE};
    CopFrame picture = {0};
    COP_TRY(cop_prepare_picture(&look, frame, (CopCropBox){0}, &picture));
    const CopStatus status = cop_png_encode(&picture, png, size);
    cop_frame_unref(&picture);
    return status;
}

static int place(int total, int i)
{
    return total * (2 * i + 1) / (2 * COP_CLIP_FRAMES);
}

/* One pass over the file, so that nothing but the wanted frames is kept. */
static CopStatus read_frames(CopClipFrames *out, CopDecoder *decoder, int total, CopError *err)
{
    int at = 0;
    for (int i = 0; i < COP_CLIP_FRAMES; i++) {
        const int wanted = place(total, i);
        CopFrame frame = {0};
        for (; at < wanted; at++)
            COP_TRY(cop_decoder_skip(decoder, err));
        if (at > wanted) /* a clip of one or two frames */
            continue;
        COP_TRY(cop_decoder_next(decoder, &frame, err));
        at++;
        const CopStatus status = encode(&frame, &out->png[i], &out->size[i]);
        cop_frame_unref(&frame);
        COP_TRY(status);
    }
    return COP_OK;
}

static CopStatus read_pictures(CopClipFrames *out, const CopFrameSource *source, const char *path,
                               CopError *err)
{
    int before = -1;
    for (int i = 0; i < COP_CLIP_FRAMES; i++) {
        const int wanted = place(source->frames, i);
        CopFrame frame = {0};
        int n;
        if (wanted == before)
            continue;
        COP_TRY(cop_source_read(source, path, wanted, wanted, NULL, &frame, &n, err));
        const CopStatus status = encode(&frame, &out->png[i], &out->size[i]);
        cop_frame_unref(&frame);
        COP_TRY(status);
        before = wanted;
    }
    return COP_OK;
}

static CopStatus read_video(CopClipFrames *out, const char *path, CopError *err)
{
    CopDecoder *decoder = NULL;
    int total;
    COP_TRY(cop_video_count(path, &total, err));
    COP_TRY(cop_decoder_open(&decoder, path, 1, err));
    const CopStatus status = read_frames(out, decoder, total, err);
    cop_decoder_close(&decoder);
    return status;
}

CopStatus cop_clip_frames(CopClipFrames *out, const CopFrameSource *source, const char *path,
                          CopError *err)
{
    *out = (CopClipFrames){0};
    const bool file = !source || cop_source_is_file(source);
    const CopStatus status =
        file ? read_video(out, path, err) : read_pictures(out, source, path, err);
    if (status != COP_OK)
        cop_clip_frames_free(out);
    return status;
}
