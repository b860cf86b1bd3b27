// GELU and its slope.

#pragma once

#include "vectors.h"

namespace {

// exp(-x^2 / 2) and P(X > |x|), X normal; the error function by Abramowitz and Stegun 7.1.26
// (1.5e-7).
struct NormalTail {
    Vector bell, tail;

    explicit NormalTail(Vector x) {
        Vector z = (x > 0 ? x : -x) * 0.707106781f;
        Vector t = 1 / (1 + 0.3275911f * z);
        Vector y = 1.061405429f * t - 1.453152027f;
        y = y * t + 1.421413741f;
        y = y * t - 0.284496736f;
        y = (y * t + 0.254829592f) * t;
        bell = exp2(z * z * -LOG2_E);
        tail = 0.5f * y * bell;
    }
};

// x * P(X <= x).
inline Vector gelu(Vector x, const NormalTail& of) { return x > 0 ? x - x * of.tail : x * of.tail; }
inline Vector gelu(Vector x) { return gelu(x, NormalTail(x)); }

// P(X <= x) + x times the density at x.
inline Vector gelu_slope(Vector x, const NormalTail& of) {
    return (x > 0 ? 1 - of.tail : of.tail) + x * of.bell * 0.398942280f;
}

}  // namespace
