#include "proxy/command/demo/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

namespace proxy::command::demo {
namespace {

constexpr std::chrono::milliseconds k_poll{5};

/// What the child needs, made ready before fork: afterwards only async-signal-safe calls may run.
struct Launch {
    std::vector<char*> argv;
    std::vector<char*> environment;
    int program = -1;            // our own file, opened while we may
    int network_namespace = -1;  // or -1: ours
    int input = -1;              // /dev/null
    int log = -1;
    int failure = -1;  // writing end: what failed, closed by a successful exec
    std::optional<uid_t> user;
    pid_t parent = 0;
};

struct FailedCall {
    int code = 0;
    std::array<char, 24> call{};
};

[[noreturn]] void give_up(const Launch& launch, const char* call) {
    FailedCall failed;
    failed.code = errno;
    std::strncpy(failed.call.data(), call, failed.call.size() - 1);
    // The parent reads this or nothing; there is nobody else to tell.
    [[maybe_unused]] const ssize_t written = ::write(launch.failure, &failed, sizeof(failed));
    ::_exit(127);
}

void become_user(const Launch& launch) {
    if (!launch.user) {
        return;
    }
    const uid_t user = *launch.user;
    if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
        ::setresuid(user, user, user) != 0) {
        give_up(launch, "setresuid");
    }
}

[[noreturn]] void run_child(const Launch& launch) {
    // Out of the terminal's process group: Ctrl-C is for the demo, which ends its children itself.
    ::setsid();
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (launch.network_namespace >= 0 && ::setns(launch.network_namespace, CLONE_NEWNET) != 0) {
        give_up(launch, "setns");
    }
    if (::dup2(launch.input, STDIN_FILENO) < 0 || ::dup2(launch.log, STDOUT_FILENO) < 0 ||
        ::dup2(launch.log, STDERR_FILENO) < 0) {
        give_up(launch, "dup2");
    }
    become_user(launch);
    // After the change of user, which clears it.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        give_up(launch, "prctl");
    }
    if (::getppid() != launch.parent) {
        ::_exit(127);  // the demo died between fork and prctl
    }
    // By descriptor: the user may lack the right to search the folders above (/root/…).
    ::fexecve(launch.program, launch.argv.data(), launch.environment.data());
    give_up(launch, "exec");
}

/// Closes on leaving the frame.
class Descriptor {
 public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    [[nodiscard]] int get() const { return value_; }
    void close() {
        if (value_ >= 0) {
            ::close(std::exchange(value_, -1));
        }
    }

 private:
    int value_;
};

std::string errno_text(const std::string& what) {
    return what + ": " + std::strerror(errno);
}

int exit_code_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Ours, without what would override the configuration of every sidecar alike.
std::vector<char*> environment_of_children() {
    std::vector<char*> kept;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (!std::string_view(*entry).starts_with("SMILAX_")) {
            kept.push_back(*entry);
        }
    }
    kept.push_back(nullptr);
    return kept;
}

/// The child, once it runs the program; the error says what failed in it.
policy::Result<pid_t> fork_and_exec(Launch& launch) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno_text("pipe2");
    }
    const Descriptor reader(ends[0]);
    Descriptor writer(ends[1]);
    launch.failure = writer.get();
    launch.parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return errno_text("fork");
    }
    if (pid == 0) {
        run_child(launch);
    }
    writer.close();
    FailedCall failed;
    if (::read(reader.get(), &failed, sizeof(failed)) == sizeof(failed)) {
        ::waitpid(pid, nullptr, 0);
        errno = failed.code;
        return errno_text(failed.call.data());
    }
    return pid;
}

}  // namespace

policy::Result<Process> Process::start(const ProcessOptions& options) {
    std::vector<std::string> words{"smilax"};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    Launch launch;
    for (std::string& word : words) {
        launch.argv.push_back(word.data());
    }
    launch.argv.push_back(nullptr);
    launch.environment = environment_of_children();
    const Descriptor program(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
    const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor log(
        ::open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644)
    );
    if (program.get() < 0 || input.get() < 0 || log.get() < 0) {
        return errno_text("cannot open /proc/self/exe, /dev/null or " + options.log);
    }
    const std::string namespace_path = "/run/netns/" + options.network_namespace;
    const Descriptor network(
        options.network_namespace.empty() ? -1
                                          : ::open(namespace_path.c_str(), O_RDONLY | O_CLOEXEC)
    );
    if (!options.network_namespace.empty() && network.get() < 0) {
        return errno_text("cannot open the network namespace " + namespace_path);
    }
    launch.program = program.get();
    launch.input = input.get();
    launch.log = log.get();
    launch.network_namespace = network.get();
    launch.user = options.user;
    const auto pid = fork_and_exec(launch);
    if (!pid) {
        return policy::failed<Process>(
            "cannot start `smilax " + options.arguments.front() + "`: " + pid.error()
        );
    }
    return Process(*pid);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(exit_code_, other.exit_code_);
    return *this;
}

Process::~Process() {
    if (pid_ < 0 || exit_code()) {
        return;
    }
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
}

std::optional<int> Process::exit_code() {
    int status = 0;
    if (!exit_code_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        exit_code_ = exit_code_of(status);
    }
    return exit_code_;
}

std::optional<int> Process::wait_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!exit_code() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(k_poll);
    }
    return exit_code_;
}

void Process::terminate() {
    if (!exit_code()) {
        ::kill(pid_, SIGTERM);
    }
}

}  // namespace proxy::command::demo
