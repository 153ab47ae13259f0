#include "proxy/net/buffer.hpp"

#include <algorithm>
#include <cstring>

namespace proxy::net {

boost::asio::mutable_buffer Buffer::prepare(std::size_t bytes_max) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (capacity_ > initial_bytes_) {
            memory_.reset();  // one big head must not be paid for as long as the connection lasts
        }
    }
    if (memory_ == nullptr) {
        capacity_ = initial_bytes_;
        memory_ = std::make_unique_for_overwrite<char[]>(capacity_);
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
