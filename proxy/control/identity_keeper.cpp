#include "proxy/control/identity_keeper.hpp"

#include "telemetry/log.hpp"

#include <fmt/format.h>

#include <utility>

namespace proxy::control {

namespace {

using telemetry::LogLevel;

std::unique_ptr<tls::IdentitySource> make_identity_source(const Configuration& configuration) {
    switch (configuration.identity.source) {
        case IdentitySourceKind::files: {
            tls::FileSourceOptions options;
            options.certificate = configuration.identity.certificate;
            options.key = configuration.identity.key;
            options.credential_bundle = configuration.identity.credential_bundle;
            options.trust_bundle = configuration.identity.trust_bundle;
            options.federated = configuration.identity.federated;
            options.naming =
                tls::Naming(configuration.workload.trust_domain, configuration.identity.names);
            return tls::make_file_source(std::move(options));
        }
        case IdentitySourceKind::none:
            break;
    }
    return nullptr;
}

}  // namespace

IdentityKeeper::IdentityKeeper(const Configuration& configuration, Publish publish)
    : configuration_(configuration),
      publish_(std::move(publish)),
      source_(make_identity_source(configuration)) {}

policy::Result<void> IdentityKeeper::load_first() {
    if (source_ == nullptr) {
        telemetry::log(
            LogLevel::warning,
            "identity.source is none: every peer is unauthenticated and nothing is encrypted; "
            "this is for trying things out only"
        );
        return {};
    }
    auto material = source_->load();
    if (material.has_error()) {
        return material.error();
    }
    return take(*material);
}

void IdentityKeeper::refresh() {
    if (source_ == nullptr) {
        return;
    }
    auto material = source_->load();
    if (material.has_value() && *material == material_) {
        last_error_.clear();
        return;
    }
    auto taken = material.has_value() ? take(*material) : policy::Result<void>(material.error());
    if (taken.has_value()) {
        ++refreshes_;
        last_error_.clear();
        telemetry::log(
            LogLevel::info, fmt::format("new certificate for {}", material_->self.uri())
        );
        return;
    }
    if (taken.error() != last_error_) {
        ++refresh_errors_;
        last_error_ = taken.error();
        telemetry::log(
            LogLevel::error, fmt::format("{}; the last identity stays in force", last_error_)
        );
    }
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
    return {};
}

}  // namespace proxy::control
