// Linear layers and 3 x 3 convolutions of features in bfloat16, with what follows them: bias, then
// a GELU or a sum. Floats go in and out, and sums are floats.
//
// A number is PARTS bfloat16: two are as good as a float (see amx.h) and worth it on matrix units
// alone; elsewhere oneDNN's vectors are as good. One is the number rounded, multiplied on matrix
// units or, by the same code but for `multiply_block`, by vectors of bfloat16 (AVX512_BF16).

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

#if defined(__AVX512BF16__)

namespace {

using amx::DEPTH;
using amx::FLOATS;

constexpr int64_t TALL = 32, WIDE = 32;  // pixels and outputs of a block: two registers each

// Floats of the weights for one block of outputs and DEPTH inputs.
template <int PARTS>
constexpr int64_t PIECE = 2 * PARTS * FLOATS;

// Features as rows of DEPTH * deep bfloat16 a pixel, high parts and then low ones if there are two;
// with a pixel of zeros left and right for a convolution.
template <int PARTS>
struct Rows {
    int64_t lines, line, deep, border;
    char *high, *low;

    Rows(const Product& of, int64_t deep_)
        : lines(of.lines + (of.taps > 1 ? 2 : 0)),
          line(of.line + (of.taps > 1 ? 2 : 0)),
          deep(deep_),
          border(of.taps > 1) {
        // Blocks may read, and never use, up to TALL pixels past the end.
        int64_t bytes = (lines * line + TALL) * row();
        high = reinterpret_cast<char*>(empty_arena().take(PARTS * bytes / 4));
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
                if constexpr (PARTS == 2)
                    amx::split(first, second, high + place + s * 64, low + place + s * 64);
                else
                    _mm512_storeu_si512(high + place + s * 64,
                                        (__m512i)_mm512_cvtne2ps_pbh(second, first));
            }
        }
    }
};

#if defined(__AMX_BF16__)

using Registers = amx::Registers;

// sums (TALL x WIDE) of one block, over all taps and inputs.
template <int PARTS>
inline void multiply_block(float* sums, const Rows<PARTS>& features, int64_t at, int64_t taps,
                           const float* weights) {
    const int64_t row = features.row();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t tap = 0; tap < taps; tap++) {
        int64_t place = (at + tap / 3 * features.line + tap % 3) * row;
        const char *high = features.high + place, *low = features.low + place;
        for (int64_t s = 0; s < features.deep; s++, weights += PIECE<PARTS>) {
            _tile_loadd(4, high, row);
            _tile_loadd(5, high + 16 * row, row);
            high += 64;
            if constexpr (PARTS == 2) {
                _tile_loadd(6, weights + 2 * FLOATS, 64);
                _tile_loadd(7, weights + 3 * FLOATS, 64);
                _tile_dpbf16ps(0, 4, 6);
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(2, 5, 6);
                _tile_dpbf16ps(3, 5, 7);
            }
            _tile_loadd(6, weights, 64);
            _tile_loadd(7, weights + FLOATS, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            if constexpr (PARTS == 2) {
                _tile_loadd(4, low, row);
                _tile_loadd(5, low + 16 * row, row);
                low += 64;
                _tile_dpbf16ps(0, 4, 6);
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(2, 5, 6);
                _tile_dpbf16ps(3, 5, 7);
            }
        }
    }
    _tile_stored(0, sums, WIDE * 4);
    _tile_stored(1, sums + 16, WIDE * 4);
    _tile_stored(2, sums + 16 * WIDE, WIDE * 4);
    _tile_stored(3, sums + 16 * WIDE + 16, WIDE * 4);
}

#else

struct Registers {
    Registers() {}  // none to set up
};

// The same with vectors: a pair of a pixel's inputs meets a row of the weights' register.
template <int PARTS>
inline void multiply_block(float* sums, const Rows<PARTS>& features, int64_t at, int64_t taps,
                           const float* weights) {
    static_assert(PARTS == 1);
    constexpr int64_t together = 8;  // pixels
    const int64_t row = features.row();
    for (int64_t first = 0; first < TALL; first += together, sums += together * WIDE) {
        __m512 left[together] = {}, right[together] = {};
        const float* weight = weights;
        for (int64_t tap = 0; tap < taps; tap++) {
            const char* pixel =
                features.high + (at + first + tap / 3 * features.line + tap % 3) * row;
            for (int64_t s = 0; s < features.deep; s++, weight += PIECE<PARTS>, pixel += 64)
                for (int64_t i = 0; i < 16; i++) {
                    __m512bh of_left = (__m512bh)_mm512_loadu_ps(weight + i * 16);
                    __m512bh of_right = (__m512bh)_mm512_loadu_ps(weight + FLOATS + i * 16);
#pragma GCC unroll 8
                    for (int64_t p = 0; p < together; p++) {
                        int32_t two;
                        std::memcpy(&two, pixel + p * row + i * 4, 4);
                        __m512bh pair = (__m512bh)_mm512_set1_epi32(two);
                        left[p] = _mm512_dpbf16_ps(left[p], pair, of_left);
                        right[p] = _mm512_dpbf16_ps(right[p], pair, of_right);
                    }
                }
        }
        for (int64_t p = 0; p < together; p++) {
            _mm512_storeu_ps(sums + p * WIDE, left[p]);
            _mm512_storeu_ps(sums + p * WIDE + 16, right[p]);
        }
    }
}

#endif

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

template <int PARTS>
int64_t packed_floats(int64_t outputs, int64_t taps, int64_t inputs) {
    return rounded(outputs, WIDE) / WIDE * taps * (rounded(inputs, DEPTH) / DEPTH) * PIECE<PARTS>;
}

// weight: outputs x taps x inputs. Packed: for each block of outputs, tap and DEPTH of inputs, two
// registers of high parts and, of two parts, two of low ones.
template <int PARTS>
void pack(float* to, const float* weight, int64_t outputs, int64_t taps, int64_t inputs) {
    int64_t deep = rounded(inputs, DEPTH) / DEPTH;
    for (int64_t o = 0; o < rounded(outputs, WIDE); o++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t s = 0; s < deep; s++) {
                alignas(64) float numbers[DEPTH] = {}, high[16], low[16];
                for (int64_t i = 0; i < DEPTH && s * DEPTH + i < inputs && o < outputs; i++)
                    numbers[i] = weight[(o * taps + tap) * inputs + s * DEPTH + i];
                amx::split(load(numbers), load(numbers + 16), high, low);
                float* part = to + ((o / WIDE * taps + tap) * deep + s) * PIECE<PARTS>;
                float* place = part + o % WIDE / 16 * FLOATS + o % 16;
                for (int64_t i = 0; i < 16; i++) {
                    place[i * 16] = high[i];
                    if (PARTS == 2) place[2 * FLOATS + i * 16] = low[i];
                }
            }
}

template <int PARTS>
void run_product(const Product& of, const float* features, const float* packed, const float* bias,
                 float* out) {
    int64_t deep = rounded(of.inputs, DEPTH) / DEPTH;
    int64_t stripes = rounded(of.outputs, WIDE) / WIDE, across = (of.line + TALL - 1) / TALL;
    Rows<PARTS> rows(of, deep);
    rows.fill(features, of.inputs, of.threads);
#pragma omp parallel num_threads(int(of.threads))
    {
        Registers registers;
        NoDenormals guard;
        alignas(64) float sums[2][TALL * WIDE];
#pragma omp for schedule(static)
        for (int64_t block = 0; block < of.lines * across; block++) {
            int64_t y = block / across, x = block % across * TALL;
            int64_t tall = std::min(TALL, of.line - x);
            float* to = out + (y * of.line + x) * of.outputs;
            // A register is slow to hand over what it just stored: one stripe is finished later.
            for (int64_t n = 0; n <= stripes; n++) {
                if (n < stripes)
                    multiply_block<PARTS>(sums[n % 2], rows, y * rows.line + x, of.taps,
                                          packed + n * of.taps * deep * PIECE<PARTS>);
                if (n > 0) {
                    int64_t column = (n - 1) * WIDE;
                    finish_block(to + column, sums[(n - 1) % 2], bias + column, tall,
                                 std::min(WIDE, of.outputs - column), of);
                }
            }
        }
    }
}

}  // namespace

// The three functions of numbers in so many parts; the last returns whether there was memory
// enough.
#define HATSR_PRODUCT(PARTS, name)                                                                 \
    EXPORTED int64_t name##packed_floats(int64_t outputs, int64_t taps, int64_t inputs) {          \
        return packed_floats<PARTS>(outputs, taps, inputs);                                        \
    }                                                                                              \
    EXPORTED void name##pack(float* to, const float* weight, int64_t outputs, int64_t taps,        \
                             int64_t inputs) {                                                     \
        pack<PARTS>(to, weight, outputs, taps, inputs);                                            \
    }                                                                                              \
    EXPORTED int name##product(const Product* product, const float* features, const float* packed, \
                               const float* bias, float* out) try {                                \
        run_product<PARTS>(*product, features, packed, bias, out);                                 \
        return 1;                                                                                  \
    } catch (const std::bad_alloc&) {                                                              \
        return 0;                                                                                  \
    }

extern "C" {

HATSR_PRODUCT(1, hatsr_rounded_)
#if defined(__AMX_BF16__)
HATSR_PRODUCT(2, hatsr_)
#endif
}

#endif
