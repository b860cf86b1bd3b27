// Window attention, forward and backward, on rows of a feature map: softmax(Q K^T / sqrt(d) + B) V.
//
// Queries, keys and values are rows of width d inside wider rows (one head of a pixel's features);
// a window is two lists of rows. Nothing is cut, shifted or merged in memory. A few queries meet a
// panel of keys at a time, so that scores live in registers and the first-level cache only. This
// file is compiled once for each kind of vector unit.

#include "backward.h"
#include "backward_bf16.h"
#include "forward.h"
#include "forward_bf16.h"

namespace {

constexpr int64_t NEAR = 1 << 18;  // bytes that a second-level cache keeps
constexpr int64_t TOGETHER = 8;    // windows of a head in a row, at most

// Windows of a picture that a thread does for one head after the other: one, or a few if the bias
// of all heads is too large to stay near.
int64_t group_size(const Call& call, int64_t threads) {
    int64_t share = call.windows.count * call.windows.pictures / (4 * threads);
    int64_t bias = call.heads.count * call.heads.padded_queries * call.keys * sizeof(float);
    return std::clamp<int64_t>(share, 1, bias > NEAR ? TOGETHER : 1);
}

// Run work on every window and head, evenly over the threads: a group of windows at a time or, if
// windows add to the rows of others, all windows of one picture and head. Returns whether there
// was memory enough.
template <class Work>
bool each_window(const Call& call, bool shared, int64_t threads, const Work& work) {
    int64_t count = call.windows.count, heads = call.heads.count;
    int64_t size = group_size(call, threads), groups = (count + size - 1) / size;
    int64_t units = call.windows.pictures * (shared ? heads : groups);
    bool enough = true;
#pragma omp parallel for schedule(static) num_threads(int(threads)) reduction(&& : enough)
    for (int64_t unit = 0; unit < units; unit++) {
        try {
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
    }
    return enough;
}

}  // namespace

extern "C" {

// Keys of a panel that fit a window of so many keys with the least waste.
EXPORTED int64_t hatsr_panel_keys(int64_t keys) {
    int64_t wide = WIDEST * LANES, narrow = (WIDEST - 1) * LANES;
    return rounded(keys, narrow) < rounded(keys, wide) ? narrow : wide;
}

// log_sums: heads x pictures x windows x padded_queries in units of log2, or null. Returns whether
// there was memory enough.
EXPORTED int hatsr_attention(const Windows* windows, const Heads* heads, const Inputs* inputs,
                             const Map* out, float* log_sums, int64_t threads) {
    Call call{*windows, *heads, *inputs};
    bool wide = heads->panel_keys == WIDEST * LANES;
    return each_window(call, false, threads, [&](const Window& window) {
        wide ? forward<WIDEST>(window, *out, log_sums)
             : forward<WIDEST - 1>(window, *out, log_sums);
    });
}

// Gradients of hatsr_attention. Returns whether there was memory enough.
EXPORTED int hatsr_attention_backward(const Windows* windows, const Heads* heads,
                                      const Inputs* inputs, const Gradients* gradients,
                                      int64_t threads) {
    Call call{*windows, *heads, *inputs};
    bool wide = heads->panel_keys == WIDEST * LANES;
    return each_window(call, windows->shared, threads, [&](const Window& window) {
        wide ? backward<WIDEST>(window, *gradients) : backward<WIDEST - 1>(window, *gradients);
    });
}

// The same on maps of bfloat16. Where windows share keys, d_key and d_value are maps of floats.
EXPORTED int hatsr_attention_bf16(const Windows* windows, const Heads* heads, const Inputs* inputs,
                                  const Map* out, float* log_sums, int64_t threads) {
    Call call{*windows, *heads, *inputs};
    bool wide = heads->panel_keys == WIDEST * LANES;
    return each_window(call, false, threads, [&](const Window& window) {
        wide ? forward_bf16<WIDEST>(window, *out, log_sums)
             : forward_bf16<WIDEST - 1>(window, *out, log_sums);
    });
}

EXPORTED int hatsr_attention_backward_bf16(const Windows* windows, const Heads* heads,
                                           const Inputs* inputs, const Gradients* gradients,
                                           int64_t threads) {
    Call call{*windows, *heads, *inputs};
    bool wide = heads->panel_keys == WIDEST * LANES;
    return each_window(call, windows->shared, threads, [&](const Window& window) {
        wide ? backward_bf16<WIDEST>(window, *gradients)
             : backward_bf16<WIDEST - 1>(window, *gradients);
    });
}
}
