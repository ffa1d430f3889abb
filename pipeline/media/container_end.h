/* Where a container says that it ends; included by files that call FFmpeg only.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_CONTAINER_END_H
#define COP_MEDIA_CONTAINER_END_H

#include <libavformat/avformat.h>
#include <stdbool.h>

/* True when the file of `format`, read to its end, holds fewer bytes than it promises
 * for stream number `stream`: in its index (MP4 and MOV, fragments included), as the size of
 * a Matroska segment (RFC 9559, 4.5) or of AVI's list of frames. Whoever wrote to a pipe
 * left these open; such files, and containers that promise nothing (transport and raw
 * streams, Ogg, GIF, y4m), are never cut. Moves the read position of format->pb. */
bool cop_container_is_cut(AVFormatContext *format, int stream);

#endif
