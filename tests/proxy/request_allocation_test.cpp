// A request on a warm connection, through either half of the proxy, allocates nothing by
// operator new: no label, name, route or target is built again.
#include "proxy/inbound/http.hpp"
#include "proxy/outbound/http.hpp"
#include "tests/support/count_allocations.hpp"
#include "tests/support/data_path.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {
namespace {

constexpr std::string_view k_answer =
    "HTTP/1.1 200 OK\r\nServer: a-server-longer-than-a-short-string/1.0\r\n"
    "Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

/// A socket in the hands of the test that allocates nothing itself.
class RawSocket {
 public:
    explicit RawSocket(int descriptor) : descriptor_(descriptor) {}
    RawSocket(RawSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    RawSocket& operator=(RawSocket&&) = delete;
    ~RawSocket() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    void send(std::string_view text) const {
        ASSERT_EQ(
            ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size())
        );
    }
    /// What has come; empty: nothing yet.
    std::string_view receive() {
        const ssize_t bytes = ::recv(descriptor_, block_.data(), block_.size(), MSG_DONTWAIT);
        return {block_.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
    }

 private:
    int descriptor_;
    std::array<char, 4096> block_{};
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

class RequestAllocation : public test::DataPath {
 protected:
    RequestAllocation() {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listening_.descriptor(), generic, size), 0);
        EXPECT_EQ(::listen(listening_.descriptor(), 4), 0);
        EXPECT_EQ(::getsockname(listening_.descriptor(), generic, &size), 0);
        upstream_.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
        upstream_.port = ntohs(address.sin_port);
    }

    /// A client and the end of it that is to be served.
    std::pair<RawSocket, io::Socket> connect_raw() {
        const auto [ours, theirs] = io::test::connected_descriptors();
        io::Socket served(loop);
        EXPECT_FALSE(served.adopt(theirs));
        return {RawSocket(ours), std::move(served)};
    }

    io::Awaitable<void> serve_outbound(io::Socket socket) {
        outbound::Connection connection{
            worker(),
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            std::nullopt
        };
        connection.deadline.watch(&connection.stream.socket());
        co_await outbound::serve_http(connection);
    }

    io::Awaitable<void> serve_inbound(io::Socket socket) {
        inbound::Connection connection{
            inbound_,
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            8080,
            upstream_,
            false,
            policy::Identity{"cluster.local", "shop", "web-with-a-rather-long-name"},
            true
        };
        connection.deadline.watch(&connection.stream.socket());
        co_await inbound::serve_http(connection);
    }

    /// One request and its answer.
    void exchange(RawSocket& client, std::string_view request) {
        client.send(request);
        bool is_answered = false;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!is_answered) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            loop.run_once(std::chrono::milliseconds(0));
            if (accepted_.empty()) {
                const int descriptor =
                    ::accept4(listening_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK);
                if (descriptor >= 0) {
                    accepted_.emplace_back(descriptor);
                }
            } else if (!accepted_.back().receive().empty()) {
                accepted_.back().send(k_answer);
            }
            is_answered = client.receive().ends_with("ok");
        }
    }

    std::size_t allocations_of(RawSocket& client, std::string_view request, int requests) {
        const std::size_t before = ::test::allocations;
        for (int i = 0; i < requests; ++i) {
            exchange(client, request);
        }
        return ::test::allocations - before;
    }

    policy::SocketAddress upstream_;
    inbound::InboundContext inbound_{worker()};

 private:
    RawSocket listening_{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    std::vector<RawSocket> accepted_;
};

constexpr std::string_view k_split =
    "---\napiVersion: v1\nkind: Service\n"
    "metadata: {name: api}\nspec: {clusterIP: 198.19.0.1, ports: [{port: 80}]}\n"
    "---\napiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
    "metadata: {name: a-split-with-a-rather-long-name}\nspec:\n  service: api\n  backends:\n"
    "  - {service: api-v1, weight: 3}\n  - {service: api-v2, weight: 1}\n";

constexpr std::string_view k_outbound_request =
    "GET /books/1?fields=title HTTP/1.1\r\nHost: api.shop.svc.cluster.local\r\n"
    "User-Agent: a-user-agent-longer-than-a-short-string/1.0\r\nAccept: */*\r\n\r\n";

constexpr std::string_view k_inbound_request =
    "GET /books/1 HTTP/1.1\r\nHost: pay.shop.svc.cluster.local\r\n"
    "User-Agent: a-user-agent-longer-than-a-short-string/1.0\r\nAccept: */*\r\n\r\n";

constexpr std::string_view k_policy = R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes}
spec: {matches: [{name: books-of-a-rather-long-name, pathRegex: "/books/[0-9]+", methods: [GET]}]}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: web-to-pay-by-a-rather-long-name}
spec:
  destination: {kind: ServiceAccount, name: pay}
  rules: [{kind: HTTPRouteGroup, name: routes}]
  sources: [{kind: ServiceAccount, name: web-with-a-rather-long-name}]
)";

TEST_F(RequestAllocation, OutboundRequestThroughASplitAllocatesNothing) {
    adopt(
        test::service_at("api-v1", upstream_) + test::service_at("api-v2", upstream_) +
        std::string(k_split)
    );
    auto [client, served] = connect_raw();
    loop.spawn(serve_outbound(std::move(served)));
    static_cast<void>(allocations_of(client, k_outbound_request, 8));  // both backends had a turn
    EXPECT_EQ(allocations_of(client, k_outbound_request, 20), 0U);
    const std::string requests = metric("request_total");
    EXPECT_NE(requests.find("dst_service=\"api-v1\"} 21"), std::string::npos) << requests;
    EXPECT_NE(requests.find("dst_service=\"api-v2\"} 7"), std::string::npos) << requests;
}

TEST_F(RequestAllocation, InboundRequestUnderARuleAllocatesNothing) {
    adopt(std::string(k_policy));
    auto [client, served] = connect_raw();
    loop.spawn(serve_inbound(std::move(served)));
    static_cast<void>(allocations_of(client, k_inbound_request, 2));
    EXPECT_EQ(allocations_of(client, k_inbound_request, 20), 0U);
    EXPECT_TRUE(metric("inbound_http_authz_allow_total").ends_with(" 22"));
}

TEST_F(RequestAllocation, OfTheFirstRequestIsSeen) {
    adopt(std::string(k_policy));
    auto [client, served] = connect_raw();
    loop.spawn(serve_inbound(std::move(served)));
    EXPECT_GT(allocations_of(client, k_inbound_request, 1), 10U) << "the count is real";
}

}  // namespace
}  // namespace proxy
