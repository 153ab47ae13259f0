#include "proxy/command/identity.hpp"

#include "policy/identity.hpp"
#include "proxy/command/text_file.hpp"
#include "tls/authority.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

namespace fs = std::filesystem;

constexpr int k_failed = 1;
constexpr int k_usage = 2;
constexpr std::size_t k_pem_bytes_max = 1024 * 1024;
constexpr mode_t k_secret_mode = 0600;
constexpr mode_t k_public_mode = 0644;
constexpr std::chrono::hours k_lifetime_max{24 * 3650};

int complain(const IdentityStreams& streams, const std::string& sentence, int exit_code) {
    streams.error << "smilax identity: " << sentence << '\n';
    return exit_code;
}

std::string path_in(const std::string& directory, const char* name) {
    return (fs::path(directory) / name).string();
}

policy::Result<void> cannot(const char* what, const std::string& path, int error) {
    return policy::failed<void>(fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

policy::Result<void> write_whole(int file, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(file, text.data() + done, text.size() - done);
        if (written < 0) {
            return policy::failed<void>(std::string(std::strerror(errno)));
        }
        done += static_cast<std::size_t>(written);
    }
    return {};
}

/// Writes beside `path` and renames: a reader sees the old file or the new one, and a key is never
/// readable by others, not even for a moment.
policy::Result<void> replace_file(const std::string& path, const std::string& text, mode_t mode) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) {
        return cannot("create", beside, errno);
    }
    auto written = write_whole(file, text);
    ::close(file);
    if (!written) {
        ::unlink(beside.c_str());
        return policy::failed<void>(fmt::format("cannot write {}: {}", beside, written.error()));
    }
    if (std::rename(beside.c_str(), path.c_str()) != 0) {
        return cannot("replace", path, errno);
    }
    return {};
}

policy::Result<void> make_directory(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return policy::failed<void>(
            fmt::format("cannot make the directory {}: {}", directory, error.message())
        );
    }
    return {};
}

struct OutputFile {
    std::string path;
    const std::string& text;
    mode_t mode;
};

policy::Result<void> write_files(
    const std::string& directory, std::initializer_list<OutputFile> files
) {
    if (auto made = make_directory(directory); !made) {
        return made;
    }
    for (const OutputFile& file : files) {
        if (auto written = replace_file(file.path, file.text, file.mode); !written) {
            return written;
        }
    }
    return {};
}

policy::Result<tls::Authority> read_authority(const std::string& directory) {
    const std::string certificate_path = path_in(directory, "ca.crt");
    const std::string key_path = path_in(directory, "ca.key");
    tls::Issued root;
    for (auto [path, text] :
         {std::pair(&certificate_path, &root.certificate), std::pair(&key_path, &root.key)}) {
        auto read = read_text_file(*path, k_pem_bytes_max);
        if (!read) {
            return policy::failed<tls::Authority>(fmt::format(
                "{}: {}; make a CA with `smilax identity init --dir {}`",
                *path,
                read.error(),
                directory
            ));
        }
        *text = std::move(*read);
    }
    return tls::Authority::parse(root, certificate_path, key_path);
}

/// `name` as NS/SA in `trust_domain`, or as a whole URI.
policy::Result<policy::Identity> read_name(
    const std::string& name, const std::string& trust_domain
) {
    if (name.starts_with("spiffe://")) {
        return policy::parse_identity(name);
    }
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || name.find('/', slash + 1) != std::string::npos) {
        return policy::failed<policy::Identity>(std::string("expected NAMESPACE/SERVICE-ACCOUNT"));
    }
    policy::Identity identity;
    identity.trust_domain = trust_domain;
    identity.name_space = name.substr(0, slash);
    identity.service_account = name.substr(slash + 1);
    return policy::parse_identity(identity.uri());
}

}  // namespace

policy::Result<std::chrono::seconds> parse_lifetime(std::string_view text) {
    const auto refuse = [text] {
        return policy::failed<std::chrono::seconds>(fmt::format(
            "--lifetime {}: expected a number and a unit (s, m, h or d), such as 24h, of at most "
            "3650d",
            text
        ));
    };
    long count = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || count <= 0 || end - rest != 1) {
        return refuse();
    }
    long seconds = 0;
    switch (*rest) {
        case 's':
            seconds = 1;
            break;
        case 'm':
            seconds = 60;
            break;
        case 'h':
            seconds = 60 * 60;
            break;
        case 'd':
            seconds = 24 * 60 * 60;
            break;
        default:
            return refuse();
    }
    if (count > std::chrono::seconds(k_lifetime_max).count() / seconds) {
        return refuse();
    }
    return std::chrono::seconds(count * seconds);
}

int run_identity_init(const IdentityInitOptions& options, const IdentityStreams& streams) {
    const std::string certificate_path = path_in(options.directory, "ca.crt");
    const std::string key_path = path_in(options.directory, "ca.key");
    for (const auto& path : {certificate_path, key_path}) {
        std::error_code ignored;
        if (!options.may_replace && fs::exists(fs::symlink_status(path, ignored))) {
            return complain(
                streams,
                path +
                    ": there is a CA already; --force replaces it (nothing it issued will be "
                    "trusted by what it issues afterwards)",
                k_failed
            );
        }
    }
    const auto authority = tls::Authority::make(options.trust_domain);
    if (!authority) {
        return complain(streams, authority.error(), k_usage);
    }
    const auto written = write_files(
        options.directory,
        {{key_path, authority->root().key, k_secret_mode},
         {certificate_path, authority->root().certificate, k_public_mode}}
    );
    if (!written) {
        return complain(streams, written.error(), k_failed);
    }
    streams.output << fmt::format(
        "made a CA for the trust domain {}: {}, {}\n"
        "For development only: whoever has {} can be anybody in this trust domain.\n",
        options.trust_domain,
        certificate_path,
        key_path,
        key_path
    );
    return 0;
}

int run_identity_issue(const IdentityIssueOptions& options, const IdentityStreams& streams) {
    const auto lifetime = parse_lifetime(options.lifetime);
    if (!lifetime) {
        return complain(streams, lifetime.error(), k_usage);
    }
    const auto authority = read_authority(options.directory);
    if (!authority) {
        return complain(streams, authority.error(), k_failed);
    }
    const std::string& trust_domain =
        options.trust_domain.empty() ? authority->trust_domain() : options.trust_domain;
    const auto identity = read_name(options.name, trust_domain);
    if (!identity) {
        return complain(streams, options.name + ": " + identity.error(), k_usage);
    }
    const auto issued = authority->issue(*identity, *lifetime);
    if (!issued) {
        return complain(streams, issued.error(), k_failed);
    }
    const std::string certificate_path = path_in(options.output, "tls.crt");
    const std::string key_path = path_in(options.output, "tls.key");
    const std::string bundle_path = path_in(options.output, "ca.crt");
    const auto written = write_files(
        options.output,
        {{key_path, issued->key, k_secret_mode},
         {certificate_path, issued->certificate, k_public_mode},
         {bundle_path, authority->root().certificate, k_public_mode}}
    );
    if (!written) {
        return complain(streams, written.error(), k_failed);
    }
    streams.output << fmt::format(
        "issued {} for {}: {}, {}, {}\n",
        identity->uri(),
        options.lifetime,
        certificate_path,
        key_path,
        bundle_path
    );
    return 0;
}

namespace {

void add_init(CLI::App& identity, CommandResult& result) {
    auto* command = identity.add_subcommand("init", "Make a root: ca.crt and ca.key");
    auto options = std::make_shared<IdentityInitOptions>();  // owner: the callback below
    command->add_option("--dir", options->directory, "Where to write it")->capture_default_str();
    command->add_option("--trust-domain", options->trust_domain, "Whom it signs for")
        ->capture_default_str();
    command->add_flag("--force", options->may_replace, "Replace a CA that is there");
    command->footer(
        "Exits 0 when made, 1 when not, 2 on wrong usage.\n\n"
        "Example:\n  smilax identity init --dir ca --trust-domain cluster.local"
    );
    command->callback([options, &result] {
        const IdentityStreams streams{std::cout, std::cerr};
        result.exit_code = run_identity_init(*options, streams);
    });
}

void add_issue(CLI::App& identity, CommandResult& result) {
    auto* command = identity.add_subcommand(
        "issue", "Issue an X.509-SVID: tls.crt, tls.key and a copy of ca.crt"
    );
    auto options = std::make_shared<IdentityIssueOptions>();  // owner: the callback below
    command->add_option("NS/SA", options->name, "Namespace and service account, or a spiffe:// URI")
        ->required();
    command->add_option("--dir", options->directory, "Where the CA is")->capture_default_str();
    command->add_option("--out", options->output, "Where to write the files")
        ->capture_default_str();
    command->add_option("--lifetime", options->lifetime, "How long it is valid: 90s, 15m, 24h, 7d")
        ->capture_default_str();
    command->add_option("--trust-domain", options->trust_domain, "Default: that of the CA");
    command->footer(
        "Exits 0 when issued, 1 when not, 2 on wrong usage.\n\n"
        "Examples:\n"
        "  smilax identity issue default/web --dir ca --out web\n"
        "  smilax identity issue shop/cart --dir ca --out cart --lifetime 15m"
    );
    command->callback([options, &result] {
        const IdentityStreams streams{std::cout, std::cerr};
        result.exit_code = run_identity_issue(*options, streams);
    });
}

void add_show(CLI::App& identity, CommandResult& result) {
    auto* command = identity.add_subcommand(
        "show", "Say what certificates say, and whether a sidecar would accept them"
    );
    auto options = std::make_shared<IdentityShowOptions>();  // owner: the callback below
    auto format = std::make_shared<std::string>("text");
    command->add_option("FILE", options->files, "PEM files, leaf first")->required();
    command->add_option(
        "--trust-bundle", options->trust_bundle, "CA certificates; default: ca.crt beside the file"
    );
    command->add_option(
        "--trust-domain", options->trust_domain, "Default: that of the trust bundle"
    );
    command->add_option("-o,--output", *format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->footer(
        "Exits 0 when a sidecar would accept every file, 1 when not, 2 on wrong usage.\n\n"
        "Examples:\n"
        "  smilax identity show web/tls.crt\n"
        "  smilax identity show -o json --trust-bundle ca/ca.crt web/tls.crt api/tls.crt"
    );
    command->callback([options, format, &result] {
        const IdentityStreams streams{std::cout, std::cerr};
        options->as_json = *format == "json";
        result.exit_code = run_identity_show(*options, streams);
    });
}

}  // namespace

void add_identity_command(CLI::App& app, CommandResult& result) {
    auto* identity = app.add_subcommand(
        "identity", "A small certificate authority for development: init, issue, show"
    );
    identity->require_subcommand(1);
    identity->footer(
        "Examples:\n"
        "  smilax identity init --dir ca\n"
        "  smilax identity issue default/web --dir ca --out web\n"
        "  smilax identity show web/tls.crt"
    );
    add_init(*identity, result);
    add_issue(*identity, result);
    add_show(*identity, result);
}

}  // namespace proxy::command
