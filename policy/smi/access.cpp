#include "policy/smi/access.hpp"

#include <charconv>
#include <utility>

namespace policy::smi {
namespace {

Subject read_subject(const Field& field, ObjectReader& reader) {
    Subject subject;
    subject.kind = reader.string(field, "kind").value_or("");
    subject.name_space = reader.string(field, "namespace").value_or("");
    subject.name = reader.required_string(field, "name");
    subject.kind_at = reader.place(field, "kind");
    subject.namespace_at = reader.place(field, "namespace");
    subject.name_at = reader.place(field, "name");
    return subject;
}

/// Routes are only looked up in the target's own namespace (U11). Who writes another one means
/// another route than the one of that name here.
void check_rule_namespace(
    const Field& rule, const std::string& own_namespace, ObjectReader& reader
) {
    const auto name_space = reader.string(rule, "namespace");
    if (name_space && !name_space->empty() && *name_space != own_namespace) {
        reader.error(
            *rule.node->find("namespace"),
            "rule_in_other_namespace",
            rule.path + ".namespace is " + *name_space +
                ", but routes are looked up in the target's own namespace: write the rule's "
                "routes into namespace " +
                own_namespace
        );
    }
}

RuleReference read_rule(
    const Field& field, const std::string& own_namespace, ObjectReader& reader
) {
    reader.refuse_unknown(field, {"kind", "name", "matches", "namespace", "group", "apiGroup"});
    check_rule_namespace(field, own_namespace, reader);
    RuleReference rule;
    rule.kind = reader.string(field, "kind").value_or("");
    rule.name = reader.required_string(field, "name");
    for (const Field& match : reader.list(field, "matches").value_or(std::vector<Field>{})) {
        if (auto name = reader.as_string(match)) {
            rule.matches.push_back(std::move(*name));
            rule.matches_at.push_back({match.node->line, match.node->column});
        }
    }
    rule.kind_at = reader.place(field, "kind");
    rule.name_at = reader.place(field, "name");
    return rule;
}

/// A number, or its text: "9091" is what older SDKs wrote and the conformance suite uses.
std::optional<std::uint16_t> read_target_port(
    const Field& destination, const TargetShape& shape, ObjectReader& reader
) {
    const auto field = reader.any(destination, "port");
    if (!field) {
        return std::nullopt;
    }
    if (!shape.has_port) {
        reader.warn(
            *field->node,
            "misplaced_field",
            field->path +
                " is no field of this version; it is enforced all the same: list the "
                "port in a TCPRoute instead"
        );
    }
    const auto text = field->node->as_string();
    if (!text) {
        return reader.as_port(*field);
    }
    std::uint16_t port = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, port);
    if (read.ec != std::errc() || read.ptr != end || port == 0) {
        reader.error(
            *field->node,
            "invalid_value",
            field->path + " is \"" + std::string(*text) + "\": write a port number from 1 to 65535"
        );
        return std::nullopt;
    }
    return port;
}

}  // namespace

TrafficTarget read_target(
    const Field& fields, Metadata metadata, const TargetShape& shape, ObjectReader& reader
) {
    TrafficTarget target;
    target.metadata = std::move(metadata);
    if (const auto destination = reader.mapping(fields, "destination")) {
        reader.refuse_unknown(
            *destination, {"kind", "name", "namespace", "group", "apiGroup", "port"}
        );
        target.destination = read_subject(*destination, reader);
        target.port = read_target_port(*destination, shape, reader);
    }
    for (const Field& source : reader.list_of_mappings(fields, "sources")) {
        reader.refuse_unknown(source, {"kind", "name", "namespace", "group", "apiGroup"});
        target.sources.push_back(read_subject(source, reader));
    }
    for (const Field& rule : reader.list_of_mappings(fields, shape.rules)) {
        target.rules.push_back(read_rule(rule, target.metadata.name.name_space, reader));
    }
    target.destination_at = reader.place(fields, "destination");
    target.sources_at = reader.place(fields, "sources");
    target.rules_at = reader.place(fields, shape.rules);
    target.is_spoiled = reader.errors() != 0;  // anywhere in the object: nothing of it is optional
    return target;
}

void decode_target_under_spec(
    const Field& object,
    Metadata metadata,
    const TargetShape& shape,
    ObjectReader& reader,
    std::vector<Resource>& out
) {
    reader.refuse_unknown(object, {"apiVersion", "kind", "metadata", "spec", "status"});
    if (const auto spec = reader.mapping(object, "spec")) {
        reader.refuse_unknown(*spec, {"destination", "sources", shape.rules});
        out.emplace_back(read_target(*spec, std::move(metadata), shape, reader));
        return;
    }
    if (object.node->find("spec") == nullptr) {
        reader.error(*object.node, "missing_field", "spec is missing: add it");
    }
    TrafficTarget target;
    target.metadata = std::move(metadata);
    target.is_spoiled = true;
    out.emplace_back(std::move(target));
}

}  // namespace policy::smi
