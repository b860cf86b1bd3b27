// Linear layers on a block of pixels, in pairs of bfloat16, with sums in floats: the product, and
// both products of the backward pass.

#pragma once

#include "arena.h"
#include "multiply.h"
#include "norm.h"

extern "C" {

// A linear layer: weight outputs x inputs, bias; `sums` holds, for each thread, the gradients of
// both one after the other, to be added to.
struct Layer {
    const float *weight, *bias;
    float* sums;
    int64_t inputs, outputs;
};
}

namespace {

// A block's rows in an arena, `width` long. What is never written stays zero.
template <class Number>
inline Number* take_block(Arena& arena, int64_t width) {
    float* place = arena.take(BLOCK * width * sizeof(Number) / sizeof(float));
    std::memset(place, 0, BLOCK * width * sizeof(Number));
    return reinterpret_cast<Number*>(place);
}

// A layer's weight as pairs, for both directions.
class PackedLayer {
    Arena arena;
    int64_t inputs, outputs;    // whole
    float *forward, *backward;  // inputs / 2 x outputs; outputs / 2 x inputs

 public:
    const Layer layer;

    explicit PackedLayer(const Layer& of)
        : inputs(whole(of.inputs)), outputs(whole(of.outputs)), layer(of) {
        int64_t size = inputs * outputs / 2;
        forward = arena.take(size), backward = arena.take(size);
        float* place = arena.take(size);
        Bf16* rows = reinterpret_cast<Bf16*>(place);
        std::memset(place, 0, size * sizeof(float));
        for (int64_t o = 0; o < of.outputs; o++)
            each_vector(of.inputs, [&](int64_t i, int64_t count) {
                write(rows + o * inputs + i, read(of.weight + o * of.inputs + i, count), count);
            });
        pair_rows(backward, rows, outputs, inputs);
        transpose(forward, outputs, place, inputs / 2, outputs, inputs / 2);
    }

    // finish(row, output, vector) for the block's rows x, whole(inputs) long; vectors reach up to
    // whole(outputs).
    template <class Finish>
    void run(const Bf16* x, const Finish& finish) const {
        multiply_all(reinterpret_cast<const Pair*>(x), inputs / 2, 1, forward, BLOCK, outputs,
                     inputs / 2, [&](int64_t r, int64_t o, Vector sum) {
                         int64_t count = std::min<int64_t>(LANES, layer.outputs - o);
                         if (count > 0) finish(r, o, count, sum + read(layer.bias + o, count));
                     });
    }

    // finish(row, input, vector) for the gradients d_y of a block's outputs.
    template <class Finish>
    void run_backward(const Bf16* d_y, const Finish& finish) const {
        multiply_all(reinterpret_cast<const Pair*>(d_y), outputs / 2, 1, backward, BLOCK, inputs,
                     outputs / 2, [&](int64_t r, int64_t i, Vector sum) {
                         int64_t count = std::min<int64_t>(LANES, layer.inputs - i);
                         if (count > 0) finish(r, i, count, sum);
                     });
    }

    int64_t pair_floats() const { return BLOCK / 2 * (inputs + outputs); }

    // Add a block's part to this thread's gradients of weight and bias; `pairs`: to work in.
    void accumulate(const Bf16* d_y, const Bf16* x, float* pairs) const {
        float *x_pairs = pairs + BLOCK / 2 * outputs, *d_weight = own_sums();
        float* d_bias = d_weight + layer.outputs * layer.inputs;
        pair_rows(pairs, d_y, BLOCK, outputs);
        pair_rows(x_pairs, x, BLOCK, inputs);
        multiply_all(reinterpret_cast<const Pair*>(pairs), 1, outputs, x_pairs,
                     rounded(layer.outputs, 4), inputs, BLOCK / 2,
                     [&](int64_t o, int64_t i, Vector sum) {
                         int64_t count = std::min<int64_t>(LANES, layer.inputs - i);
                         if (count <= 0 || o >= layer.outputs) return;
                         float* to = d_weight + o * layer.inputs + i;
                         write(to, read(to, count) + sum, count);
                     });
        each_vector(layer.outputs, [&](int64_t o, int64_t count) {
            Vector sum = read(d_bias + o, count), ones = splat_pair(0x3f803f80);
            for (int64_t p = 0; p < BLOCK / 2; p++)
                sum = pair_product(sum, load(pairs + p * outputs + o), ones);
            write(d_bias + o, sum, count);
        });
    }

 private:
    float* own_sums() const {
        return layer.sums + omp_get_thread_num() * layer.outputs * (layer.inputs + 1);
    }
};

}  // namespace
