// Vectors of floats of this processor's width, and what all kernels do with them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // within the compiler's own header
#include <immintrin.h>
#endif
#include <omp.h>

#define EXPORTED __attribute__((visibility("default")))

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

namespace {

typedef float Vector __attribute__((vector_size(LANES * 4)));
typedef float Loose __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(LANES * 4)));
typedef int32_t LooseIntegers __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

constexpr float LOG2_E = 1.44269504f, LN_2 = 0.693147181f;

inline Vector load(const float* p) { return *reinterpret_cast<const Loose*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Loose*>(p) = v; }
inline Vector splat(float x) { return x - Vector{}; }
inline int64_t rounded(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

#if defined(__AVX__) && !defined(__AVX512F__)
inline Vector larger(Vector a, Vector b) { return _mm256_max_ps(a, b); }
inline Vector smaller(Vector a, Vector b) { return _mm256_min_ps(a, b); }
#else
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
#endif

// 2^x for x up to 127 (relative error 1e-7); 0 or the least normal number far below.
inline Vector exp2(Vector x) {
#if defined(__AVX512F__)
    Vector whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    // In this order of arguments not-a-number stays. The sum holds the whole part in its low bits.
    x = smaller(splat(127.f), larger(splat(-126.f), x));
    Vector sum = x + 12582912.f, whole = sum - 12582912.f;
#endif
    Vector r = x - whole;
    Vector y = 1.327647042e-03f * r + 9.675541618e-03f;
    y = y * r + 5.550713281e-02f;
    y = y * r + 2.402211972e-01f;
    y = y * r + 6.931469671e-01f;
    y = y * r + 1.000000072f;
#if defined(__AVX512F__)
    return _mm512_scalef_ps(y, whole);
#else
    return (Vector)((Integers)y + ((Integers)sum << 23));
#endif
}

#if defined(__AVX512F__)
inline float total(Vector v) { return _mm512_reduce_add_ps(v); }
inline float largest(Vector v) { return _mm512_reduce_max_ps(v); }
#else
inline float total(Vector v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

inline float largest(Vector v) {
    float most = v[0];
    for (int i = 1; i < LANES; i++) most = std::max(most, v[i]);
    return most;
}
#endif

// Denormal numbers count as zero while this lives; with them a core is many times slower.
class NoDenormals {
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();

 public:
    NoDenormals() { _mm_setcsr(before | 0x8040); }
    ~NoDenormals() { _mm_setcsr(before); }
#else
 public:
    NoDenormals() {}
#endif
};

// sums[m][n] += a[m, :] b[:, n] over `depth`; a is read as single numbers, b as vectors.
template <int M, int N>
inline void multiply(Vector (&sums)[M][N], const float* a, int64_t a_row, int64_t a_column,
                     const float* b, int64_t b_row, int64_t depth) {
    for (int64_t i = 0; i < depth; i++) {
        Vector line[N];
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) line[n] = load(b + i * b_row + n * LANES);
#pragma GCC unroll 16
        for (int m = 0; m < M; m++) {
            float number = a[m * a_row + i * a_column];
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) sums[m][n] += number * line[n];
        }
    }
}

// c += a b, M rows and N vectors at a time.
template <int M, int N>
inline void add_product(float* c, int64_t c_row, const float* a, int64_t a_row, int64_t a_column,
                        const float* b, int64_t b_row, int64_t rows, int64_t columns,
                        int64_t depth) {
    for (int64_t column = 0; column < columns; column += N * LANES)
        for (int64_t row = 0; row < rows; row += M) {
            Vector sums[M][N];
            float* at = c + row * c_row + column;
#pragma GCC unroll 16
            for (int m = 0; m < M; m++)
#pragma GCC unroll 4
                for (int n = 0; n < N; n++) sums[m][n] = load(at + m * c_row + n * LANES);
            multiply(sums, a + row * a_row, a_row, a_column, b + column, b_row, depth);
#pragma GCC unroll 16
            for (int m = 0; m < M; m++)
#pragma GCC unroll 4
                for (int n = 0; n < N; n++) store(at + m * c_row + n * LANES, sums[m][n]);
        }
}

// The first `count` of LANES numbers, then zeros.
inline Vector load_some(const float* from, int64_t count) {
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), from);
#else
    Vector v = {};
    for (int64_t c = 0; c < count; c++) v[c] = from[c];
    return v;
#endif
}

// The first `count` of LANES numbers.
inline void store_some(float* to, Vector v, int64_t count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, __mmask16((1u << count) - 1), v);
#else
    for (int64_t c = 0; c < count; c++) to[c] = v[c];
#endif
}

// One row of `width` numbers times a factor, then zeros up to whole vectors.
inline void read_row(float* to, const float* from, int64_t width, float factor) {
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES) store(to + c, load(from + c) * factor);
    if (c < width) store(to + c, load_some(from + c, width - c) * factor);
}

// The same back into a map, added to what is there if asked.
inline void write_row(float* to, const float* from, int64_t width, float factor, bool add) {
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES)
        store(to + c, load(from + c) * factor + (add ? load(to + c) : Vector{}));
    if (c < width) {
        Vector before = add ? load_some(to + c, width - c) : Vector{};
        store_some(to + c, load(from + c) * factor + before, width - c);
    }
}

#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t Order __attribute__((vector_size(16)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Order{__VA_ARGS__})
#endif

inline void transpose_four(Four& a, Four& b, Four& c, Four& d) {
    Four ab_low = SHUFFLE(a, b, 0, 4, 1, 5), ab_high = SHUFFLE(a, b, 2, 6, 3, 7);
    Four cd_low = SHUFFLE(c, d, 0, 4, 1, 5), cd_high = SHUFFLE(c, d, 2, 6, 3, 7);
    a = SHUFFLE(ab_low, cd_low, 0, 1, 4, 5);
    b = SHUFFLE(ab_low, cd_low, 2, 3, 6, 7);
    c = SHUFFLE(ab_high, cd_high, 0, 1, 4, 5);
    d = SHUFFLE(ab_high, cd_high, 2, 3, 6, 7);
}

// to[c][r] = from[r][c]; rows and columns are multiples of 4.
inline void transpose(float* to, int64_t to_row, const float* from, int64_t from_row, int64_t rows,
                      int64_t columns) {
    for (int64_t r = 0; r < rows; r += 4)
        for (int64_t c = 0; c < columns; c += 4) {
            Four lines[4];
            for (int i = 0; i < 4; i++)
                lines[i] = *reinterpret_cast<const Four*>(from + (r + i) * from_row + c);
            transpose_four(lines[0], lines[1], lines[2], lines[3]);
            for (int i = 0; i < 4; i++)
                *reinterpret_cast<Four*>(to + (c + i) * to_row + r) = lines[i];
        }
}

}  // namespace
