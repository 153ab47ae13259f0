#include "proxy/upstream/balancer.hpp"

namespace proxy::upstream {

namespace {

constexpr std::size_t k_backends_max = 65'536;

}  // namespace

std::size_t Balancer::next(const policy::Backend& backend) {
    if (backend.endpoints.size() == 1) {
        return 0;
    }
    if (turns_.size() >= k_backends_max) {
        turns_.clear();
    }
    const auto [turn, is_new] = turns_.try_emplace(backend.turn_id, 0);
    if (is_new) {
        turn->second = static_cast<std::uint32_t>(random_());
    }
    return turn->second++ % backend.endpoints.size();
}

}  // namespace proxy::upstream
