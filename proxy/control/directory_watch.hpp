// What the kernel says about directories of resources: when to look, and which files are whole.
#pragma once

#include "proxy/control/aio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace proxy::control {

/// *.yaml, *.yml and *.json, dot files left out.
[[nodiscard]] bool is_resource_name(const std::string& name);

/// inotify over directories. Where the kernel has none it stays silent, and the owner polls.
/// Control thread.
class DirectoryWatch {
 public:
    DirectoryWatch(boost::asio::io_context& context, std::vector<std::string> directories);

    /// Calls `on_settled` when something happened and no more is to be expected at once.
    void open(std::function<void()> on_settled);
    /// Once more, for directories that were replaced: they have new inodes.
    void renew();
    void close();

    /// What has happened until now is known when it returns: a file whose text was read before may
    /// have been opened again.
    void take_events();
    /// The last thing that happened to it is that its writer closed it or renamed it into place.
    [[nodiscard]] bool is_finished(const std::string& file) const {
        return finished_.contains(file);
    }
    void forget(const std::string& file) { finished_.erase(file); }
    /// A ConfigMap's `..data` was moved since the last call: what is reached through it is whole.
    [[nodiscard]] bool take_swap();

 private:
    using Clock = std::chrono::steady_clock;

    void await_events();
    std::uint32_t note(int watch, std::uint32_t mask, const std::string& name);
    void settle(bool is_rename_only);

    std::vector<std::string> directories_;
    std::function<void()> on_settled_;
    boost::asio::posix::basic_stream_descriptor<aio::Executor> inotify_;
    std::map<int, std::string> watches_;
    std::set<std::string> finished_;
    bool was_swapped_ = false;
    aio::Timer settle_timer_;
    std::optional<Clock::time_point> settled_by_;  // while the timer runs
    bool saw_renames_only_ = true;                 // since it runs
};

}  // namespace proxy::control
