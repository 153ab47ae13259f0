// Starts a coroutine whose owner is somebody else's frame or gate.
#pragma once

#include "tls/io.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace proxy::net {

/// Runs `coroutine` on `executor`. Nothing on the data path throws, so an exception is a bug (or
/// exhausted memory) and ends the process.
inline void spawn(const io::Executor& executor, io::Awaitable<void> coroutine) {
    boost::asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& exception) {
        if (exception) {
            std::terminate();
        }
    });
}

}  // namespace proxy::net
