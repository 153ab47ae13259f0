#include "tls/file_sets.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace tls {
namespace {

namespace fs = std::filesystem;

/// One writer's names. A credential bundle holds the key as well. Of trust bundles the first that
/// is there counts.
struct FileSet {
    std::string_view certificate;
    std::string_view key;  // empty: `certificate` is a credential bundle
    std::array<std::string_view, 3> trust_bundles;
};

constexpr std::array<FileSet, 5> k_sets{{
    // Kubernetes podCertificate. A ClusterTrustBundle is projected under any name: these are usual.
    {"credentialbundle.pem", "", {"trustbundle.pem", "ca_certificates.pem", "ca.crt"}},
    // cert-manager: csi-driver-spiffe, Secrets of Certificates; `smilax identity issue`.
    {"tls.crt", "tls.key", {"ca.crt"}},
    // Istio's workload credentials, and GKE's.
    {"cert-chain.pem", "key.pem", {"root-cert.pem"}},
    {"certificates.pem", "private_key.pem", {"ca_certificates.pem"}},
    // spiffe-helper beside SPIRE.
    {"svid.pem", "svid_key.pem", {"svid_bundle.pem"}},
}};

std::string path_in(const std::string& directory, std::string_view name) {
    return (fs::path(directory) / name).string();
}

/// A file that may not be looked at counts as there: reading it will say why not.
bool is_there(const std::string& path) {
    std::error_code error;
    const bool is_found = fs::exists(path, error);
    return is_found || (error && error != std::errc::no_such_file_or_directory &&
                        error != std::errc::not_a_directory);
}

/// The same for a directory.
bool is_directory_there(const std::string& path) {
    std::error_code error;
    const bool is_directory = fs::is_directory(path, error);
    return is_directory || (error && error != std::errc::no_such_file_or_directory &&
                            error != std::errc::not_a_directory);
}

std::string names_of(const std::array<std::string_view, 3>& names) {
    std::string text;
    for (const std::string_view name : names) {
        if (!name.empty()) {
            text += (text.empty() ? "" : " or ") + std::string(name);
        }
    }
    return text;
}

std::string trust_bundle_in(const std::string& directory, const FileSet& set) {
    for (const std::string_view name : set.trust_bundles) {
        if (const std::string path = path_in(directory, name); !name.empty() && is_there(path)) {
            return path;
        }
    }
    return {};
}

/// What one directory has of one set.
struct Look {
    std::optional<FileSourceOptions> options;  // the trust bundle may be missing
    std::string half;                          // "tls.crt without tls.key"
};

Look look_for(const FileSet& set, const std::string& directory) {
    Look look;
    const std::string certificate = path_in(directory, set.certificate);
    const bool has_certificate = is_there(certificate);
    if (set.key.empty()) {
        if (has_certificate) {
            look.options.emplace().credential_bundle = certificate;
            look.options->trust_bundle = trust_bundle_in(directory, set);
        }
        return look;
    }
    const std::string key = path_in(directory, set.key);
    const bool has_key = is_there(key);
    if (has_certificate && has_key) {
        look.options.emplace().certificate = certificate;
        look.options->key = key;
        look.options->trust_bundle = trust_bundle_in(directory, set);
    } else if (has_certificate || has_key) {
        const auto [there, missing] = has_certificate ? std::pair(set.certificate, set.key)
                                                      : std::pair(set.key, set.certificate);
        look.half = std::string(there) + " without " + std::string(missing);
    }
    return look;
}

std::string missing_trust_bundle(const FileSet& set, const std::string& directory) {
    const std::string pair =
        std::string(set.certificate) + (set.key.empty() ? "" : " and " + std::string(set.key));
    return directory + ": " + pair + " without a trust bundle (" + names_of(set.trust_bundles) +
           "): set identity.trustBundle to the file with the certificates of the mesh's CA "
           "(csi-driver-spiffe writes ca.crt only where it is given a CA bundle; "
           "podCertificate needs a clusterTrustBundle beside it)";
}

std::string all_names() {
    std::string text;
    for (const FileSet& set : k_sets) {
        text += (text.empty() ? "" : "; ") + std::string(set.certificate);
        text += set.key.empty() ? "" : " with " + std::string(set.key);
    }
    return text;
}

std::string nothing_in(const std::vector<std::string>& directories) {
    std::string places;
    for (const std::string& directory : directories) {
        places += (places.empty() ? "" : ", ") + directory;
    }
    const std::string sentence = "no certificate in " + places;
    if (std::any_of(directories.begin(), directories.end(), is_directory_there)) {
        return sentence + " (looked for " + all_names() + ")";
    }
    return sentence + (directories.size() == 1 ? ": there is no such directory"
                                               : ": none of these directories is there");
}

}  // namespace

const std::vector<std::string>& conventional_directories() {
    static const std::vector<std::string> directories{
        "/run/workload-spiffe-credentials",              // podCertificate (KEP-4317)
        "/var/run/secrets/spiffe.io",                    // csi-driver-spiffe
        "/var/run/secrets/workload-spiffe-credentials",  // Istio, GKE
        "/etc/smilax/identity",                          // ours, for a Secret or spiffe-helper
    };
    return directories;
}

policy::Result<FileSourceOptions> find_file_set(
    const std::vector<std::string>& directories,
    const std::string& trust_bundle,
    const std::string& ways_out
) {
    std::string halves;
    for (const std::string& directory : directories) {
        for (const FileSet& set : k_sets) {
            Look look = look_for(set, directory);
            if (!look.half.empty()) {
                halves += "; " + directory + " has " + look.half;
            }
            if (!look.options) {
                continue;
            }
            if (!trust_bundle.empty()) {
                look.options->trust_bundle = trust_bundle;
            }
            if (look.options->trust_bundle.empty()) {
                return policy::failed<FileSourceOptions>(missing_trust_bundle(set, directory));
            }
            return std::move(*look.options);
        }
    }
    return policy::failed<FileSourceOptions>(nothing_in(directories) + halves + ways_out);
}

IdentityFiles identity_files_in(const std::string& directory) {
    IdentityFiles files;
    for (const FileSet& set : k_sets) {
        Look look = look_for(set, directory);
        if (look.options) {
            files.options = std::move(look.options);
            return files;
        }
        if (files.half.empty()) {
            files.half = std::move(look.half);
        }
    }
    return files;
}

Companions companions_of(const std::string& certificate) {
    const fs::path path(certificate);
    const std::string directory = path.parent_path().string();
    Companions companions;
    for (const FileSet& set : k_sets) {
        if (path.filename() == set.certificate) {
            companions.trust_bundle = trust_bundle_in(directory, set);
            companions.key = set.key.empty() ? certificate : path_in(directory, set.key);
        }
    }
    if (companions.key.empty()) {
        companions.key = fs::path(path).replace_extension(".key").string();
        companions.trust_bundle = path_in(directory, "ca.crt");
    }
    const auto keep_if_there = [](std::string& file) {
        if (!file.empty() && !is_there(file)) {
            file.clear();
        }
    };
    keep_if_there(companions.key);
    keep_if_there(companions.trust_bundle);
    return companions;
}

std::string describe_files(const FileSourceOptions& options) {
    const bool is_bundle = !options.credential_bundle.empty();
    const fs::path first = is_bundle ? options.credential_bundle : options.certificate;
    const fs::path directory = first.parent_path();
    std::string text = directory.string() + ": " + first.filename().string();
    const auto add = [&](const std::string& file) {
        const fs::path path(file);
        const bool is_beside = path.parent_path() == directory;
        text += ", " + (is_beside ? path.filename() : path).string();
    };
    if (!is_bundle) {
        add(options.key);
    }
    add(options.trust_bundle);
    return text;
}

}  // namespace tls
