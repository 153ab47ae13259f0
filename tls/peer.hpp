// Peer certificate → Identity: every rule of SPIFFE X509-SVID §4/§5 and security.md §5, in one
// file.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/naming.hpp"

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tls {

enum class PeerRole : std::uint8_t { client, server };

/// The identity that a leaf names, if it may name one at all: exactly one URI SAN, scheme spiffe,
/// no NUL, not a CA, digitalSignature without keyCertSign/cRLSign, EKU (if present) with both
/// serverAuth and clientAuth; without any URI SAN, what `naming` admits in place of one. Whether
/// its trust domain is trusted and the chain leads there is judged by `prove_peer`. The error is a
/// sentence for the log.
[[nodiscard]] policy::Result<policy::Identity> identity_of(X509* leaf, const Naming& naming);

/// Every URI SAN that can be read, for showing: bytes that are no printable ASCII
/// are written `\x1b`.
[[nodiscard]] std::vector<std::string> uris_of(X509* certificate);

/// Every DNS SAN, as it stands there.
[[nodiscard]] std::vector<std::string> dns_names_of(X509* certificate);

/// When a certificate's validity begins and ends. A time that cannot be read counts as the epoch:
/// long over.
[[nodiscard]] std::chrono::system_clock::time_point not_before_of(const X509* certificate);
[[nodiscard]] std::chrono::system_clock::time_point not_after_of(const X509* certificate);

}  // namespace tls
