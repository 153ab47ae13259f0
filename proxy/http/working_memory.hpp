// What a connection needs while it has a request, and lends back in between.
#pragma once

#include "proxy/http/forwarding.hpp"
#include "proxy/http/http1_codec.hpp"
#include "proxy/limits.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace proxy::http {

/// Strings and lists that are used again from request to request, so that none allocates.
struct Scratch {
    FieldList request_fields;
    FieldList response_fields;
    std::string request_head;
    std::string response_head;
    std::string path;
    std::string target;
};

struct WorkingMemory {
    explicit WorkingMemory(const Limits& limits) : reader(limits) {}

    RequestReader reader;
    Scratch scratch;
};

/// One per worker: as many are there as requests have been under way at a time, at most
/// k_kept_max, and an idle connection holds none.
class WorkingMemories {
 public:
    explicit WorkingMemories(const Limits& limits) : limits_(limits) {}

    [[nodiscard]] std::unique_ptr<WorkingMemory> take() {
        if (free_.empty()) {
            return std::make_unique<WorkingMemory>(limits_);
        }
        auto memory = std::move(free_.back());
        free_.pop_back();
        return memory;
    }
    /// `memory` has read whole messages only. A rare huge head does not stay.
    void give_back(std::unique_ptr<WorkingMemory> memory) {
        const Scratch& scratch = memory->scratch;
        const std::size_t held = scratch.request_head.capacity() +
                                 scratch.response_head.capacity() + scratch.path.capacity() +
                                 scratch.target.capacity();
        if (free_.size() < k_kept_max && held <= k_bytes_kept_max) {
            free_.push_back(std::move(memory));
        }
    }

 private:
    static constexpr std::size_t k_kept_max = 64;
    static constexpr std::size_t k_bytes_kept_max = 16 * 1024;

    const Limits& limits_;
    std::vector<std::unique_ptr<WorkingMemory>> free_;
};

}  // namespace proxy::http
