// What is wrong with a document, and what to do about it.
#pragma once

#include <cstdint>
#include <string>

namespace policy {

/// Where something stands in the operator's files. Line and column count from 1; 0 = unknown.
struct Origin {
    std::string file;
    int line = 0;
    int column = 0;
    bool operator==(const Origin&) const = default;
};

enum class Severity : std::uint8_t { warning, error };

/// One problem: never an exception, never the end of the other documents.
struct Problem {
    Severity severity = Severity::error;
    Origin origin;
    /// "TrafficTarget shop/pay", or empty where no object was recognised.
    std::string object;
    /// snake_case code, stable for tools: "unresolved_reference".
    std::string code;
    /// A sentence that says what is wrong and what to do.
    std::string message;
};

/// "file:line:column: severity: sentence" (object named in the sentence's brackets).
[[nodiscard]] std::string to_string(const Problem& problem);

}  // namespace policy
