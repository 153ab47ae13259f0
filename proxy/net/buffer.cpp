#include "proxy/net/buffer.hpp"

#include <algorithm>
#include <cassert>
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
    // Room for half of the memory at least: a read into little room is a system call for little.
    if (begin_ > 0 && capacity_ - end_ < capacity_ / 2) {
        std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }
    if (end_ == capacity_ && capacity_ < bytes_max) {
        grow(std::min(capacity_ * 2, bytes_max));
    }
    return {memory_.get() + end_, capacity_ - end_};
}

void Buffer::append(std::string_view bytes) {
    const std::size_t needed = end_ - begin_ + bytes.size();
    if (memory_ == nullptr) {
        take_memory();
    }
    if (needed > capacity_) {
        grow(std::max(capacity_ * 2, needed));
    } else if (capacity_ - end_ < bytes.size()) {
        std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }
    std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
}

void Buffer::grow(std::size_t capacity) {
    auto memory = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(memory.get(), memory_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    memory_ = std::move(memory);
    capacity_ = capacity;
}

void Buffer::swap(Buffer& other) noexcept {
    assert(initial_bytes_ == other.initial_bytes_);
    std::swap(memory_, other.memory_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
}

}  // namespace proxy::net
