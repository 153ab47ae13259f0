// Which protocol a TLS connection carries (ALPN, RFC 7301): what is offered, served, agreed on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tls {

/// What was agreed on: one of ours or, with a peer that has no sidecar, one of the standard ones.
/// `mux` carries several HTTP/1 connections (proxy/net/mux); who offers it takes http1 too.
enum class Alpn : std::uint8_t {
    none,  // nothing that is ours, which ends the handshake
    http1,
    h2,
    tcp,
    mux,
    standard_http1,  // "http/1.1" or "http/1.0"; who offers it takes `standard` too
    standard,        // no ALPN at all: what comes is seen by its first bytes
};

/// Whose TLS a server side answers: that of sidecars alone, or also that of any client which proves
/// a SPIFFE identity.
enum class Clients : std::uint8_t { mesh, standard };

/// What a client that prefers `wanted` offers, in ALPN's wire form (§3.1): a peer that cannot share
/// a connection still gets its HTTP/1.
[[nodiscard]] std::string offer_of(Alpn wanted);
/// Whether a client that prefers `wanted` goes on with `agreed`.
[[nodiscard]] bool is_wanted(Alpn agreed, Alpn wanted);
/// What a server speaks to `clients`, preferred first, in ALPN's wire form.
[[nodiscard]] std::string_view served_to(Clients clients);
/// What a name that was agreed on means; empty: none was.
[[nodiscard]] Alpn alpn_of(std::string_view agreed);
/// "h2, postgresql" of ALPN's wire form, for a sentence. A peer wrote them.
[[nodiscard]] std::string names_of(std::span<const unsigned char> wire);

}  // namespace tls
