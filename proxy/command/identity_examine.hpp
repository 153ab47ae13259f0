// What `smilax identity show` finds out about files; identity_show prints it.
#pragma once

#include "proxy/command/identity.hpp"
#include "tls/describe.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace proxy::command {

/// Unknown: nothing stands against it, but there was no trust bundle to verify it against.
enum class Verdict : std::uint8_t { accepted, refused, unknown };

/// What one file came to.
struct Shown {
    std::string file;
    std::vector<tls::CertificateFacts> certificates;
    std::string failure;           // why it could not be judged; empty: it was
    bool is_trust_bundle = false;  // holds CA certificates only
    std::string trust_bundle;      // the file it was held against; empty for none
    std::string key;               // the file with its private key; empty for none
    // Why the key is not its own; empty: it is, or there is none. It stands in the two below as
    // well: without its key nobody is this peer.
    std::string key_objection;
    // Empty: none. A trust bundle's stands in both.
    std::string client_objection;
    std::string server_objection;

    /// As a peer whose objection is this one; a trust bundle is no peer.
    [[nodiscard]] Verdict verdict_on(const std::string& objection) const;
    [[nodiscard]] Verdict verdict() const;
};

/// One argument of the command: a file, or a directory, which has an identity's or a CA's files.
[[nodiscard]] std::vector<Shown> examine(
    const std::string& argument, const IdentityShowOptions& options
);

}  // namespace proxy::command
