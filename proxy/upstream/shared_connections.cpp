#include "proxy/upstream/shared_connections.hpp"

#include "telemetry/tcp_record.hpp"

#include <utility>

namespace proxy::upstream {

namespace {

/// A handshake costs more than the memory of a minute.
constexpr std::uint32_t k_idle_ms_max = 60'000;

std::shared_ptr<net::mux::Connection> share(
    const ConnectEnvironment& environment,
    const policy::SocketAddress& address,
    tls::Stream stream,
    telemetry::Sheet& sheet,
    telemetry::TcpSeries& series
) {
    net::mux::Owner owner;
    owner.idle_ms_max = [] { return k_idle_ms_max; };
    owner.on_traffic = [record = std::make_shared<telemetry::TcpRecord>(sheet, series)](
                           const net::Traffic& traffic
                       ) { record->on_bytes(traffic.read_bytes, traffic.written_bytes); };
    owner.on_end = [&failures = environment.handshake_failures, address](const tls::Stream& ended) {
        report_late_refusal(failures, address, ended);
    };
    auto connection = std::make_shared<net::mux::Connection>(
        std::move(stream),
        net::mux::Role::client,
        environment.clock,
        environment.limits,
        std::move(owner)
    );
    environment.loop.spawn(net::mux::Connection::run(connection));
    return connection;
}

}  // namespace

std::unique_ptr<net::mux::Stream> SharedConnections::open(Place& place) {
    for (const auto& connection : place.connections) {
        if (auto stream = connection->open()) {
            return stream;
        }
    }
    return nullptr;
}

void SharedConnections::end_connecting(Place& place, const std::optional<Failure>& failure) {
    place.is_connecting = false;
    for (Waiter* const waiter : std::exchange(place.waiters, {})) {
        waiter->failure = failure;  // told to each: by the time it runs, another may be connecting
        waiter->done.set();
    }
}

io::Awaitable<Result<net::Stream>> SharedConnections::connect(
    ConnectEnvironment environment,
    const Target& target,
    telemetry::Sheet& sheet,
    telemetry::TcpSeries& series
) {
    if (!target.identity.has_value() || target.is_standard) {
        auto unshared = co_await upstream::connect(environment, target, tls::Alpn::http1);
        co_return unshared;
    }
    auto& found = places_[target];
    if (found == nullptr) {
        found = std::make_shared<Place>();
    }
    const std::shared_ptr<Place> place = found;
    // The one that `environment` is of, however long we wait.
    const std::uint64_t generation = generation_;
    while (place->is_sharing) {
        if (auto stream = open(*place)) {
            co_return net::Stream(std::move(stream));
        }
        if (!place->is_connecting) {
            break;
        }
        Waiter waiter(environment.loop);
        place->waiters.push_back(&waiter);
        co_await waiter.done.wait();
        if (waiter.failure.has_value()) {
            co_return *waiter.failure;
        }
    }
    place->is_connecting = true;
    auto connected = co_await upstream::connect(environment, target, tls::Alpn::mux);
    if (connected.has_error()) {
        end_connecting(*place, connected.error());
        co_return connected.error();
    }
    tls::Stream* const tls = connected->tls();
    place->is_sharing = tls->alpn() == tls::Alpn::mux;
    if (!place->is_sharing) {
        end_connecting(*place, std::nullopt);
        co_return connected;
    }
    const auto connection = share(environment, target.address, std::move(*tls), sheet, series);
    auto stream = connection->open();
    if (generation == generation_) {
        place->connections.push_back(connection);
    } else {
        connection->retire();
    }
    end_connecting(*place, std::nullopt);
    co_return net::Stream(std::move(stream));
}

void SharedConnections::begin_generation() {
    ++generation_;
    for (const auto& [target, place] : places_) {
        place->is_sharing = true;
        for (const auto& connection : std::exchange(place->connections, {})) {
            connection->retire();
        }
    }
}

void SharedConnections::prune(std::chrono::system_clock::time_point now) {
    boost::unordered::erase_if(places_, [now](const auto& entry) {
        Place& place = *entry.second;
        std::erase_if(place.connections, [now](const auto& connection) {
            if (connection->session().retire_at() <= now) {
                connection->retire();
            }
            return connection->session().is_ended() || connection->session().is_going_away();
        });
        return place.connections.empty() && entry.second.use_count() == 1;
    });
}

void SharedConnections::shut() {
    for (const auto& [target, place] : places_) {
        for (const auto& connection : std::exchange(place->connections, {})) {
            connection->close();
        }
    }
}

}  // namespace proxy::upstream
