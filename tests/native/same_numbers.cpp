// Runs kernels on numbers made up the same way everywhere, and writes the results as floats to
// the standard output: to compare processors.

#include <cstdio>
#include <vector>

#include "attention.cpp"
#include "layers.cpp"

using Floats = std::vector<float>;
constexpr int64_t SIDE = 8, WINDOW = 4, HEADS = 2, WIDTH = 7, CHANNELS = HEADS * WIDTH;
constexpr int64_t PIXELS = SIDE * SIDE, PICTURES = 2, INNER = 33;

// Numbers in [-1, 1).
Floats drawn(int64_t count, uint32_t seed) {
    Floats numbers(count);
    for (float& x : numbers) {
        seed = seed * 1664525 + 1013904223;
        x = float(seed >> 8) / (1 << 23) - 1;
    }
    return numbers;
}

std::vector<Bf16> halves(const Floats& from) {
    std::vector<Bf16> to(from.size());
    for (size_t i = 0; i < from.size(); i++) store_some(&to[i], splat(from[i]), 1);
    return to;
}

void put(const Floats& numbers) { fwrite(numbers.data(), sizeof(float), numbers.size(), stdout); }

void put(const std::vector<Bf16>& numbers) {
    for (const Bf16& x : numbers) put(Floats{load_some(&x, 1)[0]});
}

// Pixels of each window with a border; -1 outside the picture.
std::vector<int32_t> pixels_of_windows(int64_t border) {
    std::vector<int32_t> rows;
    for (int64_t top = 0; top < SIDE; top += WINDOW)
        for (int64_t left = 0; left < SIDE; left += WINDOW)
            for (int64_t y = top - border; y < top + WINDOW + border; y++)
                for (int64_t x = left - border; x < left + WINDOW + border; x++) {
                    bool inside = y >= 0 && y < SIDE && x >= 0 && x < SIDE;
                    rows.push_back(inside ? y * SIDE + x : -1);
                }
    return rows;
}

// In the order of the kernels; keys and queries that fill up are never seen.
Floats packed_bias(const Heads& heads, const Windows& windows) {
    Floats bias, numbers = drawn(heads.count * windows.queries * windows.keys, 2);
    for (int64_t h = 0; h < heads.count; h++)
        for (int64_t p = 0; p < heads.panels; p++)
            for (int64_t q = 0; q < heads.padded_queries; q++)
                for (int64_t k = p * heads.panel_keys; k < (p + 1) * heads.panel_keys; k++) {
                    bool real = q < windows.queries && k < windows.keys;
                    int64_t at = (h * windows.queries + q) * windows.keys + k;
                    bias.push_back(real ? numbers[at] : -1e30f);
                }
    return bias;
}

// Forward and backward, of windows whose keys overlap, or of windows with two regions.
void attend(int64_t border) {
    auto query_rows = pixels_of_windows(0), key_rows = pixels_of_windows(border);
    std::vector<int32_t> regions(2 * WINDOW * WINDOW);
    for (size_t i = 0; i < regions.size(); i++) regions[i] = i % 3 == 0;
    std::vector<uint8_t> kinds{0, 1, 1, 0};
    int64_t side = WINDOW + 2 * border, keys = side * side, panel = hatsr_panel_keys(keys);
    Windows windows{PICTURES,
                    PIXELS,
                    4,
                    WINDOW * WINDOW,
                    keys,
                    query_rows.data(),
                    key_rows.data(),
                    border ? nullptr : regions.data(),
                    border ? nullptr : kinds.data(),
                    border > 0};
    Heads heads{HEADS, WIDTH, rounded(WINDOW * WINDOW, STEP), (keys + panel - 1) / panel, panel};
    Floats bias = packed_bias(heads, windows), qkv = drawn(PICTURES * PIXELS * 3 * CHANNELS, 1);
    Floats out(PICTURES * PIXELS * CHANNELS), d_out = drawn(out.size(), 3), d_bias(bias.size());
    Floats sums(HEADS * PICTURES * 4 * heads.padded_queries), d_qkv(qkv.size());
    auto part = [](Floats& of, int64_t number) {
        return Map{of.data() + number * CHANNELS, 3 * CHANNELS};
    };
    Inputs inputs{part(qkv, 0), part(qkv, 1), part(qkv, 2), bias.data()};
    Map to{out.data(), CHANNELS};
    hatsr_attention(&windows, &heads, &inputs, &to, sums.data(), 1);
    Gradients gradients{to,
                        sums.data(),
                        {d_out.data(), CHANNELS},
                        part(d_qkv, 0),
                        part(d_qkv, 1),
                        part(d_qkv, 2),
                        d_bias.data()};
    hatsr_attention_backward(&windows, &heads, &inputs, &gradients, 1);
    put(out), put(d_qkv), put(d_bias);
}

// An MLP in mixed precision, forward and backward, and a layer after a norm.
void run_layers() {
    Floats x = drawn(PICTURES * PIXELS * CHANNELS, 4), gamma = drawn(CHANNELS, 5), out(x.size());
    Floats weight = drawn(CHANNELS * INNER, 6), bias = drawn(INNER, 7), d_x(x.size());
    Floats sums(2 * CHANNELS), first_sums(INNER * (CHANNELS + 1));
    Floats second_sums(CHANNELS * (INNER + 1)), statistics(2 * PICTURES * PIXELS);
    std::vector<Bf16> hidden(PICTURES * PIXELS * INNER), normed = halves(x), y = hidden;
    Rows rows{PICTURES, PIXELS, CHANNELS, 1};
    Norm norm{gamma.data(), gamma.data(), sums.data(), 1e-5};
    Layer first{weight.data(), bias.data(), first_sums.data(), CHANNELS, INNER};
    Layer second{weight.data(), gamma.data(), second_sums.data(), INNER, CHANNELS};
    auto* measured = reinterpret_cast<Statistics*>(statistics.data());
    NormedLayer branch{norm, first, measured};
    hatsr_normed_layer(&rows, &branch, x.data(), normed.data(), y.data());
    put(normed), put(y);
    AddedMlp mlp{norm, first, second, nullptr, measured, hidden.data()};
    hatsr_added_mlp(&rows, &mlp, x.data(), out.data());
    hatsr_added_mlp_backward(&rows, &mlp, x.data(), out.data(), d_x.data());
    put(out), put(d_x), put(sums), put(first_sums), put(second_sums);
}

int main() {
    attend(0);
    attend(1);
    run_layers();
}
