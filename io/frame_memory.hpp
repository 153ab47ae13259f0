// Where the frames of coroutines live: freed ones are kept for the next call of their size.
#pragma once

#include <cstddef>

namespace io {

/// Every await of a request allocates a frame and frees it again, always of the same few sizes:
/// with lists of one's own that is a handful of instructions. One set of lists per thread, bounded,
/// so that a burst of connections does not keep its memory.
[[nodiscard]] void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace io
