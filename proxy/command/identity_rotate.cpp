// `smilax identity rotate`.
#include "proxy/command/ca_rotation.hpp"
#include "proxy/command/identity.hpp"
#include "proxy/command/identity_files.hpp"
#include "proxy/command/identity_values.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <ostream>
#include <string>

namespace proxy::command {
namespace {

constexpr int k_failed = 1;
constexpr int k_usage = 2;

using std::chrono::milliseconds;
using std::chrono::seconds;

/// What the options say, as values.
struct Plan {
    RotatedDirectories directories;
    LifetimeChoice lifetime;
    KeyChoice kind;
    seconds every{};  // zero: once
    long rounds = 0;  // zero: until interrupted
    seconds overlap{};
};

policy::Result<Plan> make_plan(const IdentityRotateOptions& options) {
    Plan plan;
    plan.directories = {options.directory, options.identities};
    struct Duration {
        const char* option;
        const std::string& text;
        seconds& value;
    };
    seconds lifetime{};
    seconds total{};
    for (const Duration& duration :
         {Duration{"--lifetime", options.lifetime, lifetime},
          Duration{"--every", options.every, plan.every},
          Duration{"--for", options.total, total},
          Duration{"--overlap", options.overlap, plan.overlap}}) {
        if (duration.text.empty()) {
            continue;
        }
        const auto parsed = parse_duration(duration.option, duration.text);
        if (!parsed) {
            return policy::failed<Plan>(parsed.error());
        }
        duration.value = *parsed;
    }
    if (!options.lifetime.empty()) {
        plan.lifetime = lifetime;
    }
    if (!options.key_type.empty()) {
        const auto kind = parse_key_type(options.key_type);
        if (!kind) {
            return policy::failed<Plan>(kind.error());
        }
        plan.kind = *kind;
    }
    if (options.every.empty() && !options.total.empty()) {
        return policy::failed<Plan>(std::string("--for needs --every"));
    }
    if (options.rotates_ca && !options.every.empty() && plan.every <= 2 * plan.overlap) {
        return policy::failed<Plan>(fmt::format(
            "--every {}: a new root takes twice --overlap {}: give it longer, or the overlap less",
            options.every,
            options.overlap
        ));
    }
    if (options.every.empty()) {
        plan.rounds = 1;
    } else if (!options.total.empty()) {
        plan.rounds = std::max<long>(1, total / plan.every);
    }
    return plan;
}

std::string now() {
    return fmt::format("{:%H:%M:%S}", fmt::localtime(std::time(nullptr)));
}

enum class Outcome { done, interrupted };

/// Rotates once. Says what it does, for whoever watches.
class Round {
 public:
    Round(const Plan& plan, const IdentityStreams& streams, const Pause& pause)
        : plan_(plan), streams_(streams), pause_(pause) {}

    policy::Result<Outcome> rotate_leaves() {
        if (auto done = reissue(plan_.directories, plan_.lifetime, plan_.kind); !done) {
            return policy::failed<Outcome>(done.error());
        }
        say(fmt::format("new certificates in {}", fmt::join(plan_.directories.identities, ", ")));
        return Outcome::done;
    }

    policy::Result<Outcome> rotate_root() {
        CaRotation rotation(plan_.directories, plan_.lifetime, plan_.kind);
        if (rotation.was_begun()) {
            say("finishing the rotation of the root that was interrupted");
        }
        if (auto done = rotation.trust_new_root(); !done) {
            return policy::failed<Outcome>(done.error());
        }
        say("1/3 every trust bundle holds the new root beside the old one");
        if (!pause_(plan_.overlap)) {
            return Outcome::interrupted;
        }
        if (auto done = rotation.sign_by_new_root(); !done) {
            return policy::failed<Outcome>(done.error());
        }
        say(fmt::format(
            "2/3 the new root signs: new certificates in {}",
            fmt::join(plan_.directories.identities, ", ")
        ));
        if (!pause_(plan_.overlap)) {
            return Outcome::interrupted;
        }
        if (auto done = rotation.remove_old_root(); !done) {
            return policy::failed<Outcome>(done.error());
        }
        say("3/3 the old root is gone from every trust bundle");
        if (rotation.has_spare_key()) {
            streams_.output << may_put_away(plan_.directories.authority) << std::endl;
        }
        return Outcome::done;
    }

 private:
    void say(const std::string& sentence) {
        streams_.output << now() << ' ' << sentence << std::endl;
    }

    const Plan& plan_;
    const IdentityStreams& streams_;
    const Pause& pause_;
};

}  // namespace

int run_identity_rotate(
    const IdentityRotateOptions& options, const IdentityStreams& streams, const Pause& pause
) {
    using Clock = std::chrono::steady_clock;
    const auto plan = make_plan(options);
    if (!plan) {
        return complain(streams, plan.error(), k_usage);
    }
    const auto begin = Clock::now();
    for (long round = 1;; ++round) {
        Round rotation(*plan, streams, pause);
        const auto done = options.rotates_ca ? rotation.rotate_root() : rotation.rotate_leaves();
        if (!done) {
            return complain(streams, done.error(), k_failed);
        }
        if (*done == Outcome::interrupted) {
            return complain(
                streams,
                "interrupted between two steps, which all sidecars live with; the same command "
                "goes on from here",
                k_failed
            );
        }
        if (round == plan->rounds) {
            return 0;
        }
        const auto next = begin + round * plan->every;
        const auto wait = std::chrono::ceil<milliseconds>(next - Clock::now());
        if (!pause(std::max(wait, milliseconds(0)))) {
            return 0;
        }
    }
}

}  // namespace proxy::command
