// What input and output come to: Asio's error values, without its reactor.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>

namespace io {

/// boost::asio::error::eof at the end of a stream, operation_aborted where somebody cancelled or
/// closed, else errno's value in the system category.
using Error = boost::system::error_code;

/// What a read or write came to: bytes moved, and the error that stopped it.
struct Transfer {
    Error error;
    std::size_t bytes = 0;
};

/// errno as an Error.
[[nodiscard]] inline Error system_error(int number) noexcept {
    return {number, boost::system::system_category()};
}

}  // namespace io
