#include "proxy/http/forwarding.hpp"

#include "proxy/http/field_names.hpp"
#include "proxy/http/grammar.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace proxy::http {
namespace {

/// Compares with '_' read as '-': CGI and its heirs turn both into one variable name, so that
/// "smilax_peer" would be "smilax-peer" to the application.
bool is_same_alias(std::string_view name, std::string_view known) {
    return name.size() == known.size() &&
           std::equal(name.begin(), name.end(), known.begin(), [](char a, char b) {
               return (a == '_' ? '-' : to_lower(a)) == b;
           });
}

/// What only a proxy may say about who is calling, ours and those that applications know from
/// other meshes.
bool claims_identity(std::string_view name) {
    constexpr std::string_view k_ours = "smilax-";
    return is_same_alias(name.substr(0, k_ours.size()), k_ours) ||
           is_same_alias(name, "x-forwarded-client-cert") || is_same_alias(name, "l5d-client-id");
}

/// "Content_Length" frames nothing for us, and perhaps something for the application.
bool aliases_framing(std::string_view name) {
    return name.find('_') != std::string_view::npos &&
           (is_same_alias(name, "content-length") || is_same_alias(name, "transfer-encoding"));
}

/// Fields that Connection must not remove although it lists them: "Connection: authorization" would
/// let a client take away what others rely on. (RFC 9110 §7.6.1 forbids to list fields that are
/// for all recipients.)
bool is_kept_despite_connection(std::string_view name) {
    constexpr std::array<std::string_view, 13> k_kept = {
        "authorization",
        "baggage",
        "cache-control",
        "content-encoding",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "set-cookie",
        "traceparent",
        "tracestate",
        "via",
    };
    return is_same_name(name.substr(0, 12), "x-forwarded-") ||
           std::any_of(k_kept.begin(), k_kept.end(), [name](std::string_view kept) {
               return is_same_name(name, kept);
           });
}

/// What the Connection fields of one head say, looked at once per message.
struct ConnectionOptions {
    bool lists_fields = false;  // names beyond those that are removed anyway
    bool te_trailers = false;   // the sender takes trailers
};

ConnectionOptions read_connection_options(const Head& head) {
    ConnectionOptions options;
    for (const Field& field : head.fields) {
        const FieldName name = name_of(field.name);
        if (name == FieldName::te && head.minor_version == 1) {
            options.te_trailers |= has_token(field.value, "trailers");
        }
        if (name != FieldName::connection) {
            continue;
        }
        for (ListReader list{field.value}; const auto option = list.next();) {
            options.lists_fields |=
                name_of(*option) == FieldName::other && !is_same_name(*option, "close");
        }
    }
    return options;
}

bool is_listed(const Head& head, std::string_view name) {
    return std::any_of(head.fields.begin(), head.fields.end(), [name](const Field& field) {
        return name_of(field.name) == FieldName::connection && has_token(field.value, name);
    });
}

bool is_removed_by_connection(
    const Head& head, const ConnectionOptions& options, std::string_view name
) {
    return options.lists_fields && is_listed(head, name) && !is_kept_despite_connection(name);
}

/// "0042" goes out as "42", "000" as "0".
Field content_length(const Field& field) {
    const std::size_t begin = field.value.find_first_not_of('0');
    return {field.name, field.value.substr(std::min(begin, field.value.size() - 1))};
}

std::string_view connection_value(bool upgrade, bool te_trailers) {
    if (upgrade) {
        return te_trailers ? "Upgrade, TE" : "Upgrade";
    }
    return "TE";
}

bool keeps_upgrade(const ResponseHead& head) {
    // 426 must say what to upgrade to (RFC 9110 §15.5.22); elsewhere it is an offer to us.
    return head.has_upgrade && (head.status == 101 || head.status == 426);
}

BodyKind body_towards_client(const ResponseHead& head, std::uint8_t client_minor_version) {
    switch (head.framing.kind) {
        case BodyKind::none:
        case BodyKind::length:
            return head.framing.kind;
        case BodyKind::chunked:
        case BodyKind::until_close:
            // HTTP/1.0 knows no chunks; and for HTTP/1.1 they let the connection live on where the
            // upstream's end of body was the end of its connection.
            return client_minor_version == 0 ? BodyKind::until_close : BodyKind::chunked;
    }
    return BodyKind::until_close;
}

/// True when the response may carry framing fields: with a body, or as what a GET would have had.
bool has_framing_fields(const ResponseHead& head, const ResponseRewrite& rewrite) {
    return head.framing.kind != BodyKind::none || rewrite.head_request || head.status == 304;
}

void add_response_connection(
    const ResponseHead& head, const ResponseRewrite& rewrite, BodyKind kind, FieldList& out
) {
    if (keeps_upgrade(head)) {
        out.push_back(
            {"Connection",
             rewrite.client_wants_close && head.status != 101 ? "Upgrade, close" : "Upgrade"}
        );
    } else if (rewrite.client_wants_close || kind == BodyKind::until_close) {
        out.push_back({"Connection", "close"});
    } else if (rewrite.client_minor_version == 0) {
        out.push_back({"Connection", "keep-alive"});
    }
}

/// Fields that must not come after the body: who asks, what is asked, how the content is to be read
/// (RFC 9110 §6.5.1).
bool is_refused_as_trailer(std::string_view name) {
    constexpr std::array<std::string_view, 15> k_refused = {
        "age",
        "authorization",
        "cache-control",
        "content-encoding",
        "content-range",
        "content-type",
        "cookie",
        "forwarded",
        "max-forwards",
        "proxy-authenticate",
        "proxy-authorization",
        "range",
        "set-cookie",
        "vary",
        "www-authenticate",
    };
    return name_of(name) != FieldName::other || claims_identity(name) || aliases_framing(name) ||
           is_same_name(name.substr(0, 12), "x-forwarded-") ||
           std::any_of(k_refused.begin(), k_refused.end(), [name](std::string_view refused) {
               return is_same_name(name, refused);
           });
}

}  // namespace

void forward_request_fields(const RequestHead& head, FieldList& out) {
    out.clear();
    const ConnectionOptions options = read_connection_options(head);
    bool has_host = false;
    for (const Field& field : head.fields) {
        switch (name_of(field.name)) {
            case FieldName::host:
                has_host = true;
                out.push_back(field);
                break;
            case FieldName::content_length:
                if (head.framing.kind == BodyKind::length) {
                    out.push_back(content_length(field));
                }
                break;
            case FieldName::transfer_encoding:
                if (head.framing.kind == BodyKind::chunked) {
                    out.push_back({field.name, "chunked"});
                }
                break;
            case FieldName::upgrade:
                if (head.has_upgrade) {
                    out.push_back(field);
                }
                break;
            case FieldName::connection:
            case FieldName::http2_settings:
            case FieldName::keep_alive:
            case FieldName::proxy_connection:
            case FieldName::te:
                break;
            case FieldName::expect:
                // To be ignored from HTTP/1.0 (RFC 9110 §10.1.1), which our 1.1 would hide.
                if (head.minor_version == 1) {
                    out.push_back(field);
                }
                break;
            case FieldName::trailer:
                out.push_back(field);
                break;
            case FieldName::other:
                if (!claims_identity(field.name) && !aliases_framing(field.name) &&
                    !is_removed_by_connection(head, options, field.name)) {
                    out.push_back(field);
                }
                break;
        }
    }
    if (!has_host) {  // HTTP/1.0; we speak 1.1 onwards, which needs one (RFC 9112 §3.2)
        out.insert(out.begin(), {"Host", head.authority});
    }
    if (options.te_trailers) {
        out.push_back({"TE", "trailers"});
    }
    if (options.te_trailers || head.has_upgrade) {
        // Whoever sends TE must list it (RFC 9110 §10.1.4).
        out.push_back({"Connection", connection_value(head.has_upgrade, options.te_trailers)});
    }
}

BodyKind forward_response_fields(
    const ResponseHead& head, const ResponseRewrite& rewrite, FieldList& out
) {
    out.clear();
    const ConnectionOptions options = read_connection_options(head);
    const BodyKind kind = body_towards_client(head, rewrite.client_minor_version);
    const bool has_framing = has_framing_fields(head, rewrite);
    const bool may_chunk = has_framing && rewrite.client_minor_version == 1;
    bool has_chunked = false;
    for (const Field& field : head.fields) {
        switch (name_of(field.name)) {
            case FieldName::content_length:
                if (has_framing) {
                    out.push_back(content_length(field));
                }
                break;
            case FieldName::transfer_encoding:
                if (may_chunk) {
                    has_chunked = true;
                    out.push_back({field.name, "chunked"});
                }
                break;
            case FieldName::trailer:
                if (may_chunk) {
                    out.push_back(field);
                }
                break;
            case FieldName::upgrade:
                if (keeps_upgrade(head)) {
                    out.push_back(field);
                }
                break;
            case FieldName::connection:
            case FieldName::http2_settings:
            case FieldName::keep_alive:
            case FieldName::proxy_connection:
            case FieldName::te:
                break;
            case FieldName::expect:
            case FieldName::host:
                out.push_back(field);
                break;
            case FieldName::other:
                if (!aliases_framing(field.name) &&
                    !is_removed_by_connection(head, options, field.name)) {
                    out.push_back(field);
                }
                break;
        }
    }
    if (kind == BodyKind::chunked && !has_chunked) {
        out.push_back({"Transfer-Encoding", "chunked"});
    }
    add_response_connection(head, rewrite, kind, out);
    return kind;
}

void forward_trailers(std::span<const Field> trailers, FieldList& out) {
    out.clear();
    for (const Field& field : trailers) {
        if (!is_refused_as_trailer(field.name)) {
            out.push_back(field);
        }
    }
}

}  // namespace proxy::http
