/* The encoder and the decoder of one group of pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GROUP_CODER_H
#define COP_CORRUPT_GROUP_CODER_H

#include "pipeline/corrupt/group_codec.h"
#include "pipeline/media/libav.h"

/* One thread each way; what stands in it belongs to group_codec.c once it is open. */
typedef struct CopGroupCoder {
    struct AVCodecContext *encoder, *decoder; /* of libavcodec/avcodec.h */
    AVFrame *picture, *last; /* last: what is held, without planes until there is a picture */
    AVPacket *packet;
    AVPacket **kept; /* of the group, to be damaged together */
    int n;           /* frames the group has; INT_MAX when they are coded one by one */
    int packets;     /* of the group itself, so far */
    int next;        /* place in the group of the oldest waiting frame */
} CopGroupCoder;

CopStatus cop_group_status(int av_code);

/* Coders for n frames like `frame`, INT_MAX if nobody knows how many. cop_group_coder_close()
 * is due whatever the outcome. */
CopStatus cop_group_coder_open(CopGroupCoder **out, const CopGroupPlan *plan, const CopFrame *frame,
                               int n) COP_MUST_CHECK;
void cop_group_coder_close(CopGroupCoder **out);

/* Gives the encoder a picture, number `position` of the group; those outside are mirrored
 * ones. Without a buffer of its own libavcodec copies it. */
CopStatus cop_group_coder_send(CopGroupCoder *coder, const CopFrame *frame,
                               int position) COP_MUST_CHECK;

/* Whether the coders are for frames of this size and format. */
bool cop_group_coder_fits(const CopGroupCoder *coder, const CopFrame *frame);

/* Whether a decoded picture is of the coded ones' size and format; and its planes. */
bool cop_group_coder_gave(const CopGroupCoder *coder, const AVFrame *picture);
CopFrame cop_group_coder_planes(const CopGroupCoder *coder, const AVFrame *picture);

/* Makes a packet what damage has left of its picture. */
CopStatus cop_group_coder_bytes(AVPacket *packet, const CopCodedPicture *picture) COP_MUST_CHECK;

#endif
