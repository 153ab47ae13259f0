#include "proxy/http/forwarding.hpp"

#include "proxy/http/field_names.hpp"
#include "proxy/http/grammar.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace proxy::http {
namespace {

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

bool is_listed(const Head& head, std::string_view name) {
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        if (head.names[i] == FieldName::connection && has_token(head.fields[i].value, name)) {
            return true;
        }
    }
    return false;
}

bool is_removed_by_connection(const Head& head, std::string_view name) {
    return head.connection_lists_fields && is_listed(head, name) &&
           !is_kept_despite_connection(name);
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
    return name_of(name) != FieldName::other || is_same_name(name.substr(0, 12), "x-forwarded-") ||
           std::any_of(k_refused.begin(), k_refused.end(), [name](std::string_view refused) {
               return is_same_name(name, refused);
           });
}

}  // namespace

void forward_request_fields(const RequestHead& head, FieldList& out) {
    out.clear();
    bool has_host = false;
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        const Field& field = head.fields[i];
        switch (head.names[i]) {
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
            case FieldName::framing_alias:
            case FieldName::http2_settings:
            case FieldName::identity_claim:
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
                if (!is_removed_by_connection(head, field.name)) {
                    out.push_back(field);
                }
                break;
        }
    }
    if (!has_host) {  // HTTP/1.0; we speak 1.1 onwards, which needs one (RFC 9112 §3.2)
        out.insert(out.begin(), {"Host", head.authority});
    }
    if (head.takes_trailers) {
        out.push_back({"TE", "trailers"});
    }
    if (head.takes_trailers || head.has_upgrade) {
        // Whoever sends TE must list it (RFC 9110 §10.1.4).
        out.push_back({"Connection", connection_value(head.has_upgrade, head.takes_trailers)});
    }
}

BodyKind forward_response_fields(
    const ResponseHead& head, const ResponseRewrite& rewrite, FieldList& out
) {
    out.clear();
    const BodyKind kind = body_towards_client(head, rewrite.client_minor_version);
    const bool has_framing = has_framing_fields(head, rewrite);
    const bool may_chunk = has_framing && rewrite.client_minor_version == 1;
    bool has_chunked = false;
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        const Field& field = head.fields[i];
        switch (head.names[i]) {
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
            case FieldName::framing_alias:
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
            case FieldName::identity_claim:  // the application may answer with any
                if (!is_removed_by_connection(head, field.name)) {
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
