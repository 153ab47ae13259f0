#include "proxy/command/manifest_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

namespace proxy::command {
namespace {

namespace fs = std::filesystem;
using Files = policy::Result<std::vector<std::string>>;

bool is_manifest(const fs::path& path) {
    const fs::path suffix = path.extension();
    return suffix == ".yaml" || suffix == ".yml" || suffix == ".json";
}

Files list_directory(const std::string& directory) {
    std::vector<std::string> files;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        std::error_code ignored;
        if (entry->path().filename().native().starts_with('.')) {
            entry.disable_recursion_pending();
        } else if (is_manifest(entry->path()) && !entry->is_directory(ignored)) {
            files.push_back(entry->path().string());
        }
    }
    if (error) {
        return policy::failed<std::vector<std::string>>(
            fmt::format("{}: cannot be listed: {}", directory, error.message())
        );
    }
    if (files.empty()) {
        return policy::failed<std::vector<std::string>>(
            fmt::format("{}: no *.yaml, *.yml or *.json is in this directory", directory)
        );
    }
    std::ranges::sort(files);
    return Files(std::move(files));
}

}  // namespace

Files list_manifest_files(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    std::set<std::string> seen;
    const auto add = [&](std::string file) {
        if (seen.insert(fs::path(file).lexically_normal().string()).second) {
            files.push_back(std::move(file));
        }
    };
    for (const std::string& path : paths) {
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        if (path == "-") {
            add(path);
        } else if (status.type() == fs::file_type::directory) {
            const Files below = list_directory(path);
            if (below.has_error()) {
                return below;
            }
            std::ranges::for_each(*below, add);
        } else if (status.type() == fs::file_type::not_found || error) {
            return policy::failed<std::vector<std::string>>(
                fmt::format("{}: {}", path, error ? error.message() : "No such file or directory")
            );
        } else {
            add(path);
        }
    }
    return Files(std::move(files));
}

}  // namespace proxy::command
