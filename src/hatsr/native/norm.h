// Layer norm of single rows: one pixel's channels.

#pragma once

#include "bf16.h"

extern "C" {

// A layer norm; `sums` holds, for each thread, the gradients of weight and bias one after the
// other, to be added to.
struct Norm {
    const float *weight, *bias;
    float* sums;
    double epsilon;
};

struct Statistics {
    float mean, scale;  // scale: one over the standard deviation
};
}

namespace {

template <class Number>
inline Vector read(const Number* from, int64_t count) {
    return count == LANES ? load(from) : load_some(from, count);
}

template <class Number>
inline void write(Number* to, Vector x, int64_t count) {
    count == LANES ? store(to, x) : store_some(to, x, count);
}

// Call work(c, count) for each vector of a row from channel c, of which `count` numbers count.
template <class Work>
inline void each_vector(int64_t width, const Work& work) {
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES) work(c, int64_t(LANES));
    if (c < width) work(c, width - c);
}

inline Statistics measure(const float* x, int64_t width, double epsilon) {
    Vector sum = {}, squares = {};
    each_vector(width, [&](int64_t c, int64_t count) { sum += read(x + c, count); });
    float mean = total(sum) / width;
    each_vector(width, [&](int64_t c, int64_t count) {
        Vector d = read(x + c, count) - mean;
        squares += d * d;
    });
    // What fills the last vector up counted as zeros.
    float fill = (rounded(width, LANES) - width) * mean * mean;
    float variance = (total(squares) - fill) / width;
    return {mean, 1 / __builtin_sqrtf(variance + float(epsilon))};
}

inline void normalise(Bf16* to, const float* x, int64_t width, const Norm& norm, Statistics row) {
    each_vector(width, [&](int64_t c, int64_t count) {
        Vector normed = (read(x + c, count) - row.mean) * row.scale;
        write(to + c, normed * read(norm.weight + c, count) + read(norm.bias + c, count), count);
    });
}

// Gradient of a row of x from that of its norm (d_normed, which is used up) and `through`, that of
// x itself, or null. `sums`: this thread's.
inline void differentiate_norm(float* d_x, float* d_normed, const float* through, const float* x,
                               const Norm& norm, Statistics row, int64_t width, float* sums) {
    Vector sum = {}, product = {};
    each_vector(width, [&](int64_t c, int64_t count) {
        Vector d = read(d_normed + c, count);
        Vector normed = (read(x + c, count) - row.mean) * row.scale;
        Vector weighted = d * read(norm.weight + c, count);
        sum += weighted, product += weighted * normed;
        write(d_normed + c, weighted, count);
        write(sums + c, read(sums + c, count) + d * normed, count);
        write(sums + width + c, read(sums + width + c, count) + d, count);
    });
    float mean = total(sum) / width, slope = total(product) / width;
    each_vector(width, [&](int64_t c, int64_t count) {
        Vector normed = (read(x + c, count) - row.mean) * row.scale;
        Vector d = read(d_normed + c, count) - mean - normed * slope;
        Vector other = through ? read(through + c, count) : Vector{};
        write(d_x + c, d * row.scale + other, count);
    });
}

}  // namespace
