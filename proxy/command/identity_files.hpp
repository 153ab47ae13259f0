// The files of the development CA and of what it issues, for `smilax identity`.
//
// A CA's directory holds ca.crt (the trust bundle) and ca.key, and with an intermediate also
// intermediate.crt and intermediate.key. An identity's directory holds tls.crt, tls.key and ca.crt,
// and ca-DOMAIN.crt for each federated trust domain.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/authority.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace proxy::command {

inline constexpr std::size_t k_pem_bytes_max = 1024 * 1024;
inline constexpr mode_t k_secret_mode = 0600;
inline constexpr mode_t k_public_mode = 0644;

struct OutputFile {
    std::string path;
    std::string text;
    mode_t mode;
};

[[nodiscard]] std::string path_in(const std::string& directory, const std::string& name);

/// Writes each beside its place and, once all are complete, renames them one right after the
/// other: a reader sees the old file or the new one. A key is never readable by others, not even
/// for a moment, and what replaces a file keeps its owner.
[[nodiscard]] policy::Result<void> write_files(
    const std::string& directory, const std::vector<OutputFile>& files
);

/// Whoever reads a CA to issue by it, or changes it, holds this meanwhile: two commands at once
/// never mix the files of one generation with those of another.
class CaLock {
 public:
    /// Waits for the others.
    [[nodiscard]] static policy::Result<CaLock> take(const std::string& directory);
    CaLock(CaLock&& other) noexcept : directory_(other.directory_) { other.directory_ = -1; }
    CaLock& operator=(CaLock&&) = delete;
    CaLock(const CaLock&) = delete;
    CaLock& operator=(const CaLock&) = delete;
    ~CaLock();

 private:
    explicit CaLock(int directory) : directory_(directory) {}
    int directory_;
};

[[nodiscard]] policy::Result<tls::Authority> read_authority(const std::string& directory);
/// The files that make up `authority`, certificates last.
[[nodiscard]] std::vector<OutputFile> files_of_authority(
    const std::string& directory, const tls::Authority& authority
);

/// tls.key, tls.crt and ca.crt.
[[nodiscard]] std::vector<OutputFile> files_of_identity(
    const std::string& directory, const tls::Issued& issued, const tls::Authority& authority
);

/// The sentence on a CA's ca.key where an intermediate signs.
[[nodiscard]] std::string may_put_away(const std::string& directory);

/// Whom the certificate in an identity's directory names, by which key, and for how long.
struct IssuedBefore {
    policy::Identity identity;
    tls::KeyKind key_kind = tls::KeyKind::ec_p256;
    std::chrono::seconds lifetime{};
    std::vector<std::string> dns_names = {};
};
/// `authority` is the CA's directory, for the way out when there is no certificate.
[[nodiscard]] policy::Result<IssuedBefore> read_issued(
    const std::string& directory, const std::string& authority
);

}  // namespace proxy::command
