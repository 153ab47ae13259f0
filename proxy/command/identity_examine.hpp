// What `smilax identity show` finds out about files; identity_show prints it.
#pragma once

#include "proxy/command/identity.hpp"
#include "tls/describe.hpp"

#include <string>
#include <vector>

namespace proxy::command {

/// What one file came to.
struct Shown {
    std::string file;
    std::vector<tls::CertificateFacts> certificates;
    std::string failure;           // why it could not be judged; empty: it was
    bool is_trust_bundle = false;  // holds CA certificates only
    std::string trust_bundle;      // the file it was held against; empty for none
    std::string key;               // the file with its private key; empty for none
    std::string key_objection;     // why the key is not its own; empty: it is, or there is none
    // Empty: accepted. A trust bundle's stands in both.
    std::string client_objection;
    std::string server_objection;

    [[nodiscard]] bool is_accepted() const {
        return failure.empty() && key_objection.empty() && client_objection.empty() &&
               server_objection.empty();
    }
};

/// One argument of the command: a file, or a directory, which has an identity's or a CA's files.
[[nodiscard]] std::vector<Shown> examine(
    const std::string& argument, const IdentityShowOptions& options
);

}  // namespace proxy::command
