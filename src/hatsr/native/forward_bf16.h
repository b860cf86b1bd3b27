// The forward pass of one window and head in bfloat16: products of pairs, sums and softmax in
// floats. A step's scores of all keys are kept, so that their largest is known before the weights.

#pragma once

#include "arena.h"
#include "rows_bf16.h"

namespace {

// What a window needs; rows are packed_width long.
struct ForwardBuffersBf16 {
    Bf16 *queries, *rows;  // gathered
    float* keys_t;         // transposed by pairs, in panels
    float* values;         // two and two as pairs
    float* scores;         // STEP x keys
    Bf16* weights;         // STEP x keys
    float* out;            // STEP rows

    ForwardBuffersBf16(const Call& call, Arena& arena) {
        int64_t width = packed_width(call), keys = call.keys * width / 2;  // floats
        queries = reinterpret_cast<Bf16*>(arena.take(call.heads.padded_queries * width / 2));
        rows = reinterpret_cast<Bf16*>(arena.take(keys));
        keys_t = arena.take(keys), values = arena.take(keys);
        scores = arena.take(STEP * call.keys);
        weights = reinterpret_cast<Bf16*>(arena.take(STEP * call.keys / 2));
        out = arena.take(STEP * width);
    }
};

// A step's scores of all panels, and the largest of each query.
template <int N>
inline void score_step(const Window& window, const ForwardBuffersBf16& of, int64_t query,
                       float* maxima) {
    bool has_seam = window.regions();
    std::fill(maxima, maxima + STEP, -FLT_MAX);
    for (int64_t p = 0; p < window.call.heads.panels; p++) {
        Seam seam = has_seam ? window.seam(p, query) : Seam{};
        for (int row = 0; row < STEP; row += 4) {
            Vector scores[4][N];
            score_pairs(scores, window, of.queries, of.keys_t, p, query + row);
            if (has_seam) mask(scores, seam, row);
            update_max(maxima + row, scores);
            float* to = of.scores + row * window.call.keys + p * N * LANES;
            for (int m = 0; m < 4; m++)
                for (int n = 0; n < N; n++)
                    store(to + m * window.call.keys + n * LANES, scores[m][n]);
        }
    }
}

// One query's scores to weights 2^(score - maximum); their sum.
inline float weigh(Bf16* weights, const float* scores, int64_t keys, float maximum) {
    Vector sum = {};
    for (int64_t k = 0; k < keys; k += LANES) {
        Vector weight = exp2(load(scores + k) - maximum);
        sum += weight;
        store(weights + k, weight);
    }
    return total(sum);
}

template <int N>
void forward_bf16(const Window& window, Map out, float* log_sums) {
    const Call& call = window.call;
    int64_t keys = call.keys, width = packed_width(call);
    ForwardBuffersBf16 of(call, empty_arena());
    gather_queries(of.queries, window, call.inputs.query);
    gather_keys(of.rows, window, call.inputs.key);
    transpose_pairs(of.keys_t, of.rows, call);
    gather_keys(of.rows, window, call.inputs.value);
    pair_rows(of.values, of.rows, keys, width);
    Bf16* base = first_row<Bf16>(window, out);
    for (int64_t q = 0; q < call.heads.padded_queries; q += STEP) {
        float maxima[STEP], sums[STEP];
        score_step<N>(window, of, q, maxima);
        for (int m = 0; m < STEP; m++)
            sums[m] = weigh(of.weights + m * keys, of.scores + m * keys, keys, maxima[m]);
        mix(of.out, false, reinterpret_cast<const Pair*>(of.weights), keys / 2, 1, of.values, width,
            keys / 2);
        for (int64_t m = 0; m < STEP && q + m < call.windows.queries; m++)
            write_row(base + window.query_rows()[q + m] * out.stride, of.out + m * width,
                      call.heads.width, 1 / sums[m]);
        if (!log_sums) continue;
        for (int64_t m = 0; m < STEP; m++)
            log_sums[window.sums_offset() + q + m] = maxima[m] + __builtin_log2f(sums[m]);
    }
}

}  // namespace
