// What is wrong with a document, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// Where something stands in the operator's files. Line and column count from 1; 0 = unknown.
struct Origin {
    std::string file;
    int line = 0;
    int column = 0;
    bool operator==(const Origin&) const = default;
};

/// The same without its file, for the parts of an object: the object knows the file.
struct Place {
    int line = 0;
    int column = 0;
    bool operator==(const Place&) const = default;
};

/// `place` in the file of `object`; where the object itself stands when the place is unknown.
[[nodiscard]] Origin origin_in(const Origin& object, const Place& place);

enum class Severity : std::uint8_t { warning, error };
[[nodiscard]] std::string_view to_string(Severity severity);

/// One problem: never an exception, never the end of the other documents.
struct Problem {
    Severity severity = Severity::error;
    Origin origin;
    /// "TrafficTarget shop/pay", or empty where no object was recognised.
    std::string object;
    /// snake_case code, stable for tools: "unresolved_reference". All are in problems.md.
    std::string code;
    /// A sentence that says what is wrong and what to do.
    std::string message;
};

/// By file, line and column, each once: a mistake that two objects share is told once.
[[nodiscard]] std::vector<Problem> in_order(std::vector<Problem> problems);

/// "file:line:column: severity: sentence [object]", one line whatever the names in it are.
[[nodiscard]] std::string to_string(const Problem& problem);

}  // namespace policy
