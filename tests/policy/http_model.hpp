// HTTPRouteGroups as the oracles see them: what a match says, and when it holds, in other words
// than the code's. Clauses of smi.md stand beside.
#pragma once

#include "tests/policy/dice.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy::test {

/// A regular expression with what it means, said without one. `text` is a YAML double-quoted
/// scalar's inside.
struct Pattern {
    const char* text;
    bool (*starts)(std::string_view);  // anchored at the beginning (U1, paths)
    bool (*found)(std::string_view);   // anywhere (U3, headers)
    bool (*is_all)(std::string_view);  // the whole value
    bool is_any = false;               // stands for whatever there is, also for no path at all
};

constexpr auto k_never = [](std::string_view) { return false; };
constexpr auto k_always = [](std::string_view) { return true; };

constexpr std::array<Pattern, 7> k_paths{{
    {"/a",
     [](std::string_view path) { return path.starts_with("/a"); },
     k_never,
     [](std::string_view path) { return path == "/a"; }},
    {"/a$",
     [](std::string_view path) { return path == "/a"; },
     k_never,
     [](std::string_view path) { return path == "/a"; }},
    {"/(a|b)/",
     [](std::string_view path) { return path.starts_with("/a/") || path.starts_with("/b/"); },
     k_never,
     [](std::string_view path) { return path == "/a/" || path == "/b/"; }},
    {".*b",
     [](std::string_view path) { return path.find('b') != std::string_view::npos; },
     k_never,
     [](std::string_view path) { return path.ends_with('b'); }},
    {"/a/.*",
     [](std::string_view path) { return path.starts_with("/a/"); },
     k_never,
     [](std::string_view path) { return path.starts_with("/a/"); }},
    {".*", k_always, k_never, k_always, true},
    {"(", k_never, k_never, k_never},  // U35: does not compile, so it never matches
}};
// "" is what CONNECT and "*" have for a path (smi.md §1.7).
constexpr std::array<const char*, 8> k_request_paths{
    "/", "/a", "/a/b", "/ab", "/b", "/b/c", "/a/", ""
};

struct HeaderChoice {
    const char* name;
    Pattern pattern;
};
constexpr std::array<HeaderChoice, 6> k_headers{{
    {"X",
     {"^1$",
      k_never,
      [](std::string_view value) { return value == "1"; },
      [](std::string_view value) { return value == "1"; }}},
    {"x",
     {"1",
      k_never,
      [](std::string_view value) { return value.find('1') != std::string_view::npos; },
      [](std::string_view value) { return value == "1"; }}},
    {"X", {".*", k_never, k_always, k_always}},
    {"y", {"(", k_never, k_never, k_never}},
    {"Host",
     {"^pay$",
      k_never,
      [](std::string_view value) { return value == "pay"; },
      [](std::string_view value) { return value == "pay"; }}},
    {"host",
     {"80",
      k_never,
      [](std::string_view value) { return value.find("80") != std::string_view::npos; },
      [](std::string_view value) { return value == "80"; }}},
}};
constexpr std::array<const char*, 4> k_header_values{"1", "2", "21", ""};
constexpr std::array<const char*, 5> k_methods{"GET", "POST", "PURGE", "get", "*"};
constexpr std::array<const char*, 4> k_request_methods{"GET", "POST", "PURGE", "get"};
constexpr std::array<const char*, 3> k_match_names{"m", "n", "o"};

struct ModelMatch {
    std::string name;
    std::optional<std::size_t> path;   // of k_paths
    std::vector<std::string> methods;  // as written
    std::vector<std::size_t> headers;  // of k_headers
    bool is_broken = false;            // its pathRegex is no string
};
struct ModelGroup {
    std::string name_space, name;
    std::vector<ModelMatch> matches;
};
struct ModelRequest {
    std::string method = "GET", path = "/", authority = "pay";
    std::vector<std::string> x_values;  // of header lines "x"
};
/// The switches (options.hpp) that matches depend on.
struct ModelModes {
    bool full_paths = false;
    bool full_headers = false;
};

// --- Making some ---

inline ModelMatch random_match(Dice& dice) {
    ModelMatch match;
    match.name = dice.pick(k_match_names);  // U30: several may share one
    if (dice.below(3) > 0) {
        match.path = static_cast<std::size_t>(dice.below(static_cast<int>(k_paths.size())));
    }
    for (int i = dice.below(3); i > 0; --i) {
        match.methods.emplace_back(dice.pick(k_methods));
    }
    for (int i = std::max(dice.below(5) - 2, 0); i > 0; --i) {
        const auto header =
            static_cast<std::size_t>(dice.below(static_cast<int>(k_headers.size())));
        const std::string name = k_headers[header].name;
        const bool is_new = std::none_of(match.headers.begin(), match.headers.end(), [&](auto h) {
            return k_headers[h].name == name;  // a mapping has each key once
        });
        if (is_new) {
            match.headers.push_back(header);
        }
    }
    match.is_broken = dice.one_in(20);
    return match;
}

inline ModelRequest random_http_request(Dice& dice) {
    ModelRequest request;
    request.method = dice.pick(k_request_methods);
    request.path = dice.pick(k_request_paths);
    request.authority =
        dice.pick(std::array<const char*, 6>{"pay", "pay:80", "PAY.:80", "x80", "other", ""});
    for (int i = dice.below(3); i > 0; --i) {
        request.x_values.emplace_back(dice.pick(k_header_values));
    }
    return request;
}

/// "[a, b]".
inline std::string flow_list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) {
        text += (text.size() > 1 ? ", " : "") + item;
    }
    return text + "]";
}

inline std::string flow_text(const ModelMatch& match, bool headers_as_list) {
    std::string text = "{name: " + match.name;
    if (match.is_broken) {
        text += ", pathRegex: [/]";
    } else if (match.path) {
        text += std::string(", pathRegex: \"") + k_paths[*match.path].text + '"';
    }
    std::vector<std::string> methods;
    for (const std::string& method : match.methods) {
        methods.push_back('"' + method + '"');
    }
    text += methods.empty() ? "" : ", methods: " + flow_list(methods);
    std::vector<std::string> headers;
    for (const std::size_t header : match.headers) {
        const std::string entry =
            std::string(k_headers[header].name) + ": \"" + k_headers[header].pattern.text + '"';
        headers.push_back(headers_as_list ? '{' + entry + '}' : entry);
    }
    const std::string list = flow_list(headers);
    const std::string inner = list.substr(1, list.size() - 2);
    text += headers.empty() ? "" : ", headers: " + (headers_as_list ? list : '{' + inner + '}');
    return text + '}';
}

/// The document, in a random one of the versions (smi.md §1.2) and shapes of headers (finding 1).
inline std::string manifest(const ModelGroup& group, Dice& dice) {
    const int version = 1 + dice.below(4);
    const bool headers_as_list = dice.one_in(2);
    std::vector<std::string> matches;
    for (const ModelMatch& match : group.matches) {
        matches.push_back(flow_text(match, headers_as_list));
    }
    const std::string list = flow_list(matches);
    return "---\napiVersion: specs.smi-spec.io/v1alpha" + std::to_string(version) +
           "\nkind: HTTPRouteGroup\nmetadata: {name: " + group.name +
           ", namespace: " + group.name_space + "}\n" +
           (version < 3 ? "matches: " + list : "spec: {matches: " + list + "}") + '\n';
}

// --- When a match holds (S1–S6, U1–U4, U29, U35, §1.7, §1.8) ---

inline std::string in_capitals(std::string text) {
    for (char& c : text) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

/// S2, U29: the request's method as it is, the configured one in capitals; "*" is any.
inline bool method_holds(const ModelMatch& match, const ModelRequest& request) {
    for (const std::string& method : match.methods) {
        if (method == "*" || in_capitals(method) == request.method) {
            return true;
        }
    }
    return match.methods.empty();
}

/// S1, S5, U1; §1.7: what has no path is matched by "any path" alone.
inline bool path_holds(
    const ModelMatch& match, const ModelRequest& request, const ModelModes& modes
) {
    if (!match.path) {
        return true;
    }
    const Pattern& pattern = k_paths[*match.path];
    if (request.path.empty()) {
        return pattern.is_any;
    }
    return modes.full_paths ? pattern.is_all(request.path) : pattern.starts(request.path);
}

/// S6, U3, U4; §1.8: the header is there, and every value of it matches.
inline bool header_holds(
    const HeaderChoice& header, const ModelRequest& request, const ModelModes& modes
) {
    const auto matches = modes.full_headers ? header.pattern.is_all : header.pattern.found;
    const std::string name = in_capitals(header.name);
    if (name == "HOST") {
        // :authority as sent, and once more as a bare host in its one form.
        std::string host = request.authority.substr(0, request.authority.find(':'));
        host = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
        std::transform(host.begin(), host.end(), host.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        return !request.authority.empty() && (matches(request.authority) || matches(host));
    }
    if (name != "X") {
        return false;  // requests here have no other headers
    }
    return !request.x_values.empty() &&
           std::all_of(request.x_values.begin(), request.x_values.end(), matches);
}

inline bool holds(const ModelMatch& match, const ModelRequest& request, const ModelModes& modes) {
    bool is_usable = !match.is_broken && !(match.path && k_paths[*match.path].text[0] == '(');
    bool headers_hold = true;
    for (const std::size_t header : match.headers) {
        headers_hold = headers_hold && header_holds(k_headers[header], request, modes);
        is_usable = is_usable && k_headers[header].pattern.text[0] != '(';
    }
    return is_usable && method_holds(match, request) && path_holds(match, request, modes) &&
           headers_hold;
}

}  // namespace policy::test
