#include "proxy/command/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace proxy::command {
namespace {

/// A file descriptor that closes itself.
class Descriptor {
 public:
    Descriptor() = default;
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
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
    int value_ = -1;
};

struct Pipe {
    Descriptor reader;
    Descriptor writer;
};

/// Both ends close on exec: the child keeps only what is put on its descriptors 0 to 2.
bool open_pipe(Pipe& pipe) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return false;
    }
    pipe.reader = Descriptor(ends[0]);
    pipe.writer = Descriptor(ends[1]);
    return true;
}

/// The three streams of a child.
struct Streams {
    Pipe input;
    Pipe output;
    Pipe error;
};

std::string error_text(const std::string& program, int code) {
    return program + ": " + std::strerror(code);
}

int spawn(
    const std::string& path, std::vector<std::string>& argv, const Streams& streams, pid_t& pid
) {
    std::vector<char*> arguments;
    for (std::string& argument : argv) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);

    // The child starts with no signal blocked and SIGPIPE as usual, whatever this program set.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t to_default;
    sigemptyset(&to_default);
    sigaddset(&to_default, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &to_default);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, streams.input.reader.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, streams.output.writer.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, streams.error.writer.get(), STDERR_FILENO);
    const int code =
        ::posix_spawn(&pid, path.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return code;
}

/// Writes to a pipe whose reader may be gone: that is the child's choice, not an error of ours, so
/// SIGPIPE is held back from this thread meanwhile.
class SigpipeBlocked {
 public:
    SigpipeBlocked() {
        sigset_t pipe_only;
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_only, &before_);
    }
    SigpipeBlocked(const SigpipeBlocked&) = delete;
    SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;
    ~SigpipeBlocked() {
        if (sigismember(&before_, SIGPIPE) == 0) {
            // Take back a SIGPIPE of ours that is waiting, then let new ones through.
            sigset_t pipe_only;
            sigemptyset(&pipe_only);
            sigaddset(&pipe_only, SIGPIPE);
            const timespec at_once{};
            while (sigtimedwait(&pipe_only, nullptr, &at_once) == -1 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

 private:
    sigset_t before_{};
};

void write_some(Descriptor& to, std::string_view& rest) {
    const ssize_t written = ::write(to.get(), rest.data(), rest.size());
    if (written >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    const bool is_over = written < 0 && errno != EAGAIN && errno != EINTR;
    if (rest.empty() || is_over) {
        to.close();
    }
}

void read_some(Descriptor& from, std::string& into) {
    std::array<char, 16 * 1024> buffer;
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
        from.close();
    }
}

/// Feeds and reads at the same time: doing one after the other stalls once a pipe is full.
void exchange(Streams& streams, std::string_view input, ProcessOutput& output) {
    const SigpipeBlocked guard;
    ::fcntl(streams.input.writer.get(), F_SETFL, O_NONBLOCK);
    if (input.empty()) {
        streams.input.writer.close();
    }
    while (streams.input.writer.get() >= 0 || streams.output.reader.get() >= 0 ||
           streams.error.reader.get() >= 0) {
        // poll() skips negative descriptors, which is what closed ones are.
        std::array<pollfd, 3> waits{
            pollfd{streams.input.writer.get(), POLLOUT, 0},
            pollfd{streams.output.reader.get(), POLLIN, 0},
            pollfd{streams.error.reader.get(), POLLIN, 0},
        };
        if (::poll(waits.data(), waits.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (waits[0].revents != 0) {
            write_some(streams.input.writer, input);
        }
        if (waits[1].revents != 0) {
            read_some(streams.output.reader, output.standard_output);
        }
        if (waits[2].revents != 0) {
            read_some(streams.error.reader, output.standard_error);
        }
    }
}

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::string find_program(std::string_view program) {
    if (program.find('/') != std::string_view::npos) {
        return ::access(std::string(program).c_str(), X_OK) == 0 ? std::string(program) : "";
    }
    const char* path = std::getenv("PATH");
    const std::string folders =
        std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/sbin:/sbin";
    std::size_t begin = 0;
    while (begin <= folders.size()) {
        const std::size_t end = std::min(folders.find(':', begin), folders.size());
        const std::string folder = folders.substr(begin, end - begin);
        begin = end + 1;
        // An empty entry means the current folder: never run a program from there.
        if (folder.empty()) {
            continue;
        }
        std::string candidate = folder + "/" + std::string(program);
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return {};
}

policy::Result<ProcessOutput> run_process(
    std::vector<std::string> argv, std::string_view standard_input
) {
    using Outcome = policy::Result<ProcessOutput>;
    if (argv.empty()) {
        return policy::failed<ProcessOutput>(std::string("no program to run"));
    }
    const std::string path = find_program(argv[0]);
    if (path.empty()) {
        return policy::failed<ProcessOutput>(error_text(argv[0], ENOENT));
    }
    Streams streams;
    if (!open_pipe(streams.input) || !open_pipe(streams.output) || !open_pipe(streams.error)) {
        return policy::failed<ProcessOutput>(error_text(argv[0], errno));
    }
    pid_t pid = 0;
    if (const int code = spawn(path, argv, streams, pid); code != 0) {
        return policy::failed<ProcessOutput>(error_text(argv[0], code));
    }
    streams.input.reader.close();
    streams.output.writer.close();
    streams.error.writer.close();
    ProcessOutput output;
    exchange(streams, standard_input, output);
    // The child must not wait for us while we wait for it.
    streams.input.writer.close();
    output.exit_code = wait_for(pid);
    return Outcome(std::move(output));
}

}  // namespace proxy::command
