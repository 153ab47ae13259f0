#include "proxy/control/controller.hpp"

#include "proxy/control/directory_source.hpp"
#include "proxy/net/event.hpp"
#include "proxy/net/socket.hpp"
#include "telemetry/log.hpp"
#include "tls/context.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <utility>

namespace proxy::control {

namespace {

using telemetry::LogLevel;

constexpr std::chrono::seconds k_tick{1};
/// While somebody writes a new identity.
constexpr std::chrono::milliseconds k_tick_settling{100};
constexpr std::chrono::milliseconds k_drain_check{100};
/// Without connections for this many checks in a row, the application is taken to be done with us.
constexpr int k_quiet_checks = 5;
/// For connections to upstreams that are past their time to have been closed.
constexpr std::chrono::seconds k_heap_slack{5};

std::string owner_label(const std::string& kind) {
    std::string label = kind;
    std::transform(label.begin(), label.end(), label.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return label == "job" ? "k8s_job" : label;  // "job" is Prometheus's own label
}

}  // namespace

Controller::Controller(const Configuration& configuration)
    : configuration_(configuration),
      signals_(context_, SIGTERM, SIGINT),
      tick_timer_(context_),
      drain_timer_(context_),
      identity_(
          context_,
          configuration,
          [this](const auto& material) { return publish_identity(material); }
      ),
      heap_(std::chrono::milliseconds(configuration.limits.upstream_idle_ms_max) + k_heap_slack),
      inventory_(configuration.workload.name_space),
      compiler_(configuration.workload, configuration.policy) {
    if (!configuration.resource_directories.empty()) {
        resource_sources_.push_back(
            make_directory_source(context_, configuration.resource_directories)
        );
    }
    for (std::uint32_t i = 0; i < configuration.workers; ++i) {
        workers_.push_back(std::make_unique<Worker>(configuration));
    }
}

Controller::~Controller() = default;

policy::Result<void> Controller::start() {
    if (auto loaded = identity_.load_first(); loaded.has_error()) {
        return loaded;
    }
    if (auto opened = open_listeners(); opened.has_error()) {
        return opened;
    }
    for (auto& source : resource_sources_) {
        auto started = source->start([this](const auto& changes) { on_resources(changes); });
        if (started.has_error()) {
            return started;
        }
    }
    if (configuration_.admin_listen.has_value()) {
        admin_ =
            std::make_unique<AdminServer>(context_, *configuration_.admin_listen, admin_handlers());
        auto address = admin_->listen();
        if (address.has_error()) {
            return address.error();
        }
        admin_address_ = address->text();
    }
    for (auto& worker : workers_) {
        worker->start();
    }
    await_signal();
    schedule_tick();
    log_start();
    return {};
}

void Controller::run() {
    context_.run();
    for (auto& worker : workers_) {
        worker->stop();
    }
    telemetry::log(LogLevel::info, "stopped");
}

policy::Result<void> Controller::publish_identity(
    const std::shared_ptr<const tls::Material>& material
) {
    for (auto& worker : workers_) {
        if (material == nullptr) {
            worker->adopt(std::shared_ptr<const tls::Context>());
            continue;
        }
        auto context = tls::make_context(material);
        if (context.has_error()) {
            return context.error();
        }
        worker->adopt(*context);
    }
    return {};
}

policy::Result<void> Controller::open_listeners() {
    if (workers_.size() == 1) {
        return workers_.front()->listen(io::Acceptor::Sharing::exclusive);
    }
    // SO_REUSEPORT would let us join another process's port unnoticed: one worker tries it alone.
    {
        Worker probe(configuration_);
        if (auto opened = probe.listen(io::Acceptor::Sharing::exclusive); opened.has_error()) {
            return opened;
        }
    }
    for (auto& worker : workers_) {
        if (auto opened = worker->listen(io::Acceptor::Sharing::workers); opened.has_error()) {
            return opened;
        }
    }
    return {};
}

void Controller::on_resources(const std::vector<ResourceChange>& changes) {
    for (const ResourceChange& change : changes) {
        if (!change.text.has_value()) {
            inventory_.remove_file(change.name);
        } else if (!inventory_.replace_file(change.name, *change.text)) {
            ++resource_errors_total_;
        }
    }
    publish_snapshot();
    // Texts and trees took several times the memory of what was made of them. At start nobody
    // waits.
    if (generation_ == 1) {
        trim_heap();
    } else {
        heap_.on_freed(std::chrono::steady_clock::now());
    }
}

void Controller::publish_snapshot() {
    std::shared_ptr<const policy::Snapshot> previous = compiled_.snapshot;
    compiled_ = compiler_.compile(inventory_, ++generation_);
    const bool is_first = generation_ == 1;
    for (auto& worker : workers_) {
        // The last owner frees thousands of objects: that is for this thread, not for one that has
        // requests waiting.
        worker->adopt(compiled_.snapshot, [this, is_first, previous]() mutable {
            boost::asio::post(context_, [this, is_first, previous = std::move(previous)] {
                workers_adopted_ += is_first ? 1 : 0;
            });
        });
    }
    report_new_problems();
}

void Controller::report_new_problems() {
    std::set<std::string> texts;
    for (const policy::Problem& problem : problems()) {
        const auto [text, is_new] = texts.insert(to_string(problem));
        if (is_new && !reported_problems_.contains(*text)) {
            telemetry::log(LogLevel::warning, telemetry::escaped(*text));
        }
    }
    reported_problems_ = std::move(texts);
}

AdminHandlers Controller::admin_handlers() {
    AdminHandlers handlers;
    handlers.metrics = [this] { return render(); };
    handlers.is_ready = [this] { return readiness(); };
    handlers.snapshot_json = [this] {
        return compiled_.snapshot == nullptr ? std::string() : compiled_.snapshot->to_json();
    };
    handlers.problems = [this] { return problems(); };
    handlers.generation = [this] { return generation_; };
    handlers.snapshot = [this] { return compiled_.snapshot; };
    handlers.trust_domain = configuration_.workload.trust_domain;
    handlers.limits = configuration_.limits;
    return handlers;
}

std::pair<bool, std::string> Controller::readiness() const {
    if (is_draining_) {
        return {false, "draining"};
    }
    if (!identity_.is_loaded()) {
        return {false, "no identity: " + identity_.why_not_loaded()};
    }
    if (workers_adopted_ < workers_.size()) {
        return {false, "no resources yet"};
    }
    return {true, "ready"};
}

std::vector<policy::Problem> Controller::problems() const {
    std::vector<policy::Problem> all = inventory_.problems();
    all.insert(all.end(), compiled_.problems.begin(), compiled_.problems.end());
    return policy::in_order(std::move(all));
}

telemetry::ProcessFacts Controller::process_facts() const {
    telemetry::ProcessFacts facts;
    facts.name_space = configuration_.workload.name_space;
    facts.pod = configuration_.workload.pod;
    facts.owner_label = owner_label(configuration_.owner.kind);
    facts.owner_name = configuration_.owner.name;
    facts.version = SMILAX_VERSION;
    facts.start_time = start_time_;
    if (const auto& material = identity_.material()) {
        facts.identity_not_after = material->not_after;
    }
    facts.identity_refreshes = identity_.refreshes();
    facts.identity_refresh_errors = identity_.refresh_errors();
    facts.snapshot_generation = generation_;
    facts.resource_problems = problems().size();
    facts.resource_errors_total = resource_errors_total_;
    return facts;
}

aio::Awaitable<std::string> Controller::render() {
    using Numbers = std::shared_ptr<const telemetry::Sheet::Numbers>;
    // Shared with the workers' answers: a scrape that is torn down must not be written to.
    struct Collected {
        explicit Collected(const aio::Executor& executor) : all_here(executor) {}
        aio::Event all_here;
        std::vector<Numbers> sheets;
        std::size_t missing = 0;
    };
    auto collected = std::make_shared<Collected>(context_.get_executor());
    collected->missing = workers_.size();
    for (auto& worker : workers_) {
        worker->collect([this, collected](Numbers numbers) {
            boost::asio::post(context_, [collected, numbers = std::move(numbers)]() mutable {
                collected->sheets.push_back(std::move(numbers));
                if (--collected->missing == 0) {
                    collected->all_here.set();
                }
            });
        });
    }
    co_await collected->all_here.wait();
    const telemetry::ProcessFacts facts = process_facts();
    co_return telemetry::render_metrics(collected->sheets, facts);
}

void Controller::schedule_tick() {
    const bool is_settling = identity_.is_settling();
    tick_timer_.expires_after(is_settling ? k_tick_settling : std::chrono::milliseconds(k_tick));
    tick_timer_.async_wait([this](const aio::Error& error) {
        if (!error) {
            identity_.refresh();
            if (identity_.material() != nullptr) {
                peer_review_.run(identity_.material());
            }
            keep_heap();
            schedule_tick();
        }
    });
}

void Controller::keep_heap() {
    count_connections([this](std::size_t open) {
        if (heap_.should_trim(open, std::chrono::steady_clock::now())) {
            trim_heap();
        }
    });
}

void Controller::count_connections(std::function<void(std::size_t)> counted) {
    struct Count {
        std::size_t workers_missing = 0;
        std::size_t open = 0;
        std::function<void(std::size_t)> counted;
    };
    auto count = std::make_shared<Count>();
    count->workers_missing = workers_.size();
    count->counted = std::move(counted);
    for (auto& worker : workers_) {
        worker->count_connections([this, count](std::size_t open) {
            boost::asio::post(context_, [count, open] {
                count->open += open;
                if (--count->workers_missing == 0) {
                    count->counted(count->open);
                }
            });
        });
    }
}

void Controller::await_signal() {
    signals_.async_wait([this](const aio::Error& error, int) {
        if (error) {
            return;
        }
        if (is_draining_) {
            telemetry::log(LogLevel::warning, "second signal: stopping at once");
            context_.stop();
            return;
        }
        begin_drain();
        await_signal();
    });
}

void Controller::begin_drain() {
    is_draining_ = true;
    drain_deadline_ = std::chrono::steady_clock::now() +
                      std::chrono::milliseconds(configuration_.limits.drain_ms_max);
    telemetry::log(
        LogLevel::info,
        fmt::format(
            "draining: still serving, until no connection is left or {} s are over",
            configuration_.limits.drain_ms_max / 1000
        )
    );
    for (auto& worker : workers_) {
        worker->drain();
    }
    check_drained();
}

void Controller::check_drained() {
    if (std::chrono::steady_clock::now() >= drain_deadline_) {
        telemetry::log(LogLevel::warning, "the drain deadline passed: closing what is left");
        context_.stop();
        return;
    }
    count_connections([this](std::size_t open) {
        quiet_checks_ = open == 0 ? quiet_checks_ + 1 : 0;
        if (quiet_checks_ >= k_quiet_checks) {
            context_.stop();
        }
    });
    drain_timer_.expires_after(k_drain_check);
    drain_timer_.async_wait([this](const aio::Error& error) {
        if (!error) {
            check_drained();
        }
    });
}

void Controller::log_start() const {
    std::string listens;
    const auto add = [&listens](std::string_view what, const policy::SocketAddress& configured) {
        if (const auto address = net::available_address(configured)) {
            listens += fmt::format("{}{} {}", listens.empty() ? "" : ", ", what, address->text());
        }
    };
    for (const auto& address : configuration_.inbound_listen) {
        add("inbound", address);
    }
    for (const auto& port : configuration_.inbound_ports) {
        add("inbound", port.listen);
    }
    for (const auto& address : configuration_.outbound_listen) {
        add("outbound", address);
    }
    telemetry::log(
        LogLevel::info,
        fmt::format(
            "smilax {} for {}/{}: {}{}",
            SMILAX_VERSION,
            configuration_.workload.name_space,
            configuration_.workload.service_account,
            listens,
            admin_address_.empty() ? "" : fmt::format(", admin {}", admin_address_)
        )
    );
}

}  // namespace proxy::control
