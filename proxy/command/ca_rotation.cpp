#include "proxy/command/ca_rotation.hpp"

#include "proxy/command/identity_files.hpp"
#include "proxy/command/text_file.hpp"
#include "tls/pem.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

policy::Result<void> move_file(const std::string& from, const std::string& to) {
    std::error_code error;
    fs::rename(from, to, error);
    return error ? policy::failed<void>(fmt::format("cannot replace {}: {}", to, error.message()))
                 : policy::Result<void>();
}

policy::Result<void> remove_tree(const std::string& path) {
    std::error_code error;
    fs::remove_all(path, error);
    return error ? policy::failed<void>(fmt::format("cannot remove {}: {}", path, error.message()))
                 : policy::Result<void>();
}

/// The certificates of `first` and those that only `second` has.
policy::Result<std::string> joined(const std::string& first, const std::string& second) {
    std::string all;
    for (const std::string& file : {first, second}) {
        auto text = read_text_file(file, k_pem_bytes_max);
        if (!text) {
            return policy::failed<std::string>(file + ": " + text.error());
        }
        const auto certificates = tls::parse_certificates(*text, file);
        if (!certificates) {
            return policy::failed<std::string>(certificates.error());
        }
        for (const auto& certificate : *certificates) {
            const std::string pem = tls::pem_of(certificate.get());
            if (all.find(pem) == std::string::npos) {
                all += pem;
            }
        }
    }
    return policy::Result<std::string>(boost::system::in_place_value, std::move(all));
}

}  // namespace

policy::Result<void> reissue(
    const RotatedDirectories& directories, LifetimeChoice lifetime, KeyChoice kind
) {
    const auto lock = CaLock::take(directories.authority);
    if (!lock) {
        return lock.error();
    }
    const auto authority = read_authority(directories.authority);
    if (!authority) {
        return authority.error();
    }
    std::vector<std::pair<std::string, IssuedBefore>> identities;
    for (const std::string& directory : directories.identities) {
        auto before = read_issued(directory, directories.authority);
        if (!before) {
            return before.error();
        }
        identities.emplace_back(directory, std::move(*before));
    }
    // Nothing is written until all of them are known to be good.
    for (const auto& [directory, before] : identities) {
        const auto issued = authority->issue(
            before.identity,
            lifetime.value_or(before.lifetime),
            kind.value_or(before.key_kind),
            before.dns_names
        );
        if (!issued) {
            return directory + ": " + issued.error();
        }
        auto written = write_files(directory, files_of_identity(directory, *issued, *authority));
        if (!written) {
            return written;
        }
    }
    return {};
}

std::string CaRotation::in_authority(const char* name) const {
    return path_in(directories_.authority, name);
}

bool CaRotation::was_begun() const {
    if (exists(in_authority("next/ca.key"))) {
        return true;
    }
    const auto bundle = read_text_file(in_authority("ca.crt"), k_pem_bytes_max);
    const auto roots = tls::parse_certificates(bundle ? *bundle : "", "ca.crt");
    return roots && roots->size() > 1;
}

bool CaRotation::has_spare_key() const {
    return exists(in_authority("intermediate.key")) && exists(in_authority("ca.key"));
}

policy::Result<void> CaRotation::trust_new_root() {
    const auto lock = CaLock::take(directories_.authority);
    if (!lock) {
        return lock.error();
    }
    for (const std::string& directory : directories_.identities) {
        if (const auto before = read_issued(directory, directories_.authority); !before) {
            return before.error();
        }
    }
    if (!was_begun()) {
        if (auto staged = stage(); !staged) {
            return staged;
        }
    }
    if (!exists(in_authority("next/ca.key"))) {
        return {};  // an earlier run had come to where the new root signs
    }
    const auto bundle = joined(in_authority("ca.crt"), in_authority("next/ca.crt"));
    if (!bundle) {
        return bundle.error();
    }
    return write_trust_bundles(*bundle);
}

policy::Result<void> CaRotation::stage() {
    const auto authority = read_authority(directories_.authority);
    if (!authority) {
        return authority.error();
    }
    const tls::KeyKind kind = kind_.value_or(authority->key_kind());
    auto next = tls::Authority::make(authority->trust_domain(), kind);
    if (next && !authority->intermediate().certificate.empty()) {
        next = next->make_intermediate(kind);
    }
    if (!next) {
        return next.error();
    }
    // Complete or not there at all.
    const std::string draft = in_authority("next.new");
    for (const std::string& path : {draft, in_authority("next")}) {
        if (auto removed = remove_tree(path); !removed) {
            return removed;
        }
    }
    if (auto written = write_files(draft, files_of_authority(draft, *next)); !written) {
        return written;
    }
    return move_file(draft, in_authority("next"));
}

policy::Result<void> CaRotation::sign_by_new_root() {
    {
        const auto lock = CaLock::take(directories_.authority);
        if (!lock) {
            return lock.error();
        }
        // The root's key last: while it is in next/, an interrupted rotation begins here again.
        for (const char* name : {"intermediate.crt", "intermediate.key", "ca.key"}) {
            const std::string staged = path_in(in_authority("next"), name);
            if (!exists(staged)) {
                continue;
            }
            if (auto moved = move_file(staged, in_authority(name)); !moved) {
                return moved;
            }
        }
        if (auto removed = remove_tree(in_authority("next")); !removed) {
            return removed;
        }
    }
    return reissue(directories_, lifetime_, kind_);
}

policy::Result<void> CaRotation::remove_old_root() {
    const auto lock = CaLock::take(directories_.authority);
    if (!lock) {
        return lock.error();
    }
    const auto authority = read_authority(directories_.authority);
    if (!authority) {
        return authority.error();
    }
    return write_trust_bundles(authority->signing_root());
}

policy::Result<void> CaRotation::write_trust_bundles(const std::string& bundle) {
    std::vector<std::string> all = directories_.identities;
    // The CA's own last: as long as it holds both roots, an interrupted rotation is known.
    all.push_back(directories_.authority);
    for (const std::string& directory : all) {
        auto written =
            write_files(directory, {{path_in(directory, "ca.crt"), bundle, k_public_mode}});
        if (!written) {
            return written;
        }
    }
    return {};
}

}  // namespace proxy::command
