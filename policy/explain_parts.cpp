#include "policy/explain_parts.hpp"

#include "policy/ascii.hpp"
#include "policy/path.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace policy {
namespace {

constexpr std::size_t k_shown_bytes_max = 200;
constexpr std::size_t k_shown_rules_max = 5;

bool is_utf8_tail(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

std::string method_failure(const HttpRule& rule, const HttpView& request) {
    std::string wanted;
    for (std::size_t i = 0; i < rule.method_names.size(); ++i) {
        wanted += (i == 0 ? "" : " or ") + rule.method_names[i];
    }
    return "method " + shown(request.method.text) + " is not " + wanted;
}

std::string path_failure(const HttpRule& rule, const HttpView& request) {
    const std::string pattern = shown(rule.path->pattern());
    if (request.path.empty()) {
        return "a request without a path cannot match " + pattern;
    }
    return "path " + shown(request.path) + " does not match " + pattern;
}

std::string header_failure(const HeaderRule& rule, const HttpView& request) {
    const std::string pattern = shown(rule.matcher.pattern());
    if (rule.is_host) {
        return request.authority.empty()
                   ? "header host is absent"
                   : "host " + shown(request.authority) + " does not match " + pattern;
    }
    for (const HeaderField& field : request.headers) {
        if (equal_ignoring_case(field.name, rule.name) && !rule.matcher.matches(field.value)) {
            return "header " + rule.name + ": value '" + shown(field.value) + "' does not match " +
                   pattern;
        }
    }
    return "header " + rule.name + " is absent";
}

RuleFailure first_failure(const HttpRule& rule, const HttpView& request) {
    if (rule.is_never) {
        return {0, "it cannot be read or its pattern cannot be used"};
    }
    if (!rule.methods.contains(request.method)) {
        return {0, method_failure(rule, request)};
    }
    if (!path_matches(rule, request.path)) {
        return {1, path_failure(rule, request)};
    }
    int progress = 2;
    for (const HeaderRule& header : rule.headers) {
        if (!header_matches(header, request)) {
            return {progress, header_failure(header, request)};
        }
        ++progress;
    }
    return {progress, {}};
}

}  // namespace

JudgedRequest judge_request(
    const RequestQuestion& request, bool has_path_rules, const Options& options
) {
    JudgedRequest judged;
    for (const HeaderLine& header : request.headers) {
        judged.fields.push_back({header.name, header.value});
    }
    const TargetParts parts = split_target(request.method, request.target);
    if (has_path_rules && !parts.path.empty()) {
        judged.is_path_refused =
            canonical_path(parts.path, options.keep_escaped_slash, judged.path) != PathVerdict::ok;
    } else {
        judged.path = parts.path;
    }
    return judged;
}

RuleFailure find_failure(const HttpRule& rule, const HttpView& request) {
    RuleFailure failure = first_failure(rule, request);
    if (!failure.sentence.empty()) {
        failure.sentence = "match " + shown(rule.name) + ": " + failure.sentence;
    }
    return failure;
}

std::string find_failures(const std::vector<const HttpRule*>& rules, const HttpView& request) {
    std::vector<RuleFailure> failures;
    for (const HttpRule* rule : rules) {
        RuleFailure failure = find_failure(*rule, request);
        const auto place =
            std::find_if(failures.begin(), failures.end(), [&](const RuleFailure& other) {
                return other.progress < failure.progress;
            });
        failures.insert(place, std::move(failure));
        if (failures.size() > k_shown_rules_max) {
            failures.pop_back();
        }
    }
    std::string text;
    for (const RuleFailure& failure : failures) {
        text += (text.empty() ? "" : "; ") + failure.sentence;
    }
    if (rules.size() > failures.size()) {
        text += "; " + std::to_string(rules.size() - failures.size()) + " more do not match";
    }
    return text;
}

std::string protocol_text(Protocol protocol) {
    switch (protocol) {
        case Protocol::tcp:
            return "TCP bytes";
        case Protocol::udp:
            return "UDP datagrams";
        case Protocol::http:
            break;
    }
    return "HTTP";
}

std::string short_text(const Identity& identity, const std::string& trust_domain) {
    return identity.trust_domain == trust_domain && identity.path.empty()
               ? identity.name_space + '/' + identity.service_account
               : identity.uri();
}

std::string short_text(const ObjectName& name) {
    return name.name_space + '/' + name.name;
}

std::string shown(std::string_view text) {
    constexpr std::array<char, 16> hex{
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };
    std::size_t size = std::min(text.size(), k_shown_bytes_max);
    while (size < text.size() && size > 0 && is_utf8_tail(text[size])) {
        --size;
    }
    std::string out;
    for (const char c : text.substr(0, size)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += {'\\', 'x', hex[byte >> 4], hex[byte & 0xf]};
        } else {
            out += c;
        }
    }
    return size < text.size() ? out + "…" : out;
}

std::string enumerate(const std::vector<std::string>& items, std::size_t shown_max) {
    std::string text;
    for (std::size_t i = 0; i < std::min(items.size(), shown_max); ++i) {
        text += (i == 0 ? "" : ", ") + items[i];
    }
    if (items.size() > shown_max) {
        text += " and " + std::to_string(items.size() - shown_max) + " more";
    }
    return text;
}

std::string refused_path_sentence(const RequestQuestion& request) {
    return "the path of " + shown(request.target) +
           " has no safe canonical form (an escaped slash, a backslash, a control byte, a broken "
           "escape or a \"..\" above the root), and a path condition takes part here";
}

}  // namespace policy
