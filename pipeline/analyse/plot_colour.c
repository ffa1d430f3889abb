/* Colours of figures, which colour-blind readers tell apart.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/analyse/plot.h"

static CopInk of_hex(unsigned rgb)
{
    return (CopInk){(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0};
}

/* Between stops at equal distances. */
static CopInk mix(const unsigned *stops, int n, double share)
{
    const double at = fmin(1, fmax(0, share)) * (n - 1);
    const int i = at < n - 1 ? (int)at : n - 2;
    const double part = at - i;
    const CopInk a = of_hex(stops[i]), b = of_hex(stops[i + 1]);
    return (CopInk){a.r + part * (b.r - a.r), a.g + part * (b.g - a.g), a.b + part * (b.b - a.b)};
}

CopInk cop_colour_amount(double share)
{
    static const unsigned stops[] = {0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173,
                                     0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838};
    return mix(stops, (int)G_N_ELEMENTS(stops), share);
}

CopInk cop_colour_change(double share)
{
    static const unsigned stops[] = {0x7f3b08, 0xb35806, 0xe08214, 0xfdb863, 0xfee0b6, 0xf7f7f7,
                                     0xd8daeb, 0xb2abd2, 0x8073ac, 0x542788, 0x2d004b};
    return mix(stops, (int)G_N_ELEMENTS(stops), share);
}

CopInk cop_colour_step(double share)
{
    static const unsigned stops[] = {0xc6dbef, 0x9ecae1, 0x6baed6, 0x3182bd, 0x08519c};
    return mix(stops, (int)G_N_ELEMENTS(stops), share);
}

CopInk cop_colour_method(const char *method)
{
    static const struct {
        const char *name;
        unsigned rgb;
    } colours[] = {{"dense", 0x2b2f36},    {"static", 0x8a8f98},   {"set", 0x56b4e9},
                   {"rigl", 0x0072b2},     {"mest_r", 0xe69f00},   {"mest_g", 0xd55e00},
                   {"granet_r", 0xcc79a7}, {"granet_g", 0x009e73}, {"gradual", 0xb8a200}};
    for (size_t i = 0; i < G_N_ELEMENTS(colours); i++)
        if (strcmp(colours[i].name, method) == 0)
            return of_hex(colours[i].rgb);
    return of_hex(0x666666);
}
