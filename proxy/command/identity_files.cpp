#include "proxy/command/identity_files.hpp"

#include "proxy/command/text_file.hpp"
#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

namespace fs = std::filesystem;

policy::Result<void> cannot(const char* what, const std::string& path, int error) {
    return policy::failed<void>(fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

std::string beside(const std::string& path) {
    return path + ".new";
}

/// An open file, closed with this object.
struct OpenFile {
    explicit OpenFile(int opened) : number(opened) {}
    ~OpenFile() { ::close(number); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int number;
};

bool write_whole(int file, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(file, text.data() + done, text.size() - done);
        if (written < 0) {
            return false;
        }
        done += static_cast<std::size_t>(written);
    }
    return true;
}

policy::Result<void> write_beside(const OutputFile& file) {
    const std::string path = beside(file.path);
    ::unlink(path.c_str());
    const int opened = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode);
    if (opened < 0) {
        return cannot("create", path, errno);
    }
    const OpenFile closing(opened);
    // A sidecar that runs as another user must be able to read what replaces its key.
    struct stat replaced{};
    if (::stat(file.path.c_str(), &replaced) == 0 &&
        (replaced.st_uid != ::geteuid() || replaced.st_gid != ::getegid()) &&
        ::fchown(opened, replaced.st_uid, replaced.st_gid) != 0) {
        return cannot("keep the owner of", file.path, errno);
    }
    return write_whole(opened, file.text) ? policy::Result<void>() : cannot("write", path, errno);
}

policy::Result<std::string> read_pem(const std::string& path) {
    auto text = read_text_file(path, k_pem_bytes_max);
    return text ? text : policy::failed<std::string>(path + ": " + text.error());
}

bool exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

std::string way_to_ca(const std::string& directory) {
    return fmt::format(
        "; make a CA with `smilax identity init --dir {}`, or name where it is with --dir",
        directory
    );
}

std::string way_to_sign(const std::string& directory) {
    return fmt::format(
        "; the CA in {} cannot sign without it: put it back where this command can read it, or "
        "name another CA with --dir",
        directory
    );
}

/// How long the next certificate in the place of this one is to be valid. One that ends with its CA
/// was cut short, and nobody knows what it was meant to be.
std::chrono::seconds lifetime_after(
    const tls::Certificates& chain, const tls::Certificates& roots
) {
    const X509* leaf = chain.front().get();
    const auto is_its_end = [leaf](const auto& signer) {
        return tls::not_after_of(signer.get()) == tls::not_after_of(leaf);
    };
    const bool is_cut = std::any_of(chain.begin() + 1, chain.end(), is_its_end) ||
                        std::any_of(roots.begin(), roots.end(), is_its_end);
    const auto lifetime = tls::lifetime_of(leaf);
    return is_cut || lifetime.count() <= 0 ? tls::k_issued_lifetime : lifetime;
}

}  // namespace

std::string path_in(const std::string& directory, const std::string& name) {
    return (fs::path(directory) / name).string();
}

policy::Result<void> write_files(
    const std::string& directory, const std::vector<OutputFile>& files
) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return policy::failed<void>(
            fmt::format("cannot make the directory {}: {}", directory, error.message())
        );
    }
    for (const OutputFile& file : files) {
        if (auto written = write_beside(file); !written) {
            for (const OutputFile& begun : files) {
                ::unlink(beside(begun.path).c_str());
            }
            return written;
        }
    }
    for (const OutputFile& file : files) {
        if (std::rename(beside(file.path).c_str(), file.path.c_str()) != 0) {
            return cannot("replace", file.path, errno);
        }
    }
    return {};
}

policy::Result<CaLock> CaLock::take(const std::string& directory) {
    const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0 || ::flock(opened, LOCK_EX) != 0) {
        const int error = errno;
        ::close(opened);
        return policy::failed<CaLock>(fmt::format(
            "{}: {}{}", directory, std::strerror(error), error == ENOENT ? way_to_ca(directory) : ""
        ));
    }
    return CaLock(opened);
}

CaLock::~CaLock() {
    if (directory_ >= 0) {
        ::close(directory_);
    }
}

policy::Result<tls::Authority> read_authority(const std::string& directory) {
    tls::AuthorityPem pem;
    pem.root_certificate_name = path_in(directory, "ca.crt");
    pem.root_key_name = path_in(directory, "ca.key");
    pem.intermediate_certificate_name = path_in(directory, "intermediate.crt");
    pem.intermediate_key_name = path_in(directory, "intermediate.key");
    struct Part {
        const std::string& path;
        std::string& text;
        bool is_needed;
    };
    const bool has_intermediate = exists(pem.intermediate_certificate_name);
    const Part parts[] = {
        {pem.root_certificate_name, pem.root.certificate, true},
        {pem.root_key_name, pem.root.key, !has_intermediate},
        {pem.intermediate_certificate_name, pem.intermediate.certificate, has_intermediate},
        {pem.intermediate_key_name, pem.intermediate.key, has_intermediate},
    };
    for (const Part& part : parts) {
        if (!part.is_needed && !exists(part.path)) {
            continue;
        }
        auto text = read_pem(part.path);
        if (!text) {
            const bool has_ca =
                exists(pem.root_certificate_name) || exists(pem.root_key_name) || has_intermediate;
            return policy::failed<tls::Authority>(
                text.error() + (has_ca ? way_to_sign(directory) : way_to_ca(directory))
            );
        }
        part.text = std::move(*text);
    }
    return tls::Authority::parse(pem);
}

std::vector<OutputFile> files_of_authority(
    const std::string& directory, const tls::Authority& authority
) {
    std::vector<OutputFile> files;
    const tls::Issued& intermediate = authority.intermediate();
    if (!intermediate.key.empty()) {
        files.push_back({path_in(directory, "intermediate.key"), intermediate.key, k_secret_mode});
        files.push_back(
            {path_in(directory, "intermediate.crt"), intermediate.certificate, k_public_mode}
        );
    }
    files.push_back({path_in(directory, "ca.key"), authority.root().key, k_secret_mode});
    files.push_back({path_in(directory, "ca.crt"), authority.root().certificate, k_public_mode});
    return files;
}

std::vector<OutputFile> files_of_identity(
    const std::string& directory, const tls::Issued& issued, const tls::Authority& authority
) {
    return {
        {path_in(directory, "tls.key"), issued.key, k_secret_mode},
        {path_in(directory, "tls.crt"), issued.certificate, k_public_mode},
        {path_in(directory, "ca.crt"), authority.root().certificate, k_public_mode},
    };
}

std::string may_put_away(const std::string& directory) {
    return fmt::format(
        "The intermediate signs: {} may be put away now, out of this directory.",
        path_in(directory, "ca.key")
    );
}

policy::Result<IssuedBefore> read_issued(
    const std::string& directory, const std::string& authority
) {
    using Failed = IssuedBefore;
    const std::string path = path_in(directory, "tls.crt");
    const auto text = read_pem(path);
    if (!text) {
        const std::string way_out = fmt::format(
            "; issue one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT --dir {} --out {}`",
            authority,
            directory
        );
        return policy::failed<Failed>(text.error() + (exists(path) ? "" : way_out));
    }
    const auto chain = tls::parse_certificates(*text, path);
    if (!chain) {
        return policy::failed<Failed>(chain.error());
    }
    const auto uris = tls::uris_of(chain->front().get());
    if (uris.size() != 1) {
        return policy::failed<Failed>(
            fmt::format("{}: names {} URIs, where a workload has one", path, uris.size())
        );
    }
    auto identity = policy::parse_identity(uris.front());
    if (!identity) {
        return policy::failed<Failed>(fmt::format("{}: {}", path, identity.error()));
    }
    const std::string bundle_path = path_in(directory, "ca.crt");
    const auto bundle = read_pem(bundle_path);
    auto roots = tls::parse_certificates(bundle ? *bundle : "", bundle_path);
    const tls::Certificates known = roots ? std::move(*roots) : tls::Certificates();
    IssuedBefore before;
    before.identity = std::move(*identity);
    before.key_kind = tls::kind_of_key(chain->front().get());
    before.dns_names = tls::dns_names_of(chain->front().get());
    before.lifetime = lifetime_after(*chain, known);
    return before;
}

}  // namespace proxy::command
