// Where resources come from. Used on the control thread only.
#pragma once

#include "policy/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace proxy::control {

/// One document that came, changed or went (`text` empty).
struct ResourceChange {
    std::string name;  // of the file, as it stands in problems
    std::optional<std::string> text;
};

class ResourceSource {
 public:
    using OnChange = std::function<void(std::vector<ResourceChange>)>;

    virtual ~ResourceSource() = default;
    /// Calls `on_change` with all there is before it returns, and again, on the control thread, for
    /// each batch of changes until close(). The error is a sentence for the operator.
    [[nodiscard]] virtual policy::Result<void> start(OnChange on_change) = 0;
    virtual void close() = 0;
};

}  // namespace proxy::control
