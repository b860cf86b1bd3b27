// Window attention, forward and backward, on rows of a feature map: softmax(Q K^T / sqrt(d) + B) V.
//
// Queries, keys and values are rows of width d inside wider rows (one head of a pixel's features);
// a window is two lists of rows. Nothing is cut, shifted or merged in memory. A few queries meet a
// panel of keys at a time, so that scores live in registers and the first-level cache only. The
// backward pass computes them again from the saved row sums. This file is compiled once for
// each kind of vector unit.
//
// Softmax stays the same when a number is taken from all scores of a query. Instead of their
// largest, known only after all of them, that number is the largest of the first panel: as good,
// unless a later score is larger by more than a float's range. Such a window is done again.

#include "tiles.h"
#include "vectors.h"

#if defined(__AMX_BF16__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern "C" {

// The same for all pictures of a batch but for their first row. Rows of keys may be -1: zeros.
struct Windows {
    int64_t pictures, pixels, count, queries, keys;  // count: windows in one picture
    const int32_t* query_rows;                       // count x queries
    const int32_t* key_rows;                         // count x keys
    const int32_t* regions;  // count x queries, or null: positions of different regions are masked
    const uint8_t* seams;    // count: whether a window has more than one region
};

// Distance in floats from one pixel's row to the next, of each map.
struct Strides {
    int64_t query, key, out;
};

// Heads, and how the bias is laid out: heads x panels x padded_queries x panel_keys, in units of
// log2, very negative where there is no query or key.
struct Heads {
    int64_t count, width, padded_queries, panels, panel_keys, threads;
};
}

namespace {

constexpr float MASKED = -100 * LOG2_E;
constexpr float LEAST = 0x1p-100f, MOST = 0x1p100f;  // row sums outside are not trusted
constexpr int STEP = 16;                             // queries that meet a panel together
constexpr int WIDEST = LANES == 16 ? 4 : 2;          // vectors of keys in a panel
constexpr int64_t NEAR = 1 << 18;                    // bytes that a second-level cache keeps
constexpr int64_t TOGETHER = 8;                      // windows of a head in a row, at most

// STEP rows += weights (STEP x depth) times rows of one head's width.
inline void add_weighted(float* c, int64_t lanes, const float* weights, const float* rows,
                         int64_t depth) {
    constexpr int tall = LANES == 16 ? 16 : 8;
    if (lanes % (2 * LANES))
        add_product<tall, 1>(c, lanes, weights, depth, 1, rows, lanes, STEP, lanes, depth);
    else
        add_product<tall / 2, 2>(c, lanes, weights, depth, 1, rows, lanes, STEP, lanes, depth);
}

// Regions of a panel's keys and of the queries that meet it.
struct Seam {
    int32_t keys[WIDEST * LANES], queries[STEP];
};

// What one call is about.
struct Call {
    Windows windows;
    Heads heads;
    Strides strides;
    const float *query, *key, *value, *bias;
    float scale;
    int64_t lanes;  // of a head: its width rounded up to whole vectors
    int64_t keys;   // of a window, rounded up to whole panels

    Call(const Windows& w, const Heads& h, const Strides& s, const float* q, const float* k,
         const float* v, const float* b)
        : windows(w), heads(h), strides(s), query(q), key(k), value(v), bias(b),
          scale(1 / __builtin_sqrtf(float(h.width))), lanes(rounded(h.width, LANES)),
          keys(h.panels * h.panel_keys) {}
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
    template <class Map>
    Map* origin(Map* map, int64_t stride) const {
        return map + picture * call.windows.pixels * stride + head * call.heads.width;
    }

    const int32_t* regions() const {
        bool has = call.windows.regions && call.windows.seams[number];
        return has ? call.windows.regions + number * call.windows.queries : nullptr;
    }

    const float* bias(int64_t panel, int64_t query) const { return call.bias + at(panel, query); }

    // Place of a panel and query in the bias and its gradient.
    int64_t at(int64_t panel, int64_t query) const {
        const Heads& h = call.heads;
        return ((head * h.panels + panel) * h.padded_queries + query) * h.panel_keys;
    }

    // Place of the row sums.
    int64_t sums() const {
        const Windows& w = call.windows;
        return ((head * w.pictures + picture) * w.count + number) * call.heads.padded_queries;
    }

    // Rows of a map, one after the other. The same rows of the next window are asked for: they lie
    // too far apart for the processor to foresee them.
    void pack(float* to, const float* map, int64_t stride, const int32_t* places, int64_t count,
              int64_t padded, float factor) const {
        const float* base = origin(map, stride);
        bool last = number + 1 == call.windows.count;
        for (int64_t i = 0; i < count; i++) {
            for (int64_t c = 0; !last && c < call.heads.width; c += 16)
                __builtin_prefetch(base + places[count + i] * stride + c);
            if (places[i] < 0)
                std::memset(to + i * call.lanes, 0, call.lanes * sizeof(float));
            else
                read_row(to + i * call.lanes, base + places[i] * stride, call.heads.width, factor);
        }
        std::memset(to + count * call.lanes, 0, (padded - count) * call.lanes * sizeof(float));
    }

    void pack_keys(float* to, const float* map) const {
        pack(to, map, call.strides.key, key_rows(), call.windows.keys, call.keys, 1.f);
    }

    void pack_queries(float* to, const float* map, int64_t stride, float factor) const {
        int64_t padded = call.heads.padded_queries;
        pack(to, map, stride, query_rows(), call.windows.queries, padded, factor);
    }

    // Panels of packed keys (or values), each transposed: width x keys of a panel.
    void transpose_panels(float* to, const float* from) const {
        int64_t n = call.heads.panel_keys;
        for (int64_t p = 0; p < call.heads.panels; p++)
            transpose(to + p * n * call.lanes, n, from + p * n * call.lanes, call.lanes, n,
                      call.lanes);
    }

    void transpose_panels_back(float* to, const float* from) const {
        int64_t n = call.heads.panel_keys;
        for (int64_t p = 0; p < call.heads.panels; p++)
            transpose(to + p * n * call.lanes, call.lanes, from + p * n * call.lanes, n,
                      call.lanes, n);
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

template <int M, int N>
inline void raise(float* tops, const Vector (&scores)[M][N]) {
    for (int m = 0; m < M; m++) {
        Vector most = scores[m][0];
        for (int n = 1; n < N; n++) most = larger(most, scores[m][n]);
        tops[m] = std::max(tops[m], largest(most));
    }
}

// A window's parts in the forward pass: rows x lanes, but keys_t in panels.
struct Forward {
    float *queries, *keys_t, *values, *mixed, *shares, *sums, *tops;
};

// The largest score of each query.
template <int N>
void find_tops(const Window& window, const Forward& of) {
    const Call& call = window.call;
    std::fill(of.tops, of.tops + call.heads.padded_queries, -3e38f);
    for (int64_t p = 0; p < call.heads.panels; p++)
        for (int64_t q = 0; q < call.heads.padded_queries; q += STEP) {
            Seam seam = window.regions() ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector scores[4][N];
                score(scores, call, of.queries + (q + row) * call.lanes,
                      of.keys_t + p * N * LANES * call.lanes, window.bias(p, q + row));
                mask(scores, seam, row);
                raise(of.tops + q + row, scores);
            }
        }
}

// mixed: sums of values weighted by 2^(score - top); sums: vectors that add up to the weights.
template <int N>
void mix(const Window& window, const Forward& of, bool tops_known) {
    const Call& call = window.call;
    int64_t queries = call.heads.padded_queries;
    std::memset(of.mixed, 0, queries * call.lanes * sizeof(float));
    std::memset(of.sums, 0, queries * LANES * sizeof(float));
    if (!tops_known) std::fill(of.tops, of.tops + queries, -3e38f);
    for (int64_t p = 0; p < call.heads.panels; p++)
        for (int64_t q = 0; q < queries; q += STEP) {
            bool has_seam = window.regions();
            Seam seam = has_seam ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector scores[4][N];
                score(scores, call, of.queries + (q + row) * call.lanes,
                      of.keys_t + p * N * LANES * call.lanes, window.bias(p, q + row));
                if (p == 0 && !tops_known) raise(of.tops + q + row, scores);
                if (has_seam) mask(scores, seam, row);
#pragma GCC unroll 4
                for (int m = 0; m < 4; m++) {
                    float* place = of.sums + (q + row + m) * LANES;
                    Vector sum = load(place), top = splat(of.tops[q + row + m]);
#pragma GCC unroll 4
                    for (int n = 0; n < N; n++) {
                        Vector share = exp2(scores[m][n] - top);
                        sum += share;
                        store(of.shares + ((row + m) * N + n) * LANES, share);
                    }
                    store(place, sum);
                }
            }
            add_weighted(of.mixed + q * call.lanes, call.lanes, of.shares,
                         of.values + p * N * LANES * call.lanes, N * LANES);
        }
}

#if defined(__AMX_BF16__)
// Scores of a step to weights, as two bfloat16 each, and to sums.
inline void share_out(const Window& window, const Forward& of, const float* scores, float* shares,
                      int64_t panel, int64_t query) {
    bool has_seam = window.regions();
    Seam seam = has_seam ? window.seam(panel, query) : Seam{};
    for (int row = 0; row < STEP; row++) {
        Vector line[1][4];
#pragma GCC unroll 4
        for (int n = 0; n < 4; n++) line[0][n] = load(scores + row * 64 + n * 16);
        float& top = of.tops[query + row];
        if (panel == 0) {
            top = -3e38f;
            raise(&top, line);
        }
        if (has_seam) mask(line, seam, row);
#pragma GCC unroll 4
        for (int n = 0; n < 4; n++) line[0][n] = exp2(line[0][n] - top);
        float *sum = of.sums + (query + row) * LANES, *share = shares + row * 32;
        store(sum, load(sum) + ((line[0][0] + line[0][1]) + (line[0][2] + line[0][3])));
        tiles::split(line[0][0], line[0][1], share, share + 2 * tiles::FLOATS);
        tiles::split(line[0][2], line[0][3], share + 16, share + 2 * tiles::FLOATS + 16);
    }
}

// The same on matrix units, for panels of four vectors; keys are rows, not transposed.
void mix_tiles(const Window& window, const Forward& of, const float* keys, float* room) {
    const Call& call = window.call;
    int64_t queries = call.heads.padded_queries, lanes = call.lanes;
    int64_t deep = (lanes + tiles::DEPTH - 1) / tiles::DEPTH;
    int64_t query_size = deep * queries * 16, key_size = deep * call.keys * 16;
    float *left = room, *right = left + 2 * query_size, *values = right + 2 * key_size;
    float *scores = values + call.keys * lanes, *shares = scores + 2 * STEP * 64;
    const float *right_low = right + key_size, *values_low = values + call.keys * lanes / 2;
    tiles::pack_left(left, of.queries, queries, lanes, deep);
    tiles::pack_right_transposed(right, keys, call.keys, lanes, deep);
    tiles::pack_right(values, of.values, call.keys, lanes);
    std::memset(of.mixed, 0, queries * lanes * sizeof(float));
    std::memset(of.sums, 0, queries * LANES * sizeof(float));
    tiles::Registers registers;
    // A tile is slow to read what was only just written, so three steps are under way at a time.
    int64_t rows = queries / STEP, steps = call.heads.panels * rows;
    for (int64_t step = 0; step < steps + 2; step++) {
        if (step < steps) {
            int64_t p = step / rows, q = step % rows * STEP, key = p * 4 * deep * tiles::FLOATS;
            const float* query = left + q * 16;
            tiles::multiply_four(scores + step % 2 * STEP * 64, window.bias(p, q), query,
                                 query + query_size, queries, right + key, right_low + key, deep);
        }
        if (step >= 1 && step <= steps) {
            int64_t p = (step - 1) / rows, q = (step - 1) % rows * STEP, half = (step - 1) % 2;
            share_out(window, of, scores + half * STEP * 64, shares + half * STEP * 64, p, q);
        }
        if (step >= 2) {
            int64_t p = (step - 2) / rows, q = (step - 2) % rows * STEP, value = p * 32 * lanes;
            tiles::add_product(of.mixed + q * lanes, lanes, shares + step % 2 * STEP * 64,
                               values + value, values_low + value);
        }
    }
}
#endif

// Sums of the weights in the first padded_queries places; whether all can be trusted.
bool add_up(const Call& call, float* sums) {
    bool sound = true;
    for (int64_t q = 0; q < call.heads.padded_queries; q++) {
        sums[q] = total(load(sums + q * LANES));
        if (q < call.windows.queries) sound &= sums[q] > LEAST && sums[q] < MOST;
    }
    return sound;
}

template <int N>
void forward(const Window& window, float* out, float* log_sums) {
    const Call& call = window.call;
    int64_t keys = call.keys * call.lanes, queries = call.heads.padded_queries;
    int64_t rows = queries * call.lanes, block = STEP * N * LANES;
    int64_t deep = rounded(call.lanes, 32);  // for matrix units, two halves of each float
    int64_t tiled = (queries + call.keys) * deep + keys + STEP * 256;
    float* at = scratch(3 * keys + 2 * rows + block + queries * (LANES + 1) + tiled);
    float* spare = at + 2 * keys + 2 * rows + block + queries * (LANES + 1);
    Forward of;
    of.keys_t = at, of.values = at + keys, of.queries = of.values + keys;
    of.mixed = of.queries + rows, of.shares = of.mixed + rows, of.sums = of.shares + block;
    of.tops = of.sums + queries * LANES;
    window.pack_queries(of.queries, call.query, call.strides.query, call.scale * LOG2_E);
    window.pack_keys(of.values, call.value);
    window.pack_keys(spare, call.key);
#if defined(__AMX_BF16__)
    // Narrow heads would leave tiles half empty; training keeps to floats.
    if (N == 4 && call.lanes > LANES && !log_sums) {
        mix_tiles(window, of, spare, spare + keys);
    } else
#endif
    {
        window.transpose_panels(of.keys_t, spare);
        mix<N>(window, of, false);
    }
    if (!add_up(call, of.sums)) {
        window.transpose_panels(of.keys_t, spare);
        find_tops<N>(window, of);
        mix<N>(window, of, true);
        add_up(call, of.sums);
    }
    float* base = window.origin(out, call.strides.out);
    for (int64_t q = 0; q < call.windows.queries; q++)
        write_row(base + window.query_rows()[q] * call.strides.out, of.mixed + q * call.lanes,
                  call.heads.width, 1 / of.sums[q], false);
    if (!log_sums) return;
    log_sums += window.sums();
    for (int64_t q = 0; q < queries; q++)
        log_sums[q] = q < call.windows.queries ? of.tops[q] + __builtin_log2f(of.sums[q]) : 0.f;
}

// Maps of the backward pass.
struct Gradients {
    const float *out, *log_sums, *d_out;
    float *d_query, *d_key, *d_value;  // strides as their values
    float* d_bias;                     // threads x the shape of bias, added to
    bool shared;                       // keys' and values' gradients are added, not written
};

template <int N>
void backward(const Window& window, const Gradients& given) {
    const Call& call = window.call;
    int64_t keys = call.keys * call.lanes, queries = call.heads.padded_queries;
    int64_t rows = queries * call.lanes, block = STEP * N * LANES, panel = N * LANES * call.lanes;
    float* query = scratch(5 * keys + 3 * rows + 2 * block + queries);
    float *d_out = query + rows, *d_query = d_out + rows, *key = d_query + rows;
    float *key_t = key + keys, *value_t = key_t + keys, *d_key_t = value_t + keys;
    float *d_value_t = d_key_t + keys, *shares = d_value_t + keys, *d_scores = shares + block;
    float* means = d_scores + block;
    float* d_bias = given.d_bias
                        ? given.d_bias + omp_get_thread_num() * call.heads.count * queries * call.keys
                        : nullptr;

    window.pack_queries(query, call.query, call.strides.query, call.scale * LOG2_E);
    window.pack_queries(d_out, given.d_out, call.strides.out, 1.f);
    window.pack_queries(d_query, given.out, call.strides.out, 1.f);
    for (int64_t q = 0; q < queries; q++) {
        Vector sum = {};
        for (int64_t c = q * call.lanes; c < (q + 1) * call.lanes; c += LANES)
            sum += load(d_out + c) * load(d_query + c);
        means[q] = total(sum);
    }
    std::memset(d_query, 0, rows * sizeof(float));
    window.pack_keys(key, call.value);
    window.transpose_panels(value_t, key);
    window.pack_keys(key, call.key);
    window.transpose_panels(key_t, key);
    std::memset(d_key_t, 0, 2 * keys * sizeof(float));

    const float* log_sums = given.log_sums + window.sums();
    bool has_seam = window.regions();
    for (int64_t p = 0; p < call.heads.panels; p++)
        for (int64_t q = 0; q < queries; q += STEP) {
            Seam seam = has_seam ? window.seam(p, q) : Seam{};
            for (int row = 0; row < STEP; row += 4) {
                Vector sums[4][N];
                score(sums, call, query + (q + row) * call.lanes, key_t + p * panel,
                      window.bias(p, q + row));
                if (has_seam) mask(sums, seam, row);
#pragma GCC unroll 4
                for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
                    for (int n = 0; n < N; n++) {
                        store(shares + ((row + m) * N + n) * LANES,
                              exp2(sums[m][n] - log_sums[q + row + m]));
                        sums[m][n] = splat(-means[q + row + m]);
                    }
                multiply(sums, d_out + (q + row) * call.lanes, call.lanes, 1, value_t + p * panel,
                         N * LANES, call.heads.width);
                float* d_place = d_bias ? d_bias + window.at(p, q + row) : nullptr;
#pragma GCC unroll 4
                for (int m = 0; m < 4; m++)
#pragma GCC unroll 4
                    for (int n = 0; n < N; n++) {
                        int64_t at = ((row + m) * N + n) * LANES;
                        Vector d = sums[m][n] * load(shares + at);
                        store(d_scores + at, d);
                        at = (m * N + n) * LANES;
                        if (d_place) store(d_place + at, load(d_place + at) + d);
                    }
            }
            int64_t width = rounded(call.heads.width, 4);
            add_product<4, N>(d_value_t + p * panel, N * LANES, d_out + q * call.lanes, 1,
                              call.lanes, shares, N * LANES, width, N * LANES, STEP);
            add_product<4, N>(d_key_t + p * panel, N * LANES, query + q * call.lanes, 1,
                              call.lanes, d_scores, N * LANES, width, N * LANES, STEP);
            add_weighted(d_query + q * call.lanes, call.lanes, d_scores, key + p * panel,
                         N * LANES);
        }

    float* base = window.origin(given.d_query, call.strides.query);
    for (int64_t q = 0; q < call.windows.queries; q++)
        write_row(base + window.query_rows()[q] * call.strides.query, d_query + q * call.lanes,
                  call.heads.width, call.scale, false);
    float *d_key = key, *d_value = key_t;
    window.transpose_panels_back(d_key, d_key_t);
    window.transpose_panels_back(d_value, d_value_t);
    float* base_key = window.origin(given.d_key, call.strides.key);
    float* base_value = window.origin(given.d_value, call.strides.key);
    for (int64_t k = 0; k < call.windows.keys; k++) {
        int64_t at = window.key_rows()[k] * call.strides.key;
        if (at < 0) continue;
        write_row(base_key + at, d_key + k * call.lanes, call.heads.width, LN_2, given.shared);
        write_row(base_value + at, d_value + k * call.lanes, call.heads.width, 1, given.shared);
    }
}

// Run work on every window and head, evenly over the threads. A thread does one window after the
// other, or a few for each head in turn if the bias of all heads is too large to stay near; if
// windows add to the rows of others, all windows of one picture and head.
// Returns whether there was memory enough.
template <class Work>
bool each_window(const Call& call, bool shared, const Work& work) {
    int64_t count = call.windows.count, heads = call.heads.count;
    int64_t share = count * call.windows.pictures / (4 * call.heads.threads);
    int64_t bias = heads * call.heads.padded_queries * call.keys * sizeof(float);
    int64_t most = bias > NEAR ? TOGETHER : 1;
    int64_t size = std::clamp<int64_t>(share, 1, most), groups = (count + size - 1) / size;
    int64_t units = call.windows.pictures * (shared ? heads : groups);
    bool enough = true;
#pragma omp parallel for schedule(static) num_threads(int(call.heads.threads)) \
    reduction(&& : enough)
    for (int64_t unit = 0; unit < units; unit++) try {
        NoDenormals guard;
        if (shared) {
            for (int64_t w = 0; w < count; w++)
                work(Window{call, unit / heads, w, unit % heads});
        } else {
            int64_t first = unit % groups * size, last = std::min(count, first + size);
            for (int64_t head = 0; head < heads; head++)
                for (int64_t w = first; w < last; w++)
                    work(Window{call, unit / groups, w, head});
        }
    } catch (const std::bad_alloc&) {
        enough = false;
    }
    return enough;
}

}  // namespace

extern "C" {

// Whether this build runs here; asks the system for the matrix units where it needs them.
EXPORTED int hatsr_ready() {
#if defined(__AMX_BF16__)
    constexpr long request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
    return __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("avx512bf16") &&
           syscall(SYS_arch_prctl, request, tile_data) == 0;
#elif defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
#else
    return 1;
#endif
}

// Keys of a panel that fit a window of so many keys with the least waste.
EXPORTED int64_t hatsr_panel_keys(int64_t keys) {
    int64_t wide = WIDEST * LANES, narrow = (WIDEST - 1) * LANES;
    return rounded(keys, narrow) < rounded(keys, wide) ? narrow : wide;
}

// log_sums: heads x pictures x windows x padded_queries in units of log2, or null. Returns whether
// there was memory enough.
EXPORTED int hatsr_attention(const Windows* windows, const Heads* heads, const Strides* strides,
                             const float* query, const float* key, const float* value,
                             const float* bias, float* out, float* log_sums) {
    Call call(*windows, *heads, *strides, query, key, value, bias);
    bool wide = heads->panel_keys == WIDEST * LANES;
    return each_window(call, false, [&](const Window& window) {
        wide ? forward<WIDEST>(window, out, log_sums) : forward<WIDEST - 1>(window, out, log_sums);
    });
}

// Gradients of hatsr_attention; see Gradients.
EXPORTED int hatsr_attention_backward(const Windows* windows, const Heads* heads,
                             const Strides* strides,
                             const float* query, const float* key, const float* value,
                             const float* bias, const float* out, const float* log_sums,
                             const float* d_out, float* d_query, float* d_key, float* d_value,
                             float* d_bias, int shared) {
    Call call(*windows, *heads, *strides, query, key, value, bias);
    Gradients given{out, log_sums, d_out, d_query, d_key, d_value, d_bias, shared != 0};
    bool wide = heads->panel_keys == WIDEST * LANES;
    return each_window(call, shared != 0, [&](const Window& window) {
        wide ? backward<WIDEST>(window, given) : backward<WIDEST - 1>(window, given);
    });
}
}
