#include "policy/group_table.hpp"

#include "policy/ascii.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace policy {
namespace {

constexpr std::string_view k_kind = "HTTPRouteGroup";

using NameView = std::pair<std::string_view, std::string_view>;  // namespace, name

class GroupCompiler {
 public:
    GroupCompiler(
        const Options& options,
        const HttpRouteGroup& group,
        bool is_in_targets,
        std::vector<Problem>& problems
    )
        : options_(options), group_(group), is_in_targets_(is_in_targets), problems_(problems) {}

    RouteGroup compile() {
        RouteGroup compiled;
        // Spoiled as a whole: its names still resolve, and match nothing.
        for (const HttpMatch& match : group_.matches) {
            compiled.rules.push_back(compile_match(match));
            compiled.rules.back().is_never |= group_.is_spoiled;
        }
        return compiled;
    }

 private:
    HttpRule compile_match(const HttpMatch& match) {
        HttpRule rule;
        rule.name = match.name;
        rule.is_never = match.is_spoiled;
        add_methods(match, rule);
        add_path(match, rule);
        for (const HeaderCondition& header : match.headers) {
            add_header(match, header, rule);
        }
        return rule;
    }

    static void add_methods(const HttpMatch& match, HttpRule& rule) {
        const auto& methods = match.methods;
        if (methods.empty() || std::find(methods.begin(), methods.end(), "*") != methods.end()) {
            rule.methods.allow_any();
            return;
        }
        rule.method_names = methods;
        for (const std::string& method : methods) {
            rule.methods.add(method);
        }
    }

    void add_path(const HttpMatch& match, HttpRule& rule) {
        if (!match.path_regex) {
            return;
        }
        const RegexMode mode = options_.path_regex;
        auto matcher = Matcher::make(*match.path_regex, mode);
        if (!matcher) {
            report_invalid(match.origin, "pathRegex", *match.path_regex, matcher.error());
            rule.is_never = true;
            return;
        }
        if (mode == RegexMode::start && has_open_end(*match.path_regex)) {
            report(
                Severity::warning,
                match.origin,
                "wide_path_regex",
                "pathRegex \"" + *match.path_regex + "\" of match \"" + match.name +
                    "\" also lets longer paths through, since only its start is anchored; end it "
                    "with $ for this path alone, with (/.*)?$ for what is below it too, or with "
                    ".* if all of them are meant"
            );
        }
        rule.path = std::move(*matcher);
    }

    void add_header(const HttpMatch& match, const HeaderCondition& header, HttpRule& rule) {
        const Origin& origin = header.origin.line > 0 ? header.origin : match.origin;
        const RegexMode mode = options_.header_regex;
        auto matcher = Matcher::make(header.pattern, mode);
        if (!matcher) {
            report_invalid(origin, "header " + header.name, header.pattern, matcher.error());
            rule.is_never = true;
            return;
        }
        if (is_in_targets_ && mode == RegexMode::search && !matcher->matches_everything() &&
            has_no_anchor(header.pattern)) {
            report(
                Severity::warning,
                origin,
                "unanchored_header_regex",
                "the pattern \"" + header.pattern + "\" for header " + header.name +
                    " is found anywhere in the value, and a TrafficTarget uses it to allow "
                    "traffic; write ^" +
                    (header.pattern.find('|') == std::string::npos ? header.pattern
                                                                   : '(' + header.pattern + ')') +
                    "$ if the whole value is meant, or .* where anything may stand"
            );
        }
        std::string name = to_lower(header.name);
        const bool is_host = name == "host" || name == ":authority";
        rule.headers.push_back({std::move(name), is_host, std::move(*matcher)});
    }

    void report_invalid(
        const Origin& origin,
        const std::string& where,
        const std::string& pattern,
        const std::string& error
    ) {
        constexpr std::size_t shown_max = 80;
        const std::string shown =
            pattern.size() <= shown_max ? pattern : pattern.substr(0, shown_max) + "…";
        report(
            Severity::error,
            origin,
            "invalid_regex",
            where + ": the pattern \"" + shown + "\" cannot be used (" + error +
                "), so its match never matches; write it in RE2 syntax, which has no "
                "look-around and no back-references"
        );
    }

    void report(Severity severity, const Origin& origin, std::string code, std::string message) {
        problems_.push_back(
            {severity,
             origin.line > 0 ? origin : group_.metadata.origin,
             object_text(k_kind, group_.metadata.name),
             std::move(code),
             std::move(message)}
        );
    }

    const Options& options_;
    const HttpRouteGroup& group_;
    bool is_in_targets_;
    std::vector<Problem>& problems_;
};

/// Names of HTTPRouteGroups, sorted. Header patterns are only a danger where they allow something.
std::vector<NameView> groups_in_targets(const Catalog& catalog) {
    std::vector<NameView> names;
    for (const auto& [name, target] : catalog.targets) {
        for (const RuleReference& rule : target->rules) {
            if (rule.kind == k_kind) {
                names.push_back({name.name_space, rule.name});
            }
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

void GroupTable::update(const Catalog& catalog, const Options& options, ProblemList& problems) {
    options_ = options;
    const std::vector<NameView> in_targets = groups_in_targets(catalog);
    // All three are sorted alike, and one walk compares less than a search for each name.
    auto known = entries_.begin();
    auto in_target = in_targets.begin();
    for (const auto& [name, group] : catalog.groups) {
        while (known != entries_.end() && known->first < name) {
            known = entries_.erase(known);
        }
        if (known == entries_.end() || known->first != name) {
            known = entries_.try_emplace(known, name);
        }
        const NameView view{name.name_space, name.name};
        while (in_target != in_targets.end() && *in_target < view) {
            ++in_target;
        }
        const bool is_in_targets = in_target != in_targets.end() && *in_target == view;
        Entry& entry = known->second;
        ++known;
        entry.is_used = false;
        const bool is_same = entry.source == *group && entry.is_in_targets == is_in_targets;
        if (!is_same) {
            entry = {*group, is_in_targets, nullptr, {}, false};
            entry.compiled = std::make_shared<const RouteGroup>(
                GroupCompiler(options_, *group, is_in_targets, entry.problems).compile()
            );
        }
        for (const Problem& problem : entry.problems) {
            problems.add(problem);
        }
    }
    entries_.erase(known, entries_.end());
}

std::shared_ptr<const RouteGroup> GroupTable::use(const ObjectName& name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        return nullptr;
    }
    Entry& entry = found->second;
    entry.is_used = true;
    if (entry.compiled == nullptr) {
        std::vector<Problem> known;  // told by update()
        entry.compiled = std::make_shared<const RouteGroup>(
            GroupCompiler(options_, entry.source, entry.is_in_targets, known).compile()
        );
    }
    return entry.compiled;
}

GroupTable::Used GroupTable::take_used() {
    Used used;
    for (auto& [name, entry] : entries_) {
        if (entry.is_used) {
            used.emplace(name, entry.compiled);
        } else {
            entry.compiled.reset();
        }
    }
    return used;
}

}  // namespace policy
