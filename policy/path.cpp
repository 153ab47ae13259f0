#include "policy/path.hpp"

#include <optional>

namespace policy {
namespace {

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// RFC 3986 §2.3.
bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

std::optional<unsigned> hex_value(char c) {
    if (is_digit(c)) {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a' + 10);
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A' + 10);
    }
    return std::nullopt;
}

/// Bytes that no path holds unescaped. '?' and '#' end a path (RFC 3986 §3.3); a space would end
/// the target when it is written again as HTTP/1; '\' is a slash to some applications.
bool may_stand_bare(char c) {
    return !is_control(c) && c != ' ' && c != '\\' && c != '?' && c != '#';
}

/// Appends the escape that `text` begins with: decoded if it is of an unreserved byte, else as it
/// stands. False when it is broken or hides a byte that must not come through.
bool append_escape(std::string_view text, bool keep_escaped_slash, std::string& out) {
    if (text.size() < 3) {
        return false;
    }
    const auto high = hex_value(text[1]);
    const auto low = hex_value(text[2]);
    if (!high || !low) {
        return false;
    }
    const char byte = static_cast<char>(*high * 16 + *low);
    if (is_control(byte) || ((byte == '/' || byte == '\\') && !keep_escaped_slash)) {
        return false;
    }
    if (is_unreserved(byte)) {
        out.push_back(byte);
    } else {
        out.append(text.substr(0, 3));
    }
    return true;
}

bool append_segment(std::string_view segment, bool keep_escaped_slash, std::string& out) {
    for (std::size_t i = 0; i < segment.size();) {
        if (segment[i] == '%') {
            if (!append_escape(segment.substr(i), keep_escaped_slash, out)) {
                return false;
            }
            i += 3;
            continue;
        }
        if (!may_stand_bare(segment[i])) {
            return false;
        }
        out.push_back(segment[i]);
        ++i;
    }
    return true;
}

/// Settles the decoded segment that begins (with its '/') at `begin` of `out`: empty ones merge,
/// dot segments go. False for a ".." above the root.
bool settle_segment(std::size_t begin, bool is_last, std::string& out) {
    std::string_view name = std::string_view(out).substr(begin + 1);
    if (name.empty() && !is_last) {
        out.resize(begin);
        return true;
    }
    // Servlet containers cut ";…" off before they look for dots: so do we, for the test alone.
    name = name.substr(0, name.find(';'));
    if (name != "." && name != "..") {
        return true;
    }
    const bool goes_up = name == "..";
    out.resize(begin);
    if (goes_up) {
        if (out.empty()) {
            return false;
        }
        out.resize(out.rfind('/'));
    }
    if (is_last) {
        out.push_back('/');
    }
    return true;
}

/// Length of "scheme://", or 0 when `target` has none (RFC 3986 §3.1).
std::size_t scheme_length(std::string_view target) {
    const std::size_t end = target.find("://");
    if (end == std::string_view::npos || end == 0 || !is_alpha(target[0])) {
        return 0;
    }
    for (const char c : target.substr(0, end)) {
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') {
            return 0;
        }
    }
    return end + 3;
}

TargetParts split_query(std::string_view text) {
    const std::size_t question = text.find('?');
    if (question == std::string_view::npos) {
        return {text, {}};
    }
    return {text.substr(0, question), text.substr(question)};
}

}  // namespace

TargetParts split_target(std::string_view method, std::string_view target) {
    // Also an extended CONNECT (RFC 8441), which has a path.
    if (target.starts_with('/')) {
        return split_query(target);
    }
    if (method == "CONNECT" || target == "*") {
        return {};
    }
    const std::size_t scheme = scheme_length(target);
    if (scheme == 0) {
        return split_query(target);  // no form that exists: canonical_path refuses it
    }
    const std::size_t end = target.find_first_of("/?#", scheme);
    if (end == std::string_view::npos) {
        // RFC 9112 §3.2.4: an absolute OPTIONS without a path stands for "*".
        return method == "OPTIONS" ? TargetParts{} : TargetParts{"/", {}};
    }
    TargetParts parts = split_query(target.substr(end));
    if (parts.path.empty()) {
        parts.path = "/";
    }
    return parts;
}

PathVerdict canonical_path(std::string_view path, bool keep_escaped_slash, std::string& out) {
    out.clear();
    if (!path.starts_with('/')) {
        return PathVerdict::refused;
    }
    bool is_last = false;
    for (std::size_t i = 1; !is_last;) {
        const std::size_t slash = path.find('/', i);
        is_last = slash == std::string_view::npos;
        const std::size_t begin = out.size();
        out.push_back('/');
        if (!append_segment(path.substr(i, is_last ? slash : slash - i), keep_escaped_slash, out) ||
            !settle_segment(begin, is_last, out)) {
            out.clear();
            return PathVerdict::refused;
        }
        i = slash + 1;
    }
    return PathVerdict::ok;
}

}  // namespace policy
