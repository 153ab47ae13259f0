// The objects of all files, by file: what the resource source feeds and `compile` reads.
#pragma once

#include "policy/problem.hpp"
#include "policy/resource.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// Owned by one thread (control). Files are independent: one that stops parsing keeps its last
/// good objects and is reported; a removed file takes its objects along.
class Inventory {
 public:
    /// Objects without metadata.namespace are in `default_namespace`.
    explicit Inventory(std::string default_namespace);

    /// Parses `text` and replaces what `file` held. Returns true when the objects were replaced,
    /// false when the text did not parse and the last good objects stay.
    bool replace_file(const std::string& file, std::string_view text);
    void remove_file(const std::string& file);
    [[nodiscard]] std::vector<std::string> files() const;
    /// Problems of reading (not of compiling), of all files.
    [[nodiscard]] std::vector<Problem> problems() const;
    [[nodiscard]] const std::map<std::string, std::vector<Resource>>& by_file() const;

 private:
    struct File {
        std::vector<Problem> problems;
    };
    std::string default_namespace_;
    std::map<std::string, File> files_;
    std::map<std::string, std::vector<Resource>> resources_;
};

}  // namespace policy
