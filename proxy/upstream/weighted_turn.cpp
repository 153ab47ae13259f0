#include "proxy/upstream/weighted_turn.hpp"

#include <algorithm>

namespace proxy::upstream {

namespace {

/// Choices are bounded by the resources; past this the turns are forgotten and start anew.
constexpr std::size_t k_turns_max = 16'384;
/// Keeps the sum of credits far from overflow, whatever weights a resource names.
constexpr std::uint64_t k_weight_max = std::uint64_t{1} << 40;

bool is_same(
    const std::vector<std::uint64_t>& weights, std::span<const policy::WeightedBackend> backends
) {
    return std::equal(
        weights.begin(),
        weights.end(),
        backends.begin(),
        backends.end(),
        [](std::uint64_t weight, const policy::WeightedBackend& backend) {
            return weight == backend.weight;
        }
    );
}

std::size_t step(std::span<const std::uint64_t> weights, std::vector<std::int64_t>& credits) {
    std::int64_t total = 0;
    std::size_t best = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto weight = static_cast<std::int64_t>(std::min(weights[i], k_weight_max));
        credits[i] += weight;
        total += weight;
        if (credits[i] > credits[best]) {
            best = i;
        }
    }
    credits[best] -= total;
    return best;
}

}  // namespace

std::size_t WeightedTurns::next(
    std::uint64_t choice_id, std::span<const policy::WeightedBackend> backends
) {
    if (backends.size() == 1) {
        return 0;
    }
    if (turns_.size() >= k_turns_max && !turns_.contains(choice_id)) {
        turns_.clear();
    }
    Turn& turn = turns_[choice_id];
    if (!is_same(turn.weights, backends)) {
        start(turn, backends);
    }
    return step(turn.weights, turn.credits);
}

void WeightedTurns::start(Turn& turn, std::span<const policy::WeightedBackend> backends) {
    turn.weights.clear();
    for (const auto& backend : backends) {
        turn.weights.push_back(backend.weight);
    }
    turn.credits.assign(backends.size(), 0);
    // A random place in the cycle, so that a fleet that starts together does not march in step.
    constexpr std::uint32_t k_start_steps_max = 128;
    const auto steps = random_() % k_start_steps_max;
    for (std::uint32_t i = 0; i < steps; ++i) {
        [[maybe_unused]] const std::size_t passed = step(turn.weights, turn.credits);
    }
}

}  // namespace proxy::upstream
