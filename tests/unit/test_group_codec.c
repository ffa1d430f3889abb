/* Groups of pictures through coders: whatever damage does, as many frames come out as went in,
 * and they are what the ffmpeg command decodes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/corrupt/stream_damage.h"
#include "pipeline/corrupt/x26x.h"
#include "pipeline/media/libav.h"
#include "tests/corrupt_clip.h"

enum { GOP = 16, WIDTH = 96, HEIGHT = 80 };

/* Codes frames in[n] with a plan's damage; out[n] are references. */
static void code(const CopGroupPlan *plan, const CopFrame *in, int n, CopFrame *out)
{
    CopGroupCodec codec = {0};
    CopCorrupt corrupt = {.state = &codec};
    int done = 0;
    for (int i = 0; i < n; i++) {
        if (cop_group_begins(&codec))
            codec.plan = *plan;
        ck_assert_int_eq(cop_group_push(&codec, &in[i]), COP_OK);
        while (cop_group_pull(&corrupt, &out[done]) == COP_OK)
            done++;
        if (plan->low_delay)
            ck_assert_int_eq(done, i + 1);
    }
    ck_assert_int_eq(cop_group_flush(&corrupt), COP_OK);
    CopFrame frame;
    CopStatus status;
    while ((status = cop_group_pull(&corrupt, &frame)) == COP_OK) {
        ck_assert_int_lt(done, n);
        out[done++] = frame;
    }
    ck_assert_int_eq(status, COP_EOF);
    ck_assert_int_eq(done, n);
    cop_group_close(&corrupt);
    for (int i = 0; i < n; i++)
        ck_assert(clip_same_shape(&in[i], &out[i]));
}

static CopGroupPlan plan_of(CopGroupDamage *damage, void *ctx, int b_frames, bool low_delay)
{
    char more[64] = "";
    if (!low_delay)
        snprintf(more, sizeof more, ",bf=%d", b_frames);
    CopX26x coder = {.encoder = "libx264", .gop = GOP, .preset = 5, .delay = low_delay};
    cop_x26x_plan(&coder, "crf=23", more);
    coder.codec.plan.damage = damage;
    coder.codec.plan.ctx = ctx;
    return coder.codec.plan;
}

/* What is done to the pictures of a group, numbers as they are shown. */
typedef struct Order {
    uint32_t lost; /* bits: these are not there */
    uint32_t cut;  /* these end in the middle */
    uint64_t noise_seed;
    int noise; /* one byte in so many is anything at all */
} Order;

static CopStatus obey(void *ctx, CopCodedPicture *picture, int n)
{
    Order *order = ctx;
    for (int i = 0; i < n; i++) {
        if (order->lost >> (picture[i].frame % GOP) & 1)
            picture[i].size = 0;
        if (order->cut >> (picture[i].frame % GOP) & 1)
            picture[i].size /= 2;
        for (size_t k = 0; order->noise && k < picture[i].size; k++) {
            const uint64_t r = cop_mix64(++order->noise_seed);
            if (r % (uint64_t)order->noise == 0)
                picture[i].data[k] = (uint8_t)(r >> 40);
        }
    }
    return COP_OK;
}

START_TEST(lost_pictures_are_held)
{
    const bool low = _i;
    CopFrame in[GOP], whole[GOP], out[GOP];
    clip_make(in, GOP, COP_PIXEL_I420, WIDTH, HEIGHT, 0);
    Order order = {0};
    const CopGroupPlan plan = plan_of(obey, &order, 0, low);
    code(&plan, in, GOP, whole);
    order.lost = 1u << 15 | 1u << 14;
    code(&plan, in, GOP, out);
    for (int i = 0; i < GOP; i++)
        ck_assert(clip_same_pixels(&out[i], &whole[i < 13 ? i : 13]));
    clip_free(out, GOP);
    order.lost = 1u << 6;
    code(&plan, in, GOP, out);
    ck_assert(clip_same_pixels(&out[6], &whole[5]));
    ck_assert(!clip_same_pixels(&out[7], &whole[5]));
    clip_free(out, GOP);
    order.lost = ~0u;
    code(&plan, in, GOP, out);
    for (int i = 0; i < GOP; i++)
        for (int p = 0; p < 3; p++)
            ck_assert_uint_eq(out[i].plane[p][7], 128);
    clip_free(out, GOP);
    clip_free(whole, GOP);
    clip_free(in, GOP);
}
END_TEST

/* The head of a group shows what comes first, where frames are not to leave before it. */
START_TEST(a_lost_head_is_held_back)
{
    enum { N = 2 * GOP };
    CopFrame in[N], out[N];
    clip_make(in, N, COP_PIXEL_I420, WIDTH, HEIGHT, 0);
    Order order = {.lost = 1};
    const CopGroupPlan plan = plan_of(obey, &order, 0, false);
    code(&plan, in, N, out);
    ck_assert(clip_same_pixels(&out[0], &out[1]));
    ck_assert(!clip_same_pixels(&out[1], &out[2]));
    ck_assert(clip_same_pixels(&out[GOP], &out[GOP + 1]));
    ck_assert(!clip_same_pixels(&out[GOP - 1], &out[GOP]));
    clip_free(out, N);
    clip_free(in, N);
}
END_TEST

START_TEST(every_damage_keeps_the_count)
{
    enum { N = 21 };
    static const CopPixelFormat formats[] = {COP_PIXEL_I420, COP_PIXEL_GRAY8, COP_PIXEL_RGBX,
                                             COP_PIXEL_I422};
    for (int f = 0; f < 4; f++) {
        CopFrame in[N], out[N], again[N];
        clip_make(in, N, formats[f], 50, 38, 3);
        for (int noise = 1; noise < 3000; noise = 5 * noise) {
            Order order = {.noise = noise,
                           .noise_seed = (uint64_t)noise,
                           .lost = (uint32_t)cop_mix64((uint64_t)noise) & 0x421,
                           .cut = (uint32_t)cop_mix64((uint64_t)noise) & 0x842};
            const Order same = order;
            const CopGroupPlan plan = plan_of(obey, &order, f % 2 ? 3 : 0, _i);
            code(&plan, in, N, out);
            order = same;
            code(&plan, in, N, again);
            for (int i = 0; i < N; i++)
                ck_assert(clip_same_pixels(&out[i], &again[i]));
            clip_free(out, N);
            clip_free(again, N);
        }
        clip_free(in, N);
    }
}
END_TEST

/* Writes down what the decoder gets, after hits that spare the parameter sets in front. */
typedef struct Dump {
    FILE *file;
    uint32_t seed;
} Dump;

static CopStatus hit_and_dump(void *ctx, CopCodedPicture *picture, int n)
{
    const Dump *dump = ctx;
    CopHits hits = {.at = {.frame = dump->seed}, .expected = 3, .at_least_one = true};
    double place;
    uint8_t flip;
    while (cop_hits_next(&hits, &place, &flip)) {
        CopCodedPicture *hit = &picture[(int)(place * n)];
        const size_t head = hit->key ? hit->size / 2 : 16;
        hit->data[head + (size_t)(fmod(place * n, 1) * (double)(hit->size - head))] ^= flip;
    }
    for (int i = 0; i < n; i++)
        ck_assert_uint_eq(fwrite(picture[i].data, 1, picture[i].size, dump->file), picture[i].size);
    return COP_OK;
}

/* Reads what the command makes of the dump; false where it gives another number of frames. */
static bool read_theirs(const char *folder, CopFrame *out)
{
    char command[300], path[64];
    snprintf(command, sizeof command,
             "cd %s && ffmpeg -v quiet -nostdin -y -threads 1 -flags +output_corrupt -i dump.h264 "
             "-fps_mode passthrough -f rawvideo -pix_fmt yuv420p out.yuv",
             folder);
    if (system(command) != 0)
        return false;
    snprintf(path, sizeof path, "%s/out.yuv", folder);
    FILE *file = fopen(path, "rb");
    ck_assert(file != NULL);
    static uint8_t bytes[GOP + 1][WIDTH * HEIGHT * 3 / 2];
    const bool all = fread(bytes, sizeof bytes[0], GOP + 1, file) == GOP;
    fclose(file);
    clip_make(out, GOP, COP_PIXEL_I420, WIDTH, HEIGHT, 0);
    for (int i = 0; i < GOP; i++) {
        CopFrame frame = out[i];
        frame.plane[0] = bytes[i];
        frame.plane[1] = frame.plane[0] + WIDTH * HEIGHT;
        frame.plane[2] = frame.plane[1] + WIDTH * HEIGHT / 4;
        frame.stride[0] = WIDTH;
        frame.stride[1] = frame.stride[2] = WIDTH / 2;
        cop_frame_copy_pixels(&out[i], &frame);
    }
    return all;
}

START_TEST(damage_decodes_as_by_the_command)
{
    enum { SEEDS = 12 };
    char folder[] = "/tmp/coppice-group-XXXXXX", path[64], command[64];
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/dump.h264", folder);
    CopFrame in[GOP], ours[GOP], theirs[GOP];
    clip_make(in, GOP, COP_PIXEL_I420, WIDTH, HEIGHT, 0);
    int compared = 0;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        Dump dump = {.file = fopen(path, "wb"), .seed = seed};
        ck_assert(dump.file != NULL);
        CopGroupPlan plan = plan_of(hit_and_dump, &dump, _i ? 3 : 0, false);
        strcat(plan.options, ",flags=-global_header"); /* into the file, too */
        code(&plan, in, GOP, ours);
        fclose(dump.file);
        if (read_theirs(folder, theirs)) {
            for (int i = 0; i < GOP; i++)
                ck_assert_msg(clip_same_pixels(&ours[i], &theirs[i]), "seed %u, frame %d", seed, i);
            compared++;
        }
        clip_free(ours, GOP);
        clip_free(theirs, GOP);
    }
    printf("%d of %d damaged groups compared\n", compared, SEEDS);
    ck_assert_int_ge(compared, SEEDS / 2);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    clip_free(in, GOP);
}
END_TEST

START_TEST(a_missing_encoder_is_named_n)
{
    CopGroupCodec codec = {0};
    const CopCorruptDesc desc = {.name = "some_codec"};
    CopCorrupt corrupt = {.desc = &desc, .state = &codec};
    CopError err = {0};
    ck_assert_int_eq(cop_group_init(&corrupt, "libnone", GOP, 0, &err), COP_ERR_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, "libnone") && strstr(err.text, "some_codec"), "%s", err.text);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group_codec");
    TCase *tc = tcase_create("groups");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, lost_pictures_are_held, 0, 2);
    tcase_add_test(tc, a_lost_head_is_held_back);
    tcase_add_loop_test(tc, every_damage_keeps_the_count, 0, 2);
    tcase_add_test(tc, a_missing_encoder_is_named_n);
    if (system("command -v ffmpeg >/dev/null") == 0)
        tcase_add_loop_test(tc, damage_decodes_as_by_the_command, 0, 2);
    else
        printf("0 passed, 0 failed, 2 skipped\n");
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    cop_av_quiet();
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
