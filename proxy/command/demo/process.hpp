// The demo's children: this same program as sidecar or application, in a network namespace and as
// another user where wanted. None outlives the demo, however that ends.
#pragma once

#include "policy/result.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace proxy::command::demo {

struct ProcessOptions {
    std::vector<std::string> arguments;  // after the program's name
    std::string network_namespace;       // as `ip netns` knows it; empty: ours
    std::optional<uid_t> user;           // user and group; empty: ours
    std::string log;                     // file for both outputs, appended to
};

/// A running child. Killed and reaped by the destructor; the kernel kills it when the demo dies.
class Process {
 public:
    /// Call from the main thread only: a child lives as long as the *thread* that started it
    /// (prctl(2), PR_SET_PDEATHSIG).
    [[nodiscard]] static policy::Result<Process> start(const ProcessOptions& options);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The exit code (128 + N for signal N) once it has ended.
    [[nodiscard]] std::optional<int> exit_code();
    /// Waits for the end at most this long.
    [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds time);
    /// Asks it to end (SIGTERM).
    void terminate();

 private:
    explicit Process(pid_t pid) : pid_(pid) {}

    pid_t pid_ = -1;
    std::optional<int> exit_code_;
};

}  // namespace proxy::command::demo
