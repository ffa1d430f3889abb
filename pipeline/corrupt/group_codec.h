/* Video through an encoder and a decoder of FFmpeg, a group of pictures at a time.
 *
 * Each group [k gop, (k + 1) gop) is coded by itself, with coders of its own: at absolute
 * multiples, so that a stream may start anywhere and give the same bytes. Prediction,
 * rate control and look-ahead end there. In one long stream, though, an encoder carries rate
 * control into a group and looks past its end, across the key frames. So it is shown the
 * group mirrored at both ends, of which nothing is kept: without, x264's quality sags at
 * either end, by up to 1 dB a clip. What rate control owes from group to group is lost, though:
 * for that there is the whole stream as one group.
 *
 * One thread each way keeps the bytes equal on every machine with the same encoder.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GROUP_CODEC_H
#define COP_CORRUPT_GROUP_CODEC_H

#include "pipeline/corrupt/coded_frame.h"
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/frame_queue.h"

/* One coded picture, an access unit. Damage may overwrite its bytes, lower `size`, to 0 for a
 * picture that is lost, or let `data` point at bytes of its own, borrowed until it is called
 * again or the group is done. */
typedef struct CopCodedPicture {
    uint8_t *data;
    size_t size;
    int frame; /* its place in the group, as shown */
    bool key;
} CopCodedPicture;

/* Damages n pictures in decoding order: all of a group, or a single one where they come frame
 * by frame. */
typedef CopStatus CopGroupDamage(void *ctx, CopCodedPicture *picture, int n);

/* How a group is coded. */
typedef struct CopGroupPlan {
    const char *encoder; /* FFmpeg's name, looked up when a group begins */
    char options[256];   /* its options: "crf=23,preset=medium" */
    CopCodedShape shape;
    int gop;  /* 0: the whole stream is one group, whose key frames the encoder sets */
    int lead; /* mirrored frames before the group; after it, as many as the encoder asks for */
    bool low_delay;         /* for encoders that neither look ahead nor reorder: no frame waits */
    CopGroupDamage *damage; /* NULL: none; a picture that the decoder does not give is an error */
    void *ctx;              /* of damage(), borrowed until the group is done */
} CopGroupPlan;

/* Frames a second, as encoders are told whatever the stream's rate. */
enum { COP_CODED_RATE = 25 };

/* First member of the state of each corruption that codes groups; zeroed is ready. */
typedef struct CopGroupCodec {
    CopGroupPlan plan;     /* of the open group: severity may change while it is open */
    CopFrameQueue group;   /* its frames as they are coded */
    CopFrameQueue waiting; /* the same frames as they were pushed */
    CopFrameQueue ready;
    struct CopGroupCoder *coder; /* of an open group that is coded frame by frame */
    bool flushed;
} CopGroupCodec;

/* The encoder and a decoder for it are there, or COP_ERR_UNSUPPORTED with corruption `name` and
 * what is missing. */
CopStatus cop_group_find(const char *name, const char *encoder, CopError *err) COP_MUST_CHECK;

/* For init(): the encoder is there, or COP_ERR_UNSUPPORTED with its name; `latency` (of a
 * group at most gop - 1; 0 is a low-delay plan's if the coders hold nothing back), look-behind and
 * alignment are set, and a group that is open is finished as it was begun. With a gop of 0
 * every frame hangs on all before it. */
CopStatus cop_group_init(CopCorrupt *corrupt, const char *encoder, int gop, int latency,
                         CopError *err) COP_MUST_CHECK;

/* Whether the next frame begins a group: then `plan` is to be set, and kept until the next. */
bool cop_group_begins(const CopGroupCodec *codec);

/* Adds a frame (borrowed) to the group of `plan`. */
CopStatus cop_group_push(CopGroupCodec *codec, const CopFrame *frame) COP_MUST_CHECK;

/* The callbacks of that name. As many frames come out as went in: one that the decoder
 * does not give is held from the one before it (from the one after it at the head of a
 * group; where there is none at all it is mid-grey). */
CopStatus cop_group_pull(CopCorrupt *corrupt, CopFrame *out);
CopStatus cop_group_flush(CopCorrupt *corrupt);
void cop_group_close(CopCorrupt *corrupt);

#endif
