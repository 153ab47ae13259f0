#include "proxy/upstream/pool.hpp"

#include "proxy/net/socket.hpp"

#include <boost/smart_ptr/make_local_shared.hpp>

#include <utility>

namespace proxy::upstream {

namespace {

/// A connection idle for longer than this is always asked whether it still stands.
constexpr std::chrono::milliseconds k_trusted_idle{100};

}  // namespace

Lease::~Lease() {
    if (connection_ == nullptr) {
        return;
    }
    const net::Traffic traffic = connection_->session.traffic();
    if (connection_->record.has_value()) {
        connection_->record->on_bytes(traffic.read_bytes, traffic.written_bytes);
    }
    if (connection_->session.may_be_reused()) {
        pool_->put(*place_, std::move(connection_));
    }
}

PlacePin Pool::place(const Target& target) {
    const auto found = places_.find(target);
    if (found != places_.end()) {
        return found->second;
    }
    return places_.emplace(target, boost::make_local_shared<Place>(target)).first->second;
}

std::optional<Lease> Pool::take(const PlacePin& place, Check check) {
    if (check == Check::new_only) {
        return std::nullopt;
    }
    auto& idle = place->idle;
    while (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        const bool is_trusted =
            check == Check::long_idle && clock_.now() - connection->idle_since < k_trusted_idle;
        if (is_trusted || !net::is_stale(connection->session.stream().socket())) {
            return std::optional<Lease>(std::in_place, *this, place, std::move(connection));
        }
    }
    return std::nullopt;
}

void Pool::put(Place& place, std::unique_ptr<Connection> connection) {
    const bool is_wanted = !is_shut_ && connection->generation == generation_ &&
                           clock_.now() < connection->retire_at &&
                           place.idle.size() < limits_.upstream_idle_connections_max;
    if (is_wanted) {
        connection->idle_since = clock_.now();
        connection->session.rest();
        place.idle.push_back(std::move(connection));
    }
}

void Pool::prune(std::chrono::steady_clock::time_point now) {
    const std::chrono::milliseconds idle_max(limits_.upstream_idle_ms_max);
    boost::unordered::erase_if(places_, [&](auto& entry) {
        Place& place = *entry.second;
        std::erase_if(place.idle, [&](const auto& connection) {
            return now - connection->idle_since >= idle_max;
        });
        return place.idle.empty() && entry.second.local_use_count() == 1;
    });
}

void Pool::begin_generation() {
    ++generation_;
    close_idle();
}

void Pool::shut() {
    is_shut_ = true;
    close_idle();
}

void Pool::close_idle() {
    for (auto& [target, place] : places_) {
        place->idle.clear();
    }
}

std::size_t Pool::idle_count() const {
    std::size_t count = 0;
    for (const auto& [target, place] : places_) {
        count += place->idle.size();
    }
    return count;
}

}  // namespace proxy::upstream
