#include "policy/smi/versions.hpp"

#include "policy/smi/access.hpp"
#include "policy/smi/specs.hpp"
#include "policy/smi/split.hpp"

#include <algorithm>

namespace policy::smi {
namespace {

constexpr KindRow k_versions[] = {
    {"access.smi-spec.io/v1alpha1", "TrafficTarget", decode_access_v1alpha1},
    {"access.smi-spec.io/v1alpha2", "TrafficTarget", decode_access_v1alpha2},
    {"access.smi-spec.io/v1alpha3", "TrafficTarget", decode_access_v1alpha3},
    {"access.smi-spec.io/v1alpha4", "TrafficTarget", decode_access_v1alpha4},
    {"access.smi-spec.io/v1alpha4", "IdentityBinding", decode_identity_binding_v1alpha4},

    {"specs.smi-spec.io/v1alpha1", "HTTPRouteGroup", decode_http_route_group_v1alpha1},
    {"specs.smi-spec.io/v1alpha2", "HTTPRouteGroup", decode_http_route_group_v1alpha2},
    {"specs.smi-spec.io/v1alpha3", "HTTPRouteGroup", decode_http_route_group_v1alpha3},
    {"specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", decode_http_route_group_v1alpha4},
    {"specs.smi-spec.io/v1alpha1", "TCPRoute", decode_tcp_route_v1alpha1},
    {"specs.smi-spec.io/v1alpha2", "TCPRoute", decode_tcp_route_v1alpha2},
    {"specs.smi-spec.io/v1alpha3", "TCPRoute", decode_tcp_route_v1alpha3},
    {"specs.smi-spec.io/v1alpha4", "TCPRoute", decode_tcp_route_v1alpha4},
    {"specs.smi-spec.io/v1alpha4", "UDPRoute", decode_udp_route_v1alpha4},

    {"split.smi-spec.io/v1alpha1", "TrafficSplit", decode_split_v1alpha1},
    {"split.smi-spec.io/v1alpha2", "TrafficSplit", decode_split_v1alpha2},
    {"split.smi-spec.io/v1alpha3", "TrafficSplit", decode_split_v1alpha3},
    {"split.smi-spec.io/v1alpha4", "TrafficSplit", decode_split_v1alpha4},
};

std::string_view group_of(std::string_view api_version) {
    return api_version.substr(0, api_version.find('/'));
}

}  // namespace

std::span<const KindRow> versions() {
    return k_versions;
}

bool is_policy_group(std::string_view api_version) {
    return std::any_of(std::begin(k_versions), std::end(k_versions), [&](const KindRow& row) {
        return group_of(row.api_version) == group_of(api_version);
    });
}

std::string what_is_known(std::string_view api_version, std::string_view kind) {
    std::string versions_of_kind;
    std::string kinds_of_group;
    for (const KindRow& row : k_versions) {
        if (row.kind == kind) {
            versions_of_kind +=
                (versions_of_kind.empty() ? "" : ", ") + std::string(row.api_version);
        }
        if (group_of(row.api_version) == group_of(api_version)) {
            kinds_of_group += (kinds_of_group.empty() ? "" : ", ") + std::string(row.api_version) +
                              ' ' + std::string(row.kind);
        }
    }
    return "write one of " + (versions_of_kind.empty() ? kinds_of_group : versions_of_kind);
}

}  // namespace policy::smi
