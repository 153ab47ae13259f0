#include "proxy/command/identity_files.hpp"

#include "proxy/command/text_file.hpp"
#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
            "{}: {}; make a CA with `smilax identity init --dir {}`",
            directory,
            std::strerror(error),
            directory
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
            return policy::failed<tls::Authority>(fmt::format(
                "{}; make a CA with `smilax identity init --dir {}`", text.error(), directory
            ));
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

policy::Result<IssuedBefore> read_issued(const std::string& directory) {
    using Failed = IssuedBefore;
    const std::string path = path_in(directory, "tls.crt");
    const auto text = read_pem(path);
    if (!text) {
        return policy::failed<Failed>(fmt::format(
            "{}; issue one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT --out {}`",
            text.error(),
            directory
        ));
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
    return IssuedBefore{std::move(*identity), tls::kind_of_key(chain->front().get())};
}

}  // namespace proxy::command
