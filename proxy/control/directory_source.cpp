#include "proxy/control/directory_source.hpp"

#include "policy/document.hpp"
#include "proxy/control/aio.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace proxy::control {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds k_poll{500};
/// Events come in bursts: one scan serves all that come within this.
constexpr std::chrono::milliseconds k_settle{5};
/// Without an event, a file must have rested this long before it is read.
constexpr std::chrono::milliseconds k_rest{200};
constexpr std::uint32_t k_watched = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                    IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF;

/// What tells one state of a file from the next without reading it.
struct Signature {
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    std::uint64_t bytes = 0;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    bool operator==(const Signature&) const = default;
};

std::optional<Signature> signature_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    constexpr std::int64_t k_ns = 1'000'000'000;
    Signature signature;
    signature.modified_ns = status.st_mtim.tv_sec * k_ns + status.st_mtim.tv_nsec;
    signature.changed_ns = status.st_ctim.tv_sec * k_ns + status.st_ctim.tv_nsec;
    signature.bytes = static_cast<std::uint64_t>(status.st_size);
    signature.inode = status.st_ino;
    signature.device = status.st_dev;
    return signature;
}

bool has_rested(const Signature& signature) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() -
                     std::max(signature.modified_ns, signature.changed_ns);
    return age < 0 || age > std::chrono::nanoseconds(k_rest).count();
}

bool is_resource_name(const std::string& name) {
    if (name.starts_with('.')) {
        return false;
    }
    const std::string extension = fs::path(name).extension().string();
    return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// One byte more than the parser takes, so that it can say that the file is too long.
std::optional<std::string> read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    const std::size_t bytes_max = policy::DocumentLimits{}.text_bytes_max + 1;
    std::string text;
    std::array<char, 64 * 1024> block{};
    while (text.size() < bytes_max && (file.read(block.data(), block.size()) || file.gcount() > 0)
    ) {
        text.append(block.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad()) {
        return std::nullopt;
    }
    return text;
}

class DirectorySource final : public ResourceSource {
 public:
    DirectorySource(boost::asio::io_context& context, std::vector<std::string> directories)
        : directories_(std::move(directories)),
          inotify_(context.get_executor()),
          settle_timer_(context),
          poll_timer_(context) {}

    policy::Result<void> start(OnChange on_change) override;
    void close() override;

 private:
    void open_inotify();
    void watch_directories();
    void read_events();
    void on_events(std::size_t bytes);
    void schedule_scan();
    void schedule_poll();
    void scan(bool is_first);
    std::optional<std::set<std::string>> list(const std::string& directory);
    void collect_changed(
        const std::set<std::string>& files, bool is_first, std::vector<ResourceChange>& changes
    );
    void collect_removed(const std::set<std::string>& files, std::vector<ResourceChange>& changes);

    using Descriptor = boost::asio::posix::basic_stream_descriptor<aio::Executor>;

    std::vector<std::string> directories_;
    OnChange on_change_;
    Descriptor inotify_;
    std::map<int, std::string> watches_;
    alignas(inotify_event) std::array<char, 16 * 1024> events_{};
    boost::asio::steady_timer settle_timer_;
    boost::asio::steady_timer poll_timer_;
    std::map<std::string, Signature> known_;
    std::set<std::string> closed_files_;  // their writers are done, says inotify
    bool was_swapped_ = false;            // a ConfigMap's `..data` moved: all files are whole
    bool is_scan_scheduled_ = false;
    bool is_closed_ = false;
    std::set<std::string> lost_directories_;  // told once
    std::set<std::string> unreadable_;        // likewise
};

policy::Result<void> DirectorySource::start(OnChange on_change) {
    on_change_ = std::move(on_change);
    for (const std::string& directory : directories_) {
        std::error_code error;
        if (!fs::is_directory(directory, error)) {
            return std::string(
                "resources: " + directory + ": " + (error ? error.message() : "no such directory") +
                "; create it (it may be empty) or name another one"
            );
        }
    }
    open_inotify();
    scan(true);
    read_events();
    schedule_poll();
    return {};
}

void DirectorySource::close() {
    is_closed_ = true;
    aio::Error ignored;
    inotify_.close(ignored);
    settle_timer_.cancel();
    poll_timer_.cancel();
}

void DirectorySource::open_inotify() {
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) {
        telemetry::log(
            telemetry::LogLevel::warning,
            fmt::format("inotify: {}; resources are polled instead", std::strerror(errno))
        );
        return;
    }
    inotify_.assign(descriptor);
    watch_directories();
}

void DirectorySource::watch_directories() {
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

void DirectorySource::read_events() {
    if (!inotify_.is_open()) {
        return;
    }
    inotify_.async_read_some(
        boost::asio::buffer(events_),
        [this](const aio::Error& error, std::size_t bytes) {
            if (error || is_closed_) {
                return;
            }
            on_events(bytes);
            read_events();
        }
    );
}

void DirectorySource::on_events(std::size_t bytes) {
    std::size_t offset = 0;
    while (offset + sizeof(inotify_event) <= bytes) {
        inotify_event event{};
        std::memcpy(&event, events_.data() + offset, sizeof event);
        const char* name = events_.data() + offset + sizeof event;
        const std::string file = event.len > 0 ? std::string(name) : std::string();
        offset += sizeof event + event.len;
        if (file.starts_with("..")) {
            was_swapped_ = true;
        } else if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) {
            closed_files_.insert((fs::path(watches_[event.wd]) / file).string());
        }
    }
    schedule_scan();
}

void DirectorySource::schedule_scan() {
    if (is_scan_scheduled_) {
        return;
    }
    is_scan_scheduled_ = true;
    settle_timer_.expires_after(k_settle);
    settle_timer_.async_wait([this](const aio::Error& error) {
        is_scan_scheduled_ = false;
        if (!error && !is_closed_) {
            scan(false);
        }
    });
}

void DirectorySource::schedule_poll() {
    poll_timer_.expires_after(k_poll);
    poll_timer_.async_wait([this](const aio::Error& error) {
        if (!error && !is_closed_) {
            watch_directories();  // a directory that was replaced has a new inode
            scan(false);
            schedule_poll();
        }
    });
}

void DirectorySource::scan(bool is_first) {
    std::set<std::string> files;
    for (const std::string& directory : directories_) {
        auto listed = list(directory);
        if (!listed.has_value()) {
            // What it held stays in force: an unmounted directory must not open or close anything.
            for (const auto& [file, signature] : known_) {
                if (fs::path(file).parent_path() == fs::path(directory)) {
                    files.insert(file);
                }
            }
            continue;
        }
        files.merge(*listed);
    }
    std::vector<ResourceChange> changes;
    collect_changed(files, is_first, changes);
    collect_removed(files, changes);
    closed_files_.clear();
    was_swapped_ = false;
    if (is_first || !changes.empty()) {
        on_change_(std::move(changes));
    }
}

std::optional<std::set<std::string>> DirectorySource::list(const std::string& directory) {
    std::error_code error;
    std::set<std::string> files;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (is_resource_name(entry->path().filename().string())) {
            files.insert(entry->path().string());
        }
    }
    if (!error) {
        lost_directories_.erase(directory);
        return files;
    }
    if (lost_directories_.insert(directory).second) {
        telemetry::log(
            telemetry::LogLevel::error,
            fmt::format(
                "resources: {}: {}; its last objects stay in force", directory, error.message()
            )
        );
    }
    return std::nullopt;
}

void DirectorySource::collect_changed(
    const std::set<std::string>& files, bool is_first, std::vector<ResourceChange>& changes
) {
    for (const std::string& file : files) {
        const auto signature = signature_of(file);
        const auto known = known_.find(file);
        if (!signature.has_value() || (known != known_.end() && known->second == *signature)) {
            continue;
        }
        const bool is_whole =
            is_first || was_swapped_ || closed_files_.contains(file) || has_rested(*signature);
        if (!is_whole) {
            continue;  // the poll comes back to it
        }
        auto text = read_text(file);
        if (!text.has_value()) {
            if (unreadable_.insert(file).second) {
                telemetry::log(
                    telemetry::LogLevel::error,
                    fmt::format("resources: {}: cannot be read; its last objects stay", file)
                );
            }
            continue;
        }
        unreadable_.erase(file);
        known_[file] = *signature;
        changes.push_back({file, std::move(text)});
    }
}

void DirectorySource::collect_removed(
    const std::set<std::string>& files, std::vector<ResourceChange>& changes
) {
    for (auto known = known_.begin(); known != known_.end();) {
        if (files.contains(known->first)) {
            ++known;
            continue;
        }
        changes.push_back({known->first, std::nullopt});
        known = known_.erase(known);
    }
}

}  // namespace

std::unique_ptr<ResourceSource> make_directory_source(
    boost::asio::io_context& context, std::vector<std::string> directories
) {
    return std::make_unique<DirectorySource>(context, std::move(directories));
}

}  // namespace proxy::control
