// The explanations as JSON (design.md §1).
#include "policy/explain.hpp"
#include "policy/json_writer.hpp"
#include "policy/problem_json.hpp"

namespace policy {
namespace {

std::string_view outcome_text(TriedSplit::Outcome outcome) {
    switch (outcome) {
        case TriedSplit::Outcome::applies:
            return "applies";
        case TriedSplit::Outcome::no_match:
            return "no_match";
        case TriedSplit::Outcome::not_reached:
            return "not_reached";
    }
    return "not_reached";
}

void write_name(JsonWriter& json, const ObjectName& name) {
    json.member("namespace", name.name_space);
    json.member("name", name.name);
}

std::string joined(const ObjectName& name) {
    return name.name_space + '/' + name.name;
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) {
        json.value(text);
    }
    json.end_array();
}

void write_rule(JsonWriter& json, const std::optional<AllowingRule>& rule) {
    json.key("rule");
    if (!rule) {
        json.null();
        return;
    }
    json.begin_object();
    json.member("kind", "TrafficTarget");
    write_name(json, rule->target);
    json.key("match");
    if (rule->match.empty()) {
        json.null();
    } else {
        json.value(rule->match);
    }
    json.end_object();
}

void write_considered(JsonWriter& json, const std::vector<ConsideredTarget>& considered) {
    json.key("considered");
    json.begin_array();
    for (const ConsideredTarget& target : considered) {
        json.begin_object();
        json.member("kind", "TrafficTarget");
        write_name(json, target.name);
        json.member("failed", to_string(target.failed));
        json.member("detail", target.detail);
        json.end_object();
    }
    json.end_array();
}

void write_backends(JsonWriter& json, const std::vector<ExplainedBackend>& backends) {
    json.key("backends");
    json.begin_array();
    for (const ExplainedBackend& backend : backends) {
        json.begin_object();
        json.member("service", joined(backend.service));
        json.member("port", std::uint64_t{backend.port});
        json.member("weight", backend.weight);
        json.member("share", backend.share);
        write_texts(json, "endpoints", backend.endpoints);
        json.end_object();
    }
    json.end_array();
}

void write_excluded(JsonWriter& json, const std::vector<ExplainedExclusion>& excluded) {
    json.key("excluded");
    json.begin_array();
    for (const ExplainedExclusion& backend : excluded) {
        json.begin_object();
        json.member("service", joined(backend.service));
        json.member("reason", to_string(backend.reason));
        json.end_object();
    }
    json.end_array();
}

void write_tried(JsonWriter& json, const std::vector<TriedSplit>& tried) {
    json.key("tried");
    json.begin_array();
    for (const TriedSplit& split : tried) {
        json.begin_object();
        write_name(json, split.name);
        json.member("outcome", outcome_text(split.outcome));
        json.member("detail", split.detail);
        json.end_object();
    }
    json.end_array();
}

}  // namespace

std::string to_json(const AccessExplanation& explanation, std::span<const Problem> problems) {
    JsonWriter json;
    json.begin_object();
    json.member("verdict", explanation.allowed ? "allow" : "deny");
    json.member("reason", to_string(explanation.reason));
    write_rule(json, explanation.rule);
    write_considered(json, explanation.considered);
    write_problems(json, problems);
    json.member("mode", to_string(explanation.mode));
    json.member("mtls", to_string(explanation.mtls));
    json.member("opaque", explanation.is_opaque);
    json.member("asked", explanation.asked);
    json.member("detail", explanation.detail);
    write_texts(json, "droppedHeaders", explanation.dropped_headers);
    json.end_object();
    return json.text();
}

std::string to_json(const RouteExplanation& explanation, std::span<const Problem> problems) {
    JsonWriter json;
    json.begin_object();
    json.key("service");
    if (explanation.service) {
        json.value(joined(*explanation.service));
    } else {
        json.null();
    }
    json.key("split");
    if (explanation.split) {
        json.begin_object();
        write_name(json, *explanation.split);
        json.end_object();
    } else {
        json.null();
    }
    write_backends(json, explanation.backends);
    write_excluded(json, explanation.excluded);
    json.member("reason", to_string(explanation.reason));
    write_problems(json, problems);
    json.member("asked", explanation.asked);
    json.member("detail", explanation.detail);
    write_tried(json, explanation.tried);
    write_texts(json, "droppedHeaders", explanation.dropped_headers);
    json.end_object();
    return json.text();
}

}  // namespace policy
