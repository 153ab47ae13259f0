#include "bench/load/result.hpp"

#include <gtest/gtest.h>

namespace bench::load {
namespace {

using namespace std::chrono_literals;

TEST(Result, SaysEverythingInOneLineOfJson) {
    Result result;
    result.length = 2s;
    result.rate_asked = 1500;
    result.sent = 2999;
    result.requests = 2998;
    result.errors = {.connect = 1, .tls = 2, .status = 3, .read = 4, .unanswered = 5};
    result.bytes_read = 6;
    result.bytes_written = 7;
    result.handshakes = 8;
    result.resumed = 9;
    result.latencies.record(1200ns);
    EXPECT_EQ(
        to_json(result),
        R"({"seconds":2.000,"requests":2998,)"
        R"("errors":{"connect":1,"tls":2,"status":3,"read":4,"unanswered":5},)"
        R"("bytes_read":6,"bytes_written":7,"handshakes":8,"resumed":9,)"
        R"("rate":{"asked":1500,"sent":1499.5},)"
        R"("latency_us":{"p50":1.2,"p90":1.2,"p99":1.2,"p99.9":1.2,"max":1.2}})"
    );
}

TEST(Result, HasNoNumbersWhereNothingWasMeasured) {
    const std::string json = to_json(Result());
    EXPECT_NE(json.find(R"("rate":{"asked":null,"sent":0.0})"), std::string::npos) << json;
    EXPECT_NE(json.find(R"("p50":null)"), std::string::npos) << json;
}

}  // namespace
}  // namespace bench::load
