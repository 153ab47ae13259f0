#include "telemetry/request_record.hpp"

#include "telemetry/numbers.hpp"
#include "telemetry/sheet_state.hpp"

#include <chrono>

namespace telemetry {

RequestRecord::RequestRecord(
    Sheet& sheet, HttpSeries& series, std::chrono::steady_clock::time_point begin
)
    : sheet_(sheet), series_(series), begin_(begin) {
    ++sheet_.state_->numbers.http.counts[series_.target_];
}

RequestRecord::~RequestRecord() {
    const auto latency = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin_
    );
    Sheet::State& state = *sheet_.state_;
    const HttpSeries::Row& row = state.row(series_, status_, error_);
    ++state.numbers.responses[row.response].count;
    state.numbers.latencies[row.latency].histogram.observe(latency);
}

}  // namespace telemetry
