// How certificates of our own trust domain say who their holder is: SPIFFE, and what meshes that
// are migrated from do instead (smi.md §5.1). Text only; `peer` reads the certificates.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tls {

/// One item of `identity.names`.
struct NameForm {
    enum class Kind : std::uint8_t {
        spiffe,      // URI spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT, or any SPIFFE ID
        osm_spiffe,  // URI spiffe://TRUST-DOMAIN/SERVICE-ACCOUNT/NAMESPACE
        osm,         // DNS SERVICE-ACCOUNT.NAMESPACE.TRUST-DOMAIN, and the same as common name
        linkerd,     // DNS SERVICE-ACCOUNT.NAMESPACE.serviceaccount.identity.MESH.TRUST-DOMAIN
    };
    Kind kind = Kind::spiffe;
    std::string mesh_namespace = {};  // linkerd: where its control plane runs

    bool operator==(const NameForm&) const = default;
};

/// "spiffe", "osm-spiffe", "osm", "linkerd" or "linkerd:NAMESPACE".
[[nodiscard]] policy::Result<NameForm> parse_name_form(std::string_view text);
[[nodiscard]] std::string text_of(const NameForm& form);

/// A trust domain, ours, and the names that its certificates may have.
struct Naming {
    Naming(std::string domain = {}, std::vector<NameForm> admitted = {NameForm()})
        : trust_domain(std::move(domain)), forms(std::move(admitted)) {}

    std::string trust_domain;
    std::vector<NameForm> forms;

    [[nodiscard]] bool has(NameForm::Kind kind) const;
};

/// What the only URI SAN of a certificate says. Of other trust domains as well: whether one is
/// trusted is not a question of names.
[[nodiscard]] policy::Result<policy::Identity> identity_of_uri(
    std::string_view uri, const Naming& naming
);
/// What a DNS SAN of a certificate without any URI SAN says; nothing when it fits no form.
[[nodiscard]] std::optional<policy::Identity> identity_of_dns_name(
    std::string_view name, std::string_view common_name, const Naming& naming
);

}  // namespace tls
