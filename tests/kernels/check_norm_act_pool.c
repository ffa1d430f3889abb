/* Lane kernels against plain loops in double: sums, normalisation, activations, pooling.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "models/kernels/conv3d.h"
#include "models/kernels/lane_kernels.h"
#include "models/kernels/ref/pool_ref.h"
#include "tests/kernels/kcheck.h"

typedef enum Fill { FILL_RANDOM, FILL_TIES, FILL_ZERO, FILL_HUGE, FILL_DENORMAL, FILL_COUNT } Fill;

static const char *const fill_names[] = {"random", "ties", "zero", "huge", "denormal"};

typedef struct Case {
    int n, c, t, h, w;
    Fill fill;
    bool accumulate;
} Case;

/* Clips [n][c][t][h][w] of doubles that are floats, and the tensors that hold them. */
typedef struct Field {
    KTensor tensor;
    double *value;
    size_t clip, all; /* elements of a clip, and of all */
} Field;

static double number(Fill fill)
{
    static const double scale[] = {1, 0, 0, 1e17, 1e-40};
    if (fill == FILL_TIES) /* few values: equal ones everywhere, zeros of both signs too */
        return kcheck_int(0, 5) ? kcheck_int(-2, 2) : -0.0;
    return (double)(float)kcheck_uniform(-scale[fill], scale[fill]);
}

static void refill(Field *field, Fill fill, float idle)
{
    for (size_t i = 0; i < field->all; i++)
        field->value[i] = number(fill);
    kcheck_store(&field->tensor, field->value);
    kcheck_fill_idle(&field->tensor, idle);
}

static Field make(int n, int c, int t, int h, int w, Fill fill, float idle)
{
    Field field = {.clip = (size_t)(c * t * h * w)};
    const CopHalo halo = {kcheck_int(0, 2), kcheck_int(0, 2), kcheck_int(0, 2),
                          kcheck_int(0, 2), kcheck_int(0, 2), kcheck_int(0, 2)};
    field.all = field.clip * (size_t)n;
    field.value = kcheck_alloc(field.all, sizeof *field.value);
    kcheck_tensor(&field.tensor, n, c, t, h, w, halo);
    refill(&field, fill, idle);
    return field;
}

static double *array(size_t n)
{
    return kcheck_alloc(n, sizeof(double));
}

static double *filled(size_t n, double value)
{
    double *out = array(n);
    for (size_t i = 0; i < n; i++)
        out[i] = value;
    return out;
}

/* What came out of a field, against `want` with sums of `size` of `terms` terms each. */
static void close_field(const char *what, const Field *field, const double *want,
                        const double *size, double terms, bool normal)
{
    double *got = array(field->all);
    kcheck_load(&field->tensor, got);
    KCHECK(kcheck_intact(&field->tensor));
    kcheck_close(what, got, want, size, filled(field->all, terms), field->all, normal);
}

static void equal_field(const char *what, const Field *field, const double *want)
{
    double *got = array(field->all);
    kcheck_load(&field->tensor, got);
    KCHECK(kcheck_intact(&field->tensor));
    for (size_t i = 0; i < field->all; i++)
        if (!(got[i] == want[i] || (isnan(got[i]) && isnan(want[i])))) {
            kcheck_fail("%s[%zu] = %.9g, want %.9g", what, i, got[i], want[i]);
            return;
        }
}

static void idle_zero(const Field *field)
{
    const CopTensor *x = &field->tensor.x;
    for (int lane = x->n; lane < x->g * COP_LANES; lane++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++)
                    for (int w = 0; w < x->w; w++)
                        KCHECK(cop_tensor_at(x, lane / COP_LANES, c, t, h, w)[lane % COP_LANES] ==
                               0);
}

/* Channel of element i of a field of case c. */
static int channel(const Case *c, size_t i)
{
    return (int)(i / (size_t)(c->t * c->h * c->w)) % c->c;
}

static bool normal(const Case *c)
{
    return c->fill == FILL_RANDOM || c->fill == FILL_TIES || c->fill == FILL_HUGE;
}

static bool open_case(const char *what, const Case *c)
{
    return kcheck_case("%s %dx%dx%dx%d n %d %s%s", what, c->c, c->t, c->h, c->w, c->n,
                       fill_names[c->fill], c->accumulate ? " accumulate" : "");
}

/* --- batch normalisation ------------------------------------------------------------ */

/* Sums of all planes of a channel. */
static void add_planes(double sums[2], const double plane[2])
{
    sums[0] += plane[0];
    sums[1] += plane[1];
}

/* A channel with its parameters, and which parts it has. */
typedef struct Norm {
    Field x, add, y, dy, dx, dadd;
    CopLaneNorm norm[8];
    CopLaneNormGrad grad;
    bool has_add, relu;
} Norm;

static Norm open_norm(const Case *c, int parts)
{
    Norm n = {.x = make(c->n, c->c, c->t, c->h, c->w, c->fill, 1e15f),
              .add = make(c->n, c->c, c->t, c->h, c->w, c->fill, 1e15f),
              .y = make(c->n, c->c, c->t, c->h, c->w, FILL_RANDOM, 1e15f),
              .dy = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0),
              .dx = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0),
              .dadd = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0),
              .has_add = parts & 1,
              .relu = parts & 2};
    for (int ch = 0; ch < c->c; ch++)
        n.norm[ch] = (CopLaneNorm){.mean = (float)number(c->fill),
                                   .scale = (float)number(FILL_RANDOM),
                                   .shift = (float)number(c->fill),
                                   .relu = n.relu};
    return n;
}

/* Its tensors lie in the struct, which must stay where it is from here on. */
static void point(Norm *n, const Case *c)
{
    for (int ch = 0; ch < c->c; ch++) {
        n->norm[ch].x = &n->x.tensor.x;
        n->norm[ch].add = n->has_add ? &n->add.tensor.x : NULL;
        n->norm[ch].y = &n->y.tensor.x;
    }
    n->grad.dy = &n->dy.tensor.x;
    n->grad.dx = &n->dx.tensor.x;
    n->grad.dadd = &n->dadd.tensor.x;
}

#define EACH_PLANE(x, at)                                                                          \
    for (CopPlane at = {0}; at.g < (x)->g; at.g++)                                                 \
        for (at.c = 0; at.c < (x)->c; at.c++)                                                      \
            for (at.t = 0; at.t < (x)->t; at.t++)

/* Means are those of other rows: 2^-24 w of the sum of squares about a row's middle, which is at
 * most w times that about its mean, in the worst case; and w + 4 roundings of the sum. */
static void check_moments(const Case *c, double far)
{
    if (!open_case("moments", c))
        return;
    Field x = make(c->n, c->c, c->t, c->h, c->w, c->fill, 1e15f);
    for (size_t i = 0; i < x.all; i++)
        x.value[i] = (double)(float)(x.value[i] + far);
    kcheck_store(&x.tensor, x.value);
    kcheck_fill_idle(&x.tensor, 1e15f);
    double got[8][2] = {{0}};
    EACH_PLANE(&x.tensor.x, at)
    {
        double plane[2];
        cop_lane_kernels()->moments(&x.tensor.x, at, (float)x.value[0], plane);
        add_planes(got[at.c], plane);
    }
    const size_t w = (size_t)c->w;
    for (int ch = 0; ch < c->c; ch++) {
        double want[2] = {0}, size[2] = {0};
        const double terms[2] = {c->w + 4, c->w + 4};
        for (size_t i = 0; i < x.all; i++) {
            if (channel(c, i) != ch)
                continue;
            const double d = x.value[i] - x.value[0];
            const double off = fabs(x.value[i] - x.value[i / w * w + w / 2]);
            want[0] += d;
            want[1] += d * d;
            /* In double there is no rounding to speak of. */
            size[0] += off + fabs(d) * 0x1p-26;
            size[1] += off * off + off * fabs(d) + d * d * 0x1p-26;
        }
        if (c->fill == FILL_DENORMAL)
            size[0] = size[1] = (double)x.all * 0x1p-127;
        for (int j = 0; j < 2; j++)
            kcheck_close(j ? "squares" : "sum", &got[ch][j], &want[j], &size[j], &terms[j], 1,
                         false);
    }
    KCHECK(kcheck_intact(&x.tensor));
    kcheck_end();
}

/* d of each element, from y as the kernel made it. */
static double *passed(const Norm *n)
{
    double *d = array(n->dy.all), *y = array(n->y.all);
    kcheck_load(&n->y.tensor, y);
    for (size_t i = 0; i < n->dy.all; i++)
        d[i] = !n->relu || y[i] > 0 ? n->dy.value[i] : 0;
    return d;
}

static void check_norm_sums(const Case *c, const Norm *n, const double *d)
{
    double got[8][2] = {{0}};
    EACH_PLANE(&n->x.tensor.x, at)
    {
        double plane[2];
        cop_lane_kernels()->norm_sums(&n->norm[at.c], n->grad.dy, at, plane);
        add_planes(got[at.c], plane);
    }
    for (int ch = 0; ch < c->c; ch++) {
        double want[2] = {0}, size[2] = {0};
        const double terms[2] = {c->w, c->w + 3}; /* a product has three roundings more */
        for (size_t i = 0; i < n->x.all; i++) {
            if (channel(c, i) != ch)
                continue;
            const double part[2] = {d[i], d[i] * (n->x.value[i] - (double)n->norm[ch].mean)};
            for (int j = 0; j < 2; j++) {
                want[j] += part[j];
                size[j] += fabs(part[j]);
            }
        }
        for (int j = 0; j < 2; j++) {
            if (c->fill == FILL_DENORMAL) /* one step of each product */
                size[j] += (double)n->x.all * 0x1p-127;
            kcheck_close("sum", &got[ch][j], &want[j], &size[j], &terms[j], 1, false);
        }
    }
}

static void check_norm_backward(const Case *c, Norm *n, const double *d)
{
    double *want = array(n->x.all), *size = array(n->x.all), *add = array(n->x.all);
    float v[8][3];
    for (int ch = 0; ch < c->c; ch++)
        for (int j = 0; j < 3; j++)
            v[ch][j] = (float)number(j < 2 ? FILL_RANDOM : c->fill);
    for (size_t i = 0; i < n->x.all; i++) {
        const int ch = channel(c, i);
        const double part[4] = {c->accumulate ? n->dx.value[i] : 0, (double)v[ch][0] * d[i],
                                (double)v[ch][1] * (n->x.value[i] - (double)n->norm[ch].mean),
                                (double)v[ch][2]};
        for (int j = 0; j < 4; j++) {
            want[i] += part[j];
            size[i] += fabs(part[j]);
        }
        add[i] = (double)(float)(d[i] + (c->accumulate ? n->dadd.value[i] : 0));
    }
    if (!c->accumulate) {
        kcheck_poison(&n->dx.tensor);
        kcheck_poison(&n->dadd.tensor);
    }
    n->grad.accumulate = n->grad.accumulate_add = c->accumulate;
    EACH_PLANE(&n->x.tensor.x, at)
    {
        n->grad.a = v[at.c][0];
        n->grad.b = v[at.c][1];
        n->grad.k = v[at.c][2];
        cop_lane_kernels()->norm_backward(&n->norm[at.c], &n->grad, at);
    }
    close_field("dx", &n->dx, want, size, 6, false);
    equal_field("dadd", &n->dadd, add);
    idle_zero(&n->dx);
    idle_zero(&n->dadd);
}

static void check_norm(const Case *c, int parts)
{
    if (!kcheck_case("norm%s%s %dx%dx%dx%d n %d %s%s", parts & 1 ? " add" : "",
                     parts & 2 ? " relu" : "", c->c, c->t, c->h, c->w, c->n, fill_names[c->fill],
                     c->accumulate ? " accumulate" : ""))
        return;
    Norm n = open_norm(c, parts);
    point(&n, c);
    kcheck_poison(&n.y.tensor);
    EACH_PLANE(&n.x.tensor.x, at)
    cop_lane_kernels()->norm(&n.norm[at.c], at);
    double *want = array(n.x.all), *size = array(n.x.all);
    for (size_t i = 0; i < n.x.all; i++) {
        const CopLaneNorm *norm = &n.norm[channel(c, i)];
        const double product = (n.x.value[i] - (double)norm->mean) * (double)norm->scale;
        const double added = n.has_add ? n.add.value[i] : 0;
        want[i] = product + (double)norm->shift + added;
        size[i] = fabs(product) + fabs((double)norm->shift) + fabs(added);
        if (n.relu && want[i] < 0)
            want[i] = 0;
    }
    close_field("y", &n.y, want, size, 4, false);
    const double *d = passed(&n);
    check_norm_sums(c, &n, d);
    check_norm_backward(c, &n, d);
    KCHECK(kcheck_intact(&n.x.tensor) && kcheck_intact(&n.dy.tensor) &&
           kcheck_intact(&n.add.tensor));
    kcheck_end();
}

/* --- elementwise: exact ---------------------------------------------------------------- */

static void check_elementwise(const Case *c)
{
    if (!open_case("elementwise", c))
        return;
    const CopLaneKernels *k = cop_lane_kernels();
    Field a = make(c->n, c->c, c->t, c->h, c->w, c->fill, 1e15f);
    const Field b = make(c->n, c->c, c->t, c->h, c->w, c->fill, 1e15f);
    Field dx = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0);
    Field y = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0);
    if (a.all > 2) { /* NaN is not hidden by a rectifier */
        a.value[1] = NAN;
        kcheck_store(&a.tensor, a.value);
    }
    double *want = array(a.all), *dwant = array(a.all), *sum = array(a.all), *copy = array(a.all);
    for (size_t i = 0; i < a.all; i++) {
        const double before = c->accumulate ? dx.value[i] : 0;
        want[i] = a.value[i] < 0 ? 0 : a.value[i];
        dwant[i] = (double)(float)(before + (b.value[i] > 0 ? a.value[i] : 0));
        sum[i] = (double)(float)(a.value[i] + b.value[i]);
        copy[i] = (double)(float)(a.value[i] + (c->accumulate ? sum[i] : 0));
    }
    if (!c->accumulate)
        kcheck_poison(&dx.tensor);
    kcheck_poison(&y.tensor);
    for (int ch = 0; ch < c->c; ch++) {
        k->relu(&a.tensor.x, &y.tensor.x, ch);
        k->relu_backward(&b.tensor.x, &a.tensor.x, &dx.tensor.x, ch, c->accumulate);
    }
    equal_field("relu", &y, want);
    equal_field("relu backward", &dx, dwant);
    for (int ch = 0; ch < c->c; ch++)
        k->add(&a.tensor.x, &b.tensor.x, &y.tensor.x, ch);
    equal_field("add", &y, sum);
    for (int ch = 0; ch < c->c; ch++)
        k->copy(&a.tensor.x, &y.tensor.x, ch, c->accumulate);
    equal_field("copy", &y, copy);
    kcheck_end();
}

/* One channel at a time, and no other. */
static void check_channels(void)
{
    const Case c = {.n = 5, .c = 3, .t = 2, .h = 3, .w = 4};
    if (!open_case("channels", &c))
        return;
    const Field x = make(c.n, c.c, c.t, c.h, c.w, FILL_RANDOM, 0);
    Field y = make(c.n, c.c, c.t, c.h, c.w, FILL_RANDOM, 0);
    const CopLaneKernels *k = cop_lane_kernels();
    const CopPoolShape one = {1, 1, 1, 1, 1, 1, 0, 0, 0};
    for (int kernel = 0; kernel < 6; kernel++) {
        refill(&y, FILL_RANDOM, 0);
        double *want = array(y.all);
        memcpy(want, y.value, y.all * sizeof *want);
        for (size_t i = 0; i < y.all; i++)
            if (channel(&c, i) == 1)
                want[i] = x.value[i];
        const CopTensor *in = &x.tensor.x, *out = &y.tensor.x;
        kernel == 0   ? k->add(in, in, out, 1)
        : kernel == 1 ? k->copy(in, out, 1, false)
        : kernel == 2 ? k->max_pool(in, out, 1, &one)
        : kernel == 3 ? k->avg_pool(in, out, 1, &one)
        : kernel == 4 ? k->max_pool_backward(in, in, out, 1, &one, false)
                      : k->avg_pool_backward(in, out, 1, &one, false);
        for (size_t i = 0; i < y.all && kernel == 0; i++)
            if (channel(&c, i) == 1)
                want[i] *= 2;
        double *got = array(y.all);
        kcheck_load(&y.tensor, got);
        KCHECK(memcmp(got, want, y.all * sizeof *got) == 0);
    }
    kcheck_end();
}

/* --- pooling ------------------------------------------------------------------------------ */

static void check_pool(const Case *c, const CopPoolShape *s)
{
    const int ot = cop_conv_out(c->t, s->kt, s->st, s->pt);
    const int oh = cop_conv_out(c->h, s->kh, s->sh, s->ph);
    const int ow = cop_conv_out(c->w, s->kw, s->sw, s->pw);
    if (ot < 1 || oh < 1 || ow < 1)
        return;
    if (!kcheck_case("pool k %dx%dx%d s %d,%d,%d p %d,%d,%d on %dx%dx%dx%d n %d %s%s", s->kt, s->kh,
                     s->kw, s->st, s->sh, s->sw, s->pt, s->ph, s->pw, c->c, c->t, c->h, c->w, c->n,
                     fill_names[c->fill], c->accumulate ? " accumulate" : ""))
        return;
    const CopLaneKernels *k = cop_lane_kernels();
    const Field x = make(c->n, c->c, c->t, c->h, c->w, c->fill, 1e15f);
    const Field dy = make(c->n, c->c, ot, oh, ow, c->fill, 0);
    Field y = make(c->n, c->c, ot, oh, ow, c->fill, 0), mean = make(c->n, c->c, ot, oh, ow, 0, 0);
    Field dx = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0);
    Field dmean = make(c->n, c->c, c->t, c->h, c->w, c->fill, 0);
    kcheck_poison(&y.tensor);
    kcheck_poison(&mean.tensor);
    double *want = array(y.all), *want_mean = array(y.all), *size = array(y.all);
    double *dwant = array(x.all), *dwant_mean = array(x.all);
    double *dsize = array(x.all), *dsize_mean = array(x.all);
    double *x_size = array(x.all), *dy_size = array(dy.all);
    for (size_t i = 0; i < x.all; i++) {
        x_size[i] = fabs(x.value[i]);
        dwant[i] = c->accumulate ? dx.value[i] : 0;
        dwant_mean[i] = c->accumulate ? dmean.value[i] : 0;
        dsize[i] = fabs(dwant[i]);
        dsize_mean[i] = fabs(dwant_mean[i]);
    }
    for (size_t i = 0; i < dy.all; i++)
        dy_size[i] = fabs(dy.value[i]);
    const size_t in = (size_t)(c->t * c->h * c->w), out = (size_t)(ot * oh * ow);
    for (int i = 0; i < c->n * c->c; i++) {
        const size_t a = (size_t)i * in, b = (size_t)i * out;
        cop_pool_ref_max(s, c->t, c->h, c->w, x.value + a, want + b);
        cop_pool_ref_avg(s, c->t, c->h, c->w, x.value + a, want_mean + b);
        cop_pool_ref_avg(s, c->t, c->h, c->w, x_size + a, size + b);
        cop_pool_ref_max_backward(s, c->t, c->h, c->w, x.value + a, dy.value + b, dwant + a);
        cop_pool_ref_max_backward(s, c->t, c->h, c->w, x.value + a, dy_size + b, dsize + a);
        cop_pool_ref_avg_backward(s, c->t, c->h, c->w, dy.value + b, dwant_mean + a);
        cop_pool_ref_avg_backward(s, c->t, c->h, c->w, dy_size + b, dsize_mean + a);
    }
    if (!c->accumulate) {
        kcheck_poison(&dx.tensor);
        kcheck_poison(&dmean.tensor);
    }
    for (int ch = 0; ch < c->c; ch++) {
        k->max_pool(&x.tensor.x, &y.tensor.x, ch, s);
        k->avg_pool(&x.tensor.x, &mean.tensor.x, ch, s);
        k->max_pool_backward(&x.tensor.x, &dy.tensor.x, &dx.tensor.x, ch, s, c->accumulate);
        k->avg_pool_backward(&dy.tensor.x, &dmean.tensor.x, ch, s, c->accumulate);
    }
    const double taps = s->kt * s->kh * s->kw;
    equal_field("max", &y, want);
    close_field("average", &mean, want_mean, size, taps + 2, false);
    close_field("max dx", &dx, dwant, dsize, taps + 1, normal(c));
    close_field("average dx", &dmean, dwant_mean, dsize_mean, taps + 2, false);
    idle_zero(&dx);
    idle_zero(&dmean);
    kcheck_end();
}

/* A maximum with NaN in its window is NaN, as PyTorch's: divergence must show. */
static void check_nan(void)
{
    static const CopPoolShape s = {2, 2, 2, 1, 1, 1, 0, 0, 0};
    const Case c = {.n = 3, .c = 1, .t = 3, .h = 3, .w = 3};
    for (size_t at = 0; at < 27; at++) {
        if (!open_case("max of NaN", &c))
            continue;
        Field x = make(c.n, c.c, c.t, c.h, c.w, FILL_RANDOM, 0);
        Field y = make(c.n, c.c, 2, 2, 2, FILL_RANDOM, 0);
        x.value[27 + at] = NAN;
        kcheck_store(&x.tensor, x.value);
        kcheck_poison(&y.tensor);
        cop_lane_kernels()->max_pool(&x.tensor.x, &y.tensor.x, 0, &s);
        double *want = array(y.all);
        for (int n = 0; n < 3; n++)
            cop_pool_ref_max(&s, 3, 3, 3, x.value + n * 27, want + n * 8);
        equal_field("max", &y, want);
        kcheck_end();
    }
}

static void run(void)
{
    static const int lanes[] = {1, 5, 16, 21, 33};
    static const int sizes[][3] = {{1, 1, 1}, {2, 3, 5}, {3, 1, 17}, {1, 7, 4}, {2, 2, 31}};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            for (int f = 0; f < FILL_COUNT; f++) {
                const Case c = {.n = lanes[j],
                                .c = 1 + (i + j) % 3,
                                .t = sizes[i][0],
                                .h = sizes[i][1],
                                .w = sizes[i][2],
                                .fill = (Fill)f,
                                .accumulate = (i + j + f) % 2};
                check_moments(&c, 0);
                check_moments(&c, 1000);
                for (int parts = 0; parts < 4; parts++)
                    check_norm(&c, parts);
                check_elementwise(&c);
            }
    check_channels();
    check_nan();
    static const CopPoolShape shapes[] = {
        {2, 2, 2, 2, 2, 2, 0, 0, 0}, {1, 3, 3, 1, 2, 2, 0, 1, 1}, {3, 3, 3, 1, 1, 1, 1, 1, 1},
        {2, 1, 1, 2, 1, 1, 0, 0, 0}, {1, 1, 1, 2, 2, 2, 0, 0, 0}, {4, 5, 6, 1, 1, 1, 0, 0, 0},
        {3, 3, 3, 2, 2, 2, 1, 1, 1}, {1, 2, 3, 3, 3, 3, 0, 1, 0}, {2, 2, 2, 1, 3, 2, 1, 1, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int j = 0; j < 5; j++)
            for (int f = 0; f < FILL_COUNT; f++)
                check_pool(&(Case){.n = lanes[j],
                                   .c = 2,
                                   .t = 4,
                                   .h = 5,
                                   .w = 6 + j,
                                   .fill = (Fill)f,
                                   .accumulate = (int)(i + (size_t)j) % 2},
                           &shapes[i]);
}

const KCheck kcheck_norm_act_pool = {.name = "norm_act_pool", .run = run};
