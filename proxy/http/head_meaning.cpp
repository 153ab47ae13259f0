#include "proxy/http/head_meaning.hpp"

#include "proxy/http/field_names.hpp"
#include "proxy/http/target.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace proxy::http {
namespace {

// RFC 9110 knows no more than 8 letters, WebDAV 16.
constexpr std::size_t k_method_bytes_max = 32;
// Each field is looked up in these when it is forwarded.
constexpr std::size_t k_connection_options_max = 32;

// Other protocols that look like HTTP (RFC 7826, Icecast), and HTTP/2's preface.
constexpr std::array<std::string_view, 13> k_foreign_methods = {
    "ANNOUNCE",
    "DESCRIBE",
    "FLUSH",
    "GET_PARAMETER",
    "PAUSE",
    "PLAY",
    "PRI",
    "RECORD",
    "REDIRECT",
    "SETUP",
    "SET_PARAMETER",
    "SOURCE",
    "TEARDOWN",
};

/// The fields that decide about framing and connection, as they were found.
struct FramingFields {
    std::optional<std::string_view> host;
    std::optional<std::string_view> content_length;
    std::optional<std::string_view> transfer_encoding;
    bool has_close = false;
    bool has_keep_alive = false;
    bool lists_upgrade = false;
    bool has_upgrade = false;
    bool expects_continue = false;
    std::size_t connection_options = 0;
};

/// Sets `slot` once; the second field of the name is trouble, even when it says the same.
Trouble set_once(
    std::optional<std::string_view>& slot, std::string_view value, std::string_view again
) {
    if (slot) {
        return {again};
    }
    slot = value;
    return {};
}

Trouble note_connection(Head& head, FramingFields& facts, std::string_view value) {
    for (ListReader options{value}; const auto option = options.next();) {
        if (is_same_name(*option, "close")) {
            facts.has_close = true;
        } else if (is_same_name(*option, "keep-alive")) {
            facts.has_keep_alive = true;
        } else if (is_same_name(*option, "upgrade")) {
            facts.lists_upgrade = true;
        } else {
            const FieldName name = name_of(*option);
            head.connection_lists_fields |=
                name == FieldName::other || name == FieldName::identity_claim;
        }
        if (++facts.connection_options > k_connection_options_max) {
            return {"Connection lists too many names", true};
        }
    }
    return {};
}

/// An upgrade to another HTTP would carry requests past the policy that judges each one, and TLS
/// inside is never ours to start (RFC 2817). Not offered on: the request then goes without it.
bool may_upgrade_to(std::string_view value) {
    bool has_any = false;
    for (ListReader protocols{value}; const auto protocol = protocols.next();) {
        const std::string_view name = protocol->substr(0, protocol->find('/'));
        if (is_same_name(name, "h2c") || is_same_name(name, "h2") || is_same_name(name, "http") ||
            is_same_name(name, "tls")) {
            return false;
        }
        has_any = true;
    }
    return has_any;
}

Trouble note_field(Head& head, FramingFields& facts, const Field& field, FieldName name) {
    switch (name) {
        case FieldName::host:
            return set_once(facts.host, field.value, "more than one Host");
        case FieldName::content_length:
            return set_once(facts.content_length, field.value, "more than one Content-Length");
        case FieldName::transfer_encoding:
            return set_once(
                facts.transfer_encoding, field.value, "more than one Transfer-Encoding"
            );
        case FieldName::connection:
            return note_connection(head, facts, field.value);
        case FieldName::upgrade:
            facts.has_upgrade |= !field.value.empty();
            return {};
        case FieldName::expect:
            facts.expects_continue |= is_same_name(field.value, "100-continue");
            return {};
        case FieldName::te:
            head.takes_trailers |= head.minor_version == 1 && has_token(field.value, "trailers");
            return {};
        case FieldName::framing_alias:
        case FieldName::http2_settings:
        case FieldName::identity_claim:
        case FieldName::keep_alive:
        case FieldName::other:
        case FieldName::proxy_connection:
        case FieldName::trailer:
            return {};
    }
    return {};
}

/// "3 TAB" is OWS to the letter (RFC 9110 §5.6.3), but not to every reader: llhttp refuses it.
bool has_tab_behind(std::string_view line, const Field& field) {
    const auto value_begin = static_cast<std::size_t>(field.value.data() - line.data());
    return line.find('\t', value_begin) != std::string_view::npos;
}

Trouble read_fields(Head& head, const HeadScanner& lines, FramingFields& facts) {
    const std::string_view text = head.text;
    const std::span<const std::uint32_t> ends = lines.line_ends();
    head.fields.clear();
    head.names.clear();
    head.takes_trailers = head.connection_lists_fields = false;
    for (std::size_t i = 1; i < ends.size(); ++i) {
        const std::size_t begin = ends[i - 1] + std::size_t{2};
        const std::string_view line = text.substr(begin, ends[i] - begin);
        Field& field = head.fields.emplace_back();
        if (const Trouble trouble = lines.has_controls() ? parse_field_line(line, field)
                                                         : split_field_line(line, field)) {
            return trouble;
        }
        const FieldName name = head.names.emplace_back(name_of(field.name));
        if (name == FieldName::other) {
            continue;
        }
        if (const Trouble trouble = note_field(head, facts, field, name)) {
            return trouble;
        }
        const bool is_framing =
            name == FieldName::content_length || name == FieldName::transfer_encoding;
        if (is_framing && has_tab_behind(line, field)) {
            return {"a tab stands behind the value of a framing field"};
        }
    }
    return {};
}

Trouble read_version(std::string_view text, Head& head) {
    if (text != "HTTP/1.1" && text != "HTTP/1.0") {
        return {"the version is neither HTTP/1.0 nor HTTP/1.1"};
    }
    head.minor_version = text.back() == '1' ? 1 : 0;
    return {};
}

/// Framing as the fields say, kind none when they say nothing; both or doubtful ones are trouble.
Trouble read_framing(Head& head, const FramingFields& facts) {
    head.framing = {};
    if (facts.transfer_encoding) {
        if (facts.content_length) {
            return {"both Content-Length and Transfer-Encoding"};
        }
        if (head.minor_version == 0) {
            return {"Transfer-Encoding in HTTP/1.0"};
        }
        if (!is_same_name(*facts.transfer_encoding, "chunked")) {
            return {"Transfer-Encoding is not exactly chunked"};
        }
        head.framing.kind = BodyKind::chunked;
    } else if (facts.content_length) {
        const std::string_view text = *facts.content_length;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), head.framing.length);
        if (error != std::errc{} || end != text.data() + text.size()) {
            return {"Content-Length is not a number"};
        }
        head.framing.kind = BodyKind::length;
    }
    return {};
}

void read_persistence(Head& head, const FramingFields& facts) {
    head.keep_alive = !facts.has_close && (head.minor_version == 1 || facts.has_keep_alive);
    // An HTTP/1.0 sender cannot upgrade (RFC 9110 §7.8).
    head.has_upgrade = head.minor_version == 1 && facts.lists_upgrade && facts.has_upgrade;
}

bool is_method(std::string_view method) {
    if (method == "GET" || method == "POST") {
        return true;  // as most are
    }
    // A token, but without small letters: "get" or "Head" would be one method to us and may be
    // another to a lenient application.
    const bool has_small =
        std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    return !method.empty() && method.size() <= k_method_bytes_max && !has_small &&
           consists_of(method, k_token_characters) &&
           !std::binary_search(k_foreign_methods.begin(), k_foreign_methods.end(), method);
}

/// "METHOD SP target SP HTTP/1.x": exactly one space each.
Trouble read_request_line(RequestHead& head, std::string_view line, const Limits& limits) {
    const std::size_t method_end = line.find(' ');
    const std::size_t target_end =
        method_end == std::string_view::npos ? method_end : line.find(' ', method_end + 1);
    if (target_end == std::string_view::npos) {
        return {"the request line is not method, target and version"};
    }
    head.method = line.substr(0, method_end);
    head.target = line.substr(method_end + 1, target_end - method_end - 1);
    if (!is_method(head.method)) {
        return {"no HTTP method"};
    }
    if (head.target.empty()) {
        return {"more than one space in the request line"};
    }
    if (head.target.size() > limits.target_bytes_max) {
        return {"the target is too long", true};
    }
    return read_version(line.substr(target_end + 1), head);
}

/// "HTTP/1.x SP 3DIGIT [SP reason]". The space before an empty reason is often left out; nothing
/// depends on it.
Trouble read_status_line(ResponseHead& head, std::string_view line) {
    constexpr std::size_t k_version_size = 8;
    constexpr std::size_t k_status_end = 12;
    if (const Trouble trouble = read_version(line.substr(0, k_version_size), head)) {
        return trouble;
    }
    const bool has_status = line.size() >= k_status_end && line[k_version_size] == ' ' &&
                            line[9] >= '1' && line[9] <= '9' && is_digit(line[10]) &&
                            is_digit(line[11]);
    if (!has_status || (line.size() > k_status_end && line[k_status_end] != ' ')) {
        return {"the status line is not version, status and reason"};
    }
    head.status = static_cast<std::uint16_t>(
        (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0')
    );
    head.reason_phrase = line.size() > k_status_end ? line.substr(k_status_end + 1) : "";
    if (!is_field_value(head.reason_phrase)) {
        return {"the reason phrase holds a control character"};
    }
    return {};
}

/// RFC 9112 §6.3, items 1, 2 and 8.
Trouble read_response_body_kind(ResponseHead& head, const Question& question) {
    if (question.is_connect && head.status >= 200 && head.status < 300) {
        head.framing = {};  // whatever it said; the bytes that follow are not HTTP
        head.keep_alive = false;
        return {};
    }
    if (head.status < 200 || head.status == 204) {
        // Must not say anything about a body (RFC 9110 §8.6, RFC 9112 §6.1). "0" is harmless and
        // common; with more, who reads by status and who reads by length part ways.
        if (head.framing.kind == BodyKind::chunked || head.framing.length != 0) {
            return {"a response without a body announces one"};
        }
        head.framing = {};
        if (head.status == 101) {
            head.keep_alive = false;
        }
        return {};
    }
    if (question.is_head || head.status == 304) {
        head.framing = {};
    } else if (head.framing.kind == BodyKind::none) {
        head.framing.kind = BodyKind::until_close;
        head.keep_alive = false;
    }
    return {};
}

}  // namespace

Trouble understand_request(RequestHead& head, const HeadScanner& lines, const Limits& limits) {
    const std::string_view line = std::string_view{head.text}.substr(0, lines.line_ends()[0]);
    if (const Trouble trouble = read_request_line(head, line, limits)) {
        return trouble;
    }
    FramingFields facts;
    if (const Trouble trouble = read_fields(head, lines, facts)) {
        return trouble;
    }
    if (head.minor_version == 1 && !facts.host) {
        return {"no Host"};
    }
    if (const Trouble trouble = understand_target(head, facts.host)) {
        return trouble;
    }
    if (const Trouble trouble = read_framing(head, facts)) {
        return trouble;
    }
    if (head.method == "CONNECT" &&
        (head.framing.kind == BodyKind::chunked || head.framing.length != 0)) {
        return {"CONNECT has a body"};
    }
    read_persistence(head, facts);
    for (std::size_t i = 0; head.has_upgrade && i < head.fields.size(); ++i) {
        if (head.names[i] == FieldName::upgrade) {
            head.has_upgrade = may_upgrade_to(head.fields[i].value);
        }
    }
    head.expects_continue = facts.expects_continue && head.minor_version == 1;
    return {};
}

Trouble understand_response(
    ResponseHead& head, const HeadScanner& lines, const Question& question
) {
    const std::string_view line = std::string_view{head.text}.substr(0, lines.line_ends()[0]);
    if (const Trouble trouble = read_status_line(head, line)) {
        return trouble;
    }
    FramingFields facts;
    if (const Trouble trouble = read_fields(head, lines, facts)) {
        return trouble;
    }
    if (const Trouble trouble = read_framing(head, facts)) {
        return trouble;
    }
    read_persistence(head, facts);
    if (head.status == 101 && !head.has_upgrade) {
        return {"101 without an upgrade"};
    }
    return read_response_body_kind(head, question);
}

}  // namespace proxy::http
