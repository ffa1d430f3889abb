/* Ice that grows over a pane: ferns from the borders, small shoots in between.
 *
 * A stem bends slowly; twigs leave it on both sides at about 60 degrees, as the lattice of
 * ice wants it, and carry smaller twigs. A coarse grid remembers who grew where, so
 * that crystals end at each other as they do on a window.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/frost_crystals.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "models/core/portable_math.h"

enum { STEM, TWIG, NEEDLE };

typedef struct Pane {
    int width, height, columns, rows;
    double scale, cell;
    float *ice;
    int32_t *owner; /* [rows][columns] crystal that grew there; 0: none */
    CopRngKey key;
    CopRngAddress at;
    uint32_t drawn;
} Pane;

/* A part of crystal `id` that grows from (x, y). */
typedef struct Shoot {
    int32_t id;
    int order;
    double x, y, angle, length, level;
} Shoot;

static double between(Pane *pane, double low, double high)
{
    return low + (high - low) * cop_rng_uniform(pane->key, pane->drawn++, pane->at);
}

/* False outside the pane and where another crystal is. */
static bool claim(Pane *pane, int32_t id, double x, double y)
{
    if (!(x >= 0 && x < pane->width && y >= 0 && y < pane->height))
        return false;
    int32_t *owner =
        pane->owner + (ptrdiff_t)(y / pane->cell) * pane->columns + (ptrdiff_t)(x / pane->cell);
    if (*owner == 0)
        *owner = id;
    return *owner == id;
}

static int at_least(double x, int least)
{
    const int whole = (int)floor(x);
    return whole > least ? whole : least;
}

static int at_most(double x, int most)
{
    const int whole = (int)ceil(x);
    return whole < most ? whole : most;
}

/* A line of two half widths whose edges are smooth. */
static void line(const Pane *pane, double x0, double y0, double x1, double y1, double half0,
                 double half1, double level)
{
    const double reach = (half0 > half1 ? half0 : half1) + 0.5;
    const int left = at_least((x0 < x1 ? x0 : x1) - reach, 0);
    const int right = at_most((x0 > x1 ? x0 : x1) + reach, pane->width - 1);
    const int top = at_least((y0 < y1 ? y0 : y1) - reach, 0);
    const int bottom = at_most((y0 > y1 ? y0 : y1) + reach, pane->height - 1);
    const double dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++) {
            double along = square > 0 ? ((x - x0) * dx + (y - y0) * dy) / square : 0;
            along = along < 0 ? 0 : along > 1 ? 1 : along;
            const double ex = x - x0 - along * dx, ey = y - y0 - along * dy;
            double cover = half0 + along * (half1 - half0) + 0.5 - sqrt(ex * ex + ey * ey);
            if (cover <= 0)
                continue;
            cover = level * (cover < 1 ? cover : 1);
            float *at = pane->ice + (ptrdiff_t)y * pane->width + x;
            if (cover > (double)*at)
                *at = (float)cover;
        }
}

static void grow(Pane *pane, Shoot shoot);

/* Twigs to both sides of a point at share s of its parent. */
static void branch(Pane *pane, const Shoot *parent, double x, double y, double angle, double s)
{
    const double share = parent->order == STEM ? 0.42 : 0.34;
    for (int side = -1; side <= 1; side += 2) {
        const double length = share * parent->length * sqrt(1 - s) * between(pane, 0.45, 1.1);
        const double turn = side * between(pane, 0.85, 1.1), level = between(pane, 0.75, 1);
        if (length > 1.5 * pane->scale)
            grow(pane, (Shoot){.id = parent->id,
                               .order = parent->order + 1,
                               .x = x,
                               .y = y,
                               .angle = angle + turn,
                               .length = length,
                               .level = parent->level * level});
    }
}

static void grow(Pane *pane, Shoot shoot)
{
    static const double half_width[] = {0.9, 0.55, 0.35}, bends[] = {0.9, 0.35, 0};
    const double step = (shoot.order == STEM ? 2.5 : 4) * pane->scale;
    const double bend = between(pane, -1, 1) * bends[shoot.order];
    double x = shoot.x, y = shoot.y, angle = shoot.angle;
    const double full = shoot.length / (shoot.length + 12 * pane->scale); /* short ones are thin */
    const double half = half_width[shoot.order] * pane->scale * (0.5 + 0.6 * full);
    double next = between(pane, 2, 4) * pane->scale; /* way to the next twigs */
    for (double done = 0; done < shoot.length;) {
        const double part = step < shoot.length - done ? step : shoot.length - done;
        double sine, cosine;
        cop_sin_cos(angle, &sine, &cosine);
        const double x1 = x + part * cosine, y1 = y + part * sine;
        if (!claim(pane, shoot.id, x1, y1))
            return;
        const double from = half * (1 - 0.7 * done / shoot.length);
        const double to = half * (1 - 0.7 * (done + part) / shoot.length);
        line(pane, x, y, x1, y1, from, to, shoot.level);
        while (shoot.order < NEEDLE && next < done + part) {
            const double way = next - done;
            branch(pane, &shoot, x + way * cosine, y + way * sine, angle, next / shoot.length);
            next += between(pane, 2.6, 4.2) * pane->scale;
        }
        x = x1;
        y = y1;
        done += part;
        angle += bend * part / shoot.length + between(pane, -0.03, 0.03) * bends[shoot.order];
    }
}

/* Stems start all around the border and grow inwards; a few grow far. */
static int32_t grow_borders(Pane *pane)
{
    const double width = pane->width, height = pane->height, around = 2 * (width + height);
    const double shorter = width < height ? width : height;
    const int n = (int)(around / (15 * pane->scale)) + 4;
    for (int i = 0; i < n; i++) {
        const double at = between(pane, 0, around), tilt = between(pane, -0.7, 0.7);
        const double u = between(pane, 0, 1);
        Shoot shoot = {.id = i + 1, .length = shorter * (0.1 + 0.6 * u * u * u)};
        shoot.level = between(pane, 0.7, 1);
        const double quarter = 1.5707963267948966;
        if (at < width) {
            shoot.x = at;
            shoot.angle = quarter;
        } else if (at < width + height) {
            shoot.x = width - 1;
            shoot.y = at - width;
            shoot.angle = 2 * quarter;
        } else if (at < 2 * width + height) {
            shoot.x = at - width - height;
            shoot.y = height - 1;
            shoot.angle = 3 * quarter;
        } else {
            shoot.y = at - 2 * width - height;
        }
        shoot.angle += tilt;
        grow(pane, shoot);
    }
    return n;
}

/* Small shoots wherever there is room, smaller and rarer far from the border. */
static void grow_between(Pane *pane, int32_t id)
{
    const double shorter = pane->width < pane->height ? pane->width : pane->height;
    const double room = 7 * pane->scale;
    const int n = (int)((double)pane->width * pane->height / (room * room));
    for (int i = 0; i < n; i++) {
        const double x = between(pane, 0, pane->width), y = between(pane, 0, pane->height);
        const double across = x < pane->width - x ? x : pane->width - x;
        const double down = y < pane->height - y ? y : pane->height - y;
        const double inside = (across < down ? across : down) / shorter; /* 0..0.5 */
        const double u = between(pane, 0, 1);
        const double size = (4 + 30 * u * u * u) * pane->scale * (1 - inside);
        double angle = between(pane, 0, 2 * COP_PI);
        if (between(pane, 0, 0.9) < inside || !claim(pane, id + 1, x, y))
            continue;
        id++;
        const int arms = 1 + (int)between(pane, 0, 3);
        for (int arm = 0; arm < arms; arm++) {
            grow(pane, (Shoot){.id = id,
                               .order = TWIG,
                               .x = x,
                               .y = y,
                               .angle = angle,
                               .length = size * between(pane, 0.5, 1.2),
                               .level = between(pane, 0.4, 0.8)});
            angle +=
                1.0471975511965976 * floor(between(pane, 1, 4)); /* of a lattice of 60 degrees */
        }
    }
}

CopStatus cop_frost_crystals(CopRngKey key, CopRngAddress at, int width, int height, double scale,
                             float *ice)
{
    Pane pane = {.width = width,
                 .height = height,
                 .scale = scale,
                 .cell = scale > 0.5 ? 2 * scale : 1,
                 .ice = ice,
                 .key = key,
                 .at = at};
    pane.columns = (int)(width / pane.cell) + 1;
    pane.rows = (int)(height / pane.cell) + 1;
    pane.owner = calloc((size_t)pane.columns * (size_t)pane.rows, sizeof *pane.owner);
    if (!pane.owner)
        return COP_ERR_NOMEM;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)width * height; i++)
        ice[i] = 0;
    grow_between(&pane, grow_borders(&pane));
    free(pane.owner);
    return COP_OK;
}
