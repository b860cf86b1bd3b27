// Numbers in bfloat16, the upper half of a float, and products of pairs of them: a lane of 32 bits
// holds two, the first in its low half.

#pragma once

#include "vectors.h"

namespace {

typedef uint16_t Bf16;
typedef int32_t Pair __attribute__((may_alias));
typedef uint16_t Halves __attribute__((vector_size(LANES * 2)));
typedef uint16_t LooseHalves __attribute__((vector_size(LANES * 2), aligned(2), may_alias));

// LANES numbers, each at the bottom of a lane.
inline Integers low_halves(Halves x) { return __builtin_convertvector(x, Integers); }

inline Halves load_halves(const Bf16* from) { return *reinterpret_cast<const LooseHalves*>(from); }

inline Vector widen(Halves x) { return (Vector)(low_halves(x) << 16); }

// Rounded to the nearest, or to the even one of two; not-a-number stays.
inline Halves narrow(Vector x) {
#if defined(__AVX512BF16__)
    return (Halves)_mm512_cvtneps_pbh(x);
#else
    typedef uint32_t Words __attribute__((vector_size(LANES * 4)));
    Words bits = (Words)x, even = bits >> 16 & 1;
    bits = (bits + (even + 0x7fff)) >> 16;
    return __builtin_convertvector(x == x ? bits : bits * 0 + 0x7fc0, Halves);
#endif
}

inline Vector load(const Bf16* from) { return widen(load_halves(from)); }
inline void store(Bf16* to, Vector x) { *reinterpret_cast<LooseHalves*>(to) = narrow(x); }

// The first `count` of LANES numbers, then zeros.
inline Vector load_some(const Bf16* from, int64_t count) {
    Bf16 line[LANES] = {};
    std::memcpy(line, from, count * sizeof(Bf16));
    return load(line);
}

// The first `count` of LANES numbers.
inline void store_some(Bf16* to, Vector x, int64_t count) {
    Bf16 line[LANES];
    store(line, x);
    std::memcpy(to, line, count * sizeof(Bf16));
}

// One pair a lane.
inline Vector pair(Halves first, Halves second) {
    return (Vector)(low_halves(first) | low_halves(second) << 16);
}

inline Vector splat_pair(Pair x) { return (Vector)(x - Integers{}); }

// sums + the products of both numbers of each pair.
inline Vector pair_product(Vector sums, Vector a, Vector b) {
#if defined(__AVX512BF16__)
    return _mm512_dpbf16_ps(sums, (__m512bh)a, (__m512bh)b);
#else
    constexpr int32_t upper = -65536;
    Integers x = (Integers)a, y = (Integers)b;
    sums += (Vector)(x & upper) * (Vector)(y & upper);
    return sums + (Vector)(x << 16) * (Vector)(y << 16);
#endif
}

// Rows of `columns` numbers (a multiple of LANES), two and two as pairs: rows / 2 of `columns`.
inline void pair_rows(float* to, const Bf16* from, int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r += 2)
        for (int64_t c = 0; c < columns; c += LANES) {
            const Bf16* at = from + r * columns + c;
            store(to + r / 2 * columns + c, pair(load_halves(at), load_halves(at + columns)));
        }
}

// sums[m][n] += a[m, :] b[:, n] over `depth` pairs; a is read as single pairs, b as vectors.
template <int M, int N>
inline void multiply_pairs(Vector (&sums)[M][N], const Pair* a, int64_t a_row, int64_t a_column,
                           const float* b, int64_t b_row, int64_t depth) {
    for (int64_t i = 0; i < depth; i++) {
        Vector line[N];
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) line[n] = load(b + i * b_row + n * LANES);
#pragma GCC unroll 16
        for (int m = 0; m < M; m++) {
            Vector number = splat_pair(a[m * a_row + i * a_column]);
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) sums[m][n] = pair_product(sums[m][n], number, line[n]);
        }
    }
}

}  // namespace
