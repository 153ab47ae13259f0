#include "proxy/net/buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

namespace proxy::net {

namespace {

/// A buffer that outgrows its initial size takes this many times as much at once: doubling would
/// copy as many bytes again as a bulk transfer has.
constexpr std::size_t k_large_factor = 4;

/// Blocks of one size that connections gave back when they fell idle, for those that have something
/// to read: as many as are busy at a time, not as many as there are.
class FreeBlocks {
 public:
    explicit FreeBlocks(std::size_t kept_max) : kept_max_(kept_max) {}

    /// Null when there is none of that size.
    [[nodiscard]] std::unique_ptr<char[]> take(std::size_t bytes) noexcept {
        if (bytes_ != bytes || blocks_.empty()) {
            return nullptr;
        }
        auto block = std::move(blocks_.back());
        blocks_.pop_back();
        return block;
    }
    void keep(std::unique_ptr<char[]> block, std::size_t bytes) noexcept {
        if (blocks_.capacity() == 0) {
            blocks_.reserve(kept_max_);
            bytes_ = bytes;
        }
        if (bytes_ == bytes && blocks_.size() < kept_max_) {
            blocks_.push_back(std::move(block));
        }
    }

 private:
    std::size_t kept_max_;
    std::size_t bytes_ = 0;  // of each; all buffers have one initial size, that of limits
    std::vector<std::unique_ptr<char[]>> blocks_;
};

thread_local FreeBlocks initial_blocks(64);
/// Fresh ones of this size fault page by page: ten thousand times a second where bulk moves.
thread_local FreeBlocks large_blocks(8);

}  // namespace

void Buffer::take_memory() {
    capacity_ = initial_bytes_;
    memory_ = initial_blocks.take(capacity_);
    if (memory_ == nullptr) {
        memory_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
}

void Buffer::give_memory_back() noexcept {
    if (capacity_ == initial_bytes_) {
        initial_blocks.keep(std::move(memory_), capacity_);
    } else if (capacity_ == k_large_factor * initial_bytes_) {
        large_blocks.keep(std::move(memory_), capacity_);
    }
    memory_.reset();
    capacity_ = 0;
}

void Buffer::release() noexcept {
    begin_ = end_ = 0;
    if (memory_ != nullptr) {
        give_memory_back();
    }
}

boost::asio::mutable_buffer Buffer::prepare(std::size_t bytes_max) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (capacity_ > initial_bytes_) {
            give_memory_back();  // one big head is not paid for as long as the connection lasts
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
        grow(std::max(k_large_factor * initial_bytes_, needed));
    } else if (capacity_ - end_ < bytes.size()) {
        std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }
    std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
}

void Buffer::grow(std::size_t capacity) {
    auto memory = large_blocks.take(capacity);
    if (memory == nullptr) {
        memory = std::make_unique_for_overwrite<char[]>(capacity);
    }
    std::memcpy(memory.get(), memory_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    give_memory_back();
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
