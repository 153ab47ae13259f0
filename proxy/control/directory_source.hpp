// Resources from directories of YAML and JSON files, watched.
#pragma once

#include "proxy/control/resource_source.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace proxy::control {

/// Reads *.yaml, *.yml and *.json directly in `directories` (dot files left out). Sees changes by
/// inotify (atomic renames, ConfigMap symlink swaps) and, where that is silent, by a slow poll. A
/// file is read when its writer has closed it or it has rested for a moment: half a file could
/// mean more than the whole.
[[nodiscard]] std::unique_ptr<ResourceSource> make_directory_source(
    boost::asio::io_context& context, std::vector<std::string> directories
);

}  // namespace proxy::control
