// Calls that go on in the background.
#pragma once

#include "proxy/command/demo/mesh.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <thread>

namespace proxy::command::demo {

/// GET /books again and again, from its own thread, until stop() or the end of this object.
class Traffic {
 public:
    struct Counts {
        int calls = 0;
        int failed = 0;  // anything but 200
        std::string first_failure;
        std::map<std::string, int> answers;  // 200s by application
    };

    /// `mesh` outlives this object.
    Traffic(
        const Mesh& mesh,
        std::string_view from,
        std::string_view to,
        std::chrono::milliseconds between
    );
    ~Traffic();
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;

    /// Ends it, after the call that is under way, and tells what happened.
    [[nodiscard]] const Counts& stop();

 private:
    void run();

    const Mesh& mesh_;
    const Pod& from_;
    const Service& to_;
    std::chrono::milliseconds between_;
    std::atomic<bool> is_over_{false};
    Counts counts_;  // the thread's until it is joined
    std::thread thread_;
};

}  // namespace proxy::command::demo
