// The files of one demo: resources, configurations, identities, logs; and their removal.
#pragma once

#include "policy/result.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace proxy::command::demo {

struct WorkDirectoryOptions {
    std::string name;              // "smilax-demo-4711"
    std::string keep;              // a directory to use and to leave behind; empty: a temporary one
    bool for_other_users = false;  // sidecars and applications run as other users
};

/// A directory tree, owned by the command: temporary ones vanish with this object. Nothing else is
/// held, so a move is only of names.
class WorkDirectory {
 public:
    [[nodiscard]] static policy::Result<WorkDirectory> make(const WorkDirectoryOptions& options);
    WorkDirectory(WorkDirectory&& other) noexcept;
    WorkDirectory& operator=(WorkDirectory&&) = delete;
    WorkDirectory(const WorkDirectory&) = delete;
    WorkDirectory& operator=(const WorkDirectory&) = delete;
    ~WorkDirectory();

    /// Where files are: `root` for what people read, `sockets` for what only the demo uses (a
    /// Unix socket's path must be short, which a directory to keep need not be).
    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] const std::string& sockets() const { return temporary_; }
    [[nodiscard]] std::string resources() const { return root_ + "/resources"; }

 private:
    WorkDirectory() = default;

    std::string root_;
    std::string temporary_;
};

/// Whether a directory to keep may be used: private keys will lie in it, so that it must not hold
/// anything yet.
[[nodiscard]] policy::Result<void> check_kept_directory(const std::string& path);

/// Makes a directory, or takes the one that is there, with exactly these permissions.
[[nodiscard]] policy::Result<void> make_directory(const std::string& path, mode_t mode);

/// Makes a directory closed to others, owned by `owner` where given.
[[nodiscard]] policy::Result<void> make_private_directory(
    const std::string& path, std::optional<uid_t> owner
);

/// Writes `text` to a new file that replaces `path` in one step, so that a reader sees the old or
/// the new text, never half of it.
[[nodiscard]] policy::Result<void> replace_file(
    const std::string& path, std::string_view text, mode_t mode, std::optional<uid_t> owner
);

/// Removes temporary directories of demos that ended without doing so (SIGKILL, a crash).
void remove_leftover_directories();

/// The process id in "smilax-demo-4711-web" or "smilax-demo-4711"; nullopt for other names.
[[nodiscard]] std::optional<pid_t> demo_process_of(std::string_view name);

/// True while the demo that made things of this name runs.
[[nodiscard]] bool is_demo_running(pid_t pid);

}  // namespace proxy::command::demo
