#include "proxy/control/directory_watch.hpp"

#include "telemetry/log.hpp"

#include <fmt/format.h>

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace proxy::control {

namespace {

namespace fs = std::filesystem;

/// Events come in bursts: one scan serves all that come within this after the first. Writers that
/// do not rename often come back to their file or have another to go.
constexpr std::chrono::milliseconds k_settle{5};
/// Files renamed into place are whole: after this without another event the burst is over. So
/// changes that are ten milliseconds apart are told apart by a thread that gets its core late, too.
constexpr std::chrono::milliseconds k_settle_renamed{1};
constexpr std::uint32_t k_finished = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr std::uint32_t k_watched =
    k_finished | IN_MODIFY | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

bool is_resource_name(const std::string& name) {
    if (name.starts_with('.')) {
        return false;
    }
    const std::string extension = fs::path(name).extension().string();
    return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

DirectoryWatch::DirectoryWatch(
    boost::asio::io_context& context, std::vector<std::string> directories
)
    : directories_(std::move(directories)),
      inotify_(context.get_executor()),
      settle_timer_(context.get_executor()) {}

void DirectoryWatch::open(std::function<void()> on_settled) {
    on_settled_ = std::move(on_settled);
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) {
        telemetry::log(
            telemetry::LogLevel::warning,
            fmt::format("inotify: {}; resources are polled instead", std::strerror(errno))
        );
        return;
    }
    inotify_.assign(descriptor);
    renew();
    await_events();
}

void DirectoryWatch::renew() {
    if (!inotify_.is_open()) {
        return;
    }
    for (const std::string& directory : directories_) {
        const int watch =
            ::inotify_add_watch(inotify_.native_handle(), directory.c_str(), k_watched);
        if (watch >= 0) {
            watches_[watch] = directory;
        }
    }
}

void DirectoryWatch::close() {
    aio::Error ignored;
    inotify_.close(ignored);
    settle_timer_.cancel();
}

void DirectoryWatch::await_events() {
    using Wait = boost::asio::posix::descriptor_base;
    inotify_.async_wait(Wait::wait_read, [this](const aio::Error& error) {
        if (error || !inotify_.is_open()) {
            return;
        }
        take_events();
        await_events();
    });
}

void DirectoryWatch::take_events() {
    int queued = 0;
    if (!inotify_.is_open() || ::ioctl(inotify_.native_handle(), FIONREAD, &queued) != 0) {
        return;
    }
    alignas(inotify_event) std::array<char, 16 * 1024> block{};
    std::uint32_t seen = 0;
    while (queued > 0) {
        const ssize_t bytes = ::read(inotify_.native_handle(), block.data(), block.size());
        if (bytes <= 0) {
            break;
        }
        queued -= static_cast<int>(bytes);
        for (std::size_t offset = 0; offset < static_cast<std::size_t>(bytes);) {
            inotify_event event{};
            std::memcpy(&event, block.data() + offset, sizeof event);
            const char* name = block.data() + offset + sizeof event;
            seen |= note(event.wd, event.mask, event.len > 0 ? std::string(name) : std::string());
            offset += sizeof event + event.len;
        }
    }
    // Who writes is not done: the end of that is an event of its own.
    seen &= ~std::uint32_t{IN_MODIFY};
    if (seen != 0) {
        settle(seen == IN_MOVED_TO);
    }
}

/// What of the event is a reason to look.
std::uint32_t DirectoryWatch::note(int watch, std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0) {
        finished_.clear();  // that one of them was opened again may be among what was lost
        return mask;
    }
    if (name.starts_with("..")) {
        was_swapped_ = true;
        return IN_CREATE;  // links to new files follow in a moment
    }
    const auto directory = watches_.find(watch);
    if (name.empty() || directory == watches_.end()) {
        return mask;
    }
    if (!is_resource_name(name)) {
        return 0;
    }
    const std::string file = (fs::path(directory->second) / name).string();
    if ((mask & k_finished) != 0) {
        finished_.insert(file);
    } else {
        finished_.erase(file);
    }
    return mask;
}

void DirectoryWatch::settle(bool is_rename_only) {
    const auto now = Clock::now();
    if (!settled_by_.has_value()) {
        settled_by_ = now + k_settle;
        saw_renames_only_ = true;
    }
    saw_renames_only_ = saw_renames_only_ && is_rename_only;
    settle_timer_.expires_at(
        saw_renames_only_ ? std::min(now + k_settle_renamed, *settled_by_) : *settled_by_
    );
    settle_timer_.async_wait([this](const aio::Error& error) {
        if (!error && inotify_.is_open()) {
            settled_by_.reset();
            on_settled_();
        }
    });
}

bool DirectoryWatch::take_swap() {
    return std::exchange(was_swapped_, false);
}

}  // namespace proxy::control
