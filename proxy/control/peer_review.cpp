#include "proxy/control/peer_review.hpp"

#include "telemetry/log.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>

namespace proxy::control {

void PeerReview::run(std::shared_ptr<const tls::Material> material) {
    newest_ = std::move(material);
    for (auto& worker : workers_) {
        if (under_review_.insert(worker.get()).second) {
            ask(*worker);
        }
    }
}

void PeerReview::ask(Worker& worker) {
    worker.list_doubtful_peers(newest_, [this, &worker, asked = newest_](auto doubtful) {
        boost::asio::post(executor_, [this, &worker, asked, doubtful = std::move(doubtful)] {
            if (asked != newest_) {
                ask(worker);  // what was doubtful then says nothing of today
            } else if (doubtful.empty()) {
                under_review_.erase(&worker);
            } else {
                worker.settle_peers(judge(doubtful));
                ask(worker);  // there may be more
            }
        });
    });
}

tls::Review PeerReview::judge(const std::vector<std::shared_ptr<const tls::Proof>>& doubtful) {
    tls::Review review{newest_, {}, {}};
    std::string last_objection;
    for (const auto& proof : doubtful) {
        std::string objection = tls::objection_to(*proof, *newest_);
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
    return review;
}

}  // namespace proxy::control
