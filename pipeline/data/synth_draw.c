/* Drawing of sprites and backgrounds, in floating point, one sample a pixel with
 * edges softened over a pixel's width.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "pipeline/data/synth.h"
#include "pipeline/data/synth_private.h"

enum { VERTICES = 32, TILE = 16 };

static const double turn = 6.283185307179586;

typedef struct Colour {
    double r, g, b;
} Colour;

typedef struct Point {
    double x, y;
} Point;

typedef enum Texture { TEXTURE_STRIPES, TEXTURE_CHECKER, TEXTURE_SECTORS, TEXTURE_NOISE } Texture;

struct CopSynthScene {
    CopSynthClip clip;
    /* the sprite */
    Point vertex[VERTICES]; /* largest distance from the centre is 1 */
    int vertices;
    Texture texture;
    double frequency, phase; /* cycles a radius; sectors */
    Colour light, dark, mark;
    Point eye; /* a spot off the centre, so that no sprite looks the same after part of a turn */
    double texture_tile[TILE][TILE];
    /* the background */
    Colour ground[2];
    double tile[TILE][TILE];
    double cells; /* of the coarsest noise, a width */
    Point offset, drift;
    /* the camera */
    double gain, lift, noise;
};

static double clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double smooth(double x)
{
    x = clamp01(x);
    return x * x * (3 - 2 * x);
}

static double mix(double a, double b, double share)
{
    return a + (b - a) * share;
}

static Colour blend(Colour a, Colour b, double share)
{
    return (Colour){mix(a.r, b.r, share), mix(a.g, b.g, share), mix(a.b, b.b, share)};
}

static Colour scale(Colour colour, double factor)
{
    return (Colour){colour.r * factor, colour.g * factor, colour.b * factor};
}

/* Hue in turns. */
static Colour hsv(double hue, double saturation, double value)
{
    double channel[3];
    for (int i = 0; i < 3; i++) {
        double h = hue + (double)i * 2 / 3;
        h -= floor(h);
        channel[i] = value * (1 - saturation * (1 - clamp01(fabs(h * 6 - 3) - 1)));
    }
    return (Colour){channel[0], channel[2], channel[1]};
}

/* Value noise: smooth interpolation on a lattice that repeats after TILE cells. */
static double noise_at(const double tile[TILE][TILE], double x, double y)
{
    const double fx = floor(x), fy = floor(y);
    const double sx = smooth(x - fx), sy = smooth(y - fy);
    const int x0 = (int)fx & (TILE - 1), y0 = (int)fy & (TILE - 1);
    const int x1 = (x0 + 1) & (TILE - 1), y1 = (y0 + 1) & (TILE - 1);
    return mix(mix(tile[y0][x0], tile[y0][x1], sx), mix(tile[y1][x0], tile[y1][x1], sx), sy);
}

static void fill_tile(double tile[TILE][TILE], CopRngKey key, CopRngAddress at)
{
    for (uint32_t i = 0; i < TILE * TILE; i++)
        tile[i / TILE][i % TILE] = cop_rng_uniform(key, i, at);
}

/* --- choices -------------------------------------------------------------------- */

/* Regular polygons, stars, crosses, discs and pebbles, all as closed outlines. */
static void choose_shape(CopSynthScene *scene, CopRngKey key, CopRngAddress at)
{
    enum { DISC, POLYGON, STAR, CROSS, PEBBLE, SHAPES };
    const uint32_t shape = cop_rng_below(key, 0, at, SHAPES);
    const double a = cop_rng_uniform(key, 1, at), b = cop_rng_uniform(key, 2, at);
    const double inner = cop_synth_between(key, 3, at, 0.42, 0.6);
    const int corners = shape == POLYGON ? 3 + (int)cop_rng_below(key, 4, at, 3)
                                         : 4 + (int)cop_rng_below(key, 4, at, 3);
    scene->vertices = shape == POLYGON ? corners
                      : shape == STAR  ? 2 * corners
                      : shape == CROSS ? 12
                                       : VERTICES;
    double largest = 0;
    for (int i = 0; i < scene->vertices; i++) {
        double angle = turn * i / scene->vertices, radius = 1;
        if (shape == STAR && i % 2)
            radius = inner;
        if (shape == PEBBLE)
            radius = 1 + 0.22 * cos(2 * angle + turn * a) + 0.16 * cos(3 * angle + turn * b);
        if (shape == CROSS) {
            /* Each arm has two outer corners and shares an inner one with the next. */
            const double half = 0.36, arm = turn / 4 * (i / 3);
            const Point corner[3] = {{1, -half}, {1, half}, {half, half}};
            const Point p = corner[i % 3];
            angle = atan2(p.y, p.x) + arm;
            radius = hypot(p.x, p.y);
        }
        scene->vertex[i] = (Point){radius * cos(angle), radius * sin(angle)};
        largest = fmax(largest, radius);
    }
    for (int i = 0; i < scene->vertices; i++) {
        scene->vertex[i].x /= largest;
        scene->vertex[i].y /= largest;
    }
}

static void choose_sprite(CopSynthScene *scene, bool bright_ground)
{
    const CopRngKey key = scene->clip.key;
    const CopRngAddress at = cop_synth_address(&scene->clip, COP_SYNTH_SPRITE, 0);
    choose_shape(scene, key, at);
    scene->texture = (Texture)cop_rng_below(key, 8, at, TEXTURE_NOISE + 1);
    scene->phase = cop_rng_uniform(key, 9, at);
    /* Waves stay longer than twice the way between two sampled frames. */
    scene->frequency = scene->texture == TEXTURE_SECTORS ? 1 + cop_rng_below(key, 10, at, 4)
                       : scene->texture == TEXTURE_NOISE
                           ? cop_synth_between(key, 10, at, 1.0, 1.5)
                           : cop_synth_between(key, 10, at, 0.45, 0.75);
    const double hue = cop_rng_uniform(key, 11, at);
    const double other = hue + cop_synth_between(key, 12, at, 0.3, 0.7);
    const double saturation = cop_synth_between(key, 13, at, 0.55, 0.95);
    if (bright_ground) {
        scene->light = hsv(hue, saturation, cop_synth_between(key, 14, at, 0.5, 0.7));
        scene->dark = hsv(other, saturation, cop_synth_between(key, 15, at, 0.12, 0.35));
    } else {
        scene->light = hsv(hue, 0.5 * saturation, cop_synth_between(key, 14, at, 0.92, 1));
        scene->dark = hsv(other, saturation, cop_synth_between(key, 15, at, 0.6, 0.85));
    }
    scene->mark = bright_ground ? hsv(hue, 0.1, 0.98) : hsv(other, 0.8, 0.12);
    scene->eye = (Point){0.42 * cos(turn * cop_rng_uniform(key, 16, at)),
                         0.42 * sin(turn * cop_rng_uniform(key, 16, at))};
    fill_tile(scene->texture_tile, key, cop_synth_address(&scene->clip, COP_SYNTH_TEXTURE, 0));
}

/* What a group shares. True when the background is bright. */
static bool choose_scene(CopSynthScene *scene)
{
    const CopRngKey key = scene->clip.key;
    CopRngAddress at = {COP_SYNTH_SCENE, 0, scene->clip.group};
    const bool bright = cop_rng_below(key, 0, at, 3) == 0;
    const double hue = cop_rng_uniform(key, 1, at);
    const double other = hue + cop_synth_between(key, 2, at, -0.12, 0.12);
    const double value = bright ? cop_synth_between(key, 3, at, 0.8, 0.95)
                                : cop_synth_between(key, 3, at, 0.16, 0.32);
    const double saturation = bright ? cop_synth_between(key, 4, at, 0.06, 0.25)
                                     : cop_synth_between(key, 4, at, 0.3, 0.6);
    scene->ground[0] = hsv(hue, saturation, value);
    scene->ground[1] = hsv(other, 0.8 * saturation, value + (bright ? -0.22 : 0.2));
    scene->cells = cop_synth_between(key, 5, at, 2.5, 4.5);
    at.draw = COP_SYNTH_BACKGROUND;
    fill_tile(scene->tile, key, at);
    return bright;
}

/* The background's own way and the camera's settings differ from clip to clip. */
static void choose_camera(CopSynthScene *scene)
{
    const CopRngKey key = scene->clip.key;
    const CopRngAddress at = cop_synth_address(&scene->clip, COP_SYNTH_CAMERA, 0);
    const double course = turn * cop_rng_uniform(key, 0, at);
    const double speed = cop_synth_between(key, 1, at, 0, 0.012);
    scene->drift = (Point){speed * cos(course), speed * sin(course)};
    scene->offset = (Point){TILE * cop_rng_uniform(key, 2, at), TILE * cop_rng_uniform(key, 3, at)};
    scene->gain = cop_synth_between(key, 4, at, 0.82, 1.08);
    scene->lift = cop_synth_between(key, 5, at, -0.03, 0.05);
    scene->noise = cop_synth_between(key, 6, at, 0, 0.012);
}

CopStatus cop_synth_open(CopSynthScene **out, const CopSynthClip *clip)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return COP_ERR_NOMEM;
    (*out)->clip = *clip;
    choose_sprite(*out, choose_scene(*out));
    choose_camera(*out);
    return COP_OK;
}

void cop_synth_close(CopSynthScene **scene)
{
    if (!scene)
        return;
    free(*scene);
    *scene = NULL;
}

/* --- pixels --------------------------------------------------------------------- */

/* Signed distance to the outline, negative inside: the least distance to an
 * edge; the sign from the parity of crossings. */
static double distance(const CopSynthScene *scene, Point p)
{
    double least = INFINITY;
    bool inside = false;
    for (int i = 0, j = scene->vertices - 1; i < scene->vertices; j = i++) {
        const Point a = scene->vertex[i], b = scene->vertex[j];
        const Point edge = {b.x - a.x, b.y - a.y}, to = {p.x - a.x, p.y - a.y};
        const double along =
            clamp01((to.x * edge.x + to.y * edge.y) / (edge.x * edge.x + edge.y * edge.y));
        const double dx = to.x - along * edge.x, dy = to.y - along * edge.y;
        least = fmin(least, dx * dx + dy * dy);
        if ((a.y > p.y) != (b.y > p.y) && to.x < to.y * edge.x / edge.y)
            inside = !inside;
    }
    return inside ? -sqrt(least) : sqrt(least);
}

/* From a difference on the torus to the sprite's own coordinates, in radii. */
static Point to_local(const CopSynthPose *pose, double dx, double dy)
{
    dx -= floor(dx + 0.5);
    dy -= floor(dy + 0.5);
    const double c = cos(pose->angle) / pose->radius, s = sin(pose->angle) / pose->radius;
    return (Point){c * dx + s * dy, c * dy - s * dx};
}

static Colour texture_at(const CopSynthScene *scene, Point p)
{
    const double f = turn * scene->frequency, phase = turn * scene->phase;
    double wave = 0;
    switch (scene->texture) {
    case TEXTURE_STRIPES:
        wave = sin(f * p.x + phase);
        break;
    case TEXTURE_CHECKER:
        wave = 2 * sin(f * p.x + phase) * sin(f * p.y + phase);
        break;
    case TEXTURE_SECTORS:
        wave = sin(scene->frequency * atan2(p.y, p.x) + phase) * fmin(1, 6 * hypot(p.x, p.y));
        break;
    case TEXTURE_NOISE:
        wave = 6 * (noise_at(scene->texture_tile, scene->frequency * p.x + TILE * scene->phase,
                             scene->frequency * p.y) -
                    0.5);
        break;
    }
    const Colour colour = blend(scene->dark, scene->light, smooth(0.5 + 1.6 * wave));
    const double spot = 0.26 - hypot(p.x - scene->eye.x, p.y - scene->eye.y);
    return blend(colour, scene->mark, smooth(0.5 + 6 * spot));
}

static Colour ground_at(const CopSynthScene *scene, double x, double y, int t)
{
    x = (x + t * scene->drift.x) * scene->cells + scene->offset.x;
    y = (y + t * scene->drift.y) * scene->cells + scene->offset.y;
    const double value = 0.55 * noise_at(scene->tile, x, y) +
                         0.3 * noise_at(scene->tile, 2 * x + 5, 2 * y + 3) +
                         0.15 * noise_at(scene->tile, 4 * x + 9, 4 * y + 11);
    return blend(scene->ground[0], scene->ground[1], smooth(0.5 + 1.8 * (value - 0.5)));
}

typedef struct Canvas {
    const CopSynthScene *scene;
    CopSynthPose pose;
    double pixels; /* a radius */
    int t;
    bool bare;
} Canvas;

static Colour colour_at(const Canvas *canvas, double x, double y)
{
    const CopSynthScene *scene = canvas->scene;
    const CopSynthPose *pose = &canvas->pose;
    const double dx = x - pose->x, dy = y - pose->y;
    Colour colour = {0};
    if (!canvas->bare) {
        colour = ground_at(scene, x, y, canvas->t);
        const Point below = to_local(pose, dx - 0.1 * pose->radius, dy - 0.16 * pose->radius);
        if (hypot(below.x, below.y) < 1.3)
            colour = scale(colour, 1 - 0.45 * smooth(0.5 - 2.5 * distance(scene, below)));
    }
    const Point p = to_local(pose, dx, dy);
    if (hypot(p.x, p.y) > 1.2)
        return colour;
    const double depth = -distance(scene, p);
    const double cover = clamp01(0.5 + depth * canvas->pixels);
    if (cover == 0)
        return colour;
    Colour sprite = texture_at(scene, p);
    if (!canvas->bare) {
        /* A rim, and light from above that does not turn with the sprite. */
        const double up = dy - floor(dy + 0.5), side = dx - floor(dx + 0.5);
        const double light = 1 - 0.14 * (up + 0.5 * side) / pose->radius;
        sprite = scale(sprite, light * mix(0.55, 1, smooth(depth / 0.12)));
    }
    return blend(colour, sprite, cover);
}

static uint8_t to_byte(double value)
{
    return (uint8_t)(255 * clamp01(value) + 0.5);
}

void cop_synth_draw(const CopSynthScene *scene, int t, bool bare, const CopFrame *frame)
{
    const int size = frame->width;
    Canvas canvas = {scene, cop_synth_pose(&scene->clip, t), 0, t, bare};
    canvas.pixels = canvas.pose.radius * size;
    const CopRngAddress at = cop_synth_address(&scene->clip, COP_SYNTH_NOISE, t);
    for (int row = 0; row < size; row++) {
        uint8_t *out = frame->plane[0] + (ptrdiff_t)row * frame->stride[0];
        for (int column = 0; column < size; column++, out += 3) {
            const double x = (column + 0.5) / size, y = (row + 0.5) / size;
            Colour colour = colour_at(&canvas, x, y);
            if (!bare) {
                const double corner = (x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5);
                colour = scale(colour, scene->gain * (1 - 0.35 * corner));
                uint32_t word[4];
                cop_rng_block(scene->clip.key, (uint32_t)(row * size + column), at, word);
                double grain[3];
                for (int c = 0; c < 3; c++) /* two uniform halves: a triangle, unit variance */
                    grain[c] = scene->lift +
                               scene->noise * 2.4494897 *
                                   ((word[c] & 0xFFFF) * 0x1p-16 + (word[c] >> 16) * 0x1p-16 - 1);
                colour.r += grain[0];
                colour.g += grain[1];
                colour.b += grain[2];
            }
            out[0] = to_byte(colour.r);
            out[1] = to_byte(colour.g);
            out[2] = to_byte(colour.b);
        }
    }
}
