#include "proxy/control/identity_keeper.hpp"

#include "proxy/control/workload_api_source.hpp"
#include "telemetry/log.hpp"
#include "tls/file_sets.hpp"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace proxy::control {

namespace {

using telemetry::LogLevel;

constexpr const char* k_ways_out =
    "; mount one there, or name it: identity.directory, or identity.certificate, identity.key and "
    "identity.trustBundle (`smilax identity issue NAMESPACE/SERVICE-ACCOUNT` makes one); to try "
    "things out, identity.source: none with policy.mtls: permissive";

/// The files that are named, else those in the named directory, else those in the usual places.
policy::Result<tls::FileSourceOptions> choose_files(const IdentityConfiguration& identity) {
    if (identity.names_files()) {
        tls::FileSourceOptions options;
        options.certificate = identity.certificate;
        options.key = identity.key;
        options.credential_bundle = identity.credential_bundle;
        options.trust_bundle = identity.trust_bundle;
        return options;
    }
    const bool is_named = !identity.directory.empty();
    const std::vector<std::string> directories =
        is_named ? std::vector{identity.directory} : tls::conventional_directories();
    auto found = tls::find_file_set(directories, identity.trust_bundle, k_ways_out);
    if (found.has_error()) {
        return policy::failed<tls::FileSourceOptions>(
            (is_named ? "identity.directory: " : "identity.source auto: ") + found.error()
        );
    }
    telemetry::log(LogLevel::info, "identity found in " + tls::describe_files(*found));
    return found;
}

/// Null for none.
policy::Result<std::unique_ptr<tls::IdentitySource>> make_identity_source(
    boost::asio::io_context& context, const Configuration& configuration
) {
    using Source = std::unique_ptr<tls::IdentitySource>;
    switch (configuration.identity.source) {
        case IdentitySourceKind::automatic:
        case IdentitySourceKind::files: {
            auto options = choose_files(configuration.identity);
            if (options.has_error()) {
                return policy::failed<Source>(options.error());
            }
            options->federated = configuration.identity.federated;
            options->naming =
                tls::Naming(configuration.workload.trust_domain, configuration.identity.names);
            return tls::make_file_source(std::move(*options));
        }
        case IdentitySourceKind::workload_api: {
            const IdentityConfiguration& identity = configuration.identity;
            const policy::Workload& workload = configuration.workload;
            WorkloadApiOptions options;
            // The configuration was checked: it parses.
            options.endpoint = *tls::workload_api::parse_endpoint(identity.endpoint_socket);
            options.name = identity.endpoint_socket_name + ": " + identity.endpoint_socket;
            options.self = policy::Identity{
                workload.trust_domain, workload.name_space, workload.service_account
            };
            options.naming = tls::Naming(workload.trust_domain, identity.names);
            telemetry::log(LogLevel::info, "identity from the Workload API, " + options.name);
            return make_workload_api_source(context, std::move(options));
        }
        case IdentitySourceKind::none:
            break;
    }
    return Source();
}

/// A root that has gone is what a reader of the log looks for.
std::string what_is_new(const tls::Material* before, const tls::Material& now) {
    std::string text = "new certificate for " + now.self.uri();
    if (before == nullptr) {
        return text;
    }
    const bool has_new_leaf = X509_cmp(before->leaf.get(), now.leaf.get()) != 0;
    if (before->trust_generation == now.trust_generation) {
        return text;
    }
    std::size_t anchors = 0;
    for (const auto& [trust_domain, bundle] : now.trust_bundles) {
        anchors += bundle.size();
    }
    return fmt::format(
        "{}new trust bundle: {} CA certificate{} of {} trust domain{}",
        has_new_leaf ? text + "; " : "",
        anchors,
        anchors == 1 ? "" : "s",
        now.trust_bundles.size(),
        now.trust_bundles.size() == 1 ? "" : "s"
    );
}

}  // namespace

IdentityKeeper::IdentityKeeper(
    boost::asio::io_context& context, const Configuration& configuration, Publish publish
)
    : context_(context), configuration_(configuration), publish_(std::move(publish)) {}

policy::Result<void> IdentityKeeper::load_first() {
    auto made = make_identity_source(context_, configuration_);
    if (made.has_error()) {
        return made.error();
    }
    source_ = std::move(*made);
    if (source_ == nullptr) {
        telemetry::log(
            LogLevel::warning,
            "identity.source is none: every peer is unauthenticated and nothing is encrypted; "
            "this is for trying things out only"
        );
        return {};
    }
    source_->start([this] { refresh(); });
    auto material = source_->load();
    auto taken = material.has_value() ? take(*material) : policy::Result<void>(material.error());
    if (taken.has_error() && source_->may_come_later()) {
        last_error_ = taken.error();
        telemetry::log(
            LogLevel::info, fmt::format("{}; not ready until there is an identity", last_error_)
        );
        return {};
    }
    return taken;
}

void IdentityKeeper::refresh() {
    if (source_ == nullptr) {
        return;
    }
    heed_expiry();
    auto material = source_->load();
    if (material.has_value() && *material == material_) {
        if (!last_error_.empty()) {
            last_error_.clear();
            telemetry::log(LogLevel::info, "what the identity is made of is in order again");
        }
        return;
    }
    const auto before = material_;
    auto taken = material.has_value() ? take(*material) : policy::Result<void>(material.error());
    if (taken.has_value()) {
        ++refreshes_;
        last_error_.clear();
        telemetry::log(LogLevel::info, what_is_new(before.get(), *material_));
        return;
    }
    if (taken.error() != last_error_) {
        ++refresh_errors_;
        last_error_ = taken.error();
        telemetry::log(
            LogLevel::error,
            fmt::format(
                "{}; {}",
                last_error_,
                is_loaded() ? "the last identity stays in force"
                            : "not ready until there is an identity"
            )
        );
    }
}

/// Peers would refuse it anyway, each with a sentence about a certificate. Without it the reason
/// is ours, and said once here.
void IdentityKeeper::heed_expiry() {
    if (material_ == nullptr) {
        return;
    }
    const bool has_expired = material_->not_after <= std::chrono::system_clock::now();
    // A clock that is set back makes it valid again.
    if (has_expired == is_withdrawn_ || publish_(has_expired ? nullptr : material_).has_error()) {
        return;
    }
    is_withdrawn_ = has_expired;
    telemetry::log(
        has_expired ? LogLevel::error : LogLevel::info,
        has_expired ? why_not_loaded() : "the clock was set back: the certificate is valid again"
    );
}

std::string IdentityKeeper::why_not_loaded() const {
    if (is_withdrawn_) {
        return fmt::format(
            "the certificate of {} has expired and no new one has come: no connection of the mesh "
            "is accepted or made{}{}",
            material_->self.uri(),
            last_error_.empty() ? "" : "; ",
            last_error_
        );
    }
    return last_error_;
}

policy::Result<void> IdentityKeeper::take(std::shared_ptr<const tls::Material> material) {
    const policy::Workload& workload = configuration_.workload;
    if (material->self.name_space != workload.name_space ||
        material->self.service_account != workload.service_account) {
        return fmt::format(
            "the certificate names {}, but the configuration's workload is {}/{}; issue a "
            "certificate for that service account or correct workload.namespace and "
            "workload.serviceAccount",
            material->self.uri(),
            workload.name_space,
            workload.service_account
        );
    }
    for (const std::string& warning : source_->take_warnings()) {
        telemetry::log(LogLevel::warning, warning);
    }
    if (auto published = publish_(material); published.has_error()) {
        return published;
    }
    material_ = std::move(material);
    is_withdrawn_ = false;
    return {};
}

}  // namespace proxy::control
