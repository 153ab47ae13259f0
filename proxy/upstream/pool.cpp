#include "proxy/upstream/pool.hpp"

#include "proxy/net/socket.hpp"

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
        pool_->put(std::move(connection_), std::chrono::steady_clock::now());
    }
}

std::unique_ptr<Connection> Pool::take(
    const Target& target, std::chrono::steady_clock::time_point now, Check check
) {
    const auto found = idle_.find(target);
    if (found == idle_.end() || check == Check::new_only) {
        return nullptr;
    }
    Connections& connections = found->second;
    while (!connections.empty()) {
        auto connection = std::move(connections.back());
        connections.pop_back();
        const bool is_trusted =
            check == Check::long_idle && now - connection->idle_since < k_trusted_idle;
        if (is_trusted || !net::is_stale(connection->session.stream().socket())) {
            return connection;
        }
    }
    return nullptr;
}

void Pool::put(std::unique_ptr<Connection> connection, std::chrono::steady_clock::time_point now) {
    if (is_shut_ || connection->generation != generation_) {
        return;
    }
    Connections& connections = idle_[connection->target];
    if (connections.size() < limits_.upstream_idle_connections_max) {
        connection->idle_since = now;
        connections.push_back(std::move(connection));
    }
}

void Pool::prune(std::chrono::steady_clock::time_point now) {
    const std::chrono::milliseconds idle_max(limits_.upstream_idle_ms_max);
    boost::unordered::erase_if(idle_, [&](auto& entry) {
        std::erase_if(entry.second, [&](const auto& connection) {
            return now - connection->idle_since >= idle_max;
        });
        return entry.second.empty();
    });
}

void Pool::begin_generation() {
    ++generation_;
    idle_.clear();
}

void Pool::shut() {
    is_shut_ = true;
    idle_.clear();
}

std::size_t Pool::idle_count() const {
    std::size_t count = 0;
    for (const auto& [target, connections] : idle_) {
        count += connections.size();
    }
    return count;
}

}  // namespace proxy::upstream
