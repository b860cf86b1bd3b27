// The linear layers of a block with what stands around them, in mixed precision: some pixels at a
// time, so that all in between stays in the cache. Features of the residual path are floats, what
// branches off is bfloat16.

#include "layers.h"

#include "gelu.h"

extern "C" {

// A map: its pictures, pixels of a picture, channels of a pixel.
struct Rows {
    int64_t pictures, pixels, width, threads;
};

// A norm and a layer after it; statistics: of each pixel.
struct NormedLayer {
    Norm norm;
    Layer layer;
    Statistics* statistics;
};

// A layer that is added to the residual path, times a share of each picture (or null), and beside
// it gated features (or null) times a gain of each picture and channel.
struct AddedLayer {
    Layer layer;
    const float* share;
    const Bf16* gated;
    const float* gain;
};

// An MLP with its norm, added to the residual path times a share of each picture (or null).
// hidden: before the GELU.
struct AddedMlp {
    Norm norm;
    Layer first, second;
    const float* share;
    Statistics* statistics;
    Bf16* hidden;
};
}

namespace {

// Pixels of one picture that are worked on together.
struct Block {
    int64_t picture, first, rows;  // first: counted through all pictures

    // Rows of a map from the first one of the block.
    template <class Number>
    Number* of(Number* map, int64_t width) const {
        return map ? map + first * width : nullptr;
    }
};

// Call work(block) for each block on all threads; make(arena) makes the work of a thread. Returns
// whether there was memory enough.
template <class Make>
bool each_block(const Rows& of, const Make& make) {
    int64_t in_picture = (of.pixels + BLOCK - 1) / BLOCK;
    bool enough = true;
#pragma omp parallel num_threads(int(of.threads)) reduction(&& : enough)
    try {
        NoDenormals guard;
        auto work = make(empty_arena());
#pragma omp for schedule(static)
        for (int64_t i = 0; i < of.pictures * in_picture; i++) {
            int64_t start = i % in_picture * BLOCK, picture = i / in_picture;
            work(Block{picture, picture * of.pixels + start, std::min(BLOCK, of.pixels - start)});
        }
    } catch (const std::bad_alloc&) {
        enough = false;
    }
    return enough;
}

// Rows of a block times a factor, to rows to work in; zeros after the last.
template <class Number>
inline void take_rows(Bf16* to, const Number* from, int64_t width, int64_t rows, float factor = 1) {
    for (int64_t r = 0; r < rows; r++)
        each_vector(width, [&](int64_t c, int64_t count) {
            write(to + r * whole(width) + c, read(from + r * width + c, count) * factor, count);
        });
    std::memset(to + rows * whole(width), 0, (BLOCK - rows) * whole(width) * sizeof(Bf16));
}

inline void take_normed(Bf16* to, const float* x, int64_t width, int64_t rows, const Norm& norm,
                        const Statistics* statistics) {
    for (int64_t r = 0; r < rows; r++)
        normalise(to + r * whole(width), x + r * width, width, norm, statistics[r]);
    std::memset(to + rows * whole(width), 0, (BLOCK - rows) * whole(width) * sizeof(Bf16));
}

inline void measure_rows(Statistics* to, const float* x, int64_t width, int64_t rows,
                         double epsilon) {
    for (int64_t r = 0; r < rows; r++) to[r] = measure(x + r * width, width, epsilon);
}

// Gradients of a block's x; those of its norm are rows of `width`, and used up.
inline void differentiate_norms(float* d_x, float* d_normed, const float* through, const float* x,
                                const Norm& norm, const Statistics* statistics, int64_t width,
                                int64_t rows) {
    float* sums = norm.sums + omp_get_thread_num() * 2 * width;
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r * width;
        differentiate_norm(d_x + at, d_normed + at, through ? through + at : nullptr, x + at, norm,
                           statistics[r], width, sums);
    }
}

inline float share_of(const float* shares, int64_t picture) { return shares ? shares[picture] : 1; }

}  // namespace

extern "C" {

// y = layer(norm(x)), bfloat16; the norm too, unless null. Returns, as all that follow, whether
// there was memory enough.
EXPORTED int hatsr_normed_layer(const Rows* rows, const NormedLayer* of, const float* x,
                                Bf16* normed, Bf16* y) try {
    PackedLayer layer(of->layer);
    int64_t width = rows->width, outputs = of->layer.outputs;
    return each_block(*rows, [&](Arena& arena) {
        return [=, &layer, to = take_block<Bf16>(arena, whole(width))](Block block) {
            const float* from = block.of(x, width);
            Statistics* statistics = of->statistics + block.first;
            measure_rows(statistics, from, width, block.rows, of->norm.epsilon);
            take_normed(to, from, width, block.rows, of->norm, statistics);
            for (int64_t r = 0; normed && r < block.rows; r++)
                std::memcpy(normed + (block.first + r) * width, to + r * whole(width),
                            width * sizeof(Bf16));
            layer.run(to, [&](int64_t r, int64_t o, int64_t count, Vector sum) {
                if (r < block.rows) write(block.of(y, outputs) + r * outputs + o, sum, count);
            });
        };
    });
} catch (const std::bad_alloc&) {
    return 0;
}

// d_x from the gradients of y, of the norm and of x itself, the last two may be null.
EXPORTED int hatsr_normed_layer_backward(const Rows* rows, const NormedLayer* of, const float* x,
                                         const Bf16* d_y, const Bf16* d_normed,
                                         const float* through, float* d_x) try {
    PackedLayer layer(of->layer);
    int64_t width = rows->width, outputs = of->layer.outputs;
    return each_block(*rows, [&](Arena& arena) {
        Bf16 *d_rows = take_block<Bf16>(arena, whole(outputs)),
             *normed = take_block<Bf16>(arena, whole(width));
        float *sums = take_block<float>(arena, width), *pairs = arena.take(layer.pair_floats());
        return [=, &layer](Block block) {
            const float* from = block.of(x, width);
            const Statistics* statistics = of->statistics + block.first;
            const Bf16* others = block.of(d_normed, width);
            take_rows(d_rows, block.of(d_y, outputs), outputs, block.rows);
            take_normed(normed, from, width, block.rows, of->norm, statistics);
            layer.accumulate(d_rows, normed, pairs);
            layer.run_backward(d_rows, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                if (others && r < block.rows) sum += read(others + r * width + c, count);
                write(sums + r * width + c, sum, count);
            });
            differentiate_norms(block.of(d_x, width), sums, block.of(through, width), from,
                                of->norm, statistics, width, block.rows);
        };
    });
} catch (const std::bad_alloc&) {
    return 0;
}

// out = x + share * layer(branch) + gated * gain.
EXPORTED int hatsr_added_layer(const Rows* rows, const AddedLayer* of, const Bf16* branch,
                               const float* x, float* out) try {
    PackedLayer layer(of->layer);
    int64_t width = rows->width, inputs = of->layer.inputs;
    return each_block(*rows, [&](Arena& arena) {
        return [=, &layer, to = take_block<Bf16>(arena, whole(inputs))](Block block) {
            take_rows(to, block.of(branch, inputs), inputs, block.rows);
            float share = share_of(of->share, block.picture);
            layer.run(to, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                if (r >= block.rows) return;
                int64_t at = (block.first + r) * width + c;
                sum = read(x + at, count) + sum * share;
                if (of->gated)
                    sum += read(of->gated + at, count) *
                           read(of->gain + block.picture * width + c, count);
                write(out + at, sum, count);
            });
        };
    });
} catch (const std::bad_alloc&) {
    return 0;
}

// d_gain: for each thread, pictures x width, added to.
EXPORTED int hatsr_added_layer_backward(const Rows* rows, const AddedLayer* of, const Bf16* branch,
                                        const float* d_out, Bf16* d_branch, Bf16* d_gated,
                                        float* d_gain) try {
    PackedLayer layer(of->layer);
    int64_t width = rows->width, inputs = of->layer.inputs;
    return each_block(*rows, [&](Arena& arena) {
        Bf16 *d_rows = take_block<Bf16>(arena, whole(width)),
             *given = take_block<Bf16>(arena, whole(inputs));
        float* pairs = arena.take(layer.pair_floats());
        return [=, &layer](Block block) {
            const float* d = block.of(d_out, width);
            take_rows(d_rows, d, width, block.rows, share_of(of->share, block.picture));
            take_rows(given, block.of(branch, inputs), inputs, block.rows);
            layer.accumulate(d_rows, given, pairs);
            layer.run_backward(d_rows, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                if (r < block.rows) write(block.of(d_branch, inputs) + r * inputs + c, sum, count);
            });
            if (!of->gated) return;
            const float* gain = of->gain + block.picture * width;
            float* sums = d_gain + (omp_get_thread_num() * rows->pictures + block.picture) * width;
            for (int64_t r = 0; r < block.rows; r++)
                each_vector(width, [&](int64_t c, int64_t count) {
                    int64_t at = (block.first + r) * width + c;
                    Vector here = read(d_out + at, count);
                    write(d_gated + at, here * read(gain + c, count), count);
                    write(sums + c, read(sums + c, count) + here * read(of->gated + at, count),
                          count);
                });
        };
    });
} catch (const std::bad_alloc&) {
    return 0;
}

// out = x + share * second(GELU(first(norm(x)))).
EXPORTED int hatsr_added_mlp(const Rows* rows, const AddedMlp* of, const float* x, float* out) try {
    PackedLayer first(of->first), second(of->second);
    int64_t width = rows->width, inner = of->first.outputs;
    return each_block(*rows, [&](Arena& arena) {
        Bf16 *normed = take_block<Bf16>(arena, whole(width)),
             *active = take_block<Bf16>(arena, whole(inner));
        return [=, &first, &second](Block block) {
            const float* from = block.of(x, width);
            Statistics* statistics = of->statistics + block.first;
            measure_rows(statistics, from, width, block.rows, of->norm.epsilon);
            take_normed(normed, from, width, block.rows, of->norm, statistics);
            first.run(normed, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                if (r < block.rows) write(block.of(of->hidden, inner) + r * inner + c, sum, count);
                write(active + r * whole(inner) + c, gelu(sum), count);
            });
            float share = share_of(of->share, block.picture);
            second.run(active, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                if (r >= block.rows) return;
                int64_t at = (block.first + r) * width + c;
                write(out + at, read(x + at, count) + sum * share, count);
            });
        };
    });
} catch (const std::bad_alloc&) {
    return 0;
}

EXPORTED int hatsr_added_mlp_backward(const Rows* rows, const AddedMlp* of, const float* x,
                                      const float* d_out, float* d_x) try {
    PackedLayer first(of->first), second(of->second);
    int64_t width = rows->width, inner = of->first.outputs;
    return each_block(*rows, [&](Arena& arena) {
        Bf16 *d_rows = take_block<Bf16>(arena, whole(width)),
             *normed = take_block<Bf16>(arena, whole(width)),
             *active = take_block<Bf16>(arena, whole(inner)),
             *d_hidden = take_block<Bf16>(arena, whole(inner));
        float* sums = take_block<float>(arena, width);
        float* pairs = arena.take(std::max(first.pair_floats(), second.pair_floats()));
        return [=, &first, &second](Block block) {
            const float *from = block.of(x, width), *d = block.of(d_out, width);
            const Statistics* statistics = of->statistics + block.first;
            take_rows(d_rows, d, width, block.rows, share_of(of->share, block.picture));
            for (int64_t r = 0; r < block.rows; r++)  // the slopes for now, where gradients go
                each_vector(inner, [&](int64_t c, int64_t count) {
                    Vector hidden = read(of->hidden + (block.first + r) * inner + c, count);
                    int64_t at = r * whole(inner) + c;
                    NormalTail tail(hidden);
                    write(active + at, gelu(hidden, tail), count);
                    write(d_hidden + at, gelu_slope(hidden, tail), count);
                });
            second.accumulate(d_rows, active, pairs);
            second.run_backward(d_rows, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                Bf16* slope = d_hidden + r * whole(inner) + c;
                write(slope, sum * read(slope, count), count);
            });
            take_normed(normed, from, width, block.rows, of->norm, statistics);
            first.accumulate(d_hidden, normed, pairs);
            first.run_backward(d_hidden, [&](int64_t r, int64_t c, int64_t count, Vector sum) {
                write(sums + r * width + c, sum, count);
            });
            differentiate_norms(block.of(d_x, width), sums, d, from, of->norm, statistics, width,
                                block.rows);
        };
    });
} catch (const std::bad_alloc&) {
    return 0;
}

EXPORTED void hatsr_gelu(int64_t n, int64_t threads, const Bf16* x, Bf16* y) {
#pragma omp parallel for schedule(static) num_threads(int(threads))
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t count = std::min<int64_t>(LANES, n - i);
        write(y + i, gelu(read(x + i, count)), count);
    }
}

EXPORTED void hatsr_gelu_backward(int64_t n, int64_t threads, const Bf16* x, const Bf16* d_y,
                                  Bf16* d_x) {
#pragma omp parallel for schedule(static) num_threads(int(threads))
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t count = std::min<int64_t>(LANES, n - i);
        Vector here = read(x + i, count);
        write(d_x + i, read(d_y + i, count) * gelu_slope(here, NormalTail(here)), count);
    }
}
}
