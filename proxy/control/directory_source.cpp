#include "proxy/control/directory_source.hpp"

#include "policy/document.hpp"
#include "proxy/control/aio.hpp"
#include "proxy/control/directory_watch.hpp"
#include "telemetry/log.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace proxy::control {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds k_poll{500};
/// Without an event, a file must have rested this long before it is read.
constexpr std::chrono::milliseconds k_rest{200};

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

/// One byte more than the parser takes, so that it can say that the file is too long.
std::optional<std::string> text_of(const std::string& path) {
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
          watch_(context, directories_),
          poll_timer_(context.get_executor()) {}

    policy::Result<void> start(OnChange on_change) override;
    void close() override;

 private:
    void schedule_poll();
    void scan(bool is_first);
    std::optional<std::set<std::string>> list(const std::string& directory);
    void collect_changed(
        const std::set<std::string>& files, bool is_first, std::vector<ResourceChange>& changes
    );
    std::optional<std::string> read_finished(const std::string& file, const Signature& signature);
    std::optional<std::string> read_text(const std::string& file);
    void collect_removed(const std::set<std::string>& files, std::vector<ResourceChange>& changes);

    std::vector<std::string> directories_;
    OnChange on_change_;
    DirectoryWatch watch_;
    aio::Timer poll_timer_;
    std::map<std::string, Signature> known_;
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
    watch_.open([this] { scan(false); });
    scan(true);
    schedule_poll();
    return {};
}

void DirectorySource::close() {
    is_closed_ = true;
    watch_.close();
    poll_timer_.cancel();
}

void DirectorySource::schedule_poll() {
    poll_timer_.expires_after(k_poll);
    poll_timer_.async_wait([this](const aio::Error& error) {
        if (!error && !is_closed_) {
            watch_.renew();
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
    const bool was_swapped = watch_.take_swap();
    for (const std::string& file : files) {
        const auto signature = signature_of(file);
        const auto known = known_.find(file);
        const bool is_known = known != known_.end() && known->second == signature;
        // Two changes in one tick of the kernel's clock can look alike: the event tells them apart.
        if (!signature.has_value() || (is_known && !watch_.is_finished(file))) {
            continue;
        }
        std::error_code ignored;
        const bool is_swapped = was_swapped && fs::is_symlink(file, ignored);
        auto text = is_first || is_swapped ? read_text(file) : read_finished(file, *signature);
        if (text.has_value()) {
            watch_.forget(file);
            known_[file] = *signature;
            changes.push_back({file, std::move(text)});
        }
    }
}

/// Nothing when the file is not whole; then an event or the poll comes back to it.
std::optional<std::string> DirectorySource::read_finished(
    const std::string& file, const Signature& signature
) {
    const auto is_whole = [&] { return watch_.is_finished(file) || has_rested(signature); };
    if (!is_whole()) {
        return std::nullopt;
    }
    auto text = read_text(file);
    // Its next writer may have begun while we read.
    watch_.take_events();
    if (!is_whole() || signature_of(file) != signature) {
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> DirectorySource::read_text(const std::string& file) {
    auto text = text_of(file);
    if (text.has_value()) {
        unreadable_.erase(file);
    } else if (unreadable_.insert(file).second) {
        telemetry::log(
            telemetry::LogLevel::error,
            fmt::format("resources: {}: cannot be read; its last objects stay", file)
        );
    }
    return text;
}

void DirectorySource::collect_removed(
    const std::set<std::string>& files, std::vector<ResourceChange>& changes
) {
    for (auto known = known_.begin(); known != known_.end();) {
        // A listing may miss what is replaced meanwhile.
        if (files.contains(known->first) || signature_of(known->first).has_value()) {
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
