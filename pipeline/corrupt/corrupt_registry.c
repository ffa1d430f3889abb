/* The list of corruptions: one descriptor a file, one line here each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdio.h>

const char *const cop_family_names[] = {"noise", "blur",      "weather", "digital",  "temporal",
                                        "codec", "bitstream", "camera",  "spectral", NULL};
const char *const cop_temporal_names[] = {"auto", "iid", "static", "coherent", NULL};

extern const CopCorruptDesc cop_corrupt_gaussian_noise;
extern const CopCorruptDesc cop_corrupt_brightness;
extern const CopCorruptDesc cop_corrupt_motion_blur_temporal;
extern const CopCorruptDesc cop_corrupt_h264_crf;
extern const CopCorruptDesc cop_corrupt_h265_crf;
extern const CopCorruptDesc cop_corrupt_h264_abr;
extern const CopCorruptDesc cop_corrupt_h265_abr;
extern const CopCorruptDesc cop_corrupt_mpeg1;
extern const CopCorruptDesc cop_corrupt_mpeg2;
extern const CopCorruptDesc cop_corrupt_mpeg4;
extern const CopCorruptDesc cop_corrupt_mjpeg;
extern const CopCorruptDesc cop_corrupt_bit_error;
extern const CopCorruptDesc cop_corrupt_packet_loss;
extern const CopCorruptDesc cop_corrupt_bitstream_excision;

const CopCorruptDesc *cop_corrupt_find(const char *name, CopError *err)
{
    enum { NAMES_MAX = 128 };
    const char *names[NAMES_MAX + 1] = {NULL};
    char list[360] = "";
    size_t used = 0;
    for (int i = 0; i < NAMES_MAX && cop_corrupt_registry[i]; i++) {
        names[i] = cop_corrupt_registry[i]->name;
        if (cop_name_equal(names[i], name))
            return cop_corrupt_registry[i];
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                     names[i]);
    }
    const char *nearest = cop_nearest_name(name, names);
    if (nearest)
        cop_error_set(err, COP_ERR_CONFIG, "unknown corruption \"%s\"; did you mean \"%s\"?", name,
                      nearest);
    else
        cop_error_set(err, COP_ERR_CONFIG, "unknown corruption \"%s\"; there are: %s", name, list);
    return NULL;
}

/* clang-format off */
const CopCorruptDesc *const cop_corrupt_registry[] = {
    &cop_corrupt_gaussian_noise,
    &cop_corrupt_brightness,
    &cop_corrupt_motion_blur_temporal,
    &cop_corrupt_h264_crf,
    &cop_corrupt_h265_crf,
    &cop_corrupt_h264_abr,
    &cop_corrupt_h265_abr,
    &cop_corrupt_mpeg1,
    &cop_corrupt_mpeg2,
    &cop_corrupt_mpeg4,
    &cop_corrupt_mjpeg,
    &cop_corrupt_bit_error,
    &cop_corrupt_packet_loss,
    &cop_corrupt_bitstream_excision,
    NULL,
};
/* clang-format on */
