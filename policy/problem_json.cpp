#include "policy/problem_json.hpp"

#include <cstdint>

namespace policy {

void write_problems(JsonWriter& json, std::span<const Problem> problems) {
    json.key("problems");
    json.begin_array();
    for (const Problem& problem : problems) {
        json.begin_object();
        json.member("file", problem.origin.file);
        json.member("line", static_cast<std::uint64_t>(problem.origin.line));
        json.member("column", static_cast<std::uint64_t>(problem.origin.column));
        json.member("severity", to_string(problem.severity));
        json.member("object", problem.object);
        json.member("code", problem.code);
        json.member("message", problem.message);
        json.end_object();
    }
    json.end_array();
}

}  // namespace policy
