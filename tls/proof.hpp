// What a verified chain of certificates proved, and the chains that were verified already.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/bounded_map.hpp"
#include "tls/material.hpp"
#include "tls/peer.hpp"

#include <openssl/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace tls {

using Clock = std::chrono::system_clock;

/// Immutable. Its owners, on one thread, are the cache of chains, the connections of this peer and
/// the sessions that may be resumed: they share one because an identity may take two kilobytes.
struct Proof {
    policy::Identity identity;
    Clock::time_point leaf_not_after;
    // The time in which every certificate of the chain, the anchor included, is valid.
    Clock::time_point valid_from;
    Clock::time_point valid_until;

    [[nodiscard]] bool is_valid_at(Clock::time_point now) const {
        return valid_from <= now && now < valid_until;
    }
};

using Digest = std::array<unsigned char, 32>;
struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept {
        std::size_t hash = 0;  // it is random already
        std::memcpy(&hash, digest.data(), sizeof hash);
        return hash;
    }
};

/// The chains that one Context has verified, by the SHA-256 of all that the peer presented: the
/// same bytes, the same side and the same anchors give the same answer until one of the
/// certificates expires. That the peer holds the key is proved in each handshake all the same.
class ProvedChains {
 public:
    static constexpr std::size_t k_chains_max = 1024;

    enum class Obstacle : std::uint8_t { chain, identity };
    struct Refusal {
        Obstacle obstacle = Obstacle::chain;
        std::string sentence;
    };

    ProvedChains();

    /// What the chain that OpenSSL asks about proves. `trust_domain` is the same in every call.
    /// `role` is the peer's: OpenSSL asks for serverAuth or clientAuth all the way up.
    [[nodiscard]] policy::Result<std::shared_ptr<const Proof>, Refusal> prove(
        X509_STORE_CTX* asked, PeerRole role, const std::string& trust_domain, Clock::time_point now
    );
    /// How many chains were verified in full: the others were remembered.
    [[nodiscard]] std::size_t verifications() const { return verifications_; }
    [[nodiscard]] std::size_t size() const { return chains_.size(); }

 private:
    /// Empty when it cannot be had: then the chain is verified and not remembered.
    [[nodiscard]] std::optional<Digest> digest_of(X509_STORE_CTX* asked, PeerRole role) const;

    Owned<EVP_MD> sha256_;
    BoundedMap<Digest, std::shared_ptr<const Proof>, DigestHash> chains_{k_chains_max};
    std::size_t verifications_ = 0;
};

}  // namespace tls
