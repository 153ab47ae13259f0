#include "proxy/failure.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace proxy {
namespace {

std::vector<Reason> all_reasons() {
    std::vector<Reason> reasons;
    for (int i = 0; i <= static_cast<int>(Reason::internal_error); ++i) {
        reasons.push_back(static_cast<Reason>(i));
    }
    return reasons;
}

TEST(FailureTable, HasARowForEveryReason) {
    const std::set<int> statuses = {0, 400, 403, 408, 431, 500, 502, 503, 504, 508};
    for (const Reason reason : all_reasons()) {
        const FailureRow& row = row_of(reason);
        const auto word = policy::to_string(reason);
        EXPECT_EQ(row.reason, reason) << word;
        EXPECT_TRUE(statuses.contains(row.http_status)) << word << ' ' << row.http_status;
        EXPECT_GE(row.grpc_code, 1) << word;
        EXPECT_LE(row.grpc_code, 16) << word;
        EXPECT_TRUE(row.sentence.ends_with('.')) << word;
    }
}

TEST(FailureTable, NeverTurnsAWordIntoSuccess) {
    for (const Reason reason :
         {Reason::allowed, Reason::access_off, Reason::routed, Reason::passthrough}) {
        EXPECT_EQ(row_of(reason).http_status, 500);
    }
}

TEST(FailureTable, AnswersEveryDenialWith403) {
    for (const Reason reason : {
             Reason::no_target,
             Reason::unauthenticated,
             Reason::source_not_allowed,
             Reason::port_not_allowed,
             Reason::protocol_not_allowed,
             Reason::route_not_allowed,
             Reason::mtls_required,
             Reason::policy_changed,
         }) {
        EXPECT_EQ(row_of(reason).http_status, 403) << policy::to_string(reason);
        EXPECT_EQ(row_of(reason).grpc_code, 7) << policy::to_string(reason);
        EXPECT_FALSE(row_of(reason).may_retry) << policy::to_string(reason);
    }
}

struct Expected {
    Reason reason;
    int http_status;
    int grpc_code;
};

TEST(FailureTable, SaysWhoseTroubleItIs) {
    for (const Expected& expected : std::vector<Expected>{
             {Reason::path_refused, 400, 3},
             {Reason::malformed_request, 400, 3},
             {Reason::head_timeout, 408, 4},
             {Reason::head_too_large, 431, 8},
             {Reason::internal_error, 500, 13},
             {Reason::unknown_service, 502, 14},
             {Reason::upstream_tls_failed, 502, 14},
             {Reason::upstream_identity_mismatch, 502, 14},
             {Reason::upstream_closed, 502, 14},
             {Reason::upstream_malformed, 502, 13},
             {Reason::not_ready, 503, 14},
             {Reason::no_endpoint, 503, 14},
             {Reason::split_no_backend, 503, 14},
             {Reason::upstream_connect_failed, 503, 14},
             {Reason::overloaded, 503, 14},
             {Reason::draining, 503, 14},
             {Reason::upstream_connect_timeout, 504, 14},
             {Reason::stream_timeout, 504, 4},
             {Reason::loop_refused, 508, 13},
             {Reason::client_closed, 0, 1},
             {Reason::tls_handshake_failed, 0, 14},
             {Reason::peer_untrusted, 0, 14},
         }) {
        const FailureRow& row = row_of(expected.reason);
        EXPECT_EQ(row.http_status, expected.http_status) << policy::to_string(expected.reason);
        EXPECT_EQ(row.grpc_code, expected.grpc_code) << policy::to_string(expected.reason);
    }
}

TEST(FailureTable, RetriesOnlyWhatAnotherConnectionMayCure) {
    const std::set<Reason> retried = {
        Reason::upstream_connect_failed,
        Reason::upstream_connect_timeout,
        Reason::upstream_tls_failed,
        Reason::upstream_identity_mismatch,
        Reason::upstream_closed,
    };
    for (const Reason reason : all_reasons()) {
        EXPECT_EQ(row_of(reason).may_retry, retried.contains(reason)) << policy::to_string(reason);
    }
}

}  // namespace
}  // namespace proxy
