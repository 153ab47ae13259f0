// The bytes of one direction of a connection that were read and not yet used.
#pragma once

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace proxy::net {

/// A contiguous window over one allocation, taken when first needed.
/// Views of data() stay valid until the next prepare(), also across consume().
class Buffer {
 public:
    explicit Buffer(std::size_t bytes) : initial_bytes_(bytes) {}
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&&) = delete;
    ~Buffer() { release(); }

    [[nodiscard]] std::string_view data() const { return {memory_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] bool is_empty() const { return begin_ == end_; }

    /// Room for at least one more byte behind data(), moving or growing where needed; an empty
    /// buffer (size 0) means that `bytes_max` are already held.
    [[nodiscard]] boost::asio::mutable_buffer prepare(std::size_t bytes_max);
    void commit(std::size_t bytes) { end_ += bytes; }
    void consume(std::size_t bytes) { begin_ += bytes; }
    /// Copies `bytes` behind data(), growing as needed.
    void append(std::string_view bytes);
    /// Exchanges contents with a buffer of the same initial size.
    void swap(Buffer& other) noexcept;
    /// Gives the memory back, and with it what was held: who waits for a peer needs none. Memory of
    /// the initial size is kept for the next buffer of this thread.
    void release() noexcept;

 private:
    void take_memory();
    void give_memory_back() noexcept;
    void grow(std::size_t capacity);

    std::size_t initial_bytes_;
    std::unique_ptr<char[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace proxy::net
