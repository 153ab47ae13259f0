#include "tls/workload_api/svid_response.hpp"

#include "tests/support/protobuf_bytes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tls::workload_api {
namespace {

using protobuf_bytes::bytes;
using protobuf_bytes::federated;
using protobuf_bytes::integer;
using protobuf_bytes::svid;

std::string repeated(const std::string& part, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += part;
    }
    return all;
}

std::string refusal(const std::string& message) {
    const auto response = read_svid_response(message);
    return response.has_value() ? "accepted" : response.error();
}

TEST(SvidResponse, HasSvidsListsAndBundlesInTheirOrder) {
    const std::string message = bytes(1, svid("spiffe://a/x", "leaf", "key", "root", "internal")) +
                                bytes(2, "first list") +
                                bytes(1, svid("spiffe://a/y", "", "", "")) +
                                federated("b", "their root") + bytes(2, "second list");
    const auto response = read_svid_response(message);
    ASSERT_TRUE(response.has_value()) << response.error();
    ASSERT_EQ(response->svids.size(), 2U);
    EXPECT_EQ(response->svids[0].spiffe_id, "spiffe://a/x");
    EXPECT_EQ(response->svids[0].certificates, "leaf");
    EXPECT_EQ(response->svids[0].key, "key");
    EXPECT_EQ(response->svids[0].bundle, "root");
    EXPECT_EQ(response->svids[0].hint, "internal");
    EXPECT_EQ(response->svids[1].spiffe_id, "spiffe://a/y");
    ASSERT_EQ(response->revocation_lists.size(), 2U);
    EXPECT_EQ(response->revocation_lists[1], "second list");
    ASSERT_EQ(response->federated_bundles.size(), 1U);
    EXPECT_EQ(response->federated_bundles[0].trust_domain, "b");
    EXPECT_EQ(response->federated_bundles[0].certificates, "their root");
}

TEST(SvidResponse, PassesOverFieldsOfLaterVersions) {
    const std::string known = svid("spiffe://a/x", "leaf", "key", "root");
    const std::string message =
        integer(4, 7) + bytes(1, known + integer(6, 1) + bytes(99, "new")) + bytes(1000, "new");
    const auto response = read_svid_response(message);
    ASSERT_TRUE(response.has_value()) << response.error();
    EXPECT_EQ(response->svids[0].bundle, "root");
}

TEST(SvidResponse, TakesTheLastOfAFieldThatCameTwice) {
    const std::string message = bytes(1, bytes(1, "first") + bytes(1, "second"));
    EXPECT_EQ(read_svid_response(message)->svids[0].spiffe_id, "second");
}

TEST(SvidResponse, WithoutAnSvidIsRefused) {
    EXPECT_EQ(refusal(""), "holds no SVID");
    EXPECT_EQ(refusal(federated("b", "root")), "holds no SVID");
}

TEST(SvidResponse, DamageIsRefusedWhereverItIs) {
    const std::string good = bytes(1, svid("spiffe://a/x", "", "", ""));
    EXPECT_EQ(refusal(good + "\xff"), "is no X509SVIDResponse: it is damaged");
    EXPECT_EQ(
        refusal(good + bytes(1, "\x0a\x05x")), "is no X509SVIDResponse: one of its SVIDs is damaged"
    );
    EXPECT_EQ(
        refusal(good + bytes(1, integer(3, 1))),
        "is no X509SVIDResponse: one of its SVIDs is damaged"
    );
    EXPECT_EQ(
        refusal(good + bytes(3, "\x0a\x05x")),
        "is no X509SVIDResponse: one of its federated bundles is damaged"
    );
    EXPECT_EQ(refusal(good + integer(1, 1)), "is no X509SVIDResponse: field 1 is a number");
}

TEST(SvidResponse, EveryListHasItsBound) {
    const std::string one = bytes(1, svid("spiffe://a/x", "", "", ""));
    EXPECT_EQ(refusal(repeated(one, k_svids_max)), "accepted");
    EXPECT_EQ(refusal(repeated(one, k_svids_max + 1)), "holds more than 64 SVIDs");
    const std::string list = bytes(2, "");
    EXPECT_EQ(refusal(one + repeated(list, k_revocation_lists_max)), "accepted");
    EXPECT_EQ(
        refusal(one + repeated(list, k_revocation_lists_max + 1)),
        "holds more than 64 revocation lists"
    );
    const std::string bundle = federated("b", "");
    EXPECT_EQ(refusal(one + repeated(bundle, k_federated_bundles_max)), "accepted");
    EXPECT_EQ(
        refusal(one + repeated(bundle, k_federated_bundles_max + 1)),
        "holds more than 256 federated bundles"
    );
}

}  // namespace
}  // namespace tls::workload_api
