/* Decoding of any file that FFmpeg reads, frame by frame, in order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_DECODE_H
#define COP_MEDIA_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/media/frame.h"

/* Frames of one file: four days at 25 a second. What gives more decodes rubbish. */
enum { COP_FRAMES_MAX = 10000000 };

typedef struct CopDecoder CopDecoder;

typedef struct CopVideoInfo {
    CopPixelFormat format; /* of the frames that come out */
    int width, height;
    CopColour colour;
    int rate_num, rate_den; /* frames a second; 0/1 if unknown */
    double bits;            /* a frame, by the container's bit rate, sound included; 0 if unknown */
    char codec[32];
} CopVideoInfo;

/* Why a file cannot be used. */
typedef enum CopVideoFault {
    COP_FAULT_NONE,
    COP_FAULT_MISSING,
    COP_FAULT_UNREADABLE,  /* the system says no, or it is no regular file */
    COP_FAULT_EMPTY,       /* no bytes */
    COP_FAULT_NO_VIDEO,    /* not a format that FFmpeg knows, or without pictures */
    COP_FAULT_SOUND,       /* sound only; a cover does not count */
    COP_FAULT_UNDECODABLE, /* no frame came out */
    COP_FAULT_CUT,         /* ends before its container says */
    COP_FAULT_SLOW,        /* gave no frame within the limit, or not all in a multiple of it */
    COP_FAULT_ENDLESS      /* more than COP_FRAMES_MAX frames */
} CopVideoFault;
extern const char *const cop_fault_names[]; /* "none", "missing", ..., NULL */

/* True where the fault (or its absence) is the file's own, until the file changes; that a file is
 * slow holds for whoever gives it no more time. */
bool cop_fault_lasts(CopVideoFault fault);

/* Opens the best video stream of `path` ("-" is y4m on stdin; a picture is a
 * video of one frame): the largest, as the ffmpeg command picks it; cover pictures of
 * music do not count. Frames keep their format where CopPixelFormat has it and
 * are converted to gray8, i444 or rgb otherwise (10 bits, palettes, ...; see
 * cop_av_import()). They are turned as the first picture's or the stream's tag says, as the
 * ffmpeg command does, if that is by quarter turns and mirrors (cop_turn_of_matrix());
 * a tag of another angle is ignored. Interlaced pictures stay as they are.
 * `threads` is the codec's thread count, 1..16, for slices; pixels do not depend on
 * it, even in broken files. A file that does not open, has no video or yields no frame
 * is COP_ERR_DATA with one line that names it and why; so are playlists, which point
 * at other files, and anything but a regular file. */
CopStatus cop_decoder_open(CopDecoder **out, const char *path, int threads,
                           CopError *err) COP_MUST_CHECK;
void cop_decoder_close(CopDecoder **decoder);

/* Seconds that any file opened from now on in this process may take to give its next frame
 * (30; 0: no limit), so that none is waited for that never gives one. All frames of a file
 * together may take a hundred times as long, and ten times what the container says that the
 * video lasts, of which a day at most is believed; time between calls does not count. Standard
 * input has no limit. */
void cop_decoder_limit(double seconds);
double cop_decoder_patience(void); /* what it was set to, to the millisecond */

const CopVideoInfo *cop_decoder_info(const CopDecoder *decoder);

/* The next frame in presentation order, a reference the caller drops; index counts from 0.
 * COP_EOF at the end; COP_ERR_DATA where none came in time, after COP_FRAMES_MAX frames (not
 * of standard input), and, with the frames so far and those promised, where the file ends
 * before its container says (cop_av_is_cut()) or inside a packet. Broken packets inside the
 * file are skipped and counted; pictures that change size midway are scaled to the first
 * one's. */
CopStatus cop_decoder_next(CopDecoder *decoder, CopFrame *out, CopError *err) COP_MUST_CHECK;

/* As cop_decoder_next(), but drops the frame and spares the copy. */
CopStatus cop_decoder_skip(CopDecoder *decoder, CopError *err) COP_MUST_CHECK;

/* Packets that could not be decoded so far. */
int cop_decoder_errors(const CopDecoder *decoder);

/* What decoding a whole file shows. */
typedef struct CopVideoFacts {
    CopVideoFault fault;
    int frames;                            /* 0 where there is a fault */
    int width, height, rate_num, rate_den; /* of the first frame, as it comes out; 0 unknown */
    int errors;                            /* packets that could not be decoded */
    double waited; /* of a slow file: cop_decoder_limit() when it was tried; 0 of others */
    char codec[32], reason[256]; /* reason: of the fault, without the path */
    uint8_t *seek; /* malloc'ed: a packed CopSeekTable, or NULL; moves no frame, saves time */
    size_t seek_size;
} CopVideoFacts;
void cop_video_facts_free(CopVideoFacts *facts);

/* Decodes `path` once without keeping anything. A file at fault is COP_ERR_DATA with
 * facts->fault set; free `facts` in any case. The result is remembered, per path, size and
 * modification time, for the life of the process, if it is one that lasts. That the file is slow
 * is known as long as cop_decoder_limit() is no higher than it was then.
 * Thread-safe, as all that follows. */
CopStatus cop_video_scan(const char *path, CopVideoFacts *facts, CopError *err) COP_MUST_CHECK;

/* What is remembered of the file as it is now; false if nothing is. */
bool cop_video_recall(const char *path, CopVideoFacts *facts);

/* Takes over what an earlier process found of a file of this size and modification time
 * (nanoseconds since 1970). `facts` is copied. What is known already stays, but for a slow
 * file, of which more may be learnt. */
void cop_video_remember(const char *path, int64_t size, int64_t mtime, const CopVideoFacts *facts);

/* Exact number of frames that decoding `path` yields: remembered, or by cop_video_scan().
 * No frame, or a file that is cut, is COP_ERR_DATA. */
CopStatus cop_video_count(const char *path, int *frames, CopError *err) COP_MUST_CHECK;

/* The same with the rate of the file. */
typedef struct CopVideoLength {
    int frames;
    double rate; /* frames a second; 0 if unknown */
} CopVideoLength;
CopStatus cop_video_length(const char *path, CopVideoLength *out, CopError *err) COP_MUST_CHECK;

/* The bits of CopVideoInfo, by opening the file; 0, too, where it cannot be opened. */
double cop_video_bits(const char *path);

/* Frames first..last (inclusive) of `path`, as references in out[last-first+1].
 * *n says how many there were before the end (possibly 0); the rest of `out`
 * is zeroed, and all of it after an error. With `want` (NULL: all), frames for which
 * want[i - first] is false are counted in *n and stay zeroed.
 * Where cop_video_scan() has seen the file, decoding begins at a key frame before the first
 * one wanted and leaves out what no one needs; each frame is then compared with
 * what the scan saw, and if any differs the file is decoded from the start, as it is where
 * nothing is known. Either way the same frames come out. */
CopStatus cop_video_read(const char *path, int first, int last, const bool *want, CopFrame *out,
                         int *n, CopError *err) COP_MUST_CHECK;

#endif
