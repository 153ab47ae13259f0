// What the demo did and saw: the checks, and how they are printed. Pure: text in, text out.
#pragma once

#include "proxy/command/demo/plan.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::command::demo {

/// One thing that was tried: what should have been seen, and what was.
struct Check {
    int number = 0;    // of the step it belongs to
    std::string name;  // "web → api GET /books"
    std::string expected;
    std::string seen;
    bool ok = false;
    std::chrono::duration<double, std::milli> time{};
};

struct Style {
    bool colours = false;
};

/// Colours only on a terminal, and not against NO_COLOR (no-color.org).
[[nodiscard]] Style style_of_standard_output();

/// What the columns of the checks are; printed once, above the first step.
[[nodiscard]] std::string render_columns(Style style);
[[nodiscard]] std::string render_step_title(int number, std::string_view title, Style style);
[[nodiscard]] std::string render_check(const Check& check, Style style);
[[nodiscard]] std::string render_summary(const std::vector<Check>& checks, Style style);

/// {"mode", "steps": [{"number", "name", "expected", "seen", "ok", "milliseconds"}], "passed",
/// "failed"}
[[nodiscard]] std::string render_json(Mode mode, const std::vector<Check>& checks);

/// What was made and how to look into it, printed before the steps.
struct Tour {
    std::string executable;  // what to call by hand
    std::string root;        // where the files are
    bool keeps_files = false;
};
[[nodiscard]] std::string render_header(const Plan& plan, const Tour& tour, Style style);
/// Printed after the steps by a demo that stays up.
[[nodiscard]] std::string render_invitation(const Plan& plan, const Tour& tour, Style style);

/// The number of columns that UTF-8 text takes on a terminal (one for each code point; nothing
/// printed here is wider).
[[nodiscard]] std::size_t columns_of(std::string_view text);

}  // namespace proxy::command::demo
