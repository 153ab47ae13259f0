// What explain_access and explain_route share. Private to explain.
#pragma once

#include "policy/http_rule.hpp"
#include "policy/options.hpp"
#include "policy/question.hpp"
#include "policy/resource.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// The request in the form in which policy judges it. Views into the question, which outlives it.
struct JudgedRequest {
    std::vector<HeaderField> fields;
    std::string path;              // canonical where path conditions take part
    bool is_path_refused = false;  // they do, and it has no canonical form

    [[nodiscard]] HttpView view(const RequestQuestion& request) const {
        return {method_key(request.method), path, request.authority, fields};
    }
};
[[nodiscard]] JudgedRequest judge_request(
    const RequestQuestion& request, bool has_path_rules, const Options& options
);

/// The first condition of `rule` that `request` fails: method, then path, then headers.
struct RuleFailure {
    int progress = 0;      // how many conditions held before it
    std::string sentence;  // "match m: method POST is not GET"; empty: nothing failed
};
[[nodiscard]] RuleFailure find_failure(const HttpRule& rule, const HttpView& request);
/// The same of several rules, the furthest first; the number of those named is bounded.
[[nodiscard]] std::string find_failures(
    const std::vector<const HttpRule*>& rules, const HttpView& request
);

/// "TCP bytes", "UDP datagrams".
[[nodiscard]] std::string protocol_text(Protocol protocol);
/// "shop/web" in `trust_domain`, else the URI.
[[nodiscard]] std::string short_text(const Identity& identity, const std::string& trust_domain);
/// "ns/name".
[[nodiscard]] std::string short_text(const ObjectName& name);
/// Cut where it is too long to read, without control bytes.
[[nodiscard]] std::string shown(std::string_view text);

/// "a, b, c and 9 more".
[[nodiscard]] std::string enumerate(const std::vector<std::string>& items, std::size_t shown_max);

/// Why a path cannot be judged.
[[nodiscard]] std::string refused_path_sentence(const RequestQuestion& request);

}  // namespace policy
