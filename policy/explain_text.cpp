// The explanations as lines for people.
#include "policy/explain.hpp"
#include "policy/explain_parts.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace policy {
namespace {

void add_line(std::string& text, const std::string& line) {
    text += line + '\n';
}

void add_dropped(std::string& text, const std::vector<std::string>& dropped) {
    if (!dropped.empty()) {
        add_line(text, "not judged, for the proxy removes it: " + enumerate(dropped, 10));
    }
}

/// Of one kind: the verdict must not scroll away before a person has read it.
constexpr std::size_t k_lines_max = 20;

void add_problems(std::string& text, std::span<const Problem> problems) {
    if (problems.empty()) {
        return;
    }
    add_line(
        text,
        std::to_string(problems.size()) + (problems.size() == 1 ? " problem" : " problems") +
            " in the resources:"
    );
    const auto shown = problems.first(std::min(problems.size(), k_lines_max));
    for (const Problem& problem : shown) {
        add_line(text, "  " + to_string(problem));
    }
    if (shown.size() < problems.size()) {
        add_line(
            text,
            "  and " + std::to_string(problems.size() - shown.size()) +
                " more; smilax check lists them all"
        );
    }
}

std::string verdict_text(std::string_view words, Reason reason) {
    return std::string(words) + " (" + std::string(to_string(reason)) + ')';
}

std::string target_line(const ConsideredTarget& target) {
    return "TrafficTarget " + short_text(target.name) + ", " +
           std::string(to_string(target.failed)) + ": " + target.detail;
}

/// What is no request is refused in every mode, and so is plaintext where mTLS is strict.
void add_mode(std::string& text, const AccessExplanation& explanation) {
    if (explanation.reason == Reason::malformed_request ||
        explanation.reason == Reason::mtls_required) {
        return;
    }
    if (explanation.mode == AccessMode::off) {
        add_line(text, "access is off on this port: the proxy asks no target and lets it through");
    } else if (explanation.mode == AccessMode::audit && !explanation.allowed) {
        add_line(
            text, "access is only audited on this port: the proxy counts it and lets it through"
        );
    }
}

/// Tenths of a percent, without a zero behind the point.
std::string percent(double share) {
    const auto tenths = static_cast<long>(std::lround(share * 1000));
    const std::string rest = tenths % 10 == 0 ? "" : '.' + std::to_string(tenths % 10);
    return std::to_string(tenths / 10) + rest + '%';
}

std::string backend_line(const ExplainedBackend& backend) {
    return "  " + percent(backend.share) + " to " + short_text(backend.service) + " port " +
           std::to_string(backend.port) + ", weight " + backend.weight + ": " +
           (backend.endpoints.empty() ? "no ready endpoint, so this share is answered 503"
                                      : enumerate(backend.endpoints, 10));
}

std::string_view tried_word(TriedSplit::Outcome outcome) {
    switch (outcome) {
        case TriedSplit::Outcome::applies:
            return "applies";
        case TriedSplit::Outcome::no_match:
            return "does not match";
        case TriedSplit::Outcome::not_reached:
            return "is not reached";
    }
    return "";
}

}  // namespace

std::string to_text(const AccessExplanation& explanation, std::span<const Problem> problems) {
    std::string text;
    add_line(
        text,
        (explanation.allowed ? "allowed" : verdict_text("denied", explanation.reason)) + ": " +
            explanation.asked
    );
    add_line(text, "why: " + explanation.detail);
    add_mode(text, explanation);
    add_dropped(text, explanation.dropped_headers);
    const std::size_t targets = explanation.considered.size();
    for (std::size_t i = 0; i < std::min(targets, k_lines_max); ++i) {
        add_line(
            text,
            std::string(i == 0 ? "nearest: " : "also: ") + target_line(explanation.considered[i])
        );
    }
    if (targets > k_lines_max) {
        add_line(
            text, "and " + std::to_string(targets - k_lines_max) + " more; -o json lists them all"
        );
    }
    add_problems(text, problems);
    return text;
}

std::string to_text(const RouteExplanation& explanation, std::span<const Problem> problems) {
    std::string text;
    add_line(
        text,
        (explanation.is_routed() ? "routed" : verdict_text("not routed", explanation.reason)) +
            ": " + explanation.asked
    );
    add_line(text, "why: " + explanation.detail);
    if (explanation.service) {
        add_line(text, "service: " + short_text(*explanation.service));
    }
    for (const ExplainedBackend& backend : explanation.backends) {
        add_line(text, backend_line(backend));
    }
    for (const ExplainedExclusion& excluded : explanation.excluded) {
        add_line(
            text,
            "  nothing to " + short_text(excluded.service) + ": " +
                std::string(to_string(excluded.reason))
        );
    }
    for (const TriedSplit& split : explanation.tried) {
        add_line(
            text,
            "TrafficSplit " + short_text(split.name) + ' ' +
                std::string(tried_word(split.outcome)) + ": " + split.detail
        );
    }
    add_dropped(text, explanation.dropped_headers);
    add_problems(text, problems);
    return text;
}

}  // namespace policy
