// Problems within bounds: a hostile file may hold a million mistakes, but not a million messages.
#pragma once

#include "policy/problem.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace policy {

constexpr std::size_t k_problems_per_file_max = 1000;
constexpr std::size_t k_problem_text_bytes_max = 1000;  // of a message, and of an object's name

/// Collects problems. Each file has its own bound, so that a hostile one hides nothing of the
/// others; what a file has beyond it is only counted. Owned by one run of reading or compiling.
class ProblemList {
 public:
    void add(Problem problem);
    /// All that were kept, in the order of their coming, and for each file that had more a last
    /// one ("problems_left_out") that says how many: an error if one of those was an error. The
    /// list is empty afterwards.
    [[nodiscard]] std::vector<Problem> take();

 private:
    struct Count {
        std::size_t kept = 0;
        std::size_t left_out = 0;
        Origin first_left_out;
        bool has_error = false;
    };
    std::vector<Problem> kept_;
    std::map<std::string, Count, std::less<>> counts_;
};

}  // namespace policy
