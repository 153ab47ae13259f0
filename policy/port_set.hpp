// A set of ports, or all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace policy {

/// Built by compile, then only read. Empty until something is added.
class PortSet {
 public:
    void add_all() { is_all_ = true; }
    void add(std::uint16_t port) {
        const auto place = std::lower_bound(ports_.begin(), ports_.end(), port);
        if (place == ports_.end() || *place != port) {
            ports_.insert(place, port);
        }
    }
    void add(const std::vector<std::uint16_t>& ports) {
        ports_.insert(ports_.end(), ports.begin(), ports.end());
        std::sort(ports_.begin(), ports_.end());
        ports_.erase(std::unique(ports_.begin(), ports_.end()), ports_.end());
    }
    [[nodiscard]] bool contains(std::uint16_t port) const {
        return is_all_ || std::binary_search(ports_.begin(), ports_.end(), port);
    }
    [[nodiscard]] bool is_all() const { return is_all_; }
    [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }

 private:
    bool is_all_ = false;
    std::vector<std::uint16_t> ports_;  // sorted, unique
};

}  // namespace policy
