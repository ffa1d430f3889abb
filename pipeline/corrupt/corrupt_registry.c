/* The list of corruptions: one descriptor a file, one line here each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

const char *const cop_family_names[] = {"noise", "blur",      "weather", "digital",  "temporal",
                                        "codec", "bitstream", "camera",  "spectral", NULL};
const char *const cop_temporal_names[] = {"auto", "iid", "static", "coherent", NULL};

extern const CopCorruptDesc cop_corrupt_gaussian_noise;
extern const CopCorruptDesc cop_corrupt_shot_noise;
extern const CopCorruptDesc cop_corrupt_speckle_noise;
extern const CopCorruptDesc cop_corrupt_impulse_noise;
extern const CopCorruptDesc cop_corrupt_iso_noise;
extern const CopCorruptDesc cop_corrupt_low_light;
extern const CopCorruptDesc cop_corrupt_motion_blur;
extern const CopCorruptDesc cop_corrupt_gaussian_blur;
extern const CopCorruptDesc cop_corrupt_defocus_blur;
extern const CopCorruptDesc cop_corrupt_glass_blur;
extern const CopCorruptDesc cop_corrupt_zoom_blur;
extern const CopCorruptDesc cop_corrupt_blur_ramp;
extern const CopCorruptDesc cop_corrupt_zoom_ramp;
extern const CopCorruptDesc cop_corrupt_fog;
extern const CopCorruptDesc cop_corrupt_frost;
extern const CopCorruptDesc cop_corrupt_rain;
extern const CopCorruptDesc cop_corrupt_snow;
extern const CopCorruptDesc cop_corrupt_spatter;
extern const CopCorruptDesc cop_corrupt_brightness;
extern const CopCorruptDesc cop_corrupt_color_quant;
extern const CopCorruptDesc cop_corrupt_pixelate;
extern const CopCorruptDesc cop_corrupt_jpeg_compression;
extern const CopCorruptDesc cop_corrupt_saturate;
extern const CopCorruptDesc cop_corrupt_contrast;
extern const CopCorruptDesc cop_corrupt_elastic_transform;
extern const CopCorruptDesc cop_corrupt_brightness_ramp;
extern const CopCorruptDesc cop_corrupt_motion_blur_temporal;
extern const CopCorruptDesc cop_corrupt_frame_rate;
extern const CopCorruptDesc cop_corrupt_sampling;
extern const CopCorruptDesc cop_corrupt_reverse_sampling;
extern const CopCorruptDesc cop_corrupt_jumble;
extern const CopCorruptDesc cop_corrupt_box_jumble;
extern const CopCorruptDesc cop_corrupt_freeze;
extern const CopCorruptDesc cop_corrupt_burst;
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
extern const CopCorruptDesc cop_corrupt_static_rotate;
extern const CopCorruptDesc cop_corrupt_rotate;
extern const CopCorruptDesc cop_corrupt_translate;
extern const CopCorruptDesc cop_corrupt_translate_ramp;
extern const CopCorruptDesc cop_corrupt_rotate_ramp;
extern const CopCorruptDesc cop_corrupt_shear_ramp;
extern const CopCorruptDesc cop_corrupt_scale_ramp;
extern const CopCorruptDesc cop_corrupt_tilt_ramp;
extern const CopCorruptDesc cop_corrupt_temporal_low_pass;
extern const CopCorruptDesc cop_corrupt_temporal_high_pass;
extern const CopCorruptDesc cop_corrupt_low_pass;
extern const CopCorruptDesc cop_corrupt_high_pass;
extern const CopCorruptDesc cop_corrupt_band_noise;
extern const CopCorruptDesc cop_corrupt_fourier_basis;
extern const CopCorruptDesc cop_corrupt_fourier_basis_3d;
extern const CopCorruptDesc cop_corrupt_flicker;
extern const CopCorruptDesc cop_corrupt_single_frequency;
extern const CopCorruptDesc cop_corrupt_brownish_noise;
extern const CopCorruptDesc cop_corrupt_blue_noise_sample;
extern const CopCorruptDesc cop_corrupt_checkerboard_cutout;

CopStatus cop_temporal_find(const char *name, CopTemporal *temporal, CopError *err)
{
    *temporal = COP_TEMPORAL_AUTO;
    for (int i = 0; name && cop_temporal_names[i]; i++)
        if (cop_name_equal(cop_temporal_names[i], name)) {
            *temporal = (CopTemporal)i;
            return COP_OK;
        }
    if (!name)
        return COP_OK;
    return cop_error_set(err, COP_ERR_CONFIG,
                         "temporal \"%s\": must be one of auto, iid, static, coherent", name);
}
extern const CopCorruptDesc cop_corrupt_low_pass;
extern const CopCorruptDesc cop_corrupt_high_pass;
extern const CopCorruptDesc cop_corrupt_band_noise;
extern const CopCorruptDesc cop_corrupt_fourier_basis;
extern const CopCorruptDesc cop_corrupt_fourier_basis_3d;
extern const CopCorruptDesc cop_corrupt_flicker;
extern const CopCorruptDesc cop_corrupt_single_frequency;
extern const CopCorruptDesc cop_corrupt_brownish_noise;
extern const CopCorruptDesc cop_corrupt_blue_noise_sample;
extern const CopCorruptDesc cop_corrupt_checkerboard_cutout;
extern const CopCorruptDesc cop_corrupt_static_rotate;
extern const CopCorruptDesc cop_corrupt_rotate;
extern const CopCorruptDesc cop_corrupt_translate;
extern const CopCorruptDesc cop_corrupt_translate_ramp;
extern const CopCorruptDesc cop_corrupt_rotate_ramp;
extern const CopCorruptDesc cop_corrupt_shear_ramp;
extern const CopCorruptDesc cop_corrupt_scale_ramp;
extern const CopCorruptDesc cop_corrupt_tilt_ramp;
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
    for (int i = 0; i < NAMES_MAX && cop_corrupt_registry[i]; i++) {
        names[i] = cop_corrupt_registry[i]->name;
        if (cop_name_equal(names[i], name))
            return cop_corrupt_registry[i];
    }
    const char *nearest = cop_nearest_name(name, names);
    if (nearest)
        cop_error_set(err, COP_ERR_CONFIG, "unknown corruption \"%s\"; did you mean \"%s\"?", name,
                      nearest);
    else
        cop_error_set(err, COP_ERR_CONFIG,
                      "unknown corruption \"%s\"; `coppice list corruptions` names them", name);
    return NULL;
}

/* One a line, by family. */
/* clang-format off */
const CopCorruptDesc *const cop_corrupt_registry[] = {
    &cop_corrupt_gaussian_noise,
    &cop_corrupt_shot_noise,
    &cop_corrupt_speckle_noise,
    &cop_corrupt_impulse_noise,
    &cop_corrupt_iso_noise,
    &cop_corrupt_low_light,
    &cop_corrupt_motion_blur,
    &cop_corrupt_gaussian_blur,
    &cop_corrupt_defocus_blur,
    &cop_corrupt_glass_blur,
    &cop_corrupt_zoom_blur,
    &cop_corrupt_blur_ramp,
    &cop_corrupt_zoom_ramp,
    &cop_corrupt_fog,
    &cop_corrupt_frost,
    &cop_corrupt_rain,
    &cop_corrupt_snow,
    &cop_corrupt_spatter,
    &cop_corrupt_brightness,
    &cop_corrupt_color_quant,
    &cop_corrupt_pixelate,
    &cop_corrupt_jpeg_compression,
    &cop_corrupt_saturate,
    &cop_corrupt_contrast,
    &cop_corrupt_elastic_transform,
    &cop_corrupt_brightness_ramp,
    &cop_corrupt_motion_blur_temporal,
    &cop_corrupt_frame_rate,
    &cop_corrupt_sampling,
    &cop_corrupt_reverse_sampling,
    &cop_corrupt_jumble,
    &cop_corrupt_box_jumble,
    &cop_corrupt_freeze,
    &cop_corrupt_burst,
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
    &cop_corrupt_static_rotate,
    &cop_corrupt_rotate,
    &cop_corrupt_translate,
    &cop_corrupt_translate_ramp,
    &cop_corrupt_rotate_ramp,
    &cop_corrupt_shear_ramp,
    &cop_corrupt_scale_ramp,
    &cop_corrupt_tilt_ramp,
    &cop_corrupt_temporal_low_pass,
    &cop_corrupt_temporal_high_pass,
    &cop_corrupt_low_pass,
    &cop_corrupt_high_pass,
    &cop_corrupt_band_noise,
    &cop_corrupt_fourier_basis,
    &cop_corrupt_fourier_basis_3d,
    &cop_corrupt_flicker,
    &cop_corrupt_single_frequency,
    &cop_corrupt_brownish_noise,
    &cop_corrupt_blue_noise_sample,
    &cop_corrupt_checkerboard_cutout,
    NULL,
};
/* clang-format on */
