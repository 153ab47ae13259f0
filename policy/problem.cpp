#include "policy/problem.hpp"

#include <algorithm>
#include <tuple>

namespace policy {
namespace {

auto place_of(const Problem& problem) {
    return std::tie(
        problem.origin.file,
        problem.origin.line,
        problem.origin.column,
        problem.object,
        problem.code,
        problem.message
    );
}

/// Names and values come from files of any origin: without control bytes they keep to their line,
/// and give a terminal no orders.
void append_printable(std::string_view from, std::string& text) {
    constexpr std::string_view hex = "0123456789abcdef";
    for (std::size_t i = 0; i < from.size(); ++i) {
        const auto byte = static_cast<unsigned char>(from[i]);
        const auto before = i > 0 ? static_cast<unsigned char>(from[i - 1]) : 0U;
        const bool is_c1 = before == 0xc2 && byte >= 0x80 && byte <= 0x9f;  // U+0080 to U+009F
        if (byte >= 0x20 && byte != 0x7f && !is_c1) {
            text += from[i];
            continue;
        }
        text += "\\x";
        text += hex[byte >> 4];
        text += hex[byte & 0xfU];
    }
}

}  // namespace

Origin origin_in(const Origin& object, const Place& place) {
    return place.line > 0 ? Origin{object.file, place.line, place.column} : object;
}

std::string_view to_string(Severity severity) {
    return severity == Severity::error ? "error" : "warning";
}

std::vector<Problem> in_order(std::vector<Problem> problems) {
    std::sort(problems.begin(), problems.end(), [](const Problem& left, const Problem& right) {
        return place_of(left) < place_of(right);
    });
    const auto twice = std::unique(
        problems.begin(),
        problems.end(),
        [](const Problem& left, const Problem& right) { return place_of(left) == place_of(right); }
    );
    problems.erase(twice, problems.end());
    return problems;
}

std::string to_string(const Problem& problem) {
    std::string text;
    if (!problem.origin.file.empty()) {
        // Editors and tools expect numbers: an unknown place is the file's beginning.
        append_printable(problem.origin.file, text);
        text += ':' + std::to_string(std::max(problem.origin.line, 1)) + ':' +
                std::to_string(std::max(problem.origin.column, 1)) + ": ";
    }
    text += to_string(problem.severity);
    text += ": ";
    append_printable(problem.message, text);
    if (!problem.object.empty()) {
        text += " [";
        append_printable(problem.object, text);
        text += ']';
    }
    return text;
}

}  // namespace policy
