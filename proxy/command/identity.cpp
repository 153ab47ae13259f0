#include "proxy/command/identity.hpp"

#include "proxy/command/interrupt.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace proxy::command {
namespace {

constexpr const char* k_key_types = "ec-p256, ec-p384, rsa-2048 or ed25519";

void add_init(CLI::App& identity, CommandResult& result) {
    auto* command = identity.add_subcommand("init", "Make a root: ca.crt and ca.key");
    auto options = std::make_shared<IdentityInitOptions>();  // owner: the callback below
    command->add_option("--dir", options->directory, "Where to write it")->capture_default_str();
    command->add_option("--trust-domain", options->trust_domain, "Whom it signs for")
        ->capture_default_str();
    command->add_option("--lifetime", options->lifetime, "How long it is valid: 24h, 90d, 3650d")
        ->capture_default_str();
    command->add_option("--key-type", options->key_type, k_key_types)->capture_default_str();
    command->add_flag(
        "--intermediate",
        options->has_intermediate,
        "Sign by an intermediate CA (intermediate.crt, intermediate.key); ca.key may then be put "
        "away"
    );
    command->add_flag("--force", options->may_replace, "Replace a CA that is there");
    command->footer(
        "Exits 0 when made, 1 when not, 2 on wrong usage.\n\n"
        "Examples:\n"
        "  smilax identity init --dir ca --trust-domain cluster.local\n"
        "  smilax identity init --dir ca --intermediate && mv ca/ca.key /media/stick/"
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
    command->add_option("--key-type", options->key_type, k_key_types)->capture_default_str();
    command->add_option(
        "--dns",
        options->dns_names,
        "A DNS name beside the identity, for peers that can check no other (nginx, HAProxy, "
        "Prometheus, curl); may be repeated"
    );
    command->add_option(
        "--federate",
        options->federated,
        "The ca.crt of another trust domain, [DOMAIN=]FILE: copied to ca-DOMAIN.crt for "
        "identity.trustBundles; may be repeated"
    );
    command->add_flag(
        "--force", options->may_replace, "Replace a certificate that names somebody else"
    );
    command->footer(
        "Exits 0 when issued, 1 when not, 2 on wrong usage.\n\n"
        "Examples:\n"
        "  smilax identity issue default/web --dir ca --out web\n"
        "  smilax identity issue shop/cart --dir ca --out cart --lifetime 15m --key-type ec-p384\n"
        "  smilax identity issue default/api --dir ca --out api --federate other-ca/ca.crt\n"
        "  smilax identity issue default/api --dir ca --out api --dns api.default.svc\n\n"
        "A CA is for one trust domain. For two meshes make two, each in its own directory, and\n"
        "--federate the one's ca.crt where clients from there are to be accepted."
    );
    command->callback([options, &result] {
        const IdentityStreams streams{std::cout, std::cerr};
        result.exit_code = run_identity_issue(*options, streams);
    });
}

void add_rotate(CLI::App& identity, CommandResult& result) {
    auto* command = identity.add_subcommand(
        "rotate", "Issue new certificates in the place of those that are there; or a new root"
    );
    auto options = std::make_shared<IdentityRotateOptions>();  // owner: the callback below
    command->add_option("DIR", options->identities, "Directories that `issue` made")->required();
    command->add_option("--dir", options->directory, "Where the CA is")->capture_default_str();
    command->add_option(
        "--lifetime", options->lifetime, "How long they are valid; default: as long as before"
    );
    command->add_option(
        "--key-type", options->key_type, std::string(k_key_types) + "; default: as before"
    );
    command->add_option("--every", options->every, "Again and again, so often, until interrupted");
    command->add_option("--for", options->total, "With --every: for so long");
    command->add_flag(
        "--ca",
        options->rotates_ca,
        "A new root: first every trust bundle gets it beside the old one, then it signs, then the "
        "old one goes. Name every directory that the CA issued for"
    );
    command
        ->add_option(
            "--overlap",
            options->overlap,
            "With --ca: between its steps; longer than all sidecars "
            "take to see a new file (one second)"
        )
        ->capture_default_str();
    command->footer(
        "Files are replaced as a whole and keep their owners. It may be interrupted at any time:\n"
        "each step leaves a mesh that works, and the same command finishes a root's rotation.\n"
        "Exits 0 when done, 1 when not, 2 on wrong usage.\n\n"
        "Examples:\n"
        "  smilax identity rotate web api --dir ca\n"
        "  smilax identity rotate web api --dir ca --every 10s\n"
        "  smilax identity rotate web api --dir ca --ca --overlap 30s"
    );
    command->callback([options, &result] {
        const IdentityStreams streams{std::cout, std::cerr};
        Interrupt interrupt;
        const Pause pause = [&interrupt](std::chrono::milliseconds time) {
            return !interrupt.wait_for(time);
        };
        result.exit_code = run_identity_rotate(*options, streams, pause);
    });
}

void add_show(CLI::App& identity, CommandResult& result) {
    auto* command = identity.add_subcommand(
        "show", "Say what certificates say, and whether a sidecar would accept them"
    );
    auto options = std::make_shared<IdentityShowOptions>();  // owner: the callback below
    auto format = std::make_shared<std::string>("text");
    command
        ->add_option(
            "FILE",
            options->files,
            "Certificates, leaf first, as PEM or DER; credential bundles; directories with an "
            "identity"
        )
        ->required();
    command->add_option(
        "--trust-bundle",
        options->trust_bundle,
        "CA certificates; default: the trust bundle beside the file"
    );
    command->add_option(
        "--trust-domain", options->trust_domain, "Default: that of the trust bundle"
    );
    command->add_option("-o,--output", *format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->footer(
        "A key beside a certificate, or in its file, is held against it.\n"
        "Without a trust bundle nobody knows whether a certificate verifies: JSON then says\n"
        "\"accepted\": null. A trust bundle is no peer: its asClient and asServer are null, and\n"
        "accepted says whether it can be used.\n"
        "Exits 0 when a sidecar would accept every file, 1 when it would not or that is unknown,\n"
        "2 on wrong usage.\n\n"
        "Examples:\n"
        "  smilax identity show web\n"
        "  smilax identity show /run/workload-spiffe-credentials/credentialbundle.pem\n"
        "  smilax identity show -o json --trust-bundle ca/ca.crt web/tls.crt api/tls.crt"
    );
    command->callback([options, format, &result] {
        const IdentityStreams streams{std::cout, std::cerr};
        options->as_json = *format == "json";
        result.exit_code = run_identity_show(*options, streams);
    });
}

}  // namespace

int complain(const IdentityStreams& streams, const std::string& sentence, int exit_code) {
    streams.error << "smilax identity: " << sentence << '\n';
    return exit_code;
}

void add_identity_command(CLI::App& app, CommandResult& result) {
    auto* identity = app.add_subcommand(
        "identity", "A small certificate authority for development: init, issue, rotate, show"
    );
    identity->require_subcommand(1);
    identity->footer(
        "Examples:\n"
        "  smilax identity init --dir ca\n"
        "  smilax identity issue default/web --dir ca --out web\n"
        "  smilax identity rotate web --dir ca --every 10s\n"
        "  smilax identity show web"
    );
    add_init(*identity, result);
    add_issue(*identity, result);
    add_rotate(*identity, result);
    add_show(*identity, result);
}

}  // namespace proxy::command
