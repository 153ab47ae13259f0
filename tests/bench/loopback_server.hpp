// A listener on loopback and the thread that serves it, for tests of the load generator.
#pragma once

#include "bench/load/options.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace bench::load {

/// `serve` is called once, on the thread, with the listener and with a descriptor that becomes
/// readable when it has to return. What it uses is declared before this object: its end waits.
class LoopbackServer {
 public:
    explicit LoopbackServer(std::function<void(int listener, int stopped)> serve) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener_ < 0) {
            std::abort();  // no descriptor: there is nothing to test with
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(listener_, generic, length), 0);
        EXPECT_EQ(listen(listener_, 128), 0);
        EXPECT_EQ(getsockname(listener_, generic, &length), 0);
        port_ = ntohs(address.sin_port);
        EXPECT_EQ(pipe(stop_), 0);
        thread_ = std::thread([this, serve = std::move(serve)] { serve(listener_, stop_[0]); });
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    ~LoopbackServer() {
        ::close(stop_[1]);
        thread_.join();
        ::close(stop_[0]);
        ::close(listener_);
    }

    [[nodiscard]] Address address() const {
        return parse_address("127.0.0.1:" + std::to_string(port_)).value();
    }

 private:
    int listener_ = -1;
    int stop_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace bench::load
