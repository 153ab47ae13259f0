// What both tests of inbound HTTP/1 stand on: one connection, served as if its handshake were over.
#pragma once

#include "proxy/inbound/http.hpp"
#include "tests/support/data_path.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace proxy::inbound {

/// From web to pay; `matches` is a YAML flow list.
inline std::string allow(const std::string& matches) {
    return R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes}
spec: {matches: )" +
           matches + R"(}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: web-to-pay}
spec:
  destination: {kind: ServiceAccount, name: pay}
  rules: [{kind: HTTPRouteGroup, name: routes}]
  sources: [{kind: ServiceAccount, name: web}]
)";
}

constexpr const char* k_books = "[{name: books, pathRegex: /books, methods: [GET]}]";

class InboundHttpTest : public test::DataPath {
 protected:
    /// Serves one connection of `service_account` (empty: plain, unauthenticated) as if its
    /// handshake were over.
    std::unique_ptr<test::Peer> connect_as(
        const std::string& service_account, std::uint16_t pod_port = 8080
    ) {
        auto [peer, served] = connect();
        loop.spawn(serve(std::move(served), service_account, pod_port));
        return std::move(peer);
    }

    io::Awaitable<void> serve(
        io::Socket socket, std::string service_account, std::uint16_t pod_port
    ) {
        Connection connection{
            inbound(),
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            pod_port,
            application.address(),
            false,
            std::nullopt,
            false
        };
        connection.deadline.watch(&connection.stream.socket());
        if (!service_account.empty()) {
            connection.peer = policy::Identity{"cluster.local", "shop", service_account};
            connection.is_mesh = true;
        }
        co_await serve_http(connection);
    }

    InboundContext& inbound() {
        if (!inbound_) {
            inbound_ = std::make_unique<InboundContext>(worker());
        }
        return *inbound_;
    }

    void open_for_all() {
        configuration.policy.access = policy::AccessMode::off;
        adopt("");
    }

    void until_application_has(std::string_view text) {
        until(
            [&] { return !application.connections.empty() && app().has(text); },
            std::string("the application to get ") + std::string(text)
        );
    }
    void until_has(test::Peer& peer, std::string_view text) {
        until([&] { return peer.has(text); }, text);
    }
    test::Peer& app() { return *application.connections.back(); }
    /// What the application got on all its connections.
    std::string app_text() {
        std::string all;
        for (const auto& connection : application.connections) {
            all += connection->received;
        }
        return all;
    }
    static int count_in(std::string_view text, std::string_view part) {
        int count = 0;
        for (std::size_t at = text.find(part); at != std::string_view::npos;
             at = text.find(part, at + part.size())) {
            ++count;
        }
        return count;
    }

    test::Application application{loop};

 private:
    std::unique_ptr<InboundContext> inbound_;
};

}  // namespace proxy::inbound
