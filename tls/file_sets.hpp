// The names by which others write an identity's files, and where: so that a pod with one of the
// known volumes needs no configuration of them.
#pragma once

#include "policy/result.hpp"
#include "tls/identity_source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tls {

/// Where volumes with an identity are mounted by convention, in the order in which we look.
[[nodiscard]] const std::vector<std::string>& conventional_directories();

/// The first set of files that is there: directories in their order, and within one the credential
/// bundle before certificate and key. `trust_bundle`, if not empty, stands in for the set's own,
/// which some writers leave out. The trust domain stays to be filled in.
/// The error tells what was looked for and where, or what is missing of the set that is there;
/// where nothing is there, `ways_out` is the end of its sentence.
[[nodiscard]] policy::Result<FileSourceOptions> find_file_set(
    const std::vector<std::string>& directories,
    const std::string& trust_bundle,
    const std::string& ways_out = {}
);

/// What one directory has of an identity, for showing.
struct IdentityFiles {
    std::optional<FileSourceOptions> options;  // of the first set; its trust bundle may be empty
    std::string half;                          // without options: "tls.crt without tls.key"
};
[[nodiscard]] IdentityFiles identity_files_in(const std::string& directory);

/// What lies beside a certificate under the names of its writer: "tls.key" beside "tls.crt". Else a
/// key of the same stem and ca.crt. Empty where there is none.
struct Companions {
    std::string key;
    std::string trust_bundle;
};
[[nodiscard]] Companions companions_of(const std::string& certificate);

/// The files in words, for the log: "/etc/smilax/identity: tls.crt, tls.key, ca.crt".
[[nodiscard]] std::string describe_files(const FileSourceOptions& options);

}  // namespace tls
