// Access and mTLS modes: the configuration for a port, else for the pod, else the Namespace's
// annotation.
#include "policy/compile_parts.hpp"

#include <optional>
#include <string_view>

namespace policy {
namespace {

/// What an annotation of the workload's Namespace says; nullopt when it is absent or unreadable, or
/// the object is. The decoder told of the unreadable ones.
template <class Mode>
std::optional<Mode> annotated_mode(
    const CompileContext& context, const char* name, std::optional<Mode> (*parse)(std::string_view)
) {
    const auto& namespaces = context.catalog.namespaces;
    const auto object = namespaces.find(context.data.workload.name_space);
    if (object == namespaces.end()) {
        return std::nullopt;
    }
    const auto& annotations = object->second->metadata.annotations;
    const auto annotation = annotations.find(name);
    return annotation == annotations.end() ? std::nullopt : parse(annotation->second);
}

}  // namespace

void compile_modes(CompileContext& context) {
    SnapshotData& data = context.data;
    const Options& options = data.options;
    const auto access = options.access
                            ? options.access
                            : annotated_mode(context, k_access_annotation, parse_access_mode);
    data.access = access.value_or(AccessMode::enforce);
    data.port_access = options.port_access;
    const auto mtls =
        options.mtls ? options.mtls : annotated_mode(context, k_mtls_annotation, parse_mtls_mode);
    data.mtls = mtls.value_or(MtlsMode::strict);
    data.port_mtls = options.port_mtls;
}

}  // namespace policy
