#include "proxy/command/nearest_name.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <limits>
#include <numeric>

namespace proxy::command {
namespace {

std::string letters_of(std::string_view name) {
    std::string letters;
    for (const char byte : name) {
        const auto letter = static_cast<unsigned char>(byte);
        if (std::isalnum(letter) != 0) {
            letters += static_cast<char>(std::tolower(letter));
        }
    }
    return letters;
}

/// Insertions, deletions and replacements that turn one into the other (Levenshtein).
std::size_t edits_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j + 1] + 1, row[j] + 1});
        }
    }
    return row.back();
}

struct Split {
    std::string section;
    std::string last;
};

Split split_path(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) {
        return {{}, letters_of(path)};
    }
    return {letters_of(path.substr(0, dot)), letters_of(path.substr(dot + 1))};
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
    constexpr std::size_t name_bytes_max = 200;  // longer ones are no typing errors
    if (name.size() > name_bytes_max) {
        return {};
    }
    const Split wanted = split_path(name);
    std::size_t best_score = std::numeric_limits<std::size_t>::max();
    std::string best;
    for (const std::string& candidate : candidates) {
        const Split offered = split_path(candidate);
        const std::size_t edits = edits_between(wanted.last, offered.last);
        if (edits > std::max<std::size_t>(1, wanted.last.size() / 3)) {
            continue;
        }
        const std::size_t score = edits * 100 + edits_between(wanted.section, offered.section);
        if (score < best_score) {
            best_score = score;
            best = candidate;
        }
    }
    return best;
}

}  // namespace proxy::command
