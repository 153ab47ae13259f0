#include "proxy/command/demo/wire_tap.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace proxy::command::demo {
namespace {

constexpr std::size_t k_packet_bytes_max = 64 * 1024;  // segments may be joined by offloading

}  // namespace

policy::Result<WireTap> WireTap::open(const std::string& network_namespace) {
    const std::string path = "/run/netns/" + network_namespace;
    int socket = -1;
    int cause = 0;
    // A socket belongs to the namespace of the thread that makes it, and stays there.
    std::thread([&] {
        const int space = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (space >= 0 && ::setns(space, CLONE_NEWNET) == 0) {
            socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
        }
        cause = errno;
        if (space >= 0) {
            ::close(space);
        }
    }).join();
    if (socket < 0) {
        return policy::failed<WireTap>(
            "cannot listen in " + network_namespace + ": " + std::strerror(cause)
        );
    }
    return WireTap(socket);
}

WireTap::WireTap(WireTap&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

WireTap::~WireTap() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

WireTap::Seen WireTap::look_for(std::string_view word) const {
    Seen seen;
    std::vector<char> packet(k_packet_bytes_max);
    while (true) {
        const ssize_t bytes = ::recv(socket_, packet.data(), packet.size(), 0);
        if (bytes < 0) {
            return seen;  // EAGAIN: that was all
        }
        ++seen.packets;
        const std::string_view text(packet.data(), static_cast<std::size_t>(bytes));
        seen.has_word = seen.has_word || text.find(word) != std::string_view::npos;
    }
}

}  // namespace proxy::command::demo
