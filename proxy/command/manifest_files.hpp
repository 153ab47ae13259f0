// Which files a PATH argument means.
#pragma once

#include "policy/result.hpp"

#include <string>
#include <vector>

namespace proxy::command {

/// A file is itself, "-" (standard input) too; a directory is all *.yaml, *.yml and *.json below
/// it, sorted. Names that begin with a dot are left out: they are editors' and, in mounted
/// ConfigMaps, the same files once more. No file twice. The error is a sentence: a path that does
/// not exist, a directory without manifests.
[[nodiscard]] policy::Result<std::vector<std::string>> list_manifest_files(
    const std::vector<std::string>& paths
);

}  // namespace proxy::command
