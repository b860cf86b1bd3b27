// Memory for what a kernel keeps beside its inputs and outputs.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

// Hands out pieces of one block, each at the start of a cache line, and keeps the block from one
// piece of work to the next. A piece that does not fit gets memory of its own; the block is made
// larger for the next time.
class Arena {
    float* block = nullptr;
    int64_t size = 0, taken = 0;  // floats
    std::vector<float*> others;

    static float* allocate(int64_t floats) {
        void* place = std::aligned_alloc(64, floats * sizeof(float));
        if (!place) throw std::bad_alloc();
        return static_cast<float*>(place);
    }

    void grow(int64_t floats) {
        std::free(block);
        block = nullptr, size = 0;
        block = allocate(floats), size = floats;
    }

    void free_others() {
        for (float* piece : others) std::free(piece);
        others.clear();
    }

 public:
    Arena() = default;
    Arena(const Arena&) = delete;
    ~Arena() {
        free_others();
        std::free(block);
    }

    // Takes all pieces back.
    void reset() {
        bool was_too_small = !others.empty();
        int64_t needed = taken;
        free_others();
        taken = 0;
        if (was_too_small) grow(needed);
    }

    float* take(int64_t floats) {
        constexpr int64_t line = 16;  // floats
        floats = (floats + line - 1) / line * line;
        if (taken == 0 && floats > size) grow(floats);
        taken += floats;
        if (taken <= size) return block + taken - floats;
        others.reserve(others.size() + 1);
        return others.emplace_back(allocate(floats));
    }
};

// This thread's arena, with all pieces taken back.
inline Arena& empty_arena() {
    thread_local Arena arena;
    arena.reset();
    return arena;
}

}  // namespace
