// The backward pass of one window and head in bfloat16. Weights and gradients of scores are kept
// for a panel of keys and all queries, two queries as a pair, so that each key's gradients are
// added up in registers.

#pragma once

#include "arena.h"
#include "backward.h"
#include "rows_bf16.h"

namespace {

// What a window needs; rows are packed_width long, "pairs" are rows two and two.
struct BackwardBuffersBf16 {
    Bf16 *queries, *d_out, *rows;  // gathered
    float *query_pairs, *d_out_pairs, *key_pairs;
    float *keys_t, *values_t;   // transposed by pairs, in panels
    float* means;               // of each query's gradient of weights, by weight
    float* weights;             // 4 x panel_keys
    float *shares, *d_scores;   // of a panel, two queries a pair: padded_queries / 2 x panel_keys
    Bf16* d_step;               // d_scores of a step, as rows: STEP x panel_keys
    float *d_queries, *d_rows;  // rows of floats: all queries; STEP

    BackwardBuffersBf16(const Call& call, Arena& arena) {
        int64_t width = packed_width(call), padded = call.heads.padded_queries;
        int64_t queries_size = padded * width / 2, keys_size = call.keys * width / 2;  // floats
        int64_t panel = call.heads.panel_keys;
        queries = reinterpret_cast<Bf16*>(arena.take(queries_size));
        d_out = reinterpret_cast<Bf16*>(arena.take(queries_size));
        rows = reinterpret_cast<Bf16*>(arena.take(std::max(queries_size, keys_size)));
        query_pairs = arena.take(queries_size), d_out_pairs = arena.take(queries_size);
        key_pairs = arena.take(keys_size);
        keys_t = arena.take(keys_size), values_t = arena.take(keys_size);
        means = arena.take(padded);
        weights = arena.take(4 * panel);
        shares = arena.take(padded / 2 * panel), d_scores = arena.take(padded / 2 * panel);
        d_step = reinterpret_cast<Bf16*>(arena.take(STEP * panel / 2));
        d_queries = arena.take(padded * width), d_rows = arena.take(STEP * width);
        std::memset(d_queries, 0, padded * width * sizeof(float));
    }
};

// The sum of d_out times out: what softmax takes from the gradient of every weight of a query.
inline void find_means(const Call& call, const BackwardBuffersBf16& of, const Bf16* out) {
    int64_t width = packed_width(call);
    for (int64_t q = 0; q < call.heads.padded_queries; q++) {
        Vector sum = {};
        for (int64_t c = q * width; c < (q + 1) * width; c += LANES)
            sum += load(of.d_out + c) * load(out + c);
        of.means[q] = total(sum);
    }
}

inline void read_window(const Window& window, const Gradients& given,
                        const BackwardBuffersBf16& of) {
    const Call& call = window.call;
    int64_t width = packed_width(call), padded = call.heads.padded_queries;
    gather_queries(of.queries, window, call.inputs.query);
    pair_rows(of.query_pairs, of.queries, padded, width);
    gather_queries(of.d_out, window, given.d_out);
    pair_rows(of.d_out_pairs, of.d_out, padded, width);
    gather_queries(of.rows, window, given.out);
    find_means(call, of, of.rows);
    gather_keys(of.rows, window, call.inputs.key);
    pair_rows(of.key_pairs, of.rows, call.keys, width);
    transpose_pairs(of.keys_t, of.rows, call);
    gather_keys(of.rows, window, call.inputs.value);
    transpose_pairs(of.values_t, of.rows, call);
}

// Two rows to pairs.
template <int N>
inline void store_pairs(float* to, const Vector* first, const Vector* second) {
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) store(to + n * LANES, pair(narrow(first[n]), narrow(second[n])));
}

// Weights of four queries from their scores; gradients of the scores, added to d_bias too.
template <int N>
inline void differentiate_four(const Window& window, const BackwardBuffersBf16& of, int64_t panel,
                               int64_t query, Vector (&scores)[4][N], const float* log_sums,
                               float* d_bias) {
    int64_t pairs = packed_width(window.call) / 2, place = query / 2 * N * LANES;
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) {
            scores[m][n] = exp2(scores[m][n] - log_sums[m]);
            store(of.weights + (m * N + n) * LANES, scores[m][n]);
        }
    store_pairs<N>(of.shares + place, scores[0], scores[1]);
    store_pairs<N>(of.shares + place + N * LANES, scores[2], scores[3]);
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) scores[m][n] = splat(-of.means[query + m]);
    multiply_pairs(scores, reinterpret_cast<const Pair*>(of.d_out) + query * pairs, pairs, 1,
                   of.values_t + panel * N * LANES * pairs, N * LANES, pairs);
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) {
            int64_t at = (m * N + n) * LANES;
            scores[m][n] *= load(of.weights + at);
            store(d_bias + at, load(d_bias + at) + scores[m][n]);
            store(of.d_step + query % STEP * N * LANES + at, scores[m][n]);
        }
    store_pairs<N>(of.d_scores + place, scores[0], scores[1]);
    store_pairs<N>(of.d_scores + place + N * LANES, scores[2], scores[3]);
}

// Rows of a panel's keys: the sum over queries of their shares times the queries' pairs.
inline void write_keys(const Window& window, const BackwardBuffersBf16& of, int64_t panel, Map map,
                       const float* shares, const float* pairs, float factor) {
    const Call& call = window.call;
    int64_t keys = call.heads.panel_keys, width = packed_width(call);
    int64_t end = std::min(keys, call.windows.keys - panel * keys);
    const int32_t* rows = window.key_rows() + panel * keys;
    for (int64_t first = 0; first < end; first += STEP) {
        mix(of.d_rows, false, reinterpret_cast<const Pair*>(shares) + first, 1, keys, pairs, width,
            call.heads.padded_queries / 2);
        for (int64_t k = first; k < std::min(first + STEP, end); k++) {
            if (rows[k] < 0) continue;
            const float* from = of.d_rows + (k - first) * width;
            int64_t place = rows[k] * map.stride;
            if (call.windows.shared)
                write_row(first_row<float>(window, map) + place, from, call.heads.width, factor,
                          true);
            else
                write_row(first_row<Bf16>(window, map) + place, from, call.heads.width, factor);
        }
    }
}

template <int N>
void backward_bf16(const Window& window, const Gradients& given) {
    const Call& call = window.call;
    BackwardBuffersBf16 of(call, empty_arena());
    read_window(window, given, of);
    int64_t width = packed_width(call), padded = call.heads.padded_queries, panel = N * LANES;
    const float* log_sums = given.log_sums + window.sums_offset();
    float* d_bias = given.d_bias + omp_get_thread_num() * call.heads.count * padded * call.keys;
    bool has_seam = window.regions();
    for (int64_t p = 0; p < call.heads.panels; p++) {
        for (int64_t q = 0; q < padded; q += STEP) {
            Seam seam = has_seam ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector scores[4][N];
                int64_t query = q + row;
                score_pairs(scores, window, of.queries, of.keys_t, p, query);
                if (has_seam) mask(scores, seam, row);
                differentiate_four(window, of, p, query, scores, log_sums + query,
                                   d_bias + window.bias_offset(p, query));
            }
            mix(of.d_queries + q * width, true, reinterpret_cast<const Pair*>(of.d_step), panel / 2,
                1, of.key_pairs + p * panel / 2 * width, width, panel / 2);
        }
        write_keys(window, of, p, given.d_value, of.shares, of.d_out_pairs, 1);
        write_keys(window, of, p, given.d_key, of.d_scores, of.query_pairs, call.scale);
    }
    Bf16* base = first_row<Bf16>(window, given.d_query);
    for (int64_t q = 0; q < call.windows.queries; q++)
        write_row(base + window.query_rows()[q] * given.d_query.stride, of.d_queries + q * width,
                  call.heads.width, call.scale);
}

}  // namespace
