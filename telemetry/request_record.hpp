// What happened to one request; counted once, in the destructor.
#pragma once

#include "telemetry/sheet.hpp"

#include <chrono>
#include <cstdint>

namespace telemetry {

/// Lives in the frame that serves the request, on the worker's thread; `series` and the sheet
/// outlive it. request_total is counted at construction, response_total and latency (request head
/// received → response complete) in the destructor: once, with what was told until then.
class RequestRecord {
 public:
    RequestRecord(Sheet& sheet, HttpSeries& series, std::chrono::steady_clock::time_point begin);
    ~RequestRecord();
    RequestRecord(const RequestRecord&) = delete;
    RequestRecord& operator=(const RequestRecord&) = delete;

    /// The final status sent to the client (1xx are not told).
    void on_status(std::uint16_t status) { status_ = status; }
    /// The exchange broke: `error` is a word of policy::Reason; classification becomes failure.
    void on_error(std::string_view error) { error_ = error; }

 private:
    Sheet& sheet_;
    HttpSeries& series_;
    std::chrono::steady_clock::time_point begin_;
    std::uint16_t status_ = 0;
    std::string_view error_;  // static storage: to_string(Reason)
};

}  // namespace telemetry
