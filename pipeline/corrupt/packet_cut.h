/* A stream of coded pictures, sent in packets of which some are lost.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_PACKET_CUT_H
#define COP_CORRUPT_PACKET_CUT_H

#include "pipeline/corrupt/group_codec.h"

/* What arrives, kept until the next cut; zeroed is empty. */
typedef struct CopPacketCut {
    uint8_t *bytes;
    size_t capacity;
} CopPacketCut;

/* Packets of up to `mtu` bytes (>= 1) that n pictures fill; where `whole`, packets end with their
 * picture, else they are cut without a look at where pictures begin. */
int cop_packet_count(const CopCodedPicture *picture, int n, int mtu, bool whole);

/* Deletes the packets i with lost[i] from the pictures' byte stream (H.264's, with start
 * codes), as a receiver sees it who knows nothing of numbers of packets: what is left
 * closes up. A picture then has the units whose start codes lie in it; its data points
 * into `cut`. What comes before the first start code is dropped. */
CopStatus cop_packet_cut(CopPacketCut *cut, CopCodedPicture *picture, int n, int mtu, bool whole,
                         const bool *lost) COP_MUST_CHECK;

void cop_packet_cut_free(CopPacketCut *cut);

#endif
