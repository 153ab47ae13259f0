#include "proxy/command/demo/traffic.hpp"

namespace proxy::command::demo {

Traffic::Traffic(
    const Mesh& mesh, std::string_view from, std::string_view to, std::chrono::milliseconds between
)
    : mesh_(mesh),
      from_(mesh.plan().pod(from)),
      to_(mesh.plan().service(to)),
      between_(between),
      thread_([this] { run(); }) {}

Traffic::~Traffic() {
    static_cast<void>(stop());
}

const Traffic::Counts& Traffic::stop() {
    is_over_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
    return counts_;
}

void Traffic::run() {
    while (!is_over_) {
        const Outcome outcome = mesh_.call(from_, to_, Request{});
        ++counts_.calls;
        if (outcome.status == 200) {
            ++counts_.answers[outcome.application];
        } else if (counts_.failed++ == 0) {
            counts_.first_failure = outcome.text();
        }
        std::this_thread::sleep_for(between_);
    }
}

}  // namespace proxy::command::demo
