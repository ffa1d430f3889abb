/* Replays the corpus of the safetensors fuzz target, then thousands of mutants of
 * each file, the same ones every time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"
#include "tests/fuzz/fuzz_safetensors.c"

enum { MUTANTS = 4000, SIZE_LIMIT = 4096 };
static const char corpus[] = COP_TESTS "/fuzz/corpus/safetensors";

/* Runs the target on a copy of just that size, so that a sanitizer sees the end. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* One change to data[size], which has room for SIZE_LIMIT bytes; returns the new
 * size. What it does is picked by `draw`. */
static size_t mutate(uint8_t *data, size_t size, const uint32_t draw[4])
{
    static const char *const words[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        "\"",
                                        ",",
                                        ":",
                                        "\\",
                                        "-1",
                                        "0",
                                        "\\u",
                                        "\\ud8",
                                        "U8",
                                        "F32",
                                        " ",
                                        "\xff",
                                        "\xc3",
                                        "1e9",
                                        "18446744073709551615"};
    const size_t at = size ? draw[1] % size : 0;
    const char *word = words[draw[2] % (sizeof words / sizeof words[0])];
    const size_t length = strlen(word);
    switch (draw[0] % 6) {
    case 0: /* flip a bit */
        if (size)
            data[at] ^= (uint8_t)(1u << draw[2] % 8);
        return size;
    case 1: /* another byte */
        if (size)
            data[at] = (uint8_t)draw[2];
        return size;
    case 2: /* cut the end off */
        return at;
    case 3: /* take a piece out */
    {
        const size_t piece = draw[2] % 16 < size - at ? draw[2] % 16 : size - at;
        memmove(data + at, data + at + piece, size - at - piece);
        return size - piece;
    }
    case 4: /* put a word in */
        if (size + length > SIZE_LIMIT)
            return size;
        memmove(data + at + length, data + at, size - at);
        memcpy(data + at, word, length);
        return size + length;
    default: /* overwrite with a word */
        if (at + length <= size)
            memcpy(data + at, word, length);
        return size;
    }
}

/* Most mutants would fail on the header's length alone; half of them get one
 * that fits what is there: up to the last closing brace. */
static void mend_length(uint8_t *data, size_t size)
{
    while (size > 8 && data[size - 1] != '}')
        size--;
    if (size > 8)
        for (int i = 0; i < 8; i++)
            data[i] = (uint8_t)((size - 8) >> 8 * i);
}

static void replay(const char *name, uint32_t number)
{
    static uint8_t original[SIZE_LIMIT], mutant[SIZE_LIMIT];
    char path[sizeof corpus + 256];
    snprintf(path, sizeof path, "%s/%s", corpus, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    const size_t size = fread(original, 1, sizeof original, file);
    fclose(file);
    feed(original, size);
    const CopRngKey key = cop_rng_key(1, "fuzz");
    for (uint32_t i = 0; i < MUTANTS; i++) {
        uint32_t draw[4];
        size_t length = size;
        memcpy(mutant, original, size);
        cop_rng_block(key, 0, (CopRngAddress){number, i, 0}, draw);
        for (uint32_t k = 1, changes = 1 + draw[3] % 4; k <= changes; k++) {
            length = mutate(mutant, length, draw);
            cop_rng_block(key, k, (CopRngAddress){number, i, 0}, draw);
        }
        if (draw[3] & 1)
            mend_length(mutant, length);
        feed(mutant, length);
    }
}

START_TEST(corpus_and_mutants_keep_the_promises)
{
    struct dirent **entries;
    const int n = scandir(corpus, &entries, NULL, alphasort);
    ck_assert_msg(n > 2, "%s is empty", corpus);
    int files = 0;
    for (int i = 0; i < n; i++) {
        if (strstr(entries[i]->d_name, ".safetensors"))
            replay(entries[i]->d_name, (uint32_t)files++);
        free(entries[i]);
    }
    free(entries);
    ck_assert_int_ge(files, 12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fuzz_safetensors");
    TCase *tests = tcase_create("replay");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, corpus_and_mutants_keep_the_promises);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
