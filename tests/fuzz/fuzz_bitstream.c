/* Fuzz target of the corruptions that damage coded video: whatever they do to it, a clip of
 * the same shape comes out, the same one again. The input is first a corruption with its
 * parameters, then edits of the stream in place of its damage. Long runs, with the objects of
 * a sanitizer's build:
 *   make SAN=address,undefined CC=clang, then clang -g -I. -fsanitize=fuzzer,address,undefined
 *     tests/fuzz/fuzz_bitstream.c libcoppice.a libcoppice-nn.a $(pkg-config ...) && ./fuzz NEW
 * Inputs are made by tests/unit/test_fuzz_bitstream.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/x26x.h"
#include "pipeline/media/libav.h"

enum { FRAMES_MAX = 10, SIDE_MAX = 40 };

static void require(int promise)
{
    if (!promise)
        abort();
}

/* Bytes of the input one after the other, then zeros. */
typedef struct Source {
    const uint8_t *data;
    size_t size;
} Source;

static unsigned take(Source *source)
{
    if (!source->size)
        return 0;
    source->size--;
    return *source->data++;
}

static void make_frame(CopFrame *frame, CopPixelFormat format, int width, int height, int index)
{
    require(cop_frame_alloc(frame, format, width, height) == COP_OK);
    frame->index = index;
    for (int p = 0; p < cop_pixel_format_planes(format); p++) {
        int row_bytes, rows;
        cop_plane_size(format, width, height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < row_bytes; x++)
                frame->plane[p][y * frame->stride[p] + x] =
                    (uint8_t)(5 * x + 3 * y * (p + 1) + 7 * index + (x * y * index) % 11);
    }
}

static uint64_t hash_of(const CopFrame *frame)
{
    uint64_t hash = (uint64_t)frame->index;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int row_bytes, rows;
        cop_plane_size(frame->format, frame->width, frame->height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            hash = cop_mix64(hash ^
                             cop_fnv1a(frame->plane[p] + y * frame->stride[p], (size_t)row_bytes));
    }
    return hash;
}

static void check_shape(const CopFrame *in, const CopFrame *out, int n)
{
    for (int i = 0; i < n; i++)
        require(out[i].format == in[i].format && out[i].width == in[i].width &&
                out[i].height == in[i].height && out[i].index == in[i].index);
}

/* A corruption with parameters as they come. */
static void run_corruption(Source *source, const CopFrame *in, int n)
{
    static const char *const names[] = {"bit_error", "packet_loss", "bitstream_excision"};
    const unsigned which = take(source) % 3;
    char params[200];
    const unsigned a = take(source), b = take(source), c = take(source), d = take(source);
    const int used = snprintf(params, sizeof params, "gop=%u, preset=ultrafast, delay=%s, crf=%u",
                              1 + d % 12, d & 128 ? "low" : "group", 10 + c % 42);
    static const char *const forms[] = {", hits=%u, amount=%u", ", rate=0.%02u, burst=%u",
                                        ", position=0.%02u, bytes=%u"};
    snprintf(params + used, sizeof params - (size_t)used, forms[which], a % 100,
             which == 1 ? b % 9
             : b % 2    ? 0
                        : b * (b % 16));
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = names[which],
                                 .severity = (take(source) % 51) / 10.0,
                                 .seed = take(source),
                                 .params = params};
    require(cop_corrupt_create(&corrupt, &spec, NULL) == COP_OK);
    CopFrame out[FRAMES_MAX];
    uint64_t hash[FRAMES_MAX];
    for (int again = 0; again < 2; again++) {
        require(cop_corrupt_frames(corrupt, in, n, out) == COP_OK);
        check_shape(in, out, n);
        require(cop_corrupt_hits(corrupt) >= 0);
        for (int i = 0; i < n; i++) {
            require(!again || hash[i] == hash_of(&out[i]));
            hash[i] = hash_of(&out[i]);
        }
        cop_frames_unref(out, n);
    }
    cop_corrupt_destroy(&corrupt);
}

/* Puts another picture in the place of one, or both after each other. */
static void replace(CopCodedPicture *one, const CopCodedPicture *other, int both)
{
    static uint8_t memory[1 << 16];
    const size_t kept = both ? one->size : 0;
    if (kept + other->size > sizeof memory)
        return;
    memmove(memory, one->data, kept);
    memmove(memory + kept, other->data, other->size);
    one->data = memory;
    one->size = kept + other->size;
}

/* Each edit: what, where, and with which bytes. */
static CopStatus edit(void *ctx, CopCodedPicture *picture, int n)
{
    Source *source = ctx;
    for (int edits = (int)(take(source) % 16); edits > 0; edits--) {
        CopCodedPicture *one = &picture[take(source) % (unsigned)n];
        const size_t at = one->size ? (take(source) << 8 | take(source)) % one->size : 0;
        const unsigned what = take(source) % 5, value = take(source);
        if (!one->size)
            continue;
        if (what < 2)
            one->data[at] = (uint8_t)value;
        else if (what == 2)
            one->size = at;
        else if (what == 3 && at + 5 <= one->size)
            memcpy(one->data + at, (uint8_t[]){0, 0, 1, (uint8_t)value, (uint8_t)~value}, 5);
        else if (what == 4 && edits == 1) /* there is memory for one of them */
            replace(one, &picture[value % (unsigned)n], value & 16);
    }
    return COP_OK;
}

static void run_edits(Source *source, const CopFrame *in, int n)
{
    const unsigned kind = take(source);
    CopX26x coder = {.encoder = "libx264", .gop = FRAMES_MAX, .delay = (kind & 2) != 0};
    cop_x26x_plan(&coder, "crf=30", kind & 2 ? "" : kind & 4 ? ",bf=2" : ",bf=0");
    coder.codec.plan.damage = edit;
    coder.codec.plan.ctx = source;
    CopCorrupt corrupt = {.state = &coder};
    for (int i = 0; i < n; i++)
        require(cop_group_push(&coder.codec, &in[i]) == COP_OK);
    require(cop_group_flush(&corrupt) == COP_OK);
    CopFrame out;
    for (int i = 0; i < n; i++) {
        require(cop_group_pull(&corrupt, &out) == COP_OK);
        check_shape(&in[i], &out, 1);
        cop_frame_unref(&out);
    }
    require(cop_group_pull(&corrupt, &out) == COP_EOF);
    cop_group_close(&corrupt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cop_av_quiet();
    Source source = {data, size};
    const CopPixelFormat format = (CopPixelFormat)(1 + take(&source) % (COP_PIXEL_COUNT - 1));
    const int width = 1 + (int)(take(&source) % SIDE_MAX);
    const int height = 1 + (int)(take(&source) % SIDE_MAX);
    const int n = 1 + (int)(take(&source) % FRAMES_MAX);
    CopFrame in[FRAMES_MAX];
    for (int i = 0; i < n; i++)
        make_frame(&in[i], format, width, height, i);
    run_corruption(&source, in, n);
    run_edits(&source, in, n);
    cop_frames_unref(in, n);
    return 0;
}
