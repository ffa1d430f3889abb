/* The lane tensor: layout, halo, idle lanes, lanes in and out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/tensor.h"

/* A tensor between two guard zones, all of it filled with one value. */
enum { GUARD = 4096 };
static const float poison = -12345.0f;

typedef struct Guarded {
    CopTensor x;
    float *memory;
    size_t floats;
} Guarded;

static Guarded make(int n, int c, int t, int h, int w, CopHalo halo)
{
    Guarded guarded;
    ck_assert_int_eq(cop_tensor_shape(&guarded.x, n, c, t, h, w, halo), COP_OK);
    guarded.floats = cop_tensor_floats(&guarded.x);
    guarded.memory = aligned_alloc(64, (guarded.floats + 2 * GUARD) * sizeof(float));
    for (size_t i = 0; i < guarded.floats + 2 * GUARD; i++)
        guarded.memory[i] = poison;
    cop_tensor_place(&guarded.x, guarded.memory + GUARD);
    return guarded;
}

static void finish(Guarded *guarded)
{
    for (size_t i = 0; i < GUARD; i++) {
        ck_assert(guarded->memory[i] == poison);
        ck_assert(guarded->memory[GUARD + guarded->floats + i] == poison);
    }
    free(guarded->memory);
}

static const CopHalo uneven = {1, 2, 0, 3, 2, 1};

START_TEST(strides_follow_the_contract)
{
    CopTensor x;
    ck_assert_int_eq(cop_tensor_shape(&x, 17, 3, 4, 5, 6, uneven), COP_OK);
    ck_assert_int_eq(x.g, 2);
    ck_assert_uint_eq(x.stride_h, (2 + 6 + 1) * 16);
    /* Rows of a plane, then planes of a channel, made odd in cache lines. */
    ck_assert_uint_eq(x.stride_t, (9 * 8 + 1) * 16);
    ck_assert_uint_eq(x.stride_c, (73 * 7) * 16);
    ck_assert_uint_eq(x.stride_g, 3 * x.stride_c);
    ck_assert_uint_eq(cop_tensor_floats(&x), 2 * x.stride_g);
    ck_assert_int_eq(cop_tensor_lanes(&x, 0), 16);
    ck_assert_int_eq(cop_tensor_lanes(&x, 1), 1);
    ck_assert_int_eq(cop_tensor_shape(&x, 16, 1, 1, 1, 1, (CopHalo){0}), COP_OK);
    ck_assert_int_eq(x.g, 1);
    ck_assert_uint_eq(cop_tensor_floats(&x), 16);
}
END_TEST

/* Every position, halo included, has an address of its own inside the memory. */
START_TEST(positions_are_apart_and_inside)
{
    Guarded guarded = make(18, 2, 3, 4, 5, uneven);
    const CopTensor *x = &guarded.x;
    ck_assert((uintptr_t)x->data % 64 == 0);
    float count = 0;
    for (int pass = 0; pass < 2; pass++) {
        count = 0;
        for (int g = 0; g < x->g; g++)
            for (int c = 0; c < x->c; c++)
                for (int t = -1; t < 3 + 2; t++)
                    for (int h = 0; h < 4 + 3; h++)
                        for (int w = -2; w < 5 + 1; w++)
                            for (int lane = 0; lane < COP_LANES; lane++, count++) {
                                float *at = cop_tensor_at(x, g, c, t, h, w) + lane;
                                ck_assert(at >= guarded.memory + GUARD);
                                ck_assert(at < guarded.memory + GUARD + guarded.floats);
                                if (pass == 0)
                                    *at = count;
                                else
                                    ck_assert(*at == count);
                            }
    }
    finish(&guarded);
}
END_TEST

START_TEST(zero_halo_spares_the_inside)
{
    static const CopHalo halos[] = {{1, 2, 0, 3, 2, 1}, {2, 1, 3, 0, 1, 2}, {0}};
    for (int i = 0; i < 3; i++) {
        const CopHalo *o = &halos[i];
        Guarded guarded = make(3, 2, 3, 4, 5, *o);
        const CopTensor *x = &guarded.x;
        cop_tensor_zero_halo(x);
        for (int c = 0; c < 2; c++)
            for (int t = -o->t_lo; t < 3 + o->t_hi; t++)
                for (int h = -o->h_lo; h < 4 + o->h_hi; h++)
                    for (int w = -o->w_lo; w < 5 + o->w_hi; w++)
                        for (int lane = 0; lane < COP_LANES; lane++) {
                            const int inside =
                                t >= 0 && t < 3 && h >= 0 && h < 4 && w >= 0 && w < 5;
                            ck_assert(cop_tensor_at(x, 0, c, t, h, w)[lane] ==
                                      (inside ? poison : 0));
                        }
        finish(&guarded);
    }
}
END_TEST

START_TEST(zero_idle_spares_valid_lanes_and_halo)
{
    Guarded guarded = make(19, 2, 2, 3, 2, uneven);
    const CopTensor *x = &guarded.x;
    cop_tensor_zero_idle(x);
    for (int g = 0; g < 2; g++)
        for (int c = 0; c < 2; c++)
            for (int t = -1; t < 2 + 2; t++)
                for (int h = 0; h < 3 + 3; h++)
                    for (int w = -2; w < 2 + 1; w++)
                        for (int lane = 0; lane < COP_LANES; lane++) {
                            const int inside =
                                t >= 0 && t < 2 && h >= 0 && h < 3 && w >= 0 && w < 2;
                            const int idle = inside && g == 1 && lane >= 3;
                            ck_assert(cop_tensor_at(x, g, c, t, h, w)[lane] == (idle ? 0 : poison));
                        }
    finish(&guarded);

    Guarded full = make(16, 1, 1, 2, 2, (CopHalo){0});
    cop_tensor_zero_idle(&full.x);
    for (size_t i = 0; i < full.floats; i++)
        ck_assert(full.memory[GUARD + i] == poison);
    finish(&full);
}
END_TEST

START_TEST(lanes_round_trip)
{
    enum { N = 20, FLOATS = 2 * 3 * 4 * 5 };
    Guarded guarded = make(N, 2, 3, 4, 5, uneven);
    const CopTensor *x = &guarded.x;
    float clip[FLOATS], back[FLOATS];
    for (int lane = 0; lane < N; lane++) {
        for (int i = 0; i < FLOATS; i++)
            clip[i] = (float)(lane * FLOATS + i);
        cop_tensor_load_lane(x, lane, clip);
    }
    for (int lane = 0; lane < N; lane++) {
        cop_tensor_store_lane(x, lane, back);
        for (int i = 0; i < FLOATS; i++)
            ck_assert(back[i] == (float)(lane * FLOATS + i));
    }
    /* Row-major [c][t][h][w], seen through the address of one position. */
    ck_assert(cop_tensor_at(x, 1, 1, 2, 3, 4)[3] == (float)(19 * FLOATS + FLOATS - 1));
    ck_assert(cop_tensor_at(x, 0, 1, 0, 2, 1)[7] ==
              (float)(7 * FLOATS + ((1 * 3 + 0) * 4 + 2) * 5 + 1));
    /* Neither idle lanes nor the halo were written. */
    ck_assert(cop_tensor_at(x, 1, 0, 0, 0, 0)[4] == poison);
    ck_assert(cop_tensor_at(x, 0, 0, 0, 0, -1)[0] == poison);
    finish(&guarded);
}
END_TEST

START_TEST(fewer_lanes_than_shaped)
{
    CopTensor x;
    ck_assert_int_eq(cop_tensor_shape(&x, 40, 1, 1, 1, 1, (CopHalo){0}), COP_OK);
    cop_tensor_set_n(&x, 17);
    ck_assert_int_eq(x.n, 17);
    ck_assert_int_eq(x.g, 2);
    ck_assert_int_eq(cop_tensor_lanes(&x, 1), 1);
}
END_TEST

START_TEST(hostile_shapes_are_refused)
{
    enum { BIG = 1 << 24 };
    static const int shapes[][5] = {
        {0, 1, 1, 1, 1},           {1, 0, 1, 1, 1},       {1, 1, -1, 1, 1},
        {1, 1, 1, BIG + 1, 1},     {1, 1, 1, 1, INT_MAX}, {INT_MIN, 1, 1, 1, 1},
        {BIG, BIG, BIG, BIG, BIG}, {1, 1, BIG, BIG, BIG}, {1, BIG, BIG, 1024, 1024},
        {BIG, BIG, 1024, 64, 1},
    };
    CopTensor x;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const int *s = shapes[i];
        ck_assert_msg(cop_tensor_shape(&x, s[0], s[1], s[2], s[3], s[4], (CopHalo){0}) ==
                          COP_ERR_SHAPE,
                      "shape %zu was taken", i);
    }
    static const CopHalo halos[] = {{.t_lo = -1}, {.w_hi = INT_MAX}, {.h_lo = BIG + 1}};
    for (size_t i = 0; i < sizeof halos / sizeof halos[0]; i++)
        ck_assert_int_eq(cop_tensor_shape(&x, 1, 1, 1, 1, 1, halos[i]), COP_ERR_SHAPE);
    ck_assert_int_eq(cop_tensor_shape(&x, 1, 1, 1, BIG, BIG, (CopHalo){0}), COP_OK);
}
END_TEST

START_TEST(create_takes_from_the_arena)
{
    CopArena *arena;
    CopTensor x;
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 20), COP_OK);
    ck_assert_int_eq(cop_tensor_create(&x, arena, 2, 3, 4, 5, 6, uneven), COP_OK);
    ck_assert_uint_ge(cop_arena_used(arena), cop_tensor_floats(&x) * sizeof(float));
    ck_assert(cop_tensor_at(&x, 0, 2, 3, 4, 5)[15] == 0);
    ck_assert_int_eq(cop_tensor_create(&x, arena, 64, 64, 8, 56, 56, uneven), COP_ERR_NOMEM);
    ck_assert_int_eq(cop_tensor_create(&x, arena, 0, 64, 8, 56, 56, uneven), COP_ERR_SHAPE);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(halos_join)
{
    const CopHalo joined = cop_halo_max(uneven, (CopHalo){0, 3, 1, 1, 1, 1});
    const CopHalo expected = {1, 3, 1, 3, 2, 1};
    ck_assert(memcmp(&joined, &expected, sizeof joined) == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensor");
    TCase *tests = tcase_create("tensor");
    tcase_add_test(tests, strides_follow_the_contract);
    tcase_add_test(tests, positions_are_apart_and_inside);
    tcase_add_test(tests, zero_halo_spares_the_inside);
    tcase_add_test(tests, zero_idle_spares_valid_lanes_and_halo);
    tcase_add_test(tests, lanes_round_trip);
    tcase_add_test(tests, fewer_lanes_than_shaped);
    tcase_add_test(tests, hostile_shapes_are_refused);
    tcase_add_test(tests, create_takes_from_the_arena);
    tcase_add_test(tests, halos_join);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
