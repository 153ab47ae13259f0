// Which endpoint of a backend is next.
#pragma once

#include "policy/snapshot.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <random>

namespace proxy::upstream {

/// Round robin from a random start, per backend and worker.
class Balancer {
 public:
    explicit Balancer(std::uint64_t seed) : random_(seed) {}

    /// Index of the next endpoint of `backend`, which has some.
    [[nodiscard]] std::size_t next(const policy::Backend& backend);

 private:
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> turns_;  // by Backend::turn_id
    std::minstd_rand random_;
};

}  // namespace proxy::upstream
