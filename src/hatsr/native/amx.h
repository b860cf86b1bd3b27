// Products of floats on the matrix units for bfloat16 (AMX), each float as the sum of two bfloat16:
// a b = (a1 + a2)(b1 + b2), of which a2 b2 is left out. That is exact to about 2^-17 of |a| |b|,
// and still several times faster than vectors of floats.

#pragma once

#include "vectors.h"

#if defined(__AVX512BF16__)

namespace amx {

constexpr int64_t SIDE = 16;             // rows of a register, and its columns of floats
constexpr int64_t DEPTH = 32;            // bfloat16 in a row of a register
constexpr int64_t FLOATS = SIDE * SIDE;  // as large as a register

// 32 floats as the sum of two rows of 32 bfloat16.
inline void split(__m512 first, __m512 second, void* high, void* low) {
    __m512i rough = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    __m512i of_first = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(rough));
    __m512i of_second = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(rough, 1));
    first -= (__m512)_mm512_slli_epi32(of_first, 16);
    second -= (__m512)_mm512_slli_epi32(of_second, 16);
    _mm512_storeu_si512(high, rough);
    _mm512_storeu_si512(low, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

}  // namespace amx

#endif

#if defined(__AMX_BF16__)

namespace amx {

// All eight registers: 16 rows of 64 bytes. Given back when this ends.
class Registers {
    struct alignas(64) Shape {
        uint8_t palette = 1, start = 0, reserved[14] = {};
        uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };

 public:
    Registers() {
        static constexpr Shape shape;
        _tile_loadconfig(&shape);
    }
    ~Registers() { _tile_release(); }
};

// Rows of `lanes` floats as left factors: for each DEPTH of columns, `rows` rows; first all high
// parts, then all low ones.
inline void pack_left(float* to, const float* from, int64_t rows, int64_t lanes, int64_t deep) {
    float* low = to + deep * rows * SIDE;
    for (int64_t s = 0; s < deep; s++)
        for (int64_t r = 0; r < rows; r++) {
            const float* at = from + r * lanes + s * DEPTH;
            bool has_second = s * DEPTH + SIDE < lanes;
            __m512 second = has_second ? _mm512_loadu_ps(at + SIDE) : _mm512_setzero_ps();
            int64_t place = (s * rows + r) * SIDE;
            split(_mm512_loadu_ps(at), second, to + place, low + place);
        }
}

// Rows of `lanes` floats as right factors, transposed: registers of 16 rows and DEPTH of columns.
inline void pack_right_transposed(float* to, const float* from, int64_t rows, int64_t lanes,
                                  int64_t deep) {
    float* low = to + deep * rows * SIDE;
    alignas(64) float lines[2][FLOATS];
    for (int64_t r = 0; r < rows; r += SIDE)
        for (int64_t s = 0; s < deep; s++) {
            for (int64_t i = 0; i < SIDE; i++) {
                const float* at = from + (r + i) * lanes + s * DEPTH;
                bool has_second = s * DEPTH + SIDE < lanes;
                __m512 second = has_second ? _mm512_loadu_ps(at + SIDE) : _mm512_setzero_ps();
                split(_mm512_loadu_ps(at), second, lines[0] + i * SIDE, lines[1] + i * SIDE);
            }
            int64_t place = (r / SIDE * deep + s) * FLOATS;
            transpose(to + place, SIDE, lines[0], SIDE, SIDE, SIDE);
            transpose(low + place, SIDE, lines[1], SIDE, SIDE, SIDE);
        }
}

// Rows of `lanes` floats as right factors: registers of DEPTH of rows and 16 columns.
inline void pack_right(float* to, const float* from, int64_t rows, int64_t lanes) {
    float* low = to + rows * lanes / 2;
    for (int64_t r = 0; r < rows; r += 2)
        for (int64_t c = 0; c < lanes; c += SIDE) {
            __m512 even = _mm512_loadu_ps(from + r * lanes + c);
            __m512 odd = _mm512_loadu_ps(from + (r + 1) * lanes + c);
            int64_t number = r / DEPTH * (lanes / SIDE) + c / SIDE;
            int64_t place = number * FLOATS + r % DEPTH / 2 * SIDE;
            for (float* part : {to, low}) {
                __m512i a = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
                __m512i b = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
                a = _mm512_slli_epi32(a, 16), b = _mm512_slli_epi32(b, 16);
                even -= (__m512)a, odd -= (__m512)b;
                __m512i both = _mm512_or_si512(_mm512_srli_epi32(a, 16), b);
                _mm512_storeu_si512(part + place, both);
            }
        }
}

#define HATSR_MULTIPLY(sum)        \
    _tile_loadd(6, right, 64);     \
    _tile_loadd(7, right_low, 64); \
    _tile_dpbf16ps(sum, 4, 6);     \
    _tile_dpbf16ps(sum, 5, 6);     \
    _tile_dpbf16ps(sum, 4, 7);     \
    right += step, right_low += step

// out (16 rows x 64, rows 64 apart) = start + left times four registers of 16 columns on the right.
inline void multiply_four(float* out, const float* start, const float* left, const float* left_low,
                          int64_t rows, const float* right, const float* right_low, int64_t deep) {
    const int64_t step = deep * FLOATS;
    _tile_loadd(0, start, 256);
    _tile_loadd(1, start + 16, 256);
    _tile_loadd(2, start + 32, 256);
    _tile_loadd(3, start + 48, 256);
    for (int64_t s = 0; s < deep; s++) {
        _tile_loadd(4, left + s * rows * SIDE, 64);
        _tile_loadd(5, left_low + s * rows * SIDE, 64);
        HATSR_MULTIPLY(0);
        HATSR_MULTIPLY(1);
        HATSR_MULTIPLY(2);
        HATSR_MULTIPLY(3);
        right += FLOATS - 4 * step, right_low += FLOATS - 4 * step;
    }
    _tile_stored(0, out, 256);
    _tile_stored(1, out + 16, 256);
    _tile_stored(2, out + 32, 256);
    _tile_stored(3, out + 48, 256);
}

// out (16 rows x lanes) += left (16 x 64, high parts and then low ones) times the right.
inline void add_product(float* out, int64_t lanes, const float* left, const float* right,
                        const float* right_low) {
    const int64_t step = FLOATS, down = lanes / SIDE * FLOATS;
    for (int64_t c = 0; c < lanes; c += 2 * SIDE) {
        bool two = c + SIDE < lanes;
        _tile_loadd(0, out + c, lanes * 4);
        if (two) _tile_loadd(1, out + c + SIDE, lanes * 4);
        for (int64_t s = 0; s < 2; s++) {
            _tile_loadd(4, left + s * SIDE, 128);
            _tile_loadd(5, left + 2 * FLOATS + s * SIDE, 128);
            HATSR_MULTIPLY(0);
            if (two) {
                HATSR_MULTIPLY(1);
            }
            right += down - (two ? 2 : 1) * step, right_low += down - (two ? 2 : 1) * step;
        }
        _tile_stored(0, out + c, lanes * 4);
        if (two) _tile_stored(1, out + c + SIDE, lanes * 4);
        right += 2 * step - 2 * down, right_low += 2 * step - 2 * down;
    }
}

#undef HATSR_MULTIPLY

}  // namespace amx

#endif
