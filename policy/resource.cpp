#include "policy/resource.hpp"

namespace policy {

const Metadata& metadata_of(const Resource& resource) {
    return std::visit(
        [](const auto& object) -> const Metadata& { return object.metadata; }, resource
    );
}

}  // namespace policy
