/* A dense convolution of oneDNN through its C API, version 2.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/bench_onednn.h"

#include <dnnl.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench_clock.h"

enum { X, WEIGHT, Y, TENSORS };

typedef struct Pass {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[TENSORS];
    char kernel[64];
} Pass;

struct BenchPeer {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_desc_t plain[TENSORS], any[TENSORS];
    dnnl_dims_t stride, pad;
    CopArena *arena;
    Pass pass[BENCH_PASSES];
};

/* The tensors of each pass: input, weight and output, or their gradients. */
static const struct {
    dnnl_query_t query[TENSORS];
    int arg[TENSORS];
    int result;
} passes[BENCH_PASSES] = {{{dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
                           {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                           Y},
                          {{dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md},
                           {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
                           X},
                          {{dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md},
                           {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST},
                           WEIGHT}};

static bool ok(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success)
        fprintf(stderr, "oneDNN: %s failed (status %d)\n", what, (int)status);
    return status == dnnl_success;
}

void bench_peer_version(char *text, size_t size)
{
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, size, "%d.%d.%d %s", v->major, v->minor, v->patch,
             v->cpu_runtime == DNNL_RUNTIME_OMP ? "OpenMP" : "not OpenMP");
}

/* An image has no time: oneDNN gets the 2-D convolution that it would in a framework. */
static bool describe(BenchPeer *p, const BenchLayer *layer, int batch)
{
    const CopConvShape *s = &layer->s;
    const int ot = cop_conv_out(layer->t, s->kt, s->st, s->pt);
    const int oh = cop_conv_out(layer->h, s->kh, s->sh, s->ph);
    const int ow = cop_conv_out(layer->w, s->kw, s->sw, s->pw);
    const bool image = layer->t == 1 && s->kt == 1;
    const int n = image ? 4 : 5;
    const dnnl_dims_t x3 = {batch, s->ic, layer->t, layer->h, layer->w};
    const dnnl_dims_t x2 = {batch, s->ic, layer->h, layer->w};
    const dnnl_dims_t y3 = {batch, s->oc, ot, oh, ow}, y2 = {batch, s->oc, oh, ow};
    const int g = s->groups, oc = s->oc / g, ic = s->ic / g;
    const dnnl_dims_t w3 = {g, oc, ic, s->kt, s->kh, s->kw}, w2 = {g, oc, ic, s->kh, s->kw};
    const int64_t stride[] = {s->st, s->sh, s->sw}, pad[] = {s->pt, s->ph, s->pw};
    for (int i = 0; i < n - 2; i++) {
        p->stride[i] = stride[i + image];
        p->pad[i] = pad[i + image];
    }
    const int64_t *dims[] = {image ? x2 : x3, (image ? w2 : w3) + (g == 1), image ? y2 : y3};
    for (int i = 0; i < TENSORS; i++) {
        const int rank = n + (i == WEIGHT && g > 1);
        static const dnnl_format_tag_t tags[] = {dnnl_abcd, dnnl_abcde, dnnl_abcdef};
        if (!ok(dnnl_memory_desc_init_by_tag(&p->plain[i], rank, dims[i], dnnl_f32, tags[rank - 4]),
                "memory_desc_init") ||
            !ok(dnnl_memory_desc_init_by_tag(&p->any[i], rank, dims[i], dnnl_f32,
                                             dnnl_format_tag_any),
                "memory_desc_init"))
            return false;
    }
    return true;
}

static bool copy(BenchPeer *p, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_memory_desc_t *from_md, *to_md;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    const bool done =
        ok(dnnl_memory_get_memory_desc(from, &from_md), "get_memory_desc") &&
        ok(dnnl_memory_get_memory_desc(to, &to_md), "get_memory_desc") &&
        ok(dnnl_reorder_primitive_desc_create(&desc, from_md, p->engine, to_md, p->engine, NULL),
           "reorder_desc_create") &&
        ok(dnnl_primitive_create(&reorder, desc), "primitive_create") &&
        ok(dnnl_primitive_execute(reorder, p->stream, 2, args), "reorder") &&
        ok(dnnl_stream_wait(p->stream), "stream_wait");
    if (reorder)
        dnnl_primitive_destroy(reorder);
    if (desc)
        dnnl_primitive_desc_destroy(desc);
    return done;
}

/* Copies a row-major array to or from a tensor in oneDNN's layout. */
static bool exchange(BenchPeer *p, int tensor, float *plain, dnnl_memory_t memory, bool out)
{
    dnnl_memory_t array;
    if (!ok(dnnl_memory_create(&array, &p->plain[tensor], p->engine, plain), "memory_create"))
        return false;
    const bool done = out ? copy(p, memory, array) : copy(p, array, memory);
    dnnl_memory_destroy(array);
    return done;
}

static bool make_desc(BenchPeer *p, BenchPass pass, dnnl_alg_kind_t alg,
                      dnnl_primitive_desc_t *desc)
{
    dnnl_convolution_desc_t conv;
    dnnl_primitive_desc_t hint = NULL;
    const dnnl_memory_desc_t *x = &p->any[X], *w = &p->any[WEIGHT], *y = &p->any[Y];
    const dnnl_prop_kind_t kind =
        pass == BENCH_FORWARD ? dnnl_forward_inference : dnnl_forward_training;
    bool done =
        ok(dnnl_convolution_forward_desc_init(&conv, kind, alg, x, w, NULL, y, p->stride, p->pad,
                                              p->pad),
           "forward_desc_init") &&
        ok(dnnl_primitive_desc_create(&hint, &conv, NULL, p->engine, NULL), "forward desc_create");
    if (done && pass == BENCH_FORWARD) {
        *desc = hint;
        return true;
    }
    if (done && pass == BENCH_DATA)
        done = ok(dnnl_convolution_backward_data_desc_init(&conv, alg, x, w, y, p->stride, p->pad,
                                                           p->pad),
                  "backward_data_desc_init");
    else if (done)
        done = ok(dnnl_convolution_backward_weights_desc_init(&conv, alg, x, w, NULL, y, p->stride,
                                                              p->pad, p->pad),
                  "backward_weights_desc_init");
    done = done && ok(dnnl_primitive_desc_create(desc, &conv, NULL, p->engine, hint),
                      "backward desc_create");
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    return done;
}

static void free_pass(Pass *pass)
{
    for (int i = 0; i < TENSORS; i++)
        if (pass->arg[i].memory)
            dnnl_memory_destroy(pass->arg[i].memory);
    if (pass->primitive)
        dnnl_primitive_destroy(pass->primitive);
    *pass = (Pass){0};
}

static bool make_pass(BenchPeer *p, BenchPass pass, dnnl_alg_kind_t alg,
                      float *const plain[TENSORS])
{
    Pass *made = &p->pass[pass];
    dnnl_primitive_desc_t desc = NULL;
    if (!make_desc(p, pass, alg, &desc))
        return false;
    bool done = ok(dnnl_primitive_create(&made->primitive, desc), "primitive_create");
    const char *kernel = "";
    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, (void *)&kernel);
    snprintf(made->kernel, sizeof made->kernel, "%s", kernel);
    for (int i = 0; done && i < TENSORS; i++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(desc, passes[pass].query[i], 0);
        void *data = cop_arena_alloc(p->arena, dnnl_memory_desc_get_size(md), 1);
        made->arg[i].arg = passes[pass].arg[i];
        done = data &&
               ok(dnnl_memory_create(&made->arg[i].memory, md, p->engine, data), "memory_create");
        if (done && i != passes[pass].result)
            done = exchange(p, i, plain[i], made->arg[i].memory, false);
    }
    dnnl_primitive_desc_destroy(desc);
    return done;
}

void bench_peer_run(BenchPeer *p, BenchPass pass)
{
    dnnl_primitive_execute(p->pass[pass].primitive, p->stream, TENSORS, p->pass[pass].arg);
    dnnl_stream_wait(p->stream);
}

static double least_time(BenchPeer *p, BenchPass pass)
{
    double least = INFINITY;
    for (int i = 0; i < 3; i++) {
        const double start = bench_cpu();
        bench_peer_run(p, pass);
        least = fmin(least, bench_cpu() - start);
    }
    return least;
}

/* What oneDNN chooses by itself may be Winograd's algorithm, which is not always the faster. */
static bool make_best(BenchPeer *p, BenchPass pass, float *const plain[TENSORS])
{
    if (!make_pass(p, pass, dnnl_convolution_auto, plain))
        return false;
    if (!strstr(p->pass[pass].kernel, "wino"))
        return true;
    const double chosen = least_time(p, pass);
    Pass winograd = p->pass[pass];
    p->pass[pass] = (Pass){0};
    if (!make_pass(p, pass, dnnl_convolution_direct, plain)) {
        free_pass(&winograd);
        return false;
    }
    const bool direct = least_time(p, pass) < chosen;
    free_pass(direct ? &winograd : &p->pass[pass]);
    if (!direct)
        p->pass[pass] = winograd;
    return true;
}

BenchPeer *bench_peer_create(CopArena *arena, const BenchLayer *layer, int batch, int threads,
                             unsigned wanted, float *x, float *dy, float *weight)
{
    BenchPeer *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    omp_set_dynamic(0);
    omp_set_num_threads(threads);
    p->arena = arena;
    bool done =
        ok(dnnl_engine_create(&p->engine, dnnl_cpu, 0), "engine_create") &&
        ok(dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags), "stream_create") &&
        describe(p, layer, batch);
    for (int pass = 0; pass < BENCH_PASSES; pass++)
        if (wanted >> pass & 1)
            done = done && make_best(p, (BenchPass)pass, (float *[TENSORS]){x, weight, dy});
    if (!done)
        bench_peer_destroy(&p);
    return p;
}

void bench_peer_destroy(BenchPeer **peer)
{
    BenchPeer *p = *peer;
    if (!p)
        return;
    for (int pass = 0; pass < BENCH_PASSES; pass++)
        free_pass(&p->pass[pass]);
    if (p->stream)
        dnnl_stream_destroy(p->stream);
    if (p->engine)
        dnnl_engine_destroy(p->engine);
    free(p);
    *peer = NULL;
}

bool bench_peer_set_weight(BenchPeer *p, float *weight)
{
    for (int pass = BENCH_FORWARD; pass <= BENCH_DATA; pass++)
        if (p->pass[pass].primitive &&
            !exchange(p, WEIGHT, weight, p->pass[pass].arg[WEIGHT].memory, false))
            return false;
    return true;
}

const char *bench_peer_kernel(const BenchPeer *p, BenchPass pass)
{
    return p->pass[pass].kernel;
}

bool bench_peer_result(BenchPeer *p, BenchPass pass, float *result)
{
    const int i = passes[pass].result;
    return exchange(p, i, result, p->pass[pass].arg[i].memory, true);
}
