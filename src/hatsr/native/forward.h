// The forward pass of one window and head.
//
// Softmax stays the same when a number is taken from all scores of a query. Instead of their
// largest, known only after all of them, that number is the largest of the first panel: as good,
// unless a later score is larger by more than a float's range. Such a window is done again.

#pragma once

#include <cfloat>

#include "amx.h"
#include "arena.h"
#include "window.h"

namespace {

constexpr float LEAST_SUM = 0x1p-100f, LARGEST_SUM = 0x1p100f;  // of weights that are trusted

// What a window needs. Rows are as long as lanes; keys_t is in panels, lanes x panel_keys each.
struct ForwardBuffers {
    Arena& arena;
    float *queries, *keys, *keys_t, *values;
    float* weights;  // STEP x panel_keys, 2^(score - maximum)
    float* sums;     // of weights: padded_queries x LANES
    float* maxima;   // of scores: padded_queries
    float* out;      // values summed by weight, not yet divided by the sums of weights

    ForwardBuffers(const Call& call, Arena& arena_) : arena(arena_) {
        int64_t rows = call.heads.padded_queries, lanes = call.lanes;
        queries = arena.take(rows * lanes);
        keys = arena.take(call.keys * lanes);
        keys_t = arena.take(call.keys * lanes);
        values = arena.take(call.keys * lanes);
        weights = arena.take(STEP * call.heads.panel_keys);
        sums = arena.take(rows * LANES);
        maxima = arena.take(rows);
        out = arena.take(rows * lanes);
    }

    void clear_sums(const Call& call) const {
        int64_t rows = call.heads.padded_queries;
        std::memset(out, 0, rows * call.lanes * sizeof(float));
        std::memset(sums, 0, rows * LANES * sizeof(float));
    }
};

template <int M, int N>
inline void update_max(float* maxima, const Vector (&scores)[M][N]) {
    for (int m = 0; m < M; m++) {
        Vector most = scores[m][0];
        for (int n = 1; n < N; n++) most = larger(most, scores[m][n]);
        maxima[m] = std::max(maxima[m], largest(most));
    }
}

// Scores of M queries to weights, which are added to the queries' sums.
template <int M, int N>
inline void softmax_step(const Vector (&scores)[M][N], const float* maxima, float* sums,
                         float* weights) {
#pragma GCC unroll 4
    for (int m = 0; m < M; m++) {
        Vector sum = load(sums + m * LANES), maximum = splat(maxima[m]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) {
            Vector weight = exp2(scores[m][n] - maximum);
            sum += weight;
            store(weights + (m * N + n) * LANES, weight);
        }
        store(sums + m * LANES, sum);
    }
}

// The largest score of each query.
template <int N>
void find_max(const Window& window, const ForwardBuffers& of) {
    const Call& call = window.call;
    std::fill(of.maxima, of.maxima + call.heads.padded_queries, -FLT_MAX);
    for (int64_t p = 0; p < call.heads.panels; p++)
        for (int64_t q = 0; q < call.heads.padded_queries; q += STEP) {
            Seam seam = window.regions() ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector scores[4][N];
                score(scores, call, of.queries + (q + row) * call.lanes,
                      of.keys_t + p * N * LANES * call.lanes, window.bias(p, q + row));
                mask(scores, seam, row);
                update_max(of.maxima + q + row, scores);
            }
        }
}

// Sums of weights and of values by weight; the maxima are known or taken from the first panel.
template <int N>
void accumulate(const Window& window, const ForwardBuffers& of, bool max_known) {
    const Call& call = window.call;
    int64_t queries = call.heads.padded_queries, panel = N * LANES * call.lanes;
    of.clear_sums(call);
    if (!max_known) std::fill(of.maxima, of.maxima + queries, -FLT_MAX);
    bool has_seam = window.regions();
    for (int64_t p = 0; p < call.heads.panels; p++)
        for (int64_t q = 0; q < queries; q += STEP) {
            Seam seam = has_seam ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector scores[4][N];
                int64_t query = q + row;
                score(scores, call, of.queries + query * call.lanes, of.keys_t + p * panel,
                      window.bias(p, query));
                if (p == 0 && !max_known) update_max(of.maxima + query, scores);
                if (has_seam) mask(scores, seam, row);
                softmax_step(scores, of.maxima + query, of.sums + query * LANES,
                             of.weights + row * N * LANES);
            }
            add_weighted(of.out + q * call.lanes, call.lanes, of.weights, of.values + p * panel,
                         N * LANES);
        }
}

#if defined(__AMX_BF16__)

// What the matrix units need beside: factors as pairs of bfloat16, and two steps' scores and
// weights. `deep`: how often their depth goes into a head.
struct AmxBuffers {
    int64_t deep, query_size, key_size;
    float *queries, *keys, *values, *scores, *weights;

    AmxBuffers(const Call& call, Arena& arena)
        : deep((call.lanes + amx::DEPTH - 1) / amx::DEPTH),
          query_size(deep * call.heads.padded_queries * 16),
          key_size(deep * call.keys * 16) {
        queries = arena.take(2 * query_size);
        keys = arena.take(2 * key_size);
        values = arena.take(call.keys * call.lanes);
        scores = arena.take(2 * STEP * 64);
        weights = arena.take(2 * STEP * 64);
    }
};

// Scores of a step to weights, as two bfloat16 each, and to sums.
inline void softmax_step_amx(const Window& window, const ForwardBuffers& of, const float* scores,
                             float* weights, int64_t panel, int64_t query) {
    bool has_seam = window.regions();
    Seam seam = has_seam ? window.seam(panel, query) : Seam{};
    for (int row = 0; row < STEP; row++) {
        Vector line[1][4];
#pragma GCC unroll 4
        for (int n = 0; n < 4; n++) line[0][n] = load(scores + row * 64 + n * 16);
        float& maximum = of.maxima[query + row];
        if (panel == 0) {
            maximum = -FLT_MAX;
            update_max(&maximum, line);
        }
        if (has_seam) mask(line, seam, row);
#pragma GCC unroll 4
        for (int n = 0; n < 4; n++) line[0][n] = exp2(line[0][n] - maximum);
        float *sum = of.sums + (query + row) * LANES, *weight = weights + row * 32;
        store(sum, load(sum) + ((line[0][0] + line[0][1]) + (line[0][2] + line[0][3])));
        amx::split(line[0][0], line[0][1], weight, weight + 2 * amx::FLOATS);
        amx::split(line[0][2], line[0][3], weight + 16, weight + 2 * amx::FLOATS + 16);
    }
}

// `accumulate` on matrix units, for panels of four vectors; keys are rows, not transposed.
void accumulate_amx(const Window& window, const ForwardBuffers& of) {
    const Call& call = window.call;
    int64_t queries = call.heads.padded_queries, lanes = call.lanes;
    AmxBuffers pairs(call, of.arena);
    const float *keys_low = pairs.keys + pairs.key_size,
                *values_low = pairs.values + call.keys * lanes / 2;
    amx::pack_left(pairs.queries, of.queries, queries, lanes, pairs.deep);
    amx::pack_right_transposed(pairs.keys, of.keys, call.keys, lanes, pairs.deep);
    amx::pack_right(pairs.values, of.values, call.keys, lanes);
    of.clear_sums(call);
    amx::Registers registers;
    // A register is slow to read what was only just written, so three steps are under way at a
    // time.
    int64_t rows = queries / STEP, steps = call.heads.panels * rows;
    for (int64_t step = 0; step < steps + 2; step++) {
        if (step < steps) {
            int64_t p = step / rows, q = step % rows * STEP, key = p * 4 * pairs.deep * amx::FLOATS;
            const float* query = pairs.queries + q * 16;
            amx::multiply_four(pairs.scores + step % 2 * STEP * 64, window.bias(p, q), query,
                               query + pairs.query_size, queries, pairs.keys + key, keys_low + key,
                               pairs.deep);
        }
        if (step >= 1 && step <= steps) {
            int64_t p = (step - 1) / rows, q = (step - 1) % rows * STEP;
            int64_t half = (step - 1) % 2 * STEP * 64;
            softmax_step_amx(window, of, pairs.scores + half, pairs.weights + half, p, q);
        }
        if (step >= 2) {
            int64_t p = (step - 2) / rows, q = (step - 2) % rows * STEP, value = p * 32 * lanes;
            amx::add_product(of.out + q * lanes, lanes, pairs.weights + step % 2 * STEP * 64,
                             pairs.values + value, values_low + value);
        }
    }
}

#endif

// `accumulate` with the first panel's maxima, on matrix units if there are any: narrow heads would
// leave their registers half empty, and training keeps to floats.
template <int N>
void accumulate_at_once(const Window& window, const ForwardBuffers& of,
                        [[maybe_unused]] bool training) {
#if defined(__AMX_BF16__)
    if (N == 4 && window.call.lanes > LANES && !training) return accumulate_amx(window, of);
#endif
    window.transpose_panels(of.keys_t, of.keys);
    accumulate<N>(window, of, false);
}

// Adds each query's vector of sums up, in the first padded_queries places; whether all can be
// trusted.
inline bool reduce_sums(const Call& call, float* sums) {
    bool sound = true;
    for (int64_t q = 0; q < call.heads.padded_queries; q++) {
        sums[q] = total(load(sums + q * LANES));
        if (q < call.windows.queries) sound &= sums[q] > LEAST_SUM && sums[q] < LARGEST_SUM;
    }
    return sound;
}

// In units of log2, for the backward pass.
inline void write_log_sums(const Window& window, const ForwardBuffers& of, float* log_sums) {
    const Call& call = window.call;
    log_sums += window.sums_offset();
    for (int64_t q = 0; q < call.heads.padded_queries; q++)
        log_sums[q] = q < call.windows.queries ? of.maxima[q] + __builtin_log2f(of.sums[q]) : 0.f;
}

template <int N>
void forward(const Window& window, Map out, float* log_sums) {
    const Call& call = window.call;
    ForwardBuffers of(call, empty_arena());
    window.pack_queries(of.queries, call.inputs.query, call.scale * LOG2_E);
    window.pack_keys(of.values, call.inputs.value);
    window.pack_keys(of.keys, call.inputs.key);
    accumulate_at_once<N>(window, of, log_sums != nullptr);
    if (!reduce_sums(call, of.sums)) {
        window.transpose_panels(of.keys_t, of.keys);
        find_max<N>(window, of);
        accumulate<N>(window, of, true);
        reduce_sums(call, of.sums);
    }
    float* base = window.origin(out);
    for (int64_t q = 0; q < call.windows.queries; q++)
        write_row(base + window.query_rows()[q] * out.stride, of.out + q * call.lanes,
                  call.heads.width, 1 / of.sums[q], false);
    if (log_sums) write_log_sums(window, of, log_sums);
}

}  // namespace
