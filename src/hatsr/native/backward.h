// The backward pass of one window and head: scores and weights are computed again from the saved
// sums of rows.

#pragma once

#include "arena.h"
#include "window.h"

extern "C" {

// What the backward pass is given and what it writes, beside the inputs.
struct Gradients {
    Map out;                // of the forward pass
    const float* log_sums;  // of the forward pass
    Map d_out, d_query, d_key, d_value;
    float* d_bias;  // threads x the shape of bias, added to
};
}

namespace {

// What a window needs. Rows are as long as lanes; what ends in _t is in panels, lanes x panel_keys.
struct BackwardBuffers {
    float* packed;  // rows of any map on their way
    float *queries, *keys, *d_out;
    float *keys_t, *values_t;
    float* means;                              // of each query's gradient of weights, by weight
    float *weights, *d_scores;                 // STEP x panel_keys
    float *d_queries, *d_keys_t, *d_values_t;  // added up

    BackwardBuffers(const Call& call, Arena& arena) {
        int64_t rows = call.heads.padded_queries * call.lanes, keys_size = call.keys * call.lanes;
        int64_t block = STEP * call.heads.panel_keys;
        packed = arena.take(std::max(rows, keys_size));
        queries = arena.take(rows), d_out = arena.take(rows), d_queries = arena.take(rows);
        keys = arena.take(keys_size);
        keys_t = arena.take(keys_size), values_t = arena.take(keys_size);
        d_keys_t = arena.take(keys_size), d_values_t = arena.take(keys_size);
        weights = arena.take(block), d_scores = arena.take(block);
        means = arena.take(call.heads.padded_queries);
        std::memset(d_queries, 0, rows * sizeof(float));
        std::memset(d_keys_t, 0, keys_size * sizeof(float));
        std::memset(d_values_t, 0, keys_size * sizeof(float));
    }
};

// The sum of d_out times out: what softmax takes from the gradient of every weight of a query.
inline void find_means(const Call& call, const BackwardBuffers& of, const float* out) {
    for (int64_t q = 0; q < call.heads.padded_queries; q++) {
        Vector sum = {};
        for (int64_t c = q * call.lanes; c < (q + 1) * call.lanes; c += LANES)
            sum += load(of.d_out + c) * load(out + c);
        of.means[q] = total(sum);
    }
}

inline void read_window(const Window& window, const Gradients& given, const BackwardBuffers& of) {
    const Call& call = window.call;
    window.pack_queries(of.queries, call.inputs.query, call.scale * LOG2_E);
    window.pack_queries(of.d_out, given.d_out, 1.f);
    window.pack_queries(of.packed, given.out, 1.f);
    find_means(call, of, of.packed);
    window.pack_keys(of.packed, call.inputs.value);
    window.transpose_panels(of.values_t, of.packed);
    window.pack_keys(of.keys, call.inputs.key);
    window.transpose_panels(of.keys_t, of.keys);
}

// Weights 2^(score - log_sum) of M queries.
template <int M, int N>
inline void store_weights(const Vector (&scores)[M][N], const float* log_sums, float* weights) {
#pragma GCC unroll 4
    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++)
            store(weights + (m * N + n) * LANES, exp2(scores[m][n] - log_sums[m]));
}

// Gradients of four queries' scores, d_scores and, if asked, added to d_bias.
template <int N>
inline void differentiate_scores(const Call& call, const BackwardBuffers& of, int64_t query,
                                 const float* values_t, int row, float* d_bias) {
    Vector d_scores[4][N];
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) d_scores[m][n] = splat(-of.means[query + m]);
    multiply(d_scores, of.d_out + query * call.lanes, call.lanes, 1, values_t, N * LANES,
             call.heads.width);
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) {
            int64_t at = ((row + m) * N + n) * LANES;
            Vector d = d_scores[m][n] * load(of.weights + at);
            store(of.d_scores + at, d);
            at = (m * N + n) * LANES;
            if (d_bias) store(d_bias + at, load(d_bias + at) + d);
        }
}

// STEP queries and a panel: their part of the gradients of queries, keys and values.
template <int N>
inline void add_gradients(const Call& call, const BackwardBuffers& of, int64_t query,
                          int64_t panel) {
    int64_t width = rounded(call.heads.width, 4), at = query * call.lanes;
    add_product<4, N>(of.d_values_t + panel, N * LANES, of.d_out + at, 1, call.lanes, of.weights,
                      N * LANES, width, N * LANES, STEP);
    add_product<4, N>(of.d_keys_t + panel, N * LANES, of.queries + at, 1, call.lanes, of.d_scores,
                      N * LANES, width, N * LANES, STEP);
    add_weighted(of.d_queries + at, call.lanes, of.d_scores, of.keys + panel, N * LANES);
}

template <int N>
void differentiate(const Window& window, const Gradients& given, const BackwardBuffers& of) {
    const Call& call = window.call;
    int64_t queries = call.heads.padded_queries, size = N * LANES * call.lanes;
    const float* log_sums = given.log_sums + window.sums_offset();
    int64_t bias_size = call.heads.count * queries * call.keys;
    float* d_bias = given.d_bias ? given.d_bias + omp_get_thread_num() * bias_size : nullptr;
    bool has_seam = window.regions();
    for (int64_t p = 0; p < call.heads.panels; p++)
        for (int64_t q = 0; q < queries; q += STEP) {
            Seam seam = has_seam ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector scores[4][N];
                int64_t query = q + row;
                score(scores, call, of.queries + query * call.lanes, of.keys_t + p * size,
                      window.bias(p, query));
                if (has_seam) mask(scores, seam, row);
                store_weights(scores, log_sums + query, of.weights + row * N * LANES);
                float* d_place = d_bias ? d_bias + window.bias_offset(p, query) : nullptr;
                differentiate_scores<N>(call, of, query, of.values_t + p * size, row, d_place);
            }
            add_gradients<N>(call, of, q, p * size);
        }
}

// Panels of gradients to the rows of the window's keys.
inline void write_keys(const Window& window, Map map, const float* panels, float* packed,
                       float factor) {
    const Call& call = window.call;
    window.transpose_panels_back(packed, panels);
    float* base = window.origin(map);
    for (int64_t k = 0; k < call.windows.keys; k++)
        if (window.key_rows()[k] >= 0)
            write_row(base + window.key_rows()[k] * map.stride, packed + k * call.lanes,
                      call.heads.width, factor, call.windows.shared);
}

template <int N>
void backward(const Window& window, const Gradients& given) {
    const Call& call = window.call;
    BackwardBuffers of(call, empty_arena());
    read_window(window, given, of);
    differentiate<N>(window, given, of);
    Map d_query = given.d_query;
    float* base = window.origin(d_query);
    for (int64_t q = 0; q < call.windows.queries; q++)
        write_row(base + window.query_rows()[q] * d_query.stride, of.d_queries + q * call.lanes,
                  call.heads.width, call.scale, false);
    write_keys(window, given.d_key, of.d_keys_t, of.packed, LN_2);
    write_keys(window, given.d_value, of.d_values_t, of.packed, 1);
}

}  // namespace
