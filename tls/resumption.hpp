// Sessions that can be resumed without showing a certificate again (RFC 8446 §2.2, §4.6.1), as the
// server remembers them and as the client does. Both belong to one Context and die with it: with
// the trust bundle, with our identity, and with its listener.
#pragma once

#include "policy/identity.hpp"
#include "tls/alpn.hpp"
#include "tls/bounded_map.hpp"
#include "tls/proof.hpp"

#include <openssl/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tls {

/// How long after its full handshake a peer may resume, however often it does: then it shows that
/// it still has a certificate.
inline constexpr std::chrono::hours k_resumable_for{1};

/// OpenSSL wants a name for what sessions belong to where peers are verified. They cannot stray:
/// each Context has its own ServerSessions.
inline constexpr std::string_view k_session_context = "smilax";

/// What a server side answers, and for which pod port. A session resumes where both are the same.
struct Accepting {
    Clients clients = Clients::mesh;
    std::uint16_t port = 0;

    bool operator==(const Accepting&) const = default;
};

/// Who the other side of a resumable session is, and how long that may be believed.
struct Standing {
    std::shared_ptr<const Proof> proof;
    Clock::time_point until;

    /// After a full handshake.
    [[nodiscard]] static Standing begin(std::shared_ptr<const Proof> proof, Clock::time_point now);
    [[nodiscard]] bool holds_at(Clock::time_point now) const {
        return proof != nullptr && now < until && proof->is_valid_at(now);
    }
};

/// The resumption secret of a session; overwritten before its memory is given back.
class Secret {
 public:
    Secret() = default;
    ~Secret();
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;

    /// False when `session` has none or it is too long.
    [[nodiscard]] bool copy_from(const SSL_SESSION* session);
    [[nodiscard]] bool copy_to(SSL_SESSION* session) const;

 private:
    std::array<unsigned char, 48> bytes_{};  // as long as the longest hash of our suites
    std::size_t size_ = 0;
};

/// What a server keeps of a session: no certificate, 300 bytes or so instead of 9 KiB. The client
/// gets the name alone (a "stateful ticket": random, 32 bytes), so that nothing about it can be
/// forged and no key has to be rotated.
class ServerSessions {
 public:
    static constexpr std::size_t k_sessions_max = 4096;
    using Name = Digest;
    struct Remembered {
        Secret secret;
        const SSL_CIPHER* cipher = nullptr;  // OpenSSL's own, never freed
        Standing standing;
        Accepting accepting;
    };

    /// Copies what is needed; false when `session` cannot be one of ours.
    [[nodiscard]] static bool read(const SSL_SESSION* session, Name& name, Remembered& to);
    /// An SSL_SESSION as SSL_CTX_sess_set_get_cb wants it.
    [[nodiscard]] static Owned<SSL_SESSION> revive(
        const Remembered& remembered, Clock::time_point now
    );

    void put(const Name& name, Remembered remembered) {
        sessions_.put(name, std::move(remembered));
    }
    /// Null when there is none or its time is over.
    [[nodiscard]] const Remembered* find(const Name& name, Clock::time_point now);
    void erase(const Name& name) { sessions_.erase(name); }
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
    BoundedMap<Name, Remembered, DigestHash> sessions_{k_sessions_max};
};

/// The tickets that servers gave us. Each is used once (RFC 8446 §C.4).
class ClientTickets {
 public:
    static constexpr std::size_t k_servers_max = 512;
    static constexpr std::size_t k_tickets_per_server_max = 4;
    /// Ours have 32. A server could send 64 KiB.
    static constexpr std::size_t k_ticket_bytes_max = 512;

    struct Server {
        policy::Identity identity;
        Alpn alpn = Alpn::none;
        std::uint64_t endpoint = 0;  // which of the replicas that share the identity

        bool operator==(const Server&) const = default;
    };
    struct Ticket {
        Owned<SSL_SESSION> session;
        Standing standing;
    };

    /// Keeps a copy of `session`: OpenSSL spoils its own when a connection ends without
    /// close_notify. The oldest ticket goes when there are too many.
    void put(const Server& server, const SSL_SESSION* session, const Standing& standing);
    /// The newest whose time is not over; it is ours no more.
    [[nodiscard]] std::optional<Ticket> take(const Server& server, Clock::time_point now);
    [[nodiscard]] std::size_t size() const { return servers_.size(); }

 private:
    struct ServerHash {
        std::size_t operator()(const Server& server) const noexcept;
    };

    BoundedMap<Server, std::vector<Ticket>, ServerHash> servers_{k_servers_max};
};

}  // namespace tls
