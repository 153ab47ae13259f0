// Whose turn it is among weighted backends: smooth weighted round robin with a random start.
#pragma once

#include "policy/route.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace proxy::upstream {

/// Keeps one turn per choice (Route::choice_id) of one worker: over any run of requests each
/// backend's share differs from its weight by at most one turn or so, which dice cannot promise
/// (smi.md §2.1). A changed set of weights starts anew.
class WeightedTurns {
 public:
    explicit WeightedTurns(std::uint64_t seed) : random_(seed) {}

    /// Index into `backends`, which is not empty.
    [[nodiscard]] std::size_t next(
        std::uint64_t choice_id, std::span<const policy::WeightedBackend> backends
    );

 private:
    struct Turn {
        std::vector<std::uint64_t> weights;
        std::vector<std::int64_t> credits;
    };
    void start(Turn& turn, std::span<const policy::WeightedBackend> backends);

    boost::unordered_flat_map<std::uint64_t, Turn> turns_;
    std::minstd_rand random_;
};

}  // namespace proxy::upstream
