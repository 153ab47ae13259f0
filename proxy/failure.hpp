// What went wrong on the data path, and the one table that says what follows from it.
#pragma once

#include "policy/reason.hpp"
#include "policy/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proxy {

using policy::Reason;

enum class Side : std::uint8_t { client, upstream, ours };

/// Why an exchange or a connection ended early. `cause` is for the log: a sentence or an errno
/// text.
struct Failure {
    Reason reason = Reason::internal_error;
    Side side = Side::ours;
    std::string cause;
};

template <class T>
using Result = policy::Result<T, Failure>;

/// What follows from a reason: one row each, see failure.cpp.
struct FailureRow {
    Reason reason;
    std::uint16_t http_status;  // answered to the client; 0: no answer, close
    std::uint8_t grpc_code;
    std::string_view sentence;  // of the body: what happened, in plain words
    bool log_as_warning;        // the operator's concern rather than the caller's
    bool may_retry;  // on another connection, when nothing was sent that may not be twice
};

[[nodiscard]] const FailureRow& row_of(Reason reason);

}  // namespace proxy
