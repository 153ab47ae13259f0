#include "tls/resumption.hpp"

#include <boost/container_hash/hash.hpp>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tls {

Standing Standing::begin(std::shared_ptr<const Proof> proof, Clock::time_point now) {
    const Clock::time_point until = std::min(now + k_resumable_for, proof->validity.until);
    return Standing{std::move(proof), until};
}

Secret::~Secret() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

bool Secret::copy_from(const SSL_SESSION* session) {
    size_ = SSL_SESSION_get_master_key(session, nullptr, 0);
    if (size_ == 0 || size_ > bytes_.size()) {
        return false;
    }
    SSL_SESSION_get_master_key(session, bytes_.data(), bytes_.size());
    return true;
}

bool Secret::copy_to(SSL_SESSION* session) const {
    return SSL_SESSION_set1_master_key(session, bytes_.data(), size_) == 1;
}

bool ServerSessions::read(const SSL_SESSION* session, Name& name, Remembered& to) {
    unsigned int name_bytes = 0;
    const unsigned char* text = SSL_SESSION_get_id(session, &name_bytes);
    to.cipher = SSL_SESSION_get0_cipher(session);
    if (name_bytes != name.size() || to.cipher == nullptr || !to.secret.copy_from(session)) {
        return false;
    }
    std::memcpy(name.data(), text, name.size());
    return true;
}

Owned<SSL_SESSION> ServerSessions::revive(const Remembered& remembered, Clock::time_point now) {
    Owned<SSL_SESSION> session(SSL_SESSION_new());
    const auto rest =
        std::chrono::duration_cast<std::chrono::seconds>(remembered.standing.until - now);
    if (session == nullptr ||
        SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) != 1 ||
        SSL_SESSION_set_cipher(session.get(), remembered.cipher) != 1 ||
        !remembered.secret.copy_to(session.get()) ||
        SSL_SESSION_set1_id_context(
            session.get(),
            reinterpret_cast<const unsigned char*>(k_session_context.data()),
            static_cast<unsigned int>(k_session_context.size())
        ) != 1) {
        return nullptr;
    }
    // OpenSSL judges the time as well, and tells the client in the next ticket.
    SSL_SESSION_set_timeout(session.get(), std::max<long>(1, static_cast<long>(rest.count())));
    return session;
}

const ServerSessions::Remembered* ServerSessions::find(const Name& name, Clock::time_point now) {
    const Remembered* remembered = sessions_.find(name);
    if (remembered == nullptr || remembered->standing.holds_at(now)) {
        return remembered;
    }
    sessions_.erase(name);
    return nullptr;
}

void ClientTickets::put(
    const Server& server, const SSL_SESSION* session, const Standing& standing
) {
    const unsigned char* text = nullptr;
    std::size_t bytes = 0;
    SSL_SESSION_get0_ticket(session, &text, &bytes);
    if (bytes == 0 || bytes > k_ticket_bytes_max) {
        return;
    }
    Ticket ticket{Owned<SSL_SESSION>(SSL_SESSION_dup(session)), standing};
    if (ticket.session == nullptr) {
        return;
    }
    std::vector<Ticket>* tickets = servers_.find(server);
    if (tickets == nullptr) {
        tickets = &servers_.put(server, {});
    }
    if (tickets->size() == k_tickets_per_server_max) {
        tickets->erase(tickets->begin());
    }
    tickets->push_back(std::move(ticket));
}

std::optional<ClientTickets::Ticket> ClientTickets::take(
    const Server& server, Clock::time_point now
) {
    std::vector<Ticket>* tickets = servers_.find(server);
    if (tickets == nullptr) {
        return std::nullopt;
    }
    std::optional<Ticket> taken;
    // The newest lasts longest: if it is over, so are the others.
    if (!tickets->empty() && tickets->back().standing.holds_at(now)) {
        taken = std::move(tickets->back());
        tickets->pop_back();
    } else {
        tickets->clear();
    }
    if (tickets->empty()) {
        servers_.erase(server);
    }
    return taken;
}

std::size_t ClientTickets::ServerHash::operator()(const Server& server) const noexcept {
    std::size_t seed = server.endpoint;
    boost::hash_combine(seed, server.identity.service_account);
    boost::hash_combine(seed, server.identity.name_space);
    boost::hash_combine(seed, server.identity.path);
    boost::hash_combine(seed, static_cast<int>(server.alpn));
    return seed;
}

}  // namespace tls
