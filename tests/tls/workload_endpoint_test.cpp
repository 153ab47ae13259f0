#include "tls/workload_api/back_off.hpp"
#include "tls/workload_api/endpoint.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tls::workload_api {
namespace {

using std::chrono::milliseconds;

std::string refusal(const std::string& uri) {
    const auto endpoint = parse_endpoint(uri);
    return endpoint.has_value() ? "accepted" : endpoint.error();
}

TEST(WorkloadEndpoint, IsAUnixSocketOrAnAddress) {
    EXPECT_EQ(*parse_endpoint("unix:///run/agent.sock"), Endpoint(UnixSocket{"/run/agent.sock"}));
    EXPECT_EQ(*parse_endpoint("unix:/run/agent.sock"), Endpoint(UnixSocket{"/run/agent.sock"}));
    EXPECT_EQ(
        *parse_endpoint("tcp://127.0.0.1:8000"),
        Endpoint(*policy::parse_socket_address("127.0.0.1:8000"))
    );
    EXPECT_EQ(
        *parse_endpoint("tcp://[::1]:8000"), Endpoint(*policy::parse_socket_address("[::1]:8000"))
    );
}

TEST(WorkloadEndpoint, OtherSchemesAreRefused) {
    for (const char* uri : {"", "/run/agent.sock", "http://127.0.0.1:80", "UNIX:///x", "tcp:1"}) {
        EXPECT_EQ(refusal(uri), "is neither unix:///path nor tcp://IP:port") << uri;
    }
}

TEST(WorkloadEndpoint, AUnixSocketHasAnAbsolutePathAndNoAuthority) {
    for (const char* uri : {"unix:", "unix://", "unix:///", "unix:run/x", "unix://host/run/x"}) {
        EXPECT_EQ(refusal(uri), "names no absolute path: write unix:///path/of/the/socket") << uri;
    }
    EXPECT_EQ(refusal("unix:///" + std::string(106, 'x')), "accepted");
    EXPECT_EQ(
        refusal("unix:///" + std::string(107, 'x')),
        "has a path of 108 bytes; a socket's has at most 107"
    );
}

TEST(WorkloadEndpoint, AnAddressIsAnIpAndAPortAndNothingElse) {
    for (const char* uri :
         {"tcp://",
          "tcp://127.0.0.1",
          "tcp://localhost:80",
          "tcp://127.0.0.1:0",
          "tcp://127.0.0.1:80/",
          "tcp://127.0.0.1:80/x",
          "tcp://me@127.0.0.1:80",
          "tcp://127.0.0.1:65536",
          "tcp://::1:80"}) {
        EXPECT_EQ(
            refusal(uri),
            "is not tcp://IP:port (the host must be an IP address, and a path is not allowed)"
        ) << uri;
    }
}

TEST(WorkloadEndpoint, OtherPartsOfAUriAreRefused) {
    for (const std::string uri :
         {"unix:///x?y",
          "unix:///x#y",
          "unix:///x%20y",
          "unix:///x y",
          "unix:///x\n",
          "unix:///\xc3\xa4",
          "tcp://127.0.0.1:80?x"}) {
        EXPECT_EQ(
            refusal(uri), "may have neither a query, a fragment, a percent escape nor spaces in it"
        ) << uri;
    }
}

TEST(BackOff, DoublesToItsBoundAndBeginsAgainAfterAGoodAnswer) {
    BackOff back_off(milliseconds(1'000), milliseconds(30'000));
    for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
        EXPECT_EQ(back_off.after(GrpcCode::unavailable, 0), milliseconds(1'000 * seconds));
    }
    back_off.reset();
    EXPECT_EQ(back_off.after(GrpcCode::permission_denied, 0), milliseconds(1'000));
}

TEST(BackOff, IsShortenedByUpToHalf) {
    BackOff back_off(milliseconds(1'000), milliseconds(30'000));
    EXPECT_EQ(back_off.after(GrpcCode::unavailable, 0.5), milliseconds(750));
    const milliseconds least = back_off.after(GrpcCode::unavailable, 0.999);
    EXPECT_GE(least, milliseconds(1'000));
    EXPECT_LE(least, milliseconds(1'010));
}

TEST(BackOff, AWrongRequestIsHardlyEverRepeated) {
    for (const GrpcCode code : {GrpcCode::invalid_argument, GrpcCode::unimplemented}) {
        BackOff back_off(milliseconds(1'000), milliseconds(30'000));
        EXPECT_EQ(back_off.after(code, 0), milliseconds(30'000));
        EXPECT_EQ(back_off.after(code, 0), milliseconds(30'000));
    }
}

}  // namespace
}  // namespace tls::workload_api
