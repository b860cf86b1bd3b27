// Products of matrices of bfloat16 in pairs, with sums in floats that are handed on as they are
// ready. On matrix units (AMX) where there are any, else on vectors.

#pragma once

#include "amx.h"
#include "bf16.h"

namespace {

constexpr int64_t BLOCK = 128;  // pixels that are worked on together
constexpr int64_t WHOLE = 32;   // rows to work in are multiples of it

inline int64_t whole(int64_t width) { return rounded(width, WHOLE); }

// multiply_all calls finish(row, column, vector of sums) for all of a times b: `depth` pairs are
// summed, b's rows are `columns` long. An element of a lies at row * a_row + pair * a_column, one
// of the two being 1.
#if defined(__AMX_BF16__)

// Four registers of 16 rows and columns each. Sums go on to the next whole number of rows.
template <class Finish>
inline void multiply_all(const Pair* a, int64_t a_row, int64_t a_column, const float* b,
                         int64_t rows, int64_t columns, int64_t depth, const Finish& finish) {
    constexpr int64_t SIDE = amx::SIDE;
    const float* left = reinterpret_cast<const float*>(a);
    alignas(64) float sums[WHOLE * WHOLE], strip[WHOLE * BLOCK / 2];
    amx::Registers registers;
    for (int64_t r = 0; r < rows; r += WHOLE) {
        const float* lines = left + r * a_row;
        int64_t line = a_row;
        if (a_column != 1) {
            transpose(strip, depth, lines, a_column, depth, WHOLE);
            lines = strip, line = depth;
        }
        for (int64_t c = 0; c < columns; c += WHOLE) {
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
            for (int64_t d = 0; d < depth; d += SIDE) {
                _tile_loadd(4, lines + d, line * 4);
                _tile_loadd(5, lines + SIDE * line + d, line * 4);
                _tile_loadd(6, b + d * columns + c, columns * 4);
                _tile_loadd(7, b + d * columns + c + SIDE, columns * 4);
                _tile_dpbf16ps(0, 4, 6);
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(2, 5, 6);
                _tile_dpbf16ps(3, 5, 7);
            }
            _tile_stored(0, sums, WHOLE * 4);
            _tile_stored(1, sums + SIDE, WHOLE * 4);
            _tile_stored(2, sums + SIDE * WHOLE, WHOLE * 4);
            _tile_stored(3, sums + SIDE * WHOLE + SIDE, WHOLE * 4);
            for (int64_t m = 0; m < WHOLE; m++)
                for (int64_t n = 0; n < WHOLE; n += LANES)
                    finish(r + m, c + n, load(sums + m * WHOLE + n));
        }
    }
}

#else

constexpr int TALL = 4, WIDE = LANES == 16 ? 4 : 2;  // rows and vectors in registers

template <int N, class Finish>
inline void multiply_strip(const Pair* a, int64_t a_row, int64_t a_column, const float* b,
                           int64_t b_row, int64_t rows, int64_t column, int64_t depth,
                           const Finish& finish) {
    for (int64_t r = 0; r < rows; r += TALL) {
        Vector sums[TALL][N] = {};
        multiply_pairs(sums, a + r * a_row, a_row, a_column, b + column, b_row, depth);
#pragma GCC unroll 4
        for (int m = 0; m < TALL; m++)
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) finish(r + m, column + n * LANES, sums[m][n]);
    }
}

template <class Finish>
inline void multiply_all(const Pair* a, int64_t a_row, int64_t a_column, const float* b,
                         int64_t rows, int64_t columns, int64_t depth, const Finish& finish) {
    int64_t c = 0, wide = WIDE * LANES;
    for (; c + wide <= columns; c += wide)
        multiply_strip<WIDE>(a, a_row, a_column, b, columns, rows, c, depth, finish);
    for (; c < columns; c += LANES)
        multiply_strip<1>(a, a_row, a_column, b, columns, rows, c, depth, finish);
}

#endif

}  // namespace
