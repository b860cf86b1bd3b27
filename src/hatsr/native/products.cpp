// Linear layers and 3 x 3 convolutions of features on matrix units, with what follows them: bias,
// then a GELU or a sum. Floats go in and out; see amx.h for how they are multiplied. Only
// processors with such units have this; elsewhere oneDNN's vectors are as good.

#include "amx.h"
#include "arena.h"
#include "gelu.h"
#include "vectors.h"

extern "C" {

// Features in and out are pixels' rows of floats. A convolution (taps 9) has two lines of pixels
// more coming in than going out, and counts as zero what lies left and right.
struct Product {
    int64_t lines, line, taps, inputs, outputs;  // lines and line: going out
    int64_t after;                               // 0 nothing, 1 GELU, 2 added to what is there
    int64_t threads;
};
}

#if defined(__AMX_BF16__)

namespace {

using amx::DEPTH;
using amx::FLOATS;

constexpr int64_t TALL = 32, WIDE = 32;  // pixels and outputs of a block: two registers each
constexpr int64_t PART = 4 * FLOATS;  // of the weights, for one block of outputs and DEPTH inputs

// Features as high and low parts, DEPTH * deep of each a pixel, with a pixel of zeros left and
// right for a convolution.
struct Halves {
    int64_t lines, line, deep, border;
    char *high, *low;

    Halves(const Product& of, int64_t deep_)
        : lines(of.lines + (of.taps > 1 ? 2 : 0)),
          line(of.line + (of.taps > 1 ? 2 : 0)),
          deep(deep_),
          border(of.taps > 1) {
        // Blocks may read, and never use, up to TALL pixels past the end.
        int64_t bytes = (lines * line + TALL) * row();
        high = reinterpret_cast<char*>(empty_arena().take(2 * bytes / 4));
        low = high + bytes;
    }

    int64_t row() const { return deep * DEPTH * 2; }

    void fill(const float* features, int64_t inputs, int64_t threads) {
        int64_t inner = line - 2 * border;
#pragma omp parallel for schedule(static) num_threads(int(threads))
        for (int64_t pixel = 0; pixel < lines * line; pixel++) {
            int64_t x = pixel % line - border, place = pixel * row();
            bool inside = x >= 0 && x < inner;
            const float* from = features + (pixel / line * inner + x) * inputs;
            for (int64_t s = 0; s < deep; s++) {
                int64_t left = inside ? inputs - s * DEPTH : 0;
                __m512 first = load_some(from + s * DEPTH, std::clamp<int64_t>(left, 0, 16));
                __m512 second =
                    load_some(from + s * DEPTH + 16, std::clamp<int64_t>(left - 16, 0, 16));
                amx::split(first, second, high + place + s * 64, low + place + s * 64);
            }
        }
    }
};

// sums (TALL x WIDE) of one block, over all taps and inputs.
inline void multiply_block(float* sums, const Halves& features, int64_t at, int64_t taps,
                           const float* weights) {
    const int64_t row = features.row();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t tap = 0; tap < taps; tap++) {
        int64_t place = (at + tap / 3 * features.line + tap % 3) * row;
        const char *high = features.high + place, *low = features.low + place;
        for (int64_t s = 0; s < features.deep; s++, high += 64, low += 64, weights += PART) {
            _tile_loadd(4, high, row);
            _tile_loadd(5, high + 16 * row, row);
            _tile_loadd(6, weights + 2 * FLOATS, 64);
            _tile_loadd(7, weights + 3 * FLOATS, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            _tile_loadd(6, weights, 64);
            _tile_loadd(7, weights + FLOATS, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            _tile_loadd(4, low, row);
            _tile_loadd(5, low + 16 * row, row);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, sums, WIDE * 4);
    _tile_stored(1, sums + 16, WIDE * 4);
    _tile_stored(2, sums + 16 * WIDE, WIDE * 4);
    _tile_stored(3, sums + 16 * WIDE + 16, WIDE * 4);
}

// A block's sums to the features, with what follows.
inline void finish_block(float* out, const float* sums, const float* bias, int64_t rows,
                         int64_t columns, const Product& of) {
    for (int64_t c = 0; c < columns; c += 16) {
        int64_t count = std::min<int64_t>(16, columns - c);
        Vector shift = load_some(bias + c, count);
        for (int64_t r = 0; r < rows; r++) {
            float* to = out + r * of.outputs + c;
            Vector y = load(sums + r * WIDE + c) + shift;
            if (of.after == 1) y = gelu(y);
            if (of.after == 2) y += load_some(to, count);
            store_some(to, y, count);
        }
    }
}

}  // namespace

extern "C" {

EXPORTED int64_t hatsr_packed_floats(int64_t outputs, int64_t taps, int64_t inputs) {
    return rounded(outputs, WIDE) / WIDE * taps * (rounded(inputs, DEPTH) / DEPTH) * PART;
}

// weight: outputs x taps x inputs. Packed: for each block of outputs, tap and DEPTH of inputs, two
// registers of high parts and two of low ones.
EXPORTED void hatsr_pack(float* to, const float* weight, int64_t outputs, int64_t taps,
                         int64_t inputs) {
    int64_t deep = rounded(inputs, DEPTH) / DEPTH;
    for (int64_t o = 0; o < rounded(outputs, WIDE); o++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t s = 0; s < deep; s++) {
                alignas(64) float numbers[DEPTH] = {}, high[16], low[16];
                for (int64_t i = 0; i < DEPTH && s * DEPTH + i < inputs && o < outputs; i++)
                    numbers[i] = weight[(o * taps + tap) * inputs + s * DEPTH + i];
                amx::split(load(numbers), load(numbers + 16), high, low);
                float* part = to + ((o / WIDE * taps + tap) * deep + s) * PART;
                float* place = part + o % WIDE / 16 * FLOATS + o % 16;
                for (int64_t i = 0; i < 16; i++)
                    place[i * 16] = high[i], place[2 * FLOATS + i * 16] = low[i];
            }
}

// Returns whether there was memory enough.
EXPORTED int hatsr_product(const Product* product, const float* features, const float* packed,
                           const float* bias, float* out) try {
    const Product of = *product;
    int64_t deep = rounded(of.inputs, DEPTH) / DEPTH;
    int64_t stripes = rounded(of.outputs, WIDE) / WIDE, across = (of.line + TALL - 1) / TALL;
    Halves halves(of, deep);
    halves.fill(features, of.inputs, of.threads);
#pragma omp parallel num_threads(int(of.threads))
    {
        amx::Registers registers;
        NoDenormals guard;
        alignas(64) float sums[2][TALL * WIDE];
#pragma omp for schedule(static)
        for (int64_t block = 0; block < of.lines * across; block++) {
            int64_t y = block / across, x = block % across * TALL;
            int64_t rows = std::min(TALL, of.line - x);
            float* to = out + (y * of.line + x) * of.outputs;
            // A register is slow to hand over what it just stored: one stripe is finished later.
            for (int64_t n = 0; n <= stripes; n++) {
                if (n < stripes)
                    multiply_block(sums[n % 2], halves, y * halves.line + x, of.taps,
                                   packed + n * of.taps * deep * PART);
                if (n > 0) {
                    int64_t column = (n - 1) * WIDE;
                    finish_block(to + column, sums[(n - 1) % 2], bias + column, rows,
                                 std::min(WIDE, of.outputs - column), of);
                }
            }
        }
    }
    return 1;
} catch (const std::bad_alloc&) {
    return 0;
}
}

#endif
