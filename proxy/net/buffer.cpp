#include "proxy/net/buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace proxy::net {

namespace {

/// Blocks that connections gave back when they fell idle, for those that have something to read:
/// as many as are busy at a time, not as many as there are. All have one size, that of limits.
struct FreeBlocks {
    static constexpr std::size_t k_kept_max = 64;
    std::vector<std::unique_ptr<char[]>> blocks;
    std::size_t bytes = 0;  // of each
};

thread_local FreeBlocks free_blocks;

}  // namespace

void Buffer::take_memory() {
    capacity_ = initial_bytes_;
    if (free_blocks.bytes == initial_bytes_ && !free_blocks.blocks.empty()) {
        memory_ = std::move(free_blocks.blocks.back());
        free_blocks.blocks.pop_back();
        return;
    }
    memory_ = std::make_unique_for_overwrite<char[]>(capacity_);
}

void Buffer::release() noexcept {
    begin_ = end_ = 0;
    if (memory_ == nullptr) {
        return;
    }
    if (free_blocks.blocks.capacity() == 0) {
        free_blocks.blocks.reserve(FreeBlocks::k_kept_max);
        free_blocks.bytes = initial_bytes_;
    }
    if (capacity_ == free_blocks.bytes && free_blocks.blocks.size() < FreeBlocks::k_kept_max) {
        free_blocks.blocks.push_back(std::move(memory_));
    }
    memory_.reset();
    capacity_ = 0;
}

boost::asio::mutable_buffer Buffer::prepare(std::size_t bytes_max) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (capacity_ > initial_bytes_) {
            memory_.reset();  // one big head must not be paid for as long as the connection lasts
        }
    }
    if (memory_ == nullptr) {
        take_memory();
    }
    const std::size_t held = end_ - begin_;
    if (end_ == capacity_ && begin_ > 0) {
        std::memmove(memory_.get(), memory_.get() + begin_, held);
        begin_ = 0;
        end_ = held;
    }
    if (end_ == capacity_ && capacity_ < bytes_max) {
        const std::size_t grown = std::min(capacity_ * 2, bytes_max);
        auto memory = std::make_unique_for_overwrite<char[]>(grown);
        std::memcpy(memory.get(), memory_.get(), held);
        memory_ = std::move(memory);
        capacity_ = grown;
    }
    return {memory_.get() + end_, capacity_ - end_};
}

}  // namespace proxy::net
