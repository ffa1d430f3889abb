/* Corruptions of video, as streams: one engine for files, data sets and live.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_CORRUPT_H
#define COP_CORRUPT_CORRUPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/option.h"
#include "models/core/rng.h"
#include "pipeline/media/frame.h"

typedef enum CopFamily {
    COP_FAMILY_NOISE,
    COP_FAMILY_BLUR,
    COP_FAMILY_WEATHER,
    COP_FAMILY_DIGITAL,
    COP_FAMILY_TEMPORAL,
    COP_FAMILY_CODEC,
    COP_FAMILY_BITSTREAM,
    COP_FAMILY_CAMERA,
    COP_FAMILY_SPECTRAL,
    COP_FAMILY_COUNT
} CopFamily;
extern const char *const cop_family_names[]; /* ended by NULL */

/* How what is drawn runs from frame to frame. */
typedef enum CopTemporal {
    COP_TEMPORAL_AUTO,    /* what the corruption's descriptor says */
    COP_TEMPORAL_IID,     /* fresh in every frame */
    COP_TEMPORAL_STATIC,  /* drawn once a clip */
    COP_TEMPORAL_COHERENT /* moves: snow falls, fog drifts, a shake walks */
} CopTemporal;
extern const char *const cop_temporal_names[]; /* ended by NULL */

/* The mode called `name` (NULL: AUTO); COP_ERR_CONFIG with what is allowed. */
CopStatus cop_temporal_find(const char *name, CopTemporal *temporal, CopError *err) COP_MUST_CHECK;

enum {
    COP_CORRUPT_RGB = 1u << 0, /* works on 8-bit RGB 4:4:4; other formats are converted around it */
    COP_CORRUPT_RANDOM = 1u << 1,     /* draws random numbers */
    COP_CORRUPT_WHOLE_CLIP = 1u << 2, /* a frame's bytes depend on where the clip starts or ends */
    COP_CORRUPT_PARTIAL = 1u << 3     /* some frames of a clip may stay as they are */
};

enum { COP_SEVERITIES = 5 };

/* The first table of every corruption is this preset: the default, for video of any
 * size. Options marked COP_OPTION_LENGTH count pixels of a picture whose short side is
 * 224 there, and are multiplied by cop_corrupt_length_scale() once the size is known. */
#define COP_PRESET_DEFAULT "coppice"

/* Of all tables. Values that change open a new version; the old one keeps its own. */
enum { COP_PRESET_VERSION = 1 };

/* Values of some options at severities 1..5, and those that leave the picture as it is. */
typedef struct CopSeverityTable {
    const char *preset; /* "coppice", "imagenet-c-224", ... */
    const char *reference;
    const char *const *columns; /* option names, ended by NULL */
    const double *identity;     /* [columns] severity 0 */
    const double *rows;         /* [5][columns] severities 1..5 */
} CopSeverityTable;

typedef struct CopCorrupt CopCorrupt;

/* A per-frame corruption supplies apply(); one with memory supplies push(), pull()
 * and flush(), and takes formats as they come (COP_CORRUPT_RGB goes with apply()
 * only). init() runs after options are resolved, and again after each change of
 * severity, with frames in flight where there is memory, and of the picture's length
 * scale; it may allocate into the state (close() frees) and sets latency and
 * look_behind (frames), align where it restarts at absolute multiples, and wants_bits. It does not
 * run at severity 0. apply() may see frames of any index and size in any order. */
typedef struct CopCorruptDesc {
    const char *name, *summary, *reference;
    CopFamily family;
    unsigned flags;
    unsigned temporal;            /* bits 1u << CopTemporal: the modes that differ; 0: none does */
    CopTemporal temporal_default; /* one of them */
    const CopOption *options;     /* offsets into the state */
    const CopSeverityTable *tables; /* ended by a row whose preset is NULL */
    size_t state_size;
    CopStatus (*init)(CopCorrupt *corrupt, CopError *err);
    CopStatus (*apply)(CopCorrupt *corrupt, CopFrame *frame);      /* in place; frame is writable */
    CopStatus (*push)(CopCorrupt *corrupt, const CopFrame *frame); /* borrowed: ref to keep */
    CopStatus (*pull)(CopCorrupt *corrupt, CopFrame *out); /* returned; COP_AGAIN, COP_EOF */
    CopStatus (*flush)(CopCorrupt *corrupt);
    /* Frees what init and push made and leaves the state as before the first init. */
    void (*close)(CopCorrupt *corrupt);
} CopCorruptDesc;

/* What a corruption's callbacks see; others treat it as opaque. */
struct CopCorrupt {
    const CopCorruptDesc *desc;
    void *state; /* zeroed, then options filled in */
    double severity;
    CopRngKey key; /* of (seed, "corrupt:" name) */
    uint32_t clip;
    CopTemporal temporal; /* resolved: never AUTO where the corruption knows modes */
    double scale;         /* of lengths, where the preset asks for it; else 1 */
    int latency;          /* frames pushed ahead of the frame pulled */
    int look_behind;      /* frames before the first wanted one that it must have seen */
    int align;            /* restarts at multiples of this index; 1 if it never restarts */
    int64_t hits;         /* places that were damaged, where they can be counted */
    double source_bits;   /* a frame of the file, 0 unknown: cop_corrupt_set_source() */
    bool wants_bits;      /* init() says so where options hang on them */
    void *engine;         /* the framework's own queue */
};

/* The frame in the address of what is drawn for frame `index`: 0 where it is drawn once a
 * clip, to stay or to move. */
static inline uint32_t cop_corrupt_drawn_at(const CopCorrupt *corrupt, int64_t index)
{
    const bool once =
        corrupt->temporal == COP_TEMPORAL_STATIC || corrupt->temporal == COP_TEMPORAL_COHERENT;
    return once ? 0 : (uint32_t)index;
}

typedef struct CopCorruptSpec {
    const char *name;
    double severity; /* 0..5 */
    uint64_t seed;
    uint32_t clip;        /* clip-id */
    CopTemporal temporal; /* a mode that the corruption does not know is its default */
    const char *preset;   /* NULL or "": the first table */
    const char *params;   /* "sigma=0.1, gop=16": override the table; NULL or "" for none */
} CopCorruptSpec;

/* All corruptions, ended by NULL. */
extern const CopCorruptDesc *const cop_corrupt_registry[];
const CopCorruptDesc *cop_corrupt_find(const char *name, CopError *err);

/* True when the corruption has a table called `preset`. */
bool cop_corrupt_has_preset(const CopCorruptDesc *desc, const char *preset);

/* Creates an instance. Unknown name, preset, parameter or a value out of range is
 * COP_ERR_CONFIG with what is allowed; a missing encoder COP_ERR_UNSUPPORTED. Strings
 * of `spec` are borrowed for the call. Returned in *out. */
CopStatus cop_corrupt_create(CopCorrupt **out, const CopCorruptSpec *spec,
                             CopError *err) COP_MUST_CHECK;
void cop_corrupt_destroy(CopCorrupt **corrupt);

/* What lengths of the default preset are multiplied by in a picture of this size: with
 * N the short side, N / 224 above 224, sqrt(N / 224) below. Pictures look alike when
 * blurs grow with them; kernels under a pixel vanish, though, and at half the size 0.7
 * keeps PSNR where 0.5 does not. */
double cop_corrupt_length_scale(int width, int height);

/* New severity from the next frame pushed; frames pushed before keep theirs. After an error
 * it is the old one. */
CopStatus cop_corrupt_set_severity(CopCorrupt *corrupt, double severity,
                                   CopError *err) COP_MUST_CHECK;

/* The stream: push frames in order of consecutive index, pull until COP_AGAIN;
 * flush at the end and pull until COP_EOF. As many frames come out as went in,
 * with the same index, pts, format and size. At severity 0 they are untouched. */
CopStatus cop_corrupt_push(CopCorrupt *corrupt, const CopFrame *frame) COP_MUST_CHECK;
CopStatus cop_corrupt_pull(CopCorrupt *corrupt, CopFrame *out) COP_MUST_CHECK;
CopStatus cop_corrupt_flush(CopCorrupt *corrupt) COP_MUST_CHECK;

/* Bits a frame of the file that the next stream comes from, with sound, as its container
 * counts them (cop_video_bits()); 0, at first: unknown. Whether options hang on it: at severity 0
 * none does. */
void cop_corrupt_set_source(CopCorrupt *corrupt, double bits_a_frame);
bool cop_corrupt_wants_source(const CopCorrupt *corrupt);

/* Corrupts one frame where it lies, beside the stream: its planes, borrowed or
 * not, are written. COP_ERR_UNSUPPORTED for a corruption with memory. */
CopStatus cop_corrupt_in_place(CopCorrupt *corrupt, CopFrame *frame) COP_MUST_CHECK;

/* Forgets all frames, ready for a new stream of clip `clip`. */
CopStatus cop_corrupt_reset(CopCorrupt *corrupt, uint32_t clip) COP_MUST_CHECK;

/* How often the stream was hit since it was created or reset: bytes of bit_error, packets of
 * packet_loss, slices of bitstream_excision; 0 of corruptions that count nothing. */
int64_t cop_corrupt_hits(const CopCorrupt *corrupt);

/* Source frames that must be pushed so that first..last come out as they would
 * from the whole file of `total` frames: from <= first, to >= last, both inside the file. */
void cop_corrupt_span(const CopCorrupt *corrupt, int first, int last, int total, int *from,
                      int *to);

/* Corrupts frames in[n] of consecutive index (borrowed) into out[n] (returned references). */
CopStatus cop_corrupt_frames(CopCorrupt *corrupt, const CopFrame *in, int n,
                             CopFrame *out) COP_MUST_CHECK;

/* Resolved options as text "sigma=0.12" (lengths as for the last picture; of a new
 * instance, for one of short side 224), malloc'ed and returned: what a setup's hash covers. */
char *cop_corrupt_describe(const CopCorrupt *corrupt);

#endif
