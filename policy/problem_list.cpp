#include "policy/problem_list.hpp"

#include <utility>

namespace policy {
namespace {

/// Cuts `text` before a UTF-8 sequence, never inside one.
void clip(std::string& text) {
    if (text.size() <= k_problem_text_bytes_max) {
        return;
    }
    std::size_t end = k_problem_text_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) {
        --end;
    }
    text.resize(end);
    text.shrink_to_fit();
    text += "...";
}

}  // namespace

void ProblemList::add(Problem problem) {
    Count& count = counts_[problem.origin.file];
    if (count.kept == k_problems_per_file_max) {
        count.has_error |= problem.severity == Severity::error;
        if (++count.left_out == 1) {
            count.first_left_out = problem.origin;
        }
        return;
    }
    ++count.kept;
    clip(problem.object);
    clip(problem.message);
    kept_.push_back(std::move(problem));
}

std::vector<Problem> ProblemList::take() {
    for (auto& [file, count] : counts_) {
        if (count.left_out > 0) {
            kept_.push_back(
                {count.has_error ? Severity::error : Severity::warning,
                 std::move(count.first_left_out),
                 {},
                 "problems_left_out",
                 "from here on the file has " + std::to_string(count.left_out) +
                     " more problems, which are not listed: mend those above first"}
            );
        }
    }
    counts_.clear();
    return std::exchange(kept_, {});
}

}  // namespace policy
