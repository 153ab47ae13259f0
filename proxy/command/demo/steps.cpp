#include "proxy/command/demo/steps.hpp"

#include <algorithm>
#include <thread>

namespace proxy::command::demo {
namespace {

constexpr std::chrono::milliseconds k_look_again{5};

}  // namespace

Steps::Steps(Mesh& mesh, Interrupt& interrupt, const StepListener& listener)
    : mesh_(mesh), interrupt_(interrupt), listener_(listener) {}

void Steps::run() {
    using Step = void (Steps::*)();
    constexpr Step steps[] = {
        &Steps::sidecars_become_ready,
        &Steps::nobody_is_let_in_by_default,
        &Steps::target_allows_its_routes,
        &Steps::other_identities_stay_out,
        &Steps::plaintext_stays_out,
        &Steps::wire_is_mutual_tls,
        &Steps::split_divides_by_weight,
        &Steps::split_change_takes_effect,
        &Steps::split_by_header,
        &Steps::audit_lets_pass_and_counts,
        &Steps::certificates_rotate_under_traffic,
        &Steps::deleted_target_denies_again,
        &Steps::metrics_agree,
    };
    for (const Step step : steps) {
        if (interrupt_.is_pending()) {
            return;
        }
        (this->*step)();
        // Without all sidecars every other step would only repeat that.
        if (mesh_.ended_sidecar() || (number_ == 1 && !all_well())) {
            return;
        }
    }
}

bool Steps::all_well() const {
    return std::ranges::all_of(checks_, &Check::ok);
}

void Steps::begin(std::string_view title) {
    ++number_;
    listener_.on_step(number_, title);
}

void Steps::record(Check check, Clock::time_point since) {
    if (interrupt_.is_pending()) {
        return;  // cut short: what was seen tells nothing
    }
    check.number = number_;
    check.time = Clock::now() - since;
    listener_.on_check(check);
    checks_.push_back(std::move(check));
}

void Steps::expect(const std::string& name, const std::string& expected, const Look& look) {
    const auto since = Clock::now();
    const std::string seen = look();
    conclude(name, expected, seen, seen == expected, since);
}

void Steps::expect_within(
    std::chrono::milliseconds time_max,
    const std::string& name,
    const std::string& expected,
    const Look& look
) {
    const auto since = Clock::now();
    std::string seen = look();
    bool is_last = false;
    while (seen != expected && !is_last && !mesh_.ended_sidecar() && !interrupt_.is_pending()) {
        std::this_thread::sleep_for(k_look_again);
        // A slow look that began early saw the past: the one that begins at the end counts.
        is_last = Clock::now() - since >= time_max;
        seen = look();
    }
    conclude(name, expected, seen, seen == expected, since);
}

void Steps::conclude(
    const std::string& name,
    const std::string& expected,
    const std::string& seen,
    bool ok,
    Clock::time_point since
) {
    Check check;
    check.name = name;
    check.expected = expected;
    check.seen = seen;
    check.ok = ok;
    record(std::move(check), since);
}

bool Steps::changed(const policy::Result<void>& change) {
    if (!change) {
        conclude("writing the files of this step", "written", change.error(), false, Clock::now());
    }
    return change.has_value();
}

Outcome Steps::call(std::string_view from, std::string_view to, const Request& request) {
    const Plan& plan = mesh_.plan();
    return count(from, to, mesh_.call(plan.pod(from), plan.service(to), request));
}

Outcome Steps::count(std::string_view from, std::string_view to, Outcome outcome) {
    ++calls_[{std::string(from), std::string(to)}];
    if (outcome.status == 200) {
        ++answers_[outcome.application];
    }
    return outcome;
}

std::map<std::string, int> Steps::count_answers(int calls, const Request& request) {
    std::map<std::string, int> counts;
    for (int i = 0; i < calls && !interrupt_.is_pending(); ++i) {
        ++counts[call("web", "api", request).application];
    }
    return counts;
}

std::string Steps::sum_text(std::string_view pod, std::string_view family, const Labels& labels)
    const {
    const auto samples = mesh_.metrics(mesh_.plan().pod(pod));
    return samples ? count_text(sum_of(*samples, family, labels)) : samples.error();
}

double Steps::sum(std::string_view pod, std::string_view family, const Labels& labels) const {
    const auto samples = mesh_.metrics(mesh_.plan().pod(pod));
    return samples ? sum_of(*samples, family, labels) : -1;
}

}  // namespace proxy::command::demo
