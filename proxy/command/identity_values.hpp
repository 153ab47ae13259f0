// What the arguments of `smilax identity` say.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/authority.hpp"
#include "tls/pem.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace proxy::command {

/// "90s", "15m", "24h", "7d": a whole number above zero and one unit, at most ten years. The error
/// begins with `option`.
[[nodiscard]] policy::Result<std::chrono::seconds> parse_duration(
    std::string_view option, std::string_view text
);

/// ec-p256, ec-p384, rsa-2048 or ed25519.
[[nodiscard]] policy::Result<tls::KeyKind> parse_key_type(std::string_view text);

/// "2026-01-31T12:00:00Z".
[[nodiscard]] std::string timestamp(std::chrono::system_clock::time_point time);

/// Whether an identity can be of it. The error begins with its name.
[[nodiscard]] policy::Result<void> check_trust_domain(const std::string& trust_domain);

/// NS/SA in `trust_domain`, or a whole URI.
[[nodiscard]] policy::Result<policy::Identity> parse_workload(
    const std::string& name, const std::string& trust_domain
);

/// RFC 1123, lower case: "web", and "web.shop.svc". No wildcard, no IP address.
[[nodiscard]] bool is_dns_label(std::string_view text);
[[nodiscard]] bool is_dns_name(std::string_view text);

/// The trust bundle of another trust domain.
struct Federated {
    std::string trust_domain;
    std::string bundle;  // PEM
};

/// DOMAIN=FILE, or FILE alone where its roots name their trust domain. Reads the file: CA
/// certificates only.
/// `check_federated` looks at the argument alone, which is a question of usage.
[[nodiscard]] policy::Result<void> check_federated(const std::string& argument);
[[nodiscard]] policy::Result<Federated> read_federated(const std::string& argument);

}  // namespace proxy::command
