// Access modes: the configuration for a port, else for the pod, else the Namespace's annotation.
#include "policy/compile_parts.hpp"

namespace policy {
namespace {

/// What the annotation of the workload's Namespace says. Unreadable, absent or without the object:
/// enforce. The decoder told of the unreadable ones.
AccessMode annotated_mode(const CompileContext& context) {
    const auto& namespaces = context.catalog.namespaces;
    const auto object = namespaces.find(context.data.workload.name_space);
    if (object == namespaces.end()) {
        return AccessMode::enforce;
    }
    const auto& annotations = object->second->metadata.annotations;
    const auto annotation = annotations.find(k_access_annotation);
    if (annotation == annotations.end()) {
        return AccessMode::enforce;
    }
    return parse_access_mode(annotation->second).value_or(AccessMode::enforce);
}

}  // namespace

void compile_modes(CompileContext& context) {
    const Options& options = context.data.options;
    context.data.access = options.access ? *options.access : annotated_mode(context);
    context.data.port_access = options.port_access;
}

}  // namespace policy
