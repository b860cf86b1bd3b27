// Matrix units for bfloat16 in plain C++, for processors without: what layers.cpp uses of them.

#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>

#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#define __AMX_BF16__ 1
#define _tile_loadconfig(shape) ((void)(shape))
#define _tile_release() ((void)0)

static thread_local float tiles[8][16][16];

static inline void _tile_zero(int t) { std::memset(tiles[t], 0, sizeof(tiles[t])); }

static inline void _tile_loadd(int t, const void* from, int64_t stride) {
    for (int r = 0; r < 16; r++)
        std::memcpy(tiles[t][r], static_cast<const char*>(from) + r * stride, 64);
}

static inline void _tile_stored(int t, void* to, int64_t stride) {
    for (int r = 0; r < 16; r++)
        std::memcpy(static_cast<char*>(to) + r * stride, tiles[t][r], 64);
}

// One of the two bfloat16 where a float would be.
static inline float half(float pair, bool second) {
    uint32_t bits;
    std::memcpy(&bits, &pair, 4);
    bits = second ? bits & 0xffff0000u : bits << 16;
    std::memcpy(&pair, &bits, 4);
    return pair;
}

static inline void _tile_dpbf16ps(int sums, int a, int b) {
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 16; n++)
            for (int k = 0; k < 16; k++)
                for (bool second : {false, true})
                    tiles[sums][m][n] += half(tiles[a][m][k], second) * half(tiles[b][k][n], second);
}
