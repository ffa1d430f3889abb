/* A made-up result file with everything in it that a report shows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake_results.h"

#include <cairo.h>
#include <glib.h>
#include <gst/check/check.h>

#include "models/core/rng.h"
#include "pipeline/eval/store.h"

enum { MODELS = 4, CLASSES = 10, SEVERITIES = 5, WIDTH = 112, HEIGHT = 112 };

static const char class_names[] = "[\"left\", \"right\", \"up\", \"down\", \"grow\", \"shrink\", "
                                  "\"spin\", \"orbit\", \"bounce\", \"still\"]";

static const CopStoreModel models[MODELS] = {
    {"d1e5a0c7f3b24e6c9a77aa10", "dense", "r3d_18", "dense", "", 1.0, 1, 33176010, 33176010,
     81400000000, 81400000000},
    {"57a71c00b81d4f2e8c6d1b22", "static-0.5", "r3d_18", "static", "", 0.5, 1, 33176010, 16593226,
     41900000000, 81400000000},
    {"5e7000aa93c14d0fb0e92c33", "set-0.5", "r3d_18", "set", "", 0.5, 1, 33176010, 16593226,
     42300000000, 81400000000},
    {"419100bb6e7a4a55a4f13d44", "rigl-0.5", "r3d_18", "rigl", "", 0.5, 1, 33176010, 16593226,
     43100000000, 81400000000},
};
static const double skill[MODELS] = {0.86, 0.82, 0.85, 0.87};

static const struct {
    const char *name, *family;
    double harm[MODELS]; /* lost a severity, by model */
} corruptions[] = {
    {"gaussian_noise", "noise", {0.135, 0.125, 0.105, 0.09}},
    {"motion_blur", "blur", {0.075, 0.08, 0.072, 0.068}},
    {"fog", "weather", {0.05, 0.055, 0.05, 0.052}},
    {"h264_crf", "codec", {0.03, 0.035, 0.028, 0.02}},
};

static double draw(const char *purpose, int model, int column, int clip)
{
    const CopRngAddress at = {(uint32_t)model, (uint32_t)column, (uint32_t)clip};
    return cop_rng_uniform(cop_rng_key(7, purpose), 0, at);
}

/* Clips differ in how hard they are, so that answers on one clip hang together. */
static CopStorePrediction answer(int model, int corruption, int severity, int clip)
{
    const int column = corruption * SEVERITIES + severity, label = clip % CLASSES;
    const double harm =
        corruption < 0 ? 0 : corruptions[corruption].harm[model % MODELS] * severity;
    const double hardness =
        0.7 * draw("hard", 0, 0, clip) + 0.3 * draw("luck", model, column, clip);
    CopStorePrediction out = {.view = COP_VIEW_ALL, .n_top = COP_TOP};
    int first = label;
    if (hardness > skill[model % MODELS] - harm)
        first = (label + 1 + (int)(draw("wrong", model, column, clip) * 9)) % CLASSES;
    double left = 1;
    for (int i = 0; i < COP_TOP; i++) {
        out.top[i] = (first + i * 3) % CLASSES;
        out.score[i] = (float)(left * 0.6);
        left *= 0.4;
    }
    return out;
}

static cairo_status_t append(void *bytes, const unsigned char *data, unsigned int size)
{
    g_byte_array_append(bytes, data, size);
    return CAIRO_STATUS_SUCCESS;
}

/* A ball over a striped field, with something that stands for each corruption. */
static GByteArray *picture(int corruption, int severity)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    cairo_t *cr = cairo_create(surface);
    const double smear = corruption == 1 ? 6.0 * severity : 0;
    cairo_set_source_rgb(cr, 0.55, 0.75, 0.9);
    cairo_paint(cr);
    for (int i = 0; i < 8; i++) {
        cairo_set_source_rgb(cr, 0.25 + 0.03 * i, 0.5 + 0.02 * (i % 3), 0.25);
        cairo_rectangle(cr, 0, 60 + 7 * i, WIDTH, 7);
        cairo_fill(cr);
    }
    for (int i = 0; i <= 6; i++) {
        cairo_set_source_rgba(cr, 0.85, 0.35, 0.2, smear > 0 ? 0.3 : 1);
        cairo_arc(cr, 52 + smear * (i / 6.0 - 0.5), 58, 20, 0, 2 * G_PI);
        cairo_fill(cr);
    }
    if (corruption == 2) {
        cairo_set_source_rgba(cr, 0.9, 0.9, 0.92, 0.16 * severity);
        cairo_paint(cr);
    }
    cairo_surface_flush(surface);
    unsigned char *pixels = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < HEIGHT && (corruption == 0 || corruption == 3); y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++) {
                unsigned char *value = &pixels[y * stride + x * 4 + c];
                const int block = 1 + 2 * severity;
                double level = *value;
                if (corruption == 0)
                    level += 60.0 * severity * (draw("noise", c, y, x) - 0.5);
                else
                    level = pixels[y / block * block * stride + x / block * block * 4 + c];
                *value = (unsigned char)CLAMP(level, 0, 255);
            }
    cairo_surface_mark_dirty(surface);
    GByteArray *png = g_byte_array_new();
    cairo_surface_write_to_png_stream(surface, append, png);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return png;
}

static CopStatus put_cell(CopStore *store, const FakeResults *fake, const int64_t *clips, int model,
                          int64_t model_id, int64_t setup, int corruption, int severity,
                          CopError *err)
{
    char detail[64] = "";
    int64_t cell;
    if (corruption >= 0)
        g_snprintf(detail, sizeof detail, "level=%d", severity);
    COP_TRY(cop_store_cell(
        store, model_id, setup, corruption < 0 ? "clean" : corruptions[corruption].name,
        corruption < 0 ? "clean" : corruptions[corruption].family, severity, detail, &cell, err));
    int n = fake->clips;
    if (model == fake->models - 1 && corruption == fake->corruptions - 1 && severity == SEVERITIES)
        n -= fake->missing;
    for (int clip = 0; clip < n; clip++) {
        CopStorePrediction prediction = answer(model, corruption, severity, clip);
        prediction.cell = cell;
        prediction.clip = clips[clip];
        COP_TRY(cop_store_predict(store, &prediction, err));
        if (corruption >= 0)
            COP_TRY(cop_store_fidelity(store, setup, corruptions[corruption].name, severity,
                                       clips[clip], 10.0 * severity + clip % 2, 1 - 0.1 * severity,
                                       err));
    }
    return cop_store_seconds(store, cell, 0.02 * n * models[model % MODELS].density, err);
}

static CopStatus put_pictures(CopStore *store, int64_t setup, int64_t clip, int n, CopError *err)
{
    for (int corruption = -1; corruption < n; corruption++)
        for (int severity = corruption < 0 ? 0 : 1; severity <= (corruption < 0 ? 0 : SEVERITIES);
             severity++) {
            GByteArray *png = picture(corruption, severity);
            const CopStatus status = cop_store_picture(
                store, setup, corruption < 0 ? "clean" : corruptions[corruption].name, severity,
                clip, 12, png->data, png->len, err);
            g_byte_array_unref(png);
            COP_TRY(status);
        }
    return COP_OK;
}

static CopStatus put_all(CopStore *store, const FakeResults *fake, int64_t *clips, CopError *err)
{
    int64_t setup, broken;
    COP_TRY(cop_store_begin(store, err));
    COP_TRY(cop_store_setup(store, "clip:\n{\n  frames = 16;\n  stride = 2;\n};\n", class_names,
                            &setup, err));
    for (int i = 0; i < fake->clips; i++) {
        char path[64];
        g_snprintf(path, sizeof path, "v_%02d_g%02d.mp4", i % CLASSES, i / CLASSES);
        COP_TRY(cop_store_clip(store, path, (uint32_t)i, i % CLASSES, &clips[i], err));
    }
    for (int model = 0; model < fake->models; model++) {
        CopStoreModel about = models[model % MODELS];
        char sha256[32], name[32];
        int64_t id;
        g_snprintf(sha256, sizeof sha256, "%s%d", about.sha256, model);
        g_snprintf(name, sizeof name, "%s s%d", about.name, model / MODELS);
        if (model >= MODELS) {
            about.sha256 = sha256;
            about.name = name;
            about.seed = 1 + (uint64_t)(model / MODELS);
        }
        if (fake->name && model == fake->models - 1)
            about.name = fake->name;
        COP_TRY(cop_store_model(store, &about, &id, err));
        COP_TRY(put_cell(store, fake, clips, model, id, setup, -1, 0, err));
        for (int corruption = 0; corruption < fake->corruptions; corruption++)
            for (int severity = 1; severity <= SEVERITIES; severity++)
                COP_TRY(put_cell(store, fake, clips, model, id, setup, corruption, severity, err));
    }
    if (fake->pictures)
        COP_TRY(put_pictures(store, setup, clips[0], fake->corruptions, err));
    COP_TRY(cop_store_clip(store, "v_03_g99.mp4", 999, 3, &broken, err));
    COP_TRY(cop_store_skip(store, setup, broken, "no video stream", err));
    COP_TRY(cop_store_meta(store, "created", "2025-03-01T12:00:00Z", err));
    COP_TRY(cop_store_meta(store, "version", "0.1.0", err));
    COP_TRY(cop_store_meta(store, "compiler", "gcc 12.2.0", err));
    COP_TRY(cop_store_meta(store, "tier", "avx512", err));
    return cop_store_commit(store, err);
}

CopStatus fake_results(const char *path, const FakeResults *fake, CopError *err)
{
    CopStore *store;
    COP_TRY(cop_store_open(&store, path, true, err));
    int64_t *clips = g_new0(int64_t, (gsize)fake->clips + 1);
    const CopStatus status = put_all(store, fake, clips, err);
    g_free(clips);
    cop_store_close(&store);
    return status;
}

CopResults *fake_load(const char *path, const FakeResults *fake)
{
    CopError err = {0};
    CopResults *results = NULL;
    ck_assert_msg(fake_results(path, fake, &err) == COP_OK, "%s", err.text);
    ck_assert_msg(cop_results_load(&results, path, 0, &err) == COP_OK, "%s", err.text);
    return results;
}
