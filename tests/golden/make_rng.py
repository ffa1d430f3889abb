#!/usr/bin/python3
# Golden numbers of tests/unit/test_rng.c: Philox4x32-10, FNV-1a-64 and the key
# mix, written from their papers with Python's integers. No seed: all is fixed.
# SPDX-License-Identifier: LGPL-2.1-or-later
M32, M64 = 2**32 - 1, 2**64 - 1


def philox(key, counter):
    (k0, k1), x = key, list(counter)
    for _ in range(10):
        a, b = x[0] * 0xD2511F53, x[2] * 0xCD9E8D57
        x = [(b >> 32) ^ x[1] ^ k0, b & M32, (a >> 32) ^ x[3] ^ k1, a & M32]
        k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
    return x


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & M64
    return value


def mix(x):
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        x = ((x ^ (x >> 33)) * factor) & M64
    return x ^ (x >> 33)


def key(seed, purpose):
    k = mix((mix(seed) + fnv1a(purpose)) & M64)
    return k & M32, k >> 32


for seed, purpose, position, draw, frame, clip in [
    (0, b"", 0, 0, 0, 0),
    (1, b"weights", 5, 2, 3, 4),
    (M64, b"shot_noise", M32, 7, 1000, 0xDEADBEEF),
]:
    k = key(seed, purpose)
    word = philox(k, (position // 4, draw, frame, clip))[position % 4]
    print("{%du, \"%s\", %du, {%du, %du, %du}, {{0x%08xu, 0x%08xu}}, 0x%08xu}," % (
        seed, purpose.decode(), position, draw, frame, clip, *k, word))
