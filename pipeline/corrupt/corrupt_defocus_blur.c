/* Defocus blur: a disk with soft edges, not brought to sum 1 again after its edges
 * are smoothed (Hendrycks and Dietterich, ICLR 2019; defocus_kernel.h). Borders are mirrored
 * without the outermost row, as by OpenCV's filter2D().
 *
 * The disk's sum is one of whole numbers: differences of running sums along rows, modulo
 * 2^16, one for each row of the disk. A Gaussian of few taps follows in floats, on levels about
 * 0, which halves errors. What then lies within the error bound of a whole level is summed up
 * with the kernel itself, unless it lies in a flat area, where each level has one answer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/defocus_kernel.h"
#include "pipeline/corrupt/flat_map.h"
#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

enum { KEPT = 5 };

typedef struct Defocus {
    double radius, soft;

    CopDefocusKernel kernel;
    double made_radius, made_soft;
    int width, height, pad; /* pad: columns beyond the border */
    uint8_t *source;        /* [height][pad + width + pad][3] */
    uint16_t *running;      /* [height][pad + width + pad + 1][3]: sums of what lies left */
    float *disk[KEPT];      /* [2 + width + 2][3]: rows of the disk's sums, row v in v % KEPT */
    uint32_t *sum;          /* [width][3] */
    float *mixed, *out;     /* as disk[], as sum */
    CopFlatMap flat;
} Defocus;

static const CopOption options[] = {
    {"radius", "of the disk, in pixels", COP_TYPE_DOUBLE, offsetof(Defocus, radius), "6", 0,
     COP_DEFOCUS_RADIUS_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"alias_sigma", "of the Gaussian that softens its edge, in pixels", COP_TYPE_DOUBLE,
     offsetof(Defocus, soft), "0.5", 0, 100, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    COP_OPTIONS_END,
};

static void release(Defocus *state)
{
    cop_defocus_kernel_free(&state->kernel);
    cop_flat_map_free(&state->flat);
    for (int i = 0; i < KEPT; i++) {
        free(state->disk[i]);
        state->disk[i] = NULL;
    }
    free(state->source);
    free(state->running);
    free(state->sum);
    free(state->mixed);
    free(state->out);
    state->source = NULL;
    state->running = NULL;
    state->sum = NULL;
    state->mixed = state->out = NULL;
    state->width = state->height = 0;
}

static CopStatus prepare(Defocus *state, const CopFrame *frame)
{
    if (state->width == frame->width && state->height == frame->height &&
        state->made_radius == state->radius && state->made_soft == state->soft)
        return COP_OK;
    release(state);
    COP_TRY(cop_defocus_kernel(&state->kernel, state->radius, state->soft));
    const size_t n = 3 * (size_t)frame->width, height = (size_t)frame->height;
    state->pad = state->kernel.reach + 2;
    const size_t padded = n + 6 * (size_t)state->pad;
    bool made = true;
    for (int i = 0; i < KEPT; i++)
        made &= (state->disk[i] = malloc((n + 12) * sizeof(float))) != NULL;
    made &= (state->source = malloc(padded * height)) != NULL;
    made &= (state->running = malloc((padded + 3) * height * sizeof(uint16_t))) != NULL;
    made &= (state->sum = malloc(n * sizeof(uint32_t))) != NULL;
    made &= (state->mixed = malloc((n + 12) * sizeof(float))) != NULL;
    made &= (state->out = malloc(n * sizeof(float))) != NULL;
    if (!made)
        return COP_ERR_NOMEM;
    state->width = frame->width;
    state->height = frame->height;
    state->made_radius = state->radius;
    state->made_soft = state->soft;
    return COP_OK;
}

/* Pixel 0 of a row of the source, and the sum of what lies left of it */
static const uint8_t *source_row(const Defocus *state, int v)
{
    const int row = cop_border_index(v, state->height, COP_BORDER_REFLECT_101);
    return state->source + ((size_t)row * (size_t)(state->width + 2 * state->pad) * 3) +
           3 * state->pad;
}

static const uint16_t *running_row(const Defocus *state, int v)
{
    const int row = cop_border_index(v, state->height, COP_BORDER_REFLECT_101);
    return state->running + (size_t)row * (size_t)(state->width + 2 * state->pad + 1) * 3 +
           3 * state->pad;
}

/* One row into the source, mirrored at its ends, and its running sums, modulo 2^16 */
static void read_row(const Defocus *state, const uint8_t *x, int v)
{
    const int pad = state->pad, n = 3 * state->width;
    uint8_t *y = state->source + (size_t)v * (size_t)(n + 6 * pad);
    memcpy(y + 3 * pad, x, (size_t)n);
    for (int u = 0; u < pad; u++) {
        const int left = cop_border_index(u - pad, state->width, COP_BORDER_REFLECT_101);
        const int right = cop_border_index(state->width + u, state->width, COP_BORDER_REFLECT_101);
        memcpy(y + 3 * u, x + 3 * left, 3);
        memcpy(y + 3 * pad + n + 3 * u, x + 3 * right, 3);
    }
    uint16_t *sum = state->running + (size_t)v * (size_t)(n + 6 * pad + 3);
    uint16_t r = 0, g = 0, b = 0;
    for (int i = 0; i <= n + 6 * pad; i += 3) {
        sum[i] = r;
        sum[i + 1] = g;
        sum[i + 2] = b;
        if (i == n + 6 * pad)
            break;
        r = (uint16_t)(r + y[i]);
        g = (uint16_t)(g + y[i + 1]);
        b = (uint16_t)(b + y[i + 2]);
    }
}

/* sum += two rows' parts of the disk, those of running sums from a to b and from c to d */
COP_TIERS_WHOLE static void add_parts(uint32_t *restrict sum, const uint16_t *a, const uint16_t *b,
                                      const uint16_t *c, const uint16_t *d, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += (uint32_t)(uint16_t)(b[i] - a[i]) + (uint32_t)(uint16_t)(d[i] - c[i]);
}

COP_TIERS_WHOLE static void set_part(uint32_t *restrict sum, const uint16_t *a, const uint16_t *b,
                                     int n)
{
    for (int i = 0; i < n; i++)
        sum[i] = (uint16_t)(b[i] - a[i]);
}

/* `middle` is what the disk's sum has of levels' own middle */
COP_TIERS static void to_floats(float *restrict y, const uint32_t *restrict x, int middle, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)((int32_t)x[i] - middle);
}

/* The disk's sums around row v, two columns beyond either end */
static void sum_disk(const Defocus *state, int v)
{
    const CopDefocusKernel *kernel = &state->kernel;
    const int n = 3 * state->width, width = state->width;
    for (int dy = 0; dy <= kernel->disk; dy++) {
        const int from = -3 * kernel->half[dy], to = 3 * (kernel->half[dy] + 1);
        const uint16_t *above = running_row(state, v - dy), *below = running_row(state, v + dy);
        if (dy == 0)
            set_part(state->sum, above + from, above + to, n);
        else
            add_parts(state->sum, above + from, above + to, below + from, below + to, n);
    }
    float *y = state->disk[v % KEPT] + 6;
    to_floats(y, state->sum, COP_DEFOCUS_MIDDLE * kernel->pixels, n);
    for (int u = 1; u <= 2; u++) {
        const int left = cop_border_index(-u, width, COP_BORDER_REFLECT_101);
        const int right = cop_border_index(width - 1 + u, width, COP_BORDER_REFLECT_101);
        memcpy(y - 3 * u, y + 3 * left, 3 * sizeof *y);
        memcpy(y + n + 3 * (u - 1), y + 3 * right, 3 * sizeof *y);
    }
}

COP_TIERS_ROUGH static void smooth_columns(float *restrict y, const float *const row[5],
                                           const float *smooth, float scale, int n)
{
    const float *a = row[0], *b = row[1], *c = row[2], *d = row[3], *e = row[4];
    const float outer = smooth[0] * scale, inner = smooth[1] * scale, middle = smooth[2] * scale;
    for (int i = 0; i < n; i++)
        y[i] = (outer * (a[i] + e[i]) + inner * (b[i] + d[i])) + middle * c[i];
}

COP_TIERS_ROUGH static void smooth_row(float *restrict y, const float *restrict x,
                                       const float *smooth, float base, int n)
{
    const float outer = smooth[0], inner = smooth[1], middle = smooth[2];
    for (int i = 0; i < n; i++)
        y[i] = ((outer * (x[i - 6] + x[i + 6]) + inner * (x[i - 3] + x[i + 3])) + middle * x[i]) +
               base;
}

COP_TIERS_ROUGH static void add_tap(float *restrict y, const uint8_t *restrict x, float weight,
                                    int n)
{
    for (int i = 0; i < n; i++)
        y[i] += weight * x[i];
}

COP_TIERS static void add_floats(float *restrict y, const float *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += x[i];
}

/* Row v in floats, into state->out */
static void filter_row(const Defocus *state, int v)
{
    const CopDefocusKernel *kernel = &state->kernel;
    const int n = 3 * state->width;
    const float *row[5];
    for (int j = 0; j < 5; j++)
        row[j] =
            state->disk[cop_border_index(v + j - 2, state->height, COP_BORDER_REFLECT_101) % KEPT];
    smooth_columns(state->mixed, row, kernel->smooth, kernel->per_pixel, n + 12);
    smooth_row(state->out, state->mixed + 6, kernel->smooth, kernel->middle, n);
    if (!kernel->n_rest)
        return;
    float *rest = state->mixed; /* no longer needed */
    memset(rest, 0, (size_t)n * sizeof *rest);
    for (int k = 0; k < kernel->n_rest; k++) {
        const CopDefocusTap *tap = &kernel->rest[k];
        add_tap(rest, source_row(state, v + tap->dy) + 3 * tap->dx, (float)tap->weight, n);
    }
    add_floats(state->out, rest, n);
}

static uint8_t cut(double level)
{
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

static uint8_t exact(void *filter, int v, int i)
{
    const Defocus *state = filter;
    const CopDefocusKernel *kernel = &state->kernel;
    const int r = kernel->reach;
    const CopDefocusTap *edge = kernel->edge, *end = edge + kernel->n_edge;
    int64_t inner = 0;
    double sum = 0;
    for (int dy = -r; dy <= r; dy++) {
        const int inside = kernel->inside[dy + r];
        if (inside >= 0) {
            const uint16_t *running = running_row(state, v + dy) + i;
            inner += (uint16_t)(running[3 * (inside + 1)] - running[-3 * inside]);
        }
        const uint8_t *x = source_row(state, v + dy) + i;
        for (; edge < end && edge->dy == dy; edge++)
            sum += edge->weight * x[3 * edge->dx];
    }
    return cut(sum + kernel->level * (double)inner);
}

static unsigned flat(void *filter, int channel, int v, int first, int last)
{
    Defocus *state = filter;
    const int r = state->kernel.reach;
    return cop_flat_map_ask(&state->flat, channel, first / 3 - r, last / 3 + r, v - r, v + r);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Defocus *state = corrupt->state;
    COP_TRY(prepare(state, frame));
    const CopCut by = {state, state->kernel.bound, exact, &state->flat, flat, frame->stride[0]};
    const int height = frame->height;
    for (int v = 0; v < height; v++)
        read_row(state, frame->plane[0] + (ptrdiff_t)v * frame->stride[0], v);
    cop_flat_map_start(&state->flat, source_row(state, 0),
                       3 * ((ptrdiff_t)frame->width + 2 * state->pad), frame->width, height);
    for (int v = 0, summed = 0; v < height; v++) {
        for (; summed < height && summed <= v + 2; summed++)
            sum_disk(state, summed);
        filter_row(state, v);
        cop_cut_row(&by, frame->plane[0] + (ptrdiff_t)v * frame->stride[0], state->out, v, 0,
                    3 * frame->width);
    }
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    release(corrupt->state);
}

static const char *const columns[] = {"radius", "alias_sigma", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0, 0},
     (const double[]){3, 0.1, 4, 0.5, 6, 0.5, 8, 0.5, 10, 0.5}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0, 0},
     (const double[]){3, 0.1, 4, 0.5, 6, 0.5, 8, 0.5, 10, 0.5}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0, 0},
     (const double[]){4, 0.1, 5, 0.5, 7, 0.5, 10, 0.5, 12, 0.5}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0, 0},
     (const double[]){0.5, 0.6, 1, 0.1, 1.5, 0.1, 2.5, 0.01, 3, 0.1}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0, 0},
     (const double[]){0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 1, 0.2, 1.5, 0.1}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){0, 0},
     (const double[]){3, 0.1, 4, 0.5, 6, 0.5, 8, 0.5, 10, 0.5}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_defocus_blur = {
    .name = "defocus_blur",
    .summary = "a disk with soft edges, an image out of focus",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Defocus),
    .apply = apply,
    .close = close,
};
