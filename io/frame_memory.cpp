#include "io/frame_memory.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>

namespace io {

namespace {

// Under the sanitizers memory must not be reused behind their back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool k_keeps = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool k_keeps = false;
#else
constexpr bool k_keeps = true;
#endif
#else
constexpr bool k_keeps = true;
#endif

constexpr std::size_t k_step_bytes = 64;
constexpr std::size_t k_classes = 32;  // frames of up to 2 KiB
constexpr std::uint32_t k_kept_per_class_max = 64;

void* allocate(std::size_t bytes) {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) {
        std::terminate();  // nothing on the data path throws
    }
    return memory;
}

struct FreeFrame {
    FreeFrame* next;
};

class Lists {
 public:
    ~Lists() {
        for (const Class& each : classes_) {
            for (FreeFrame* frame = each.first; frame != nullptr;) {
                FreeFrame* const next = frame->next;
                std::free(frame);
                frame = next;
            }
        }
    }
    void* take(std::size_t index) {
        Class& mine = classes_[index];
        if (mine.first == nullptr) {
            return allocate((index + 1) * k_step_bytes);
        }
        FreeFrame* const frame = mine.first;
        mine.first = frame->next;
        --mine.count;
        return frame;
    }
    void give(void* memory, std::size_t index) noexcept {
        Class& mine = classes_[index];
        if (mine.count == k_kept_per_class_max) {
            std::free(memory);
            return;
        }
        mine.first = new (memory) FreeFrame{mine.first};
        ++mine.count;
    }

 private:
    struct Class {
        FreeFrame* first = nullptr;
        std::uint32_t count = 0;
    };
    std::array<Class, k_classes> classes_{};
};

thread_local Lists lists;

std::size_t class_of(std::size_t bytes) {
    return (bytes - 1) / k_step_bytes;
}

bool is_kept(std::size_t bytes) {
    return k_keeps && class_of(bytes) < k_classes;
}

}  // namespace

void* allocate_frame(std::size_t bytes) {
    return is_kept(bytes) ? lists.take(class_of(bytes)) : allocate(bytes);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
    if (is_kept(bytes)) {
        lists.give(frame, class_of(bytes));
    } else {
        std::free(frame);
    }
}

}  // namespace io
