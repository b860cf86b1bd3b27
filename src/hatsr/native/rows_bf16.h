// The rows of one window and head in maps of bfloat16, whose strides count bfloat16 too.

#pragma once

#include "bf16.h"
#include "window.h"

namespace {

constexpr int64_t CHUNK = 16;  // numbers that are copied together; packed rows are multiples of it

inline int64_t packed_width(const Call& call) { return rounded(call.heads.width, CHUNK); }

// The window's head in the first pixel of its picture.
template <class Number>
inline Number* first_row(const Window& window, Map map) {
    const Call& call = window.call;
    return reinterpret_cast<Number*>(map.first) +
           window.picture * call.windows.pixels * map.stride + window.head * call.heads.width;
}

inline void copy_row(Bf16* to, const Bf16* from, int64_t width) {
    int64_t c = 0;
    for (; c + CHUNK <= width; c += CHUNK) std::memcpy(to + c, from + c, CHUNK * sizeof(Bf16));
    if (c == width) return;
    std::memset(to + c, 0, CHUNK * sizeof(Bf16));
    std::memcpy(to + c, from + c, (width - c) * sizeof(Bf16));
}

// Rows of a map one after the other, then zeros. The same rows of the next window are asked for:
// they lie too far apart for the processor to foresee them.
inline void gather(Bf16* to, const Window& window, Map map, const int32_t* rows, int64_t count,
                   int64_t padded) {
    const Bf16* base = first_row<Bf16>(window, map);
    int64_t width = packed_width(window.call);
    bool last = window.number + 1 == window.call.windows.count;
    for (int64_t i = 0; i < count; i++) {
        for (int64_t c = 0; !last && c < window.call.heads.width; c += 32)
            __builtin_prefetch(base + rows[count + i] * map.stride + c);
        if (rows[i] < 0)
            std::memset(to + i * width, 0, width * sizeof(Bf16));
        else
            copy_row(to + i * width, base + rows[i] * map.stride, window.call.heads.width);
    }
    std::memset(to + count * width, 0, (padded - count) * width * sizeof(Bf16));
}

inline void gather_queries(Bf16* to, const Window& window, Map map) {
    gather(to, window, map, window.query_rows(), window.call.windows.queries,
           window.call.heads.padded_queries);
}

inline void gather_keys(Bf16* to, const Window& window, Map map) {
    gather(to, window, map, window.key_rows(), window.call.windows.keys, window.call.keys);
}

// Panels of gathered keys (or values), each transposed by pairs: packed_width / 2 x panel_keys.
inline void transpose_pairs(float* to, const Bf16* from, const Call& call) {
    int64_t keys = call.heads.panel_keys, pairs = packed_width(call) / 2;
    const float* lanes = reinterpret_cast<const float*>(from);
    for (int64_t p = 0; p < call.heads.panels; p++)
        transpose(to + p * keys * pairs, keys, lanes + p * keys * pairs, pairs, keys, pairs);
}

// A row of floats times a factor into a map.
inline void write_row(Bf16* to, const float* from, int64_t width, float factor) {
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES) store(to + c, load(from + c) * factor);
    if (c < width) store_some(to + c, load(from + c) * factor, width - c);
}

// Scores of four queries and a panel of keys, in units of log2; the queries are rows of pairs.
template <int N>
inline void score_pairs(Vector (&scores)[4][N], const Window& window, const Bf16* queries,
                        const float* keys_t, int64_t panel, int64_t query) {
    int64_t pairs = packed_width(window.call) / 2;
    for (auto& line : scores)
        for (auto& vector : line) vector = Vector{};
    multiply_pairs(scores, reinterpret_cast<const Pair*>(queries) + query * pairs, pairs, 1,
                   keys_t + panel * N * LANES * pairs, N * LANES, pairs);
    const float* bias = window.bias(panel, query);
    const Vector scale = splat(window.call.scale * LOG2_E);
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++)
            scores[m][n] = scores[m][n] * scale + load(bias + (m * N + n) * LANES);
}

// out (STEP x columns) = or += weights times rows of `columns` pairs, over `depth` pairs.
inline void mix(float* out, bool add, const Pair* weights, int64_t row, int64_t column,
                const float* pairs, int64_t columns, int64_t depth) {
    constexpr int tall = LANES == 16 ? 16 : 8;
    for (int64_t c = 0; c < columns; c += LANES)
        for (int64_t r = 0; r < STEP; r += tall) {
            Vector sums[tall][1];
            float* at = out + r * columns + c;
#pragma GCC unroll 16
            for (int m = 0; m < tall; m++) sums[m][0] = add ? load(at + m * columns) : Vector{};
            multiply_pairs(sums, weights + r * row, row, column, pairs + c, columns, depth);
#pragma GCC unroll 16
            for (int m = 0; m < tall; m++) store(at + m * columns, sums[m][0]);
        }
}

}  // namespace
