/* One corruption over one file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt_file.h"

#include <string.h>

#include "pipeline/media/decode.h"
#include "pipeline/media/encode.h"

typedef struct Pass {
    const CopCorruptFile *job;
    const char *in, *out;
    CopDecoder *decoder;
    CopCorrupt *corrupt;
    CopEncoder *encoder; /* opened by the first frame that comes out */
    int64_t frames;
} Pass;

static CopStatus write_frame(Pass *pass, const CopFrame *frame, CopError *err)
{
    const CopVideoInfo *info = cop_decoder_info(pass->decoder);
    if (!pass->encoder) {
        const CopEncodeOptions options = {.rate_num = info->rate_num,
                                          .rate_den = info->rate_den,
                                          .crf = pass->job->crf,
                                          .threads = 1,
                                          .sound = strcmp(pass->in, "-") == 0 ? NULL : pass->in};
        COP_TRY(cop_encoder_open(&pass->encoder, pass->out, frame, &options, err));
    }
    pass->frames++;
    return cop_encoder_write(pass->encoder, frame, err);
}

/* Writes what the corruption has ready. */
static CopStatus drain(Pass *pass, CopError *err)
{
    for (;;) {
        CopFrame frame = {0};
        CopStatus status = cop_corrupt_pull(pass->corrupt, &frame);
        if (status == COP_AGAIN || status == COP_EOF)
            return COP_OK;
        if (status == COP_OK)
            status = write_frame(pass, &frame, err);
        cop_frame_unref(&frame);
        COP_TRY(status);
    }
}

/* Gives a failure of the engine, which has no text, one. */
static CopStatus corrupted(const Pass *pass, CopStatus status, CopError *err)
{
    if (status == COP_OK)
        return COP_OK;
    return cop_error_set(err, status, "%s: %s failed (%s)", pass->in, pass->corrupt->desc->name,
                         cop_status_name(status));
}

static CopStatus run(Pass *pass, CopError *err)
{
    for (;;) {
        CopFrame frame = {0};
        CopStatus status = cop_decoder_next(pass->decoder, &frame, err);
        if (status == COP_EOF)
            break;
        if (status == COP_OK)
            status = corrupted(pass, cop_corrupt_push(pass->corrupt, &frame), err);
        cop_frame_unref(&frame);
        COP_TRY(status);
        COP_TRY(drain(pass, err));
    }
    COP_TRY(corrupted(pass, cop_corrupt_flush(pass->corrupt), err));
    COP_TRY(drain(pass, err));
    return cop_encoder_finish(pass->encoder, err);
}

CopStatus cop_corrupt_file(CopCorruptFile *job, const char *in, const char *out, CopError *err)
{
    Pass pass = {.job = job, .in = in, .out = out};
    CopStatus status = cop_corrupt_create(&pass.corrupt, &job->spec, err);
    if (status == COP_OK)
        status = cop_decoder_open(&pass.decoder, in, job->threads, err);
    job->no_bits = false;
    if (status == COP_OK) {
        const double bits = cop_decoder_info(pass.decoder)->bits;
        cop_corrupt_set_source(pass.corrupt, bits);
        job->no_bits = cop_corrupt_wants_source(pass.corrupt) && bits == 0;
        status = run(&pass, err);
    }
    job->frames = pass.frames;
    job->broken = pass.decoder ? cop_decoder_errors(pass.decoder) : 0;
    job->mute = pass.encoder ? cop_encoder_mute_streams(pass.encoder) : 0;
    cop_encoder_close(&pass.encoder);
    cop_decoder_close(&pass.decoder);
    cop_corrupt_destroy(&pass.corrupt);
    return status;
}
