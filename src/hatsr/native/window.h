// One window and one head of attention: where its rows lie in the feature maps, and its scores.

#pragma once

#include "vectors.h"

extern "C" {

// Rows of floats, those of a picture one after the other; a head is part of a row.
struct Map {
    float* first;
    int64_t stride;  // floats from one pixel's row to the next
};

// The windows of one picture, the same for all pictures of a batch.
struct Windows {
    int64_t pictures;           // in the batch
    int64_t pixels;             // rows of a picture, in every map
    int64_t count;              // windows of a picture
    int64_t queries, keys;      // of a window
    const int32_t* query_rows;  // count x queries
    const int32_t* key_rows;    // count x keys; -1 stands for a row of zeros
    const int32_t* regions;     // kinds x queries or null: those of other regions are masked
    const uint8_t* kinds;       // count: row of regions for a window, 0 where it has but one
    int64_t shared;             // 1 where windows have keys in common, else 0
};

// Heads, and how the bias is laid out: heads x panels x padded_queries x panel_keys, in units of
// log2, very negative where there is no query or key.
struct Heads {
    int64_t count, width, padded_queries, panels, panel_keys;
};

// What attention reads.
struct Inputs {
    Map query, key, value;
    const float* bias;
};
}

namespace {

constexpr float MASKED = -100 * LOG2_E;
constexpr int STEP = 16;                     // queries that meet a panel together
constexpr int WIDEST = LANES == 16 ? 4 : 2;  // vectors of keys in a panel

// What one call is about.
struct Call {
    Windows windows;
    Heads heads;
    Inputs inputs;
    float scale = 1 / __builtin_sqrtf(float(heads.width));
    int64_t lanes = rounded(heads.width, LANES);     // of a head, in whole vectors
    int64_t keys = heads.panels * heads.panel_keys;  // of a window, in whole panels
};

// Regions of a panel's keys and of the queries that meet it.
struct Seam {
    int32_t keys[WIDEST * LANES], queries[STEP];
};

// One window and head of a call.
struct Window {
    const Call& call;
    int64_t picture, number, head;

    const int32_t* query_rows() const {
        return call.windows.query_rows + number * call.windows.queries;
    }
    const int32_t* key_rows() const { return call.windows.key_rows + number * call.windows.keys; }

    // This head in the first pixel of the picture.
    float* origin(Map map) const {
        return map.first + picture * call.windows.pixels * map.stride + head * call.heads.width;
    }

    const int32_t* regions() const {
        int64_t kind = call.windows.regions ? call.windows.kinds[number] : 0;
        return kind ? call.windows.regions + kind * call.windows.queries : nullptr;
    }

    const float* bias(int64_t panel, int64_t query) const {
        return call.inputs.bias + bias_offset(panel, query);
    }

    // Of a panel and query in the bias and its gradient.
    int64_t bias_offset(int64_t panel, int64_t query) const {
        const Heads& h = call.heads;
        return ((head * h.panels + panel) * h.padded_queries + query) * h.panel_keys;
    }

    // Of this window in the sums of rows: heads x pictures x windows x padded_queries.
    int64_t sums_offset() const {
        const Windows& w = call.windows;
        return ((head * w.pictures + picture) * w.count + number) * call.heads.padded_queries;
    }

    // Rows of a map times a factor, one after the other, then zeros. The same rows of the next
    // window are asked for: they lie too far apart for the processor to foresee them.
    void pack(float* to, Map map, const int32_t* rows, int64_t count, int64_t padded,
              float factor) const {
        const float* base = origin(map);
        bool last = number + 1 == call.windows.count;
        for (int64_t i = 0; i < count; i++) {
            for (int64_t c = 0; !last && c < call.heads.width; c += 16)
                __builtin_prefetch(base + rows[count + i] * map.stride + c);
            if (rows[i] < 0)
                std::memset(to + i * call.lanes, 0, call.lanes * sizeof(float));
            else
                read_row(to + i * call.lanes, base + rows[i] * map.stride, call.heads.width,
                         factor);
        }
        std::memset(to + count * call.lanes, 0, (padded - count) * call.lanes * sizeof(float));
    }

    void pack_keys(float* to, Map map) const {
        pack(to, map, key_rows(), call.windows.keys, call.keys, 1.f);
    }

    void pack_queries(float* to, Map map, float factor) const {
        pack(to, map, query_rows(), call.windows.queries, call.heads.padded_queries, factor);
    }

    // Panels of packed keys (or values), each transposed: width x keys of a panel.
    void transpose_panels(float* to, const float* from) const {
        int64_t n = call.heads.panel_keys, size = n * call.lanes;
        for (int64_t p = 0; p < call.heads.panels; p++)
            transpose(to + p * size, n, from + p * size, call.lanes, n, call.lanes);
    }

    void transpose_panels_back(float* to, const float* from) const {
        int64_t n = call.heads.panel_keys, size = n * call.lanes;
        for (int64_t p = 0; p < call.heads.panels; p++)
            transpose(to + p * size, call.lanes, from + p * size, n, call.lanes, n);
    }

    Seam seam(int64_t panel, int64_t query) const {
        Seam out = {};
        const int32_t* of = regions();
        int64_t first = panel * call.heads.panel_keys, count = call.windows.queries;
        for (int64_t k = 0; k < call.heads.panel_keys && first + k < count; k++)
            out.keys[k] = of[first + k];
        for (int64_t q = 0; q < STEP && query + q < count; q++) out.queries[q] = of[query + q];
        return out;
    }
};

// M rows of scores in units of log2: queries times keys, plus bias.
template <int M, int N>
inline void score(Vector (&scores)[M][N], const Call& call, const float* queries,
                  const float* keys_t, const float* bias) {
#pragma GCC unroll 16
    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) scores[m][n] = load(bias + (m * N + n) * LANES);
    multiply(scores, queries, call.lanes, 1, keys_t, N * LANES, call.heads.width);
}

// Minus 100 where regions differ.
template <int M, int N>
inline void mask(Vector (&scores)[M][N], const Seam& seam, int row) {
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            Integers own = seam.queries[row + m] - Integers{};
            Integers other = *reinterpret_cast<const LooseIntegers*>(seam.keys + n * LANES) != own;
            scores[m][n] += (Vector)(other & (Integers)splat(MASKED));
        }
}

// STEP rows += weights (STEP x depth) times rows of one head's width.
inline void add_weighted(float* sums, int64_t lanes, const float* weights, const float* rows,
                         int64_t depth) {
    constexpr int tall = LANES == 16 ? 16 : 8;
    if (lanes % (2 * LANES))
        add_product<tall, 1>(sums, lanes, weights, depth, 1, rows, lanes, STEP, lanes, depth);
    else
        add_product<tall / 2, 2>(sums, lanes, weights, depth, 1, rows, lanes, STEP, lanes, depth);
}

}  // namespace
