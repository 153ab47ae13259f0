// What the demo shows, step by step, each with what is expected and what was seen.
#pragma once

#include "proxy/command/demo/mesh.hpp"
#include "proxy/command/demo/report.hpp"
#include "proxy/command/interrupt.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::command::demo {

/// Told as it happens. Both are called on the thread that runs the steps.
struct StepListener {
    std::function<void(int number, std::string_view title)> on_step;
    std::function<void(const Check& check)> on_check;
};

/// Runs once. Mesh, interrupt and listener outlive it.
class Steps {
 public:
    Steps(Mesh& mesh, Interrupt& interrupt, const StepListener& listener);

    /// All steps in their order, or as many as Ctrl-C left time for.
    void run();
    [[nodiscard]] const std::vector<Check>& checks() const { return checks_; }
    [[nodiscard]] bool all_well() const;

 private:
    using Clock = std::chrono::steady_clock;
    /// One look at the mesh: what is seen now, as a word to compare.
    using Look = std::function<std::string()>;

    void sidecars_become_ready();
    void nobody_is_let_in_by_default();
    void target_allows_its_routes();
    void other_identities_stay_out();
    void plaintext_stays_out();
    void wire_is_mutual_tls();
    void wire_is_unreadable();
    void split_divides_by_weight();
    void split_change_takes_effect();
    void split_by_header();
    void audit_lets_pass_and_counts();
    void certificates_rotate_under_traffic();
    void deleted_target_denies_again();
    void metrics_agree();

    void begin(std::string_view title);
    void record(Check check, Clock::time_point since);
    /// Looks once.
    void expect(const std::string& name, const std::string& expected, const Look& look);
    /// Looks until it is as expected, `time_max` at most: how long a change took is the row's time.
    void expect_within(
        std::chrono::milliseconds time_max,
        const std::string& name,
        const std::string& expected,
        const Look& look
    );
    /// For results that are no single word.
    void conclude(
        const std::string& name,
        const std::string& expected,
        const std::string& seen,
        bool ok,
        Clock::time_point since
    );
    /// Reports a change of files that failed; true when it was made.
    bool changed(const policy::Result<void>& change);

    /// Calls a Service.
    Outcome call(std::string_view from, std::string_view to, const Request& request);
    /// Remembers a call for the comparison with the metrics.
    Outcome count(std::string_view from, std::string_view to, Outcome outcome);
    /// How many of `calls` calls of web to api each application answered.
    std::map<std::string, int> count_answers(int calls, const Request& request);
    [[nodiscard]] std::string sum_text(
        std::string_view pod, std::string_view family, const Labels& labels
    ) const;
    [[nodiscard]] double sum(std::string_view pod, std::string_view family, const Labels& labels)
        const;

    Mesh& mesh_;
    Interrupt& interrupt_;
    const StepListener& listener_;
    int number_ = 0;
    std::vector<Check> checks_;
    /// (from, to) → calls made so far.
    std::map<std::pair<std::string, std::string>, int> calls_;
    /// Answers 200 of web's calls to api, by who gave them.
    std::map<std::string, int> answers_;
};

}  // namespace proxy::command::demo
