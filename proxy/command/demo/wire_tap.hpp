// Listens on the bridge between the pods: what anybody in the middle could read.
#pragma once

#include "policy/result.hpp"

#include <string>
#include <string_view>

namespace proxy::command::demo {

/// A packet socket inside the bridge's network namespace. Packets wait in the kernel from open()
/// on, up to its buffer's size: enough for a few requests.
class WireTap {
 public:
    [[nodiscard]] static policy::Result<WireTap> open(const std::string& network_namespace);
    WireTap(WireTap&& other) noexcept;
    WireTap& operator=(WireTap&&) = delete;
    WireTap(const WireTap&) = delete;
    WireTap& operator=(const WireTap&) = delete;
    ~WireTap();

    struct Seen {
        int packets = 0;
        bool has_word = false;  // in the bytes of one packet
    };
    /// Takes all packets that came since the last look.
    [[nodiscard]] Seen look_for(std::string_view word) const;

 private:
    explicit WireTap(int socket) : socket_(socket) {}

    int socket_ = -1;
};

}  // namespace proxy::command::demo
