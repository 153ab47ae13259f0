// Two ends of a real loopback connection in one loop.
#pragma once

#include "io/socket.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace io::test {

/// Connected descriptors that do not block.
inline std::pair<int, int> connected_descriptors() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || first < 0) {
        std::abort();  // no descriptor: there is nothing to test with
    }
    EXPECT_EQ(::bind(listener, generic, length), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, generic, &length), 0);
    EXPECT_EQ(::connect(first, generic, length), 0);
    const int second = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT_GE(second, 0);
    ::close(listener);
    EXPECT_EQ(::fcntl(first, F_SETFL, O_NONBLOCK), 0);
    return {first, second};
}

inline std::pair<Socket, Socket> connected_pair(Loop& loop) {
    const auto [first, second] = connected_descriptors();
    std::pair<Socket, Socket> pair{loop, loop};
    EXPECT_FALSE(pair.first.adopt(first));
    EXPECT_FALSE(pair.second.adopt(second));
    return pair;
}

}  // namespace io::test
