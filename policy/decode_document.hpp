// One document → resources: finds the decoder of its apiVersion and kind, and opens Lists.
#pragma once

#include "policy/document.hpp"
#include "policy/problem_list.hpp"
#include "policy/resource.hpp"

#include <string>
#include <vector>

namespace policy {

/// What the documents of a file gave so far; decode_document appends to it.
struct DecodedFile {
    std::vector<Resource> resources;
    ProblemList problems;
};

/// Objects without metadata.namespace are in `default_namespace`. One bad object is a problem and
/// changes nothing about the others.
void decode_document(
    const Node& document,
    const std::string& file,
    const std::string& default_namespace,
    DecodedFile& out
);

}  // namespace policy
