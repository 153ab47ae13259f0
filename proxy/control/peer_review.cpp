#include "proxy/control/peer_review.hpp"

#include "telemetry/log.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>

namespace proxy::control {

void PeerReview::run(const std::shared_ptr<const tls::Material>& material) {
    for (auto& worker : workers_) {
        ask(*worker, material);
    }
}

void PeerReview::ask(Worker& worker, const std::shared_ptr<const tls::Material>& material) {
    worker.list_doubtful_peers(material, [this, &worker, material](auto doubtful) {
        boost::asio::post(executor_, [this, &worker, material, doubtful = std::move(doubtful)] {
            review(worker, material, doubtful);
        });
    });
}

void PeerReview::review(
    Worker& worker,
    const std::shared_ptr<const tls::Material>& material,
    const std::vector<std::shared_ptr<const tls::Proof>>& doubtful
) {
    tls::Review review{material, {}, {}};
    std::string last_objection;
    for (const auto& proof : doubtful) {
        std::string objection = tls::objection_to(*proof, *material);
        if (objection.empty()) {
            review.held.push_back(proof);
        } else {
            review.failed.push_back(proof);
            last_objection = std::move(objection);
        }
    }
    if (!review.failed.empty()) {
        // One line for all: a CA that goes may take thousands of peers with it.
        const std::size_t others = review.failed.size() - 1;
        telemetry::log(
            telemetry::LogLevel::warning,
            fmt::format(
                "closing the connections of {}{}: the certificate no longer verifies: {}",
                review.failed.back()->identity.uri(),
                others == 0 ? "" : fmt::format(" and {} other peers", others),
                telemetry::escaped(last_objection)
            )
        );
    }
    worker.settle_peers(std::move(review));
    ask(worker, material);  // there may be more
}

}  // namespace proxy::control
