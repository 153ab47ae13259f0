#include "proxy/command/demo/work_directory.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace proxy::command::demo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_prefix = "smilax-demo-";
// sun_path has 108 bytes; "/<pod>/app.sock" and our own name need about 45 of them.
constexpr std::size_t k_temporary_base_bytes_max = 60;

std::string errno_text(const std::string& what) {
    return what + ": " + std::strerror(errno);
}

/// Other users reach a file only when they may search every folder above it.
bool may_others_search(const fs::path& path) {
    std::error_code error;
    for (fs::path folder = fs::absolute(path, error); !error; folder = folder.parent_path()) {
        const fs::file_status status = fs::status(folder, error);
        if (error || (status.permissions() & fs::perms::others_exec) == fs::perms::none) {
            return false;
        }
        if (folder == folder.root_path()) {
            return true;
        }
    }
    return false;
}

std::string temporary_base(bool for_other_users) {
    const char* wanted = std::getenv("TMPDIR");
    if (wanted == nullptr || *wanted != '/' ||
        std::string_view(wanted).size() > k_temporary_base_bytes_max ||
        (for_other_users && !may_others_search(wanted))) {
        return "/tmp";
    }
    return wanted;
}

policy::Result<void> make_kept_directory(const std::string& path, bool for_other_users) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        return "cannot make the directory " + path + ": " + error.message();
    }
    if (for_other_users && !may_others_search(path)) {
        return path +
               " cannot be reached by the sidecars' user: choose a directory whose parents "
               "all have the permission o+x";
    }
    return {};
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

}  // namespace

policy::Result<WorkDirectory> WorkDirectory::make(const WorkDirectoryOptions& options) {
    WorkDirectory made;
    std::string pattern = temporary_base(options.for_other_users) + "/" + options.name + "-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        return errno_text("cannot make the directory " + pattern);
    }
    made.temporary_ = pattern;
    made.root_ = pattern;
    if (!options.keep.empty()) {
        made.root_ = fs::absolute(options.keep).string();
        if (const auto done = make_kept_directory(made.root_, options.for_other_users); !done) {
            return done.error();
        }
    }
    const mode_t mode = options.for_other_users ? 0755 : 0700;
    for (const std::string& path : {made.temporary_, made.root_, made.resources()}) {
        if (const auto done = make_directory(path, mode); !done) {
            return done.error();
        }
    }
    return made;
}

WorkDirectory::WorkDirectory(WorkDirectory&& other) noexcept
    : root_(std::exchange(other.root_, {})), temporary_(std::exchange(other.temporary_, {})) {}

WorkDirectory::~WorkDirectory() {
    if (!temporary_.empty()) {
        std::error_code ignored;
        fs::remove_all(temporary_, ignored);
    }
}

policy::Result<void> make_directory(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
        return errno_text("cannot make the directory " + path);
    }
    // mkdir obeys the umask; others need what `mode` says.
    if (::chmod(path.c_str(), mode) != 0) {
        return errno_text("cannot set the permissions of " + path);
    }
    return {};
}

policy::Result<void> check_kept_directory(const std::string& path) {
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_empty(path, error)) {
        return "--keep-files needs a new or an empty directory, which " + path + " is not";
    }
    return {};
}

policy::Result<void> make_private_directory(const std::string& path, std::optional<uid_t> owner) {
    if (auto done = make_directory(path, 0700); !done) {
        return done;
    }
    if (owner && ::chown(path.c_str(), *owner, *owner) != 0) {
        return errno_text("cannot give away " + path);
    }
    return {};
}

policy::Result<void> replace_file(
    const std::string& path, std::string_view text, mode_t mode, std::optional<uid_t> owner
) {
    // In the same folder, so that rename is atomic; a leading dot, so that nobody reads it.
    const fs::path target(path);
    const std::string temporary =
        target.parent_path().string() + "/." + target.filename().string() + ".new";
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) {
        return errno_text("cannot write " + temporary);
    }
    const bool is_written = write_all(file, text) && ::fchmod(file, mode) == 0 &&
                            (!owner || ::fchown(file, *owner, *owner) == 0);
    const int cause = errno;
    ::close(file);
    if (!is_written || ::rename(temporary.c_str(), path.c_str()) != 0) {
        errno = is_written ? errno : cause;
        std::string sentence = errno_text("cannot write " + path);
        ::unlink(temporary.c_str());
        return sentence;
    }
    return {};
}

void remove_leftover_directories() {
    std::error_code error;
    for (const std::string& base : {temporary_base(false), std::string("/tmp")}) {
        for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
            const auto pid = demo_process_of(entry.path().filename().string());
            struct stat facts{};
            // Only directories of our own: a name in a shared folder proves nothing.
            if (!pid || is_demo_running(*pid) || ::lstat(entry.path().c_str(), &facts) != 0 ||
                !S_ISDIR(facts.st_mode) || facts.st_uid != ::geteuid()) {
                continue;
            }
            std::error_code ignored;
            fs::remove_all(entry.path(), ignored);
        }
    }
}

std::optional<pid_t> demo_process_of(std::string_view name) {
    if (!name.starts_with(k_prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(k_prefix.size());
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool is_whole = end == name.data() + name.size() || *end == '-';
    if (error != std::errc{} || !is_whole || pid <= 0) {
        return std::nullopt;
    }
    return pid;
}

bool is_demo_running(pid_t pid) {
    // A process id is used again after its end: the command line tells whether this is a demo.
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    return line.find(std::string_view("\0demo", 5)) != std::string::npos;
}

}  // namespace proxy::command::demo
