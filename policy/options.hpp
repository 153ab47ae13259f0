// What the configuration tells the compiler besides the resources.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace policy {

/// What a denial does: refuse, only be counted and logged, or not be asked for.
enum class AccessMode : std::uint8_t { enforce, audit, off };
[[nodiscard]] std::string_view to_string(AccessMode mode);
/// nullopt unless `word` is exactly one of the three.
[[nodiscard]] std::optional<AccessMode> parse_access_mode(std::string_view word);

/// Whether who comes in plaintext is heard at all: what it asks for is then as the access mode
/// says.
enum class MtlsMode : std::uint8_t { strict, permissive };
[[nodiscard]] std::string_view to_string(MtlsMode mode);
/// nullopt unless `word` is exactly one of the two.
[[nodiscard]] std::optional<MtlsMode> parse_mtls_mode(std::string_view word);

/// On a Namespace: the modes of its pods whose configuration has none.
inline constexpr const char* k_access_annotation = "smilax.dev/access";
inline constexpr const char* k_mtls_annotation = "smilax.dev/mtls";

enum class RegexMode : std::uint8_t { start, full, search };

/// The pod that this snapshot is compiled for. For `explain`, the destination asked about.
struct Workload {
    std::string trust_domain = "cluster.local";
    std::string name_space = "default";
    std::string service_account = "default";
    std::string pod;
};

struct Options {
    std::optional<AccessMode> access;  // unset: the Namespace's annotation, else enforce
    std::map<std::uint16_t, AccessMode> port_access;  // of single pod ports: wins over both
    std::optional<MtlsMode> mtls;                     // unset: the annotation, else strict
    std::map<std::uint16_t, MtlsMode> port_mtls;      // of single pod ports: wins over both
    RegexMode path_regex = RegexMode::start;          // start | full
    RegexMode header_regex = RegexMode::search;       // search | full
    bool allow_cross_namespace_targets = false;
    bool keep_escaped_slash = false;
    /// Whether a split's backend without a ready endpoint keeps its share, which then fails,
    /// instead of leaving it to the others (U16).
    bool empty_backends_fail = false;
    std::set<std::uint16_t> opaque_ports;  // pod ports whose bytes are never parsed
};

}  // namespace policy
