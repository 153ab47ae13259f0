// What the configuration tells the compiler besides the resources.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace policy {

enum class AccessMode : std::uint8_t { enforce, audit, off };
enum class RegexMode : std::uint8_t { start, full, search };

/// The pod that this snapshot is compiled for. For `explain`, the destination asked about.
struct Workload {
    std::string trust_domain = "cluster.local";
    std::string name_space = "default";
    std::string service_account = "default";
    std::string pod;
};

struct Options {
    AccessMode access = AccessMode::enforce;
    RegexMode path_regex = RegexMode::start;     // start | full
    RegexMode header_regex = RegexMode::search;  // search | full
    bool allow_cross_namespace_targets = false;
    bool keep_escaped_slash = false;
    /// Whether a split's backend without a ready endpoint keeps its share, which then fails,
    /// instead of leaving it to the others (U16).
    bool empty_backends_fail = false;
    std::set<std::uint16_t> opaque_ports;  // pod ports whose bytes are never parsed
};

}  // namespace policy
