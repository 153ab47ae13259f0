// How decoders read one object: typed fields, and a problem with its place for each that is not.
#pragma once

#include "policy/document.hpp"
#include "policy/problem_list.hpp"
#include "policy/resource.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// A value and the way to it ("spec.sources[0]"), for messages. Views a document's node: it must
/// not outlive the decoding.
struct Field {
    const Node* node = nullptr;
    std::string path;
};

/// Lives while one object is decoded. Readings return nothing for an absent field, and nothing
/// plus an error for an unreadable one: what has errors is spoiled, so decoders compare errors()
/// before and after a part.
class ObjectReader {
 public:
    /// What `field: null` (or nothing behind the colon) means. Kubernetes prints absent lists of
    /// its own kinds so; in a policy somebody forgot to write a constraint.
    enum class Null : std::uint8_t { is_absent, is_error };

    /// `problems` is added to and outlives the reader; `object` is "TrafficTarget shop/pay".
    ObjectReader(std::string file, std::string object, Null null_meaning, ProblemList& problems);

    void error(const Node& at, std::string_view code, std::string message);
    void warn(const Node& at, std::string_view code, std::string message);
    [[nodiscard]] std::size_t errors() const { return errors_; }
    [[nodiscard]] Origin origin(const Node& at) const;
    /// Where the value of a field stands; without it, where it is missing.
    [[nodiscard]] static Place place(const Field& parent, std::string_view name);

    /// The field if it is there, of whatever type.
    [[nodiscard]] std::optional<Field> any(const Field& parent, std::string_view name);
    [[nodiscard]] std::optional<Field> mapping(const Field& parent, std::string_view name);
    /// The items of a list.
    [[nodiscard]] std::optional<std::vector<Field>> list(
        const Field& parent, std::string_view name
    );
    [[nodiscard]] std::vector<Field> list_of_mappings(const Field& parent, std::string_view name);
    [[nodiscard]] std::optional<std::string> string(const Field& parent, std::string_view name);
    /// A string that must be there and not be empty: "" with an error otherwise.
    [[nodiscard]] std::string required_string(const Field& parent, std::string_view name);
    [[nodiscard]] std::vector<std::string> strings(const Field& parent, std::string_view name);
    [[nodiscard]] std::optional<std::uint16_t> port(const Field& parent, std::string_view name);
    [[nodiscard]] std::map<std::string, std::string> string_map(
        const Field& parent, std::string_view name
    );

    [[nodiscard]] std::optional<std::string> as_string(const Field& field);
    [[nodiscard]] std::optional<std::uint16_t> as_port(const Field& field);
    [[nodiscard]] bool require_mapping(const Field& field);

    /// Warns of each key of `parent` that is not among `known`: a misspelt constraint constrains
    /// nothing.
    void warn_unknown(const Field& parent, std::initializer_list<std::string_view> known);
    /// The same as an error, where a policy constrains: a misspelt constraint must not open what
    /// its author meant to close.
    void refuse_unknown(const Field& parent, std::initializer_list<std::string_view> known);

 private:
    using UnknownKeys = std::vector<const Node::Entry*>;
    [[nodiscard]] static UnknownKeys find_unknown(
        const Field& parent, std::initializer_list<std::string_view> known
    );
    void report(Severity severity, const Node& at, std::string_view code, std::string message);
    void wrong_type(const Field& field, std::string_view expected);

    std::string file_;
    std::string object_;
    Null null_meaning_;
    ProblemList& problems_;
    std::size_t errors_ = 0;
};

/// Decodes `object` (the whole document, or an item of a List) into resources; its metadata is
/// read already, and `reader` knows the object. What cannot be read becomes a problem and, in a
/// policy, spoils its part.
using Decode =
    void (*)(const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>&);

/// One row of a table of kinds.
struct KindRow {
    std::string_view api_version;
    std::string_view kind;
    Decode decode;
};

}  // namespace policy
