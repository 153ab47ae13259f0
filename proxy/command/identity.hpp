// `smilax identity`: a small CA for development. init makes a root, issue makes X.509-SVIDs of it,
// rotate makes new ones in their place (and a new root), show says what a certificate says and
// whether a sidecar would accept it.
#pragma once

#include "proxy/command/command.hpp"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace proxy::command {

void add_identity_command(CLI::App& app, CommandResult& result);

struct IdentityInitOptions {
    std::string directory = ".";
    std::string trust_domain = "cluster.local";
    std::string lifetime = "3650d";
    std::string key_type = "ec-p256";
    bool has_intermediate = false;
    bool may_replace = false;
};

struct IdentityIssueOptions {
    std::string name;              // NS/SA, or a whole spiffe:// URI
    std::string directory = ".";   // where the CA is
    std::string output = ".";      // where the files go
    std::string lifetime = "24h";  // 90s, 15m, 24h, 7d
    std::string key_type = "ec-p256";
    std::vector<std::string> dns_names;  // beside the identity
    std::vector<std::string> federated;  // [DOMAIN=]FILE
    bool may_replace = false;            // the certificate of somebody else
};

struct IdentityRotateOptions {
    std::vector<std::string> identities;  // directories that issue made
    std::string directory = ".";          // where the CA is
    std::string lifetime;                 // empty: as before
    std::string key_type;                 // empty: as before
    std::string every;                    // empty: once
    std::string total;                    // --for; empty: until interrupted
    bool rotates_ca = false;              // the root as well
    std::string overlap = "5s";           // between the steps of that
};

struct IdentityShowOptions {
    std::vector<std::string> files;
    std::string trust_bundle;  // empty: the one beside the file, if there is one
    std::string trust_domain;  // empty: that of the trust bundle, else the leaf's own
    bool as_json = false;
};

struct IdentityStreams {
    std::ostream& output;
    std::ostream& error;
};

/// Waits for so long; false when the user wants it to end.
using Pause = std::function<bool(std::chrono::milliseconds)>;

/// "smilax identity: SENTENCE" to the error stream; gives the exit code back.
int complain(const IdentityStreams& streams, const std::string& sentence, int exit_code);

/// Each returns the exit code: 0 done (show: every file would be accepted), 1 not (or unknown), 2
/// wrong usage.
[[nodiscard]] int run_identity_init(
    const IdentityInitOptions& options, const IdentityStreams& streams
);
[[nodiscard]] int run_identity_issue(
    const IdentityIssueOptions& options, const IdentityStreams& streams
);
[[nodiscard]] int run_identity_rotate(
    const IdentityRotateOptions& options, const IdentityStreams& streams, const Pause& pause
);
[[nodiscard]] int run_identity_show(
    const IdentityShowOptions& options, const IdentityStreams& streams
);

}  // namespace proxy::command
