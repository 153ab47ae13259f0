#include "telemetry/series_labels.hpp"

#include "telemetry/catalog.hpp"
#include "telemetry/log.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace telemetry {
namespace {

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c >= 0x20 && c < 0x7f;
    });
}

/// As the text format quotes label values. A line feed is the third that it would have to quote;
/// none comes here.
void append_quoted(std::string& text, std::string_view value) {
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `names` is a row of the catalog.
bool lists(std::string_view names, std::string_view name) {
    while (!names.empty()) {
        const std::size_t end = std::min(names.find(' '), names.size());
        if (names.substr(0, end) == name) {
            return true;
        }
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return false;
}

std::string_view text_of(Direction direction) {
    return direction == Direction::inbound ? "inbound" : "outbound";
}

/// `target_*`; without an address (inbound) only the port is told.
void add_target(SeriesLabels& labels, const policy::SocketAddress& target) {
    if (target.ip != policy::IpAddress{}) {
        labels.add("target_addr", target.text());
        labels.add("target_ip", target.ip.text());
    }
    if (target.port != 0) {
        labels.add("target_port", std::to_string(target.port));
    }
}

void add_tls(SeriesLabels& labels, TlsLabel tls, Direction direction) {
    switch (tls) {
        case TlsLabel::yes:
            labels.add("tls", "true");
            return;
        case TlsLabel::no_identity:
            labels.add("tls", "no_identity");
            labels.add(
                "no_tls_reason",
                direction == Direction::inbound ? "no_tls_from_remote"
                                                : "not_provided_by_service_discovery"
            );
            return;
        case TlsLabel::disabled:
            labels.add("tls", "disabled");
            return;
        case TlsLabel::opaque:
            labels.add("tls", "opaque");
            return;
    }
}

/// Linkerd's Server; SMI has none, so that it is the default one for each port.
void add_server(SeriesLabels& labels, std::uint16_t port) {
    if (port != 0) {
        labels.add("srv_kind", "default");
        labels.add("srv_name", "smi");
        labels.add("srv_port", std::to_string(port));
    }
}

void add_authz(SeriesLabels& labels, const std::string& name_space, const std::string& name) {
    if (!name.empty()) {
        labels.add("authz_group", "access.smi-spec.io");
        labels.add("authz_kind", "traffictarget");
        labels.add("authz_namespace", name_space);
        labels.add("authz_name", name);
    }
}

}  // namespace

void SeriesLabels::add(std::string_view name, std::string_view value) {
    if (value.empty()) {
        return;
    }
    if (!text_.empty()) {
        text_ += ',';
    }
    text_.append(name).append("=\"");
    if (is_printable(value)) {
        append_quoted(text_, value);
    } else {
        append_quoted(text_, escaped(value));
    }
    text_ += '"';
}

SeriesLabels SeriesLabels::with(std::string_view name, std::string_view value) const {
    SeriesLabels more = *this;
    more.add(name, value);
    return more;
}

bool may_be_owner_label(std::string_view name) {
    const bool is_name = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                         !name.starts_with("__") &&
                         std::all_of(name.begin(), name.end(), is_name_character);
    return is_name && name != "namespace" && name != "pod" && name != "le" &&
           std::none_of(
               catalog::k_families.begin(),
               catalog::k_families.end(),
               [name](const Family* family) { return lists(family->labels, name); }
           );
}

SeriesLabels labels_of(const HttpTarget& target) {
    SeriesLabels labels;
    labels.add("direction", text_of(target.direction));
    labels.add("authority", target.authority);
    add_target(labels, target.target);
    add_tls(labels, target.tls, target.direction);
    // smi-metrics takes dst_* for edges seen by the client, whatever the direction says: inbound
    // series must not have them.
    if (target.direction == Direction::outbound) {
        labels.add("server_id", target.server_id);
        labels.add("dst_namespace", target.dst_namespace);
        labels.add("dst_service", target.dst_service);
        labels.add("dst_pod", target.dst_pod);
        return labels;
    }
    labels.add("client_id", target.client_id);
    add_server(labels, target.target.port);
    if (!target.route_name.empty()) {
        labels.add("route_group", "specs.smi-spec.io");
        labels.add("route_kind", "httproutegroup");
        labels.add("route_name", target.route_name);
    }
    add_authz(labels, target.authz_namespace, target.authz_name);
    return labels;
}

SeriesLabels labels_of(const TcpTarget& target) {
    SeriesLabels labels;
    labels.add("direction", text_of(target.direction));
    labels.add("peer", target.peer == PeerLabel::src ? "src" : "dst");
    add_target(labels, target.target);
    add_tls(labels, target.tls, target.direction);
    if (target.direction == Direction::outbound) {
        labels.add("server_id", target.server_id);
        labels.add("dst_namespace", target.dst_namespace);
        labels.add("dst_service", target.dst_service);
    } else {
        labels.add("client_id", target.client_id);
    }
    return labels;
}

SeriesLabels labels_of(const VerdictLabels& verdict) {
    SeriesLabels labels;
    if (verdict.port != 0) {
        labels.add("target_port", std::to_string(verdict.port));
    }
    labels.add("tls", verdict.client_id.empty() ? "no_identity" : "true");
    labels.add("client_id", verdict.client_id);
    add_server(labels, verdict.port);
    add_authz(labels, verdict.authz_namespace, verdict.authz_name);
    labels.add("reason", verdict.reason);
    return labels;
}

SeriesLabels labels_of(const SplitLabels& split) {
    SeriesLabels labels;
    labels.add("split_namespace", split.split_namespace);
    labels.add("split", split.split_name);
    labels.add("root", split.root);
    labels.add("backend", split.backend);
    return labels;
}

SeriesLabels labels_of(const ErrorLabels& error) {
    SeriesLabels labels;
    if (error.scope == ErrorScope::handshake) {
        labels.add("direction", text_of(error.direction));
        labels.add("reason", error.reason);
    } else {
        labels.add("error", error.reason);
    }
    return labels;
}

}  // namespace telemetry
