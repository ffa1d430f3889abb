/* A few small pictures of a clip, decoded when a report is made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/clip_frames.h"

#include <stdlib.h>

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

/* Only the frames wanted are kept; a short clip has fewer of them. */
static CopStatus read_frames(CopClipFrames *out, const CopFrameSource *source, const char *path,
                             int total, CopError *err)
{
    int at[COP_CLIP_FRAMES], n;
    for (int i = 0; i < COP_CLIP_FRAMES; i++)
        at[i] = total * (2 * i + 1) / (2 * COP_CLIP_FRAMES);
    const int room = at[COP_CLIP_FRAMES - 1] - at[0] + 1;
    CopFrame *frame = calloc((size_t)room, sizeof *frame);
    bool *want = calloc((size_t)room, sizeof *want);
    for (int i = 0; want && i < COP_CLIP_FRAMES; i++)
        want[at[i] - at[0]] = true;
    CopStatus status = frame && want ? cop_source_read(source, path, at[0], at[COP_CLIP_FRAMES - 1],
                                                       want, frame, &n, err)
                                     : cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    for (int i = 0; status == COP_OK && i < COP_CLIP_FRAMES; i++)
        if ((i == 0 || at[i] > at[i - 1]) && at[i] - at[0] < n)
            status = encode(&frame[at[i] - at[0]], &out->png[i], &out->size[i]);
    cop_frames_unref(frame, room);
    free(frame);
    free(want);
    return status;
}

CopStatus cop_clip_frames(CopClipFrames *out, const CopFrameSource *source, const char *path,
                          CopError *err)
{
    const CopFrameSource file = {0};
    CopVideoLength length;
    *out = (CopClipFrames){0};
    source = source ? source : &file;
    COP_TRY(cop_source_length(source, path, &length, err));
    const CopStatus status = read_frames(out, source, path, length.frames, err);
    if (status != COP_OK)
        cop_clip_frames_free(out);
    return status;
}
