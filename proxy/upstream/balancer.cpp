#include "proxy/upstream/balancer.hpp"

#include <boost/container_hash/hash.hpp>

namespace proxy::upstream {

namespace {

constexpr std::size_t k_backends_max = 65'536;

std::size_t hash_of(const policy::Backend& backend) {
    std::size_t seed = backend.port;
    boost::hash_combine(seed, backend.name_space);
    boost::hash_combine(seed, backend.service);
    return seed;
}

}  // namespace

std::size_t Balancer::next(const policy::Backend& backend) {
    if (backend.endpoints.size() == 1) {
        return 0;
    }
    if (turns_.size() >= k_backends_max) {
        turns_.clear();
    }
    const auto [turn, is_new] = turns_.try_emplace(hash_of(backend), 0);
    if (is_new) {
        turn->second = static_cast<std::uint32_t>(random_());
    }
    return turn->second++ % backend.endpoints.size();
}

}  // namespace proxy::upstream
