#include "policy/problem.hpp"

#include <algorithm>

namespace policy {

std::string to_string(const Problem& problem) {
    std::string text;
    if (!problem.origin.file.empty()) {
        // Editors and tools expect numbers: an unknown place is the file's beginning.
        text = problem.origin.file + ':' + std::to_string(std::max(problem.origin.line, 1)) + ':' +
               std::to_string(std::max(problem.origin.column, 1)) + ": ";
    }
    text += problem.severity == Severity::error ? "error: " : "warning: ";
    text += problem.message;
    if (!problem.object.empty()) {
        text += " [" + problem.object + ']';
    }
    return text;
}

}  // namespace policy
