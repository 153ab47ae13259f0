// `smilax identity`: a small CA for development. init makes a root, issue makes X.509-SVIDs of it,
// show says what a certificate says and whether a sidecar would accept it.
#pragma once

#include "policy/result.hpp"
#include "proxy/command/command.hpp"

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace proxy::command {

void add_identity_command(CLI::App& app, CommandResult& result);

struct IdentityInitOptions {
    std::string directory = ".";
    std::string trust_domain = "cluster.local";
    bool may_replace = false;
};

struct IdentityIssueOptions {
    std::string name;              // NS/SA, or a whole spiffe:// URI
    std::string directory = ".";   // where the CA is
    std::string output = ".";      // where the three files go
    std::string lifetime = "24h";  // 90s, 15m, 24h, 7d
    std::string trust_domain;      // empty: the CA's
};

struct IdentityShowOptions {
    std::vector<std::string> files;
    std::string trust_bundle;  // empty: ca.crt beside the file, if there is one
    std::string trust_domain;  // empty: that of the trust bundle, else the leaf's own
    bool as_json = false;
};

struct IdentityStreams {
    std::ostream& output;
    std::ostream& error;
};

/// Each returns the exit code: 0 done (show: every file would be accepted), 1 not, 2 wrong usage.
[[nodiscard]] int run_identity_init(
    const IdentityInitOptions& options, const IdentityStreams& streams
);
[[nodiscard]] int run_identity_issue(
    const IdentityIssueOptions& options, const IdentityStreams& streams
);
[[nodiscard]] int run_identity_show(
    const IdentityShowOptions& options, const IdentityStreams& streams
);

/// "90s", "15m", "24h", "7d": a whole number above zero and one unit, at most ten years.
[[nodiscard]] policy::Result<std::chrono::seconds> parse_lifetime(std::string_view text);

}  // namespace proxy::command
