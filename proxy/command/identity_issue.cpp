// `smilax identity init` and `smilax identity issue`.
#include "proxy/command/identity.hpp"
#include "proxy/command/identity_files.hpp"
#include "proxy/command/identity_values.hpp"
#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

namespace fs = std::filesystem;

constexpr int k_failed = 1;
constexpr int k_usage = 2;

/// What a CA's directory may hold, the staging place of a rotation last.
constexpr const char* k_authority_files[] = {
    "intermediate.crt", "intermediate.key", "ca.crt", "ca.key", "next"
};

std::string made_sentence(
    const IdentityInitOptions& options, const std::vector<OutputFile>& files
) {
    std::string names;
    for (const OutputFile& file : files) {
        names += (names.empty() ? "" : ", ") + file.path;
    }
    std::string sentence =
        fmt::format("made a CA for the trust domain {}: {}\n", options.trust_domain, names);
    const std::string root_key = path_in(options.directory, "ca.key");
    if (options.has_intermediate) {
        const std::string key = path_in(options.directory, "intermediate.key");
        sentence += fmt::format(
            "{}\n"
            "For development only: whoever has {} or {} can be anybody in this trust domain.\n",
            may_put_away(options.directory),
            key,
            root_key
        );
        return sentence;
    }
    return sentence + fmt::format(
                          "For development only: whoever has {} can be anybody in this trust "
                          "domain.\n",
                          root_key
                      );
}

policy::Result<tls::Authority> make_authority(
    const IdentityInitOptions& options, tls::KeyKind kind, std::chrono::seconds lifetime
) {
    auto root = tls::Authority::make(options.trust_domain, kind, lifetime);
    return root && options.has_intermediate ? root->make_intermediate(kind, lifetime)
                                            : std::move(root);
}

/// What is left of the CA that was there: its intermediate, a rotation that was not finished.
policy::Result<void> remove_others(
    const std::string& directory, const std::vector<OutputFile>& files
) {
    for (const char* name : k_authority_files) {
        const std::string path = path_in(directory, name);
        const bool is_ours = std::any_of(files.begin(), files.end(), [&path](const auto& file) {
            return file.path == path;
        });
        std::error_code error;
        if (!is_ours) {
            fs::remove_all(path, error);
        }
        if (error) {
            return policy::failed<void>(fmt::format("cannot remove {}: {}", path, error.message()));
        }
    }
    return {};
}

/// The bundles of other trust domains, and the lines of configuration that make them count.
struct FederatedFiles {
    std::vector<OutputFile> files;
    std::string hint;
};

policy::Result<FederatedFiles> read_all_federated(
    const IdentityIssueOptions& options, const std::string& own_trust_domain
) {
    FederatedFiles result;
    for (const std::string& argument : options.federated) {
        auto federated = read_federated(argument);
        if (!federated) {
            return policy::failed<FederatedFiles>(federated.error());
        }
        const std::string& domain = federated->trust_domain;
        if (domain == own_trust_domain) {
            return policy::failed<FederatedFiles>(
                fmt::format("--federate {}: {} is this CA's own trust domain", argument, domain)
            );
        }
        const std::string path = path_in(options.output, fmt::format("ca-{}.crt", domain));
        result.hint += fmt::format(
            "to accept clients of {}: identity.trustBundles: [{{trustDomain: {}, file: {}}}]\n",
            domain,
            domain,
            path
        );
        result.files.push_back({path, std::move(federated->bundle), k_public_mode});
    }
    return result;
}

/// Whoever finds another's certificate under its name would be somebody else unawares.
policy::Result<void> may_take_place(
    const policy::Identity& identity, const IdentityIssueOptions& options
) {
    const std::string path = path_in(options.output, "tls.crt");
    std::error_code ignored;
    if (options.may_replace || !fs::exists(fs::symlink_status(path, ignored))) {
        return {};
    }
    const auto before = read_issued(options.output, options.directory);
    if (before && before->identity == identity) {
        return {};
    }
    return policy::failed<void>(
        (before ? fmt::format("{}: is {}", path, before->identity.uri()) : before.error()) +
        fmt::format(", not {}; --force replaces it, --out names another place", identity.uri())
    );
}

void warn_of_names(const policy::Identity& identity, const IdentityStreams& streams) {
    if (!is_dns_label(identity.name_space) || !is_dns_name(identity.service_account)) {
        complain(
            streams,
            fmt::format(
                "warning: {}/{}: no such names can be in Kubernetes, which takes lower case "
                "letters, digits and '-' (RFC 1123)",
                identity.name_space,
                identity.service_account
            ),
            0
        );
    }
}

/// "for 24h, until 2026-01-31T12:00:00Z".
std::string validity(
    const tls::Issued& issued, std::chrono::seconds lifetime, const std::string& asked
) {
    const auto chain = tls::parse_certificates(issued.certificate, "tls.crt");
    if (!chain) {
        return "for " + asked;  // it was made a moment ago: never
    }
    const X509* leaf = chain->front().get();
    const std::string end = timestamp(tls::not_after_of(leaf));
    return tls::lifetime_of(leaf) < lifetime
               ? fmt::format("until {}, where its CA ends, before {} are over", end, asked)
               : fmt::format("for {}, until {}", asked, end);
}

}  // namespace

int run_identity_init(const IdentityInitOptions& options, const IdentityStreams& streams) {
    const auto lifetime = parse_duration("--lifetime", options.lifetime);
    const auto kind = parse_key_type(options.key_type);
    if (!lifetime || !kind) {
        return complain(streams, !lifetime ? lifetime.error() : kind.error(), k_usage);
    }
    for (const char* name : k_authority_files) {
        const std::string path = path_in(options.directory, name);
        std::error_code ignored;
        if (!options.may_replace && fs::exists(fs::symlink_status(path, ignored))) {
            return complain(
                streams,
                path +
                    ": there is a CA already; --force replaces it (nothing it issued will be "
                    "trusted by what it issues afterwards; `smilax identity rotate --ca` replaces "
                    "a root without that)",
                k_failed
            );
        }
    }
    const auto authority = make_authority(options, *kind, *lifetime);
    if (!authority) {
        return complain(streams, authority.error(), k_usage);
    }
    const auto files = files_of_authority(options.directory, *authority);
    auto written = write_files(options.directory, files);
    if (written) {
        written = remove_others(options.directory, files);
    }
    if (!written) {
        return complain(streams, written.error(), k_failed);
    }
    streams.output << made_sentence(options, files);
    return 0;
}

int run_identity_issue(const IdentityIssueOptions& options, const IdentityStreams& streams) {
    const auto lifetime = parse_duration("--lifetime", options.lifetime);
    const auto kind = parse_key_type(options.key_type);
    if (!lifetime || !kind) {
        return complain(streams, !lifetime ? lifetime.error() : kind.error(), k_usage);
    }
    for (const std::string& name : options.dns_names) {
        if (!is_dns_name(name)) {
            return complain(
                streams,
                fmt::format(
                    "--dns: \"{}\" is no DNS name: labels of a-z, 0-9 and '-', with dots between",
                    name
                ),
                k_usage
            );
        }
    }
    for (const std::string& argument : options.federated) {
        if (const auto checked = check_federated(argument); !checked) {
            return complain(streams, checked.error(), k_usage);
        }
    }
    const auto lock = CaLock::take(options.directory);
    if (!lock) {
        return complain(streams, lock.error(), k_failed);
    }
    const auto authority = read_authority(options.directory);
    if (!authority) {
        return complain(streams, authority.error(), k_failed);
    }
    const auto identity = parse_workload(options.name, authority->trust_domain());
    if (!identity) {
        return complain(streams, options.name + ": " + identity.error(), k_usage);
    }
    const auto federated = read_all_federated(options, authority->trust_domain());
    if (!federated) {
        return complain(streams, federated.error(), k_failed);
    }
    const auto issued = authority->issue(*identity, *lifetime, *kind, options.dns_names);
    if (!issued) {
        return complain(streams, issued.error(), k_failed);
    }
    if (const auto may = may_take_place(*identity, options); !may) {
        return complain(streams, may.error(), k_failed);
    }
    auto files = files_of_identity(options.output, *issued, *authority);
    files.insert(files.end(), federated->files.begin(), federated->files.end());
    if (const auto written = write_files(options.output, files); !written) {
        return complain(streams, written.error(), k_failed);
    }
    std::string names;
    for (const OutputFile& file : files) {
        names += (names.empty() ? "" : ", ") + file.path;
    }
    warn_of_names(*identity, streams);
    streams.output << fmt::format(
                          "issued {} {}: {}\n",
                          identity->uri(),
                          validity(*issued, *lifetime, options.lifetime),
                          names
                      )
                   << federated->hint;
    return 0;
}

}  // namespace proxy::command
