// What a verified chain of certificates proved, and the chains that were verified already.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/bounded_map.hpp"
#include "tls/chain.hpp"
#include "tls/material.hpp"
#include "tls/owned.hpp"
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

/// What a peer may present, as DER: a Certificate message is bounded by it, and so is what is kept.
inline constexpr std::size_t k_chain_bytes_max = 16 * 1024;

/// Immutable. Its owners, on one thread, are the cache of chains, the connections of this peer and
/// the sessions that may be resumed: they share one because an identity may take two kilobytes.
struct Proof {
    policy::Identity identity;
    PeerRole role = PeerRole::client;
    /// The path that was found, to verify it again: DER, the leaf first, the anchor last. Of what
    /// else a peer presents nothing is kept.
    std::string path;
    Clock::time_point leaf_not_after;
    Validity validity;

    [[nodiscard]] bool is_valid_at(Clock::time_point now) const {
        return validity.from <= now && now < validity.until;
    }
};

/// What stands against a peer.
enum class Obstacle : std::uint8_t {
    chain,         // its certificates lead to no anchor, or are not valid now
    trust_domain,  // its leaf names a member of one that is not trusted
    identity,      // its leaf names nobody
};
struct Refusal {
    Obstacle obstacle = Obstacle::chain;
    std::string sentence;
    int x509_error = ChainFault().x509_error;  // unless nobody is named
};

/// Who presents `presented` (leaf first): the leaf names a trust domain, and the chain must lead to
/// an anchor of that one. That the peer holds the key is proved elsewhere.
[[nodiscard]] policy::Result<Proof, Refusal> prove_peer(
    X509Stack* presented, PeerRole role, const Trust& trust, Clock::time_point now
);

/// Empty when `proof` would be given today under `material`, to whom it was given; else why not.
[[nodiscard]] std::string objection_to(
    const Proof& proof, const Material& material, Clock::time_point now = Clock::now()
);

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

    ProvedChains();

    /// prove_peer of what OpenSSL asks about. `trust` is the same in every call.
    [[nodiscard]] policy::Result<std::shared_ptr<const Proof>, Refusal> prove(
        X509_STORE_CTX* asked, PeerRole role, const Trust& trust, Clock::time_point now
    );
    /// How many chains were verified in full: the others were remembered.
    [[nodiscard]] std::size_t verifications() const { return verifications_; }
    [[nodiscard]] std::size_t size() const { return chains_.size(); }

 private:
    /// The one proof of its path.
    [[nodiscard]] std::shared_ptr<const Proof> share(Proof proof);
    /// Empty when it cannot be had: then the chain is verified and not remembered.
    [[nodiscard]] std::optional<Digest> digest_of(const std::string& der, PeerRole role) const;

    using Proofs = BoundedMap<Digest, std::shared_ptr<const Proof>, DigestHash>;

    Owned<EVP_MD> sha256_;
    Proofs chains_{k_chains_max};  // by what was presented
    Proofs paths_{k_chains_max};   // by what was used of it: however it is presented, one proof
    std::size_t verifications_ = 0;
};

}  // namespace tls
