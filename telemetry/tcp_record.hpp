// What happened to one connection: opened at construction, closed in the destructor.
#pragma once

#include "telemetry/sheet.hpp"

#include <cstdint>
#include <string_view>

namespace telemetry {

/// Lives in the frame (or pool entry) of its connection, on the worker's thread; the sheet and the
/// series outlive it.
class TcpRecord {
 public:
    TcpRecord(Sheet& sheet, TcpSeries& series) : sheet_(sheet), series_(series) {
        sheet_.on_tcp_open(series_);
    }
    ~TcpRecord() { sheet_.on_tcp_close(series_, error_); }
    TcpRecord(const TcpRecord&) = delete;
    TcpRecord& operator=(const TcpRecord&) = delete;

    /// Totals of the connection so far, in bytes; what is new since the last call is counted.
    void on_bytes(std::uint64_t read_total, std::uint64_t written_total) {
        sheet_.on_tcp_bytes(series_, read_total - read_, written_total - written_);
        read_ = read_total;
        written_ = written_total;
    }
    /// Why it ended, a word of policy::Reason; empty: in order.
    void on_error(std::string_view error) { error_ = error; }

 private:
    Sheet& sheet_;
    TcpSeries& series_;
    std::uint64_t read_ = 0;
    std::uint64_t written_ = 0;
    std::string_view error_;  // static storage: to_string(Reason)
};

}  // namespace telemetry
