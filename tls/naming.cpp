#include "tls/naming.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace tls {
namespace {

constexpr std::string_view k_linkerd = "linkerd";

bool is_label_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/// Lower case, no wildcard, no escape (RFC 1123 §2.1). A service account may have a dot in its
/// name, but then nobody could tell it from its namespace: one label is all that it gets here.
bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, is_label_char) &&
           text.front() != '-' && text.back() != '-';
}

/// `name` is SERVICE-ACCOUNT.NAMESPACE and then exactly `ending`.
std::optional<policy::Identity> read_labels(
    std::string_view name, const std::string& ending, const std::string& trust_domain
) {
    if (!name.ends_with(ending)) {
        return std::nullopt;
    }
    name.remove_suffix(ending.size());
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view service_account = name.substr(0, dot);
    const std::string_view name_space = name.substr(dot + 1);
    if (!is_label(service_account) || !is_label(name_space)) {
        return std::nullopt;
    }
    return policy::Identity{trust_domain, std::string(name_space), std::string(service_account)};
}

}  // namespace

policy::Result<NameForm> parse_name_form(std::string_view text) {
    using Kind = NameForm::Kind;
    if (text == "spiffe") {
        return NameForm{Kind::spiffe};
    }
    if (text == "osm-spiffe") {
        return NameForm{Kind::osm_spiffe};
    }
    if (text == "osm") {
        return NameForm{Kind::osm};
    }
    if (text == k_linkerd) {
        return NameForm{Kind::linkerd, std::string(k_linkerd)};
    }
    constexpr std::string_view prefix = "linkerd:";
    if (text.starts_with(prefix) && is_label(text.substr(prefix.size()))) {
        return NameForm{Kind::linkerd, std::string(text.substr(prefix.size()))};
    }
    return policy::failed<NameForm>(
        std::string("is not one of: spiffe | osm-spiffe | osm | linkerd | linkerd:NAMESPACE")
    );
}

std::string text_of(const NameForm& form) {
    switch (form.kind) {
        case NameForm::Kind::spiffe:
            return "spiffe";
        case NameForm::Kind::osm_spiffe:
            return "osm-spiffe";
        case NameForm::Kind::osm:
            return "osm";
        case NameForm::Kind::linkerd:
            break;
    }
    return form.mesh_namespace == k_linkerd ? std::string(k_linkerd)
                                            : "linkerd:" + form.mesh_namespace;
}

bool Naming::has(NameForm::Kind kind) const {
    return std::ranges::any_of(forms, [kind](const NameForm& form) { return form.kind == kind; });
}

policy::Result<policy::Identity> identity_of_uri(std::string_view uri, const Naming& naming) {
    auto identity = policy::parse_spiffe_id(uri);
    if (!identity) {
        return policy::failed<policy::Identity>("its URI SAN is no identity: " + identity.error());
    }
    const bool is_ours = identity->trust_domain == naming.trust_domain;
    const std::string_view path = identity->path;
    if (is_ours && naming.has(NameForm::Kind::osm_spiffe) && std::ranges::count(path, '/') == 2) {
        const std::size_t slash = path.find('/', 1);
        return policy::Identity{
            identity->trust_domain,
            std::string(path.substr(slash + 1)),
            std::string(path.substr(1, slash - 1))
        };
    }
    if (is_ours && !naming.has(NameForm::Kind::spiffe)) {
        return policy::failed<policy::Identity>(
            std::string(uri) + " is a name of the form spiffe, which identity.names does not list"
        );
    }
    return identity;
}

std::optional<policy::Identity> identity_of_dns_name(
    std::string_view name, std::string_view common_name, const Naming& naming
) {
    for (const NameForm& form : naming.forms) {
        std::optional<policy::Identity> identity;
        if (form.kind == NameForm::Kind::osm && name == common_name) {
            identity = read_labels(name, "." + naming.trust_domain, naming.trust_domain);
        } else if (form.kind == NameForm::Kind::linkerd) {
            identity = read_labels(
                name,
                ".serviceaccount.identity." + form.mesh_namespace + "." + naming.trust_domain,
                naming.trust_domain
            );
        }
        if (identity) {
            return identity;
        }
    }
    return std::nullopt;
}

}  // namespace tls
