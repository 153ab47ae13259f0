#include "tls/generations.hpp"

namespace tls {

template <class Visit>
void Generations::each(Visit visit) {
    std::erase_if(contexts_, [&visit](const std::weak_ptr<const Context>& in_use) {
        const auto context = in_use.lock();
        if (context != nullptr) {
            visit(*context);
        }
        return context == nullptr;
    });
}

void Generations::begin(const std::shared_ptr<const Context>& context) {
    const std::string& trust = context->material->trust_generation;
    each([&](const Context& older) {
        const bool trusts_alike = older.material->trust_generation == trust;
        older.caches->retire(trusts_alike ? nullptr : context->material);
    });
    contexts_.emplace_back(context);
}

void Generations::expire(Clock::time_point now, const LivePeers::OnCut& on_cut) {
    each([&](const Context& context) { context.caches->live.expire(now, on_cut); });
}

std::vector<std::shared_ptr<const Proof>> Generations::doubtful(
    const Material& material, std::size_t count_max
) {
    std::vector<std::shared_ptr<const Proof>> proofs;
    each([&](const Context& context) {
        context.caches->live.add_doubtful(material, proofs, count_max);
    });
    return proofs;
}

void Generations::settle(const Review& review, const LivePeers::OnCut& on_cut) {
    each([&](const Context& context) {
        LivePeers& live = context.caches->live;
        for (const auto& proof : review.held) {
            live.believe(*proof, review.material);
        }
        for (const auto& proof : review.failed) {
            live.cut(*proof, on_cut);
        }
    });
}

}  // namespace tls
