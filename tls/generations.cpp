#include "tls/generations.hpp"

namespace tls {

template <class Visit>
void Generations::each(Visit visit) {
    std::erase_if(contexts_, [&visit](const std::weak_ptr<const Context>& in_use) {
        const auto context = in_use.lock();
        if (context != nullptr) {
            visit(context->caches->live);
        }
        return context == nullptr;
    });
}

void Generations::expire(Clock::time_point now, const LivePeers::OnCut& on_cut) {
    each([&](LivePeers& live) { live.expire(now, on_cut); });
}

std::vector<std::shared_ptr<const Proof>> Generations::doubtful(
    const Material& material, std::size_t count_max
) {
    std::vector<std::shared_ptr<const Proof>> proofs;
    each([&](const LivePeers& live) { live.add_doubtful(material, proofs, count_max); });
    return proofs;
}

void Generations::settle(const Review& review, const LivePeers::OnCut& on_cut) {
    each([&](LivePeers& live) {
        for (const auto& proof : review.held) {
            live.believe(*proof, review.material);
        }
        for (const auto& proof : review.failed) {
            live.cut(*proof, on_cut);
        }
    });
}

}  // namespace tls
