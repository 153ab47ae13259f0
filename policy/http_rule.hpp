// One HTTP match of a route group, compiled: method ∧ path ∧ every header (smi.md §1.7).
#pragma once

#include "policy/matcher.hpp"
#include "policy/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// A method as compared: a bit for each that HTTP defines, the text for the others.
struct MethodKey {
    std::uint16_t bit = 0;
    std::string_view text;
};
/// Exact and case-sensitive (RFC 9110 §9.1).
[[nodiscard]] MethodKey method_key(std::string_view method);

class MethodSet {
 public:
    void allow_any() { is_any_ = true; }
    void add(const std::string& method);
    [[nodiscard]] bool is_any() const { return is_any_; }
    [[nodiscard]] bool contains(const MethodKey& key) const;

 private:
    bool is_any_ = false;
    std::uint16_t bits_ = 0;
    std::vector<std::string> others_;
};

struct HeaderRule {
    std::string name;
    bool is_host = false;  // "host" means :authority (S6, U4)
    Matcher matcher;
};

struct HttpRule {
    std::string name;
    bool is_never = false;  // unreadable, or with a pattern that does not compile
    MethodSet methods;
    std::vector<std::string> method_names;  // for people: as given, empty means any
    std::optional<Matcher> path;            // absent: any path
    std::vector<HeaderRule> headers;

    /// True when the path takes part in the decision.
    [[nodiscard]] bool has_path_condition() const { return path && !path->matches_everything(); }
};

/// What of a request a rule can see. Views live as long as the message.
struct HttpView {
    MethodKey method;
    std::string_view path;  // canonical, without query; empty: nothing but "any path" matches
    std::string_view authority;
    std::span<const HeaderField> headers;
};

[[nodiscard]] bool matches(const HttpRule& rule, const HttpView& request);
/// The rest of `matches`, for a rule whose path condition is known to hold.
[[nodiscard]] bool matches_besides_path(const HttpRule& rule, const HttpView& request);

// The conditions of matches() one by one, for who must tell people which one failed.

[[nodiscard]] bool path_matches(const HttpRule& rule, std::string_view path);
/// The header must be there, and each of its values must match: a second line with another value
/// must not slip past what the first one satisfied (smi.md §1.8).
[[nodiscard]] bool header_matches(const HeaderRule& rule, const HttpView& request);

}  // namespace policy
