// Counts what operator new gives out in the whole test program. It replaces operator new, so one
// source of a program includes it, and only where allocations are what is tested.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace test {

/// Not atomic: of tests with one thread.
inline std::size_t allocations = 0;

}  // namespace test

void* operator new(std::size_t size) {
    ++test::allocations;
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        std::abort();
    }
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): it takes this for a second free
    std::free(memory);
}
