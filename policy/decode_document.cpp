#include "policy/decode_document.hpp"

#include "policy/kube/kinds.hpp"
#include "policy/object_reader.hpp"
#include "policy/smi/versions.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace policy {
namespace {

// Kubernetes' own bounds (RFC 1123 subdomain; a group, a slash and a version). Names stand in
// every message about their object: without a bound, a long one would cost its length each time.
constexpr std::size_t k_name_bytes_max = 253;

/// The words that say what a document is. Views its node or its List's.
struct TypeWords {
    std::string_view api_version;
    std::string_view kind;
};

const KindRow* find_row(std::span<const KindRow> rows, const TypeWords& type) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const KindRow& candidate) {
        return candidate.api_version == type.api_version && candidate.kind == type.kind;
    });
    return row == rows.end() ? nullptr : &*row;
}

/// Where `key` itself stands, for "origin is where kind stands"; the object's own place without it.
const Node& key_node(const Node& object, std::string_view key) {
    for (const Node::Entry& entry : object.entries) {
        if (entry.key.scalar == key) {
            return entry.key;
        }
    }
    return object;
}

/// Labels and annotations: Kubernetes takes strings only, but a forgotten pair of quotes there is
/// no reason to turn away an object whose meaning is plain.
std::map<std::string, std::string> read_words(
    const Field& metadata, std::string_view name, ObjectReader& reader
) {
    std::map<std::string, std::string> words;
    const Node* const field = metadata.node->find(name);
    if (field == nullptr || field->is_null()) {
        return words;
    }
    if (!field->is_mapping()) {
        reader.warn(
            *field,
            "wrong_type",
            "metadata." + std::string(name) +
                " is no mapping and is ignored: write \"key: value\" lines"
        );
    }
    for (const Node::Entry& entry : field->entries) {
        if (entry.value.is_scalar()) {
            words.emplace(entry.key.scalar, entry.value.scalar);
        }
        if (!entry.value.as_string()) {
            reader.warn(
                entry.value,
                "wrong_type",
                "metadata." + std::string(name) + '.' + entry.key.scalar +
                    " is no string: put it in quotes"
            );
        }
    }
    return words;
}

void require_short(const std::string& name, const Field& metadata, ObjectReader& reader) {
    if (name.size() > k_name_bytes_max) {
        reader.error(
            *metadata.node,
            "invalid_value",
            "metadata has a name of more than " + std::to_string(k_name_bytes_max) +
                " bytes, so the object is ignored: shorten it"
        );
    }
}

/// ObjectMeta of Kubernetes. A misspelt "namespace" would put the object into another one.
void warn_unknown_metadata(const Field& metadata, ObjectReader& reader) {
    reader.warn_unknown(
        metadata,
        {"name",
         "generateName",
         "namespace",
         "labels",
         "annotations",
         "uid",
         "resourceVersion",
         "generation",
         "creationTimestamp",
         "deletionTimestamp",
         "deletionGracePeriodSeconds",
         "ownerReferences",
         "finalizers",
         "managedFields",
         "selfLink"}
    );
}

class DocumentDecoder {
 public:
    DocumentDecoder(const std::string& file, const std::string& default_namespace, DecodedFile& out)
        : file_(file), default_namespace_(default_namespace), out_(out) {}

    /// `inherited` is what a typed List says of its items.
    void decode(const Node& document, const TypeWords& inherited);

 private:
    void decode_list(const Node& document, const TypeWords& type);
    void decode_object(
        const Node& document, const TypeWords& type, const KindRow& row, ObjectReader::Null null
    );
    void report_unknown(const Node& document, const TypeWords& type);
    ObjectReader nameless_reader(std::string object = {});

    const std::string& file_;
    const std::string& default_namespace_;
    DecodedFile& out_;
};

ObjectReader DocumentDecoder::nameless_reader(std::string object) {
    return {file_, std::move(object), ObjectReader::Null::is_absent, out_.problems};
}

void DocumentDecoder::decode(const Node& document, const TypeWords& inherited) {
    if (!document.is_mapping()) {
        nameless_reader().error(
            document,
            "not_an_object",
            "this is no Kubernetes object: write a mapping with apiVersion, kind and metadata"
        );
        return;
    }
    const Node* const api_version = document.find("apiVersion");
    const Node* const kind = document.find("kind");
    const TypeWords type{
        api_version != nullptr ? api_version->scalar : inherited.api_version,
        kind != nullptr ? kind->scalar : inherited.kind,
    };
    if (type.api_version.empty() || type.kind.empty()) {
        nameless_reader().error(
            document,
            "not_an_object",
            "apiVersion or kind is missing, so nothing can be read: add both"
        );
    } else if (type.api_version.size() > k_name_bytes_max || type.kind.size() > k_name_bytes_max) {
        nameless_reader().error(
            document,
            "not_an_object",
            "apiVersion or kind is longer than any known one, so nothing can be read: correct it"
        );
    } else if (const KindRow* smi_row = find_row(smi::versions(), type)) {
        decode_object(document, type, *smi_row, ObjectReader::Null::is_error);
    } else if (const KindRow* kube_row = find_row(kube::kinds(), type)) {
        decode_object(document, type, *kube_row, ObjectReader::Null::is_absent);
    } else if (type.kind.ends_with("List") && document.find("items") != nullptr) {
        decode_list(document, type);
    } else {
        report_unknown(document, type);
    }
}

void DocumentDecoder::decode_list(const Node& document, const TypeWords& type) {
    const Node& items = *document.find("items");
    if (!items.is_sequence() && !items.is_null()) {
        nameless_reader(std::string(type.kind))
            .error(
                items,
                "wrong_type",
                "items is no list, so nothing in it is read: write \"- item\" lines"
            );
    }
    // A v1 List holds anything; the items of a typed one need not repeat what they are.
    TypeWords item_type;
    if (type.kind != "List") {
        item_type = {type.api_version, type.kind.substr(0, type.kind.size() - 4)};
    }
    for (const Node& item : items.items) {
        decode(item, item_type);
    }
}

void DocumentDecoder::report_unknown(const Node& document, const TypeWords& type) {
    const Node* const metadata = document.find("metadata");
    const Node* const name = metadata != nullptr ? metadata->find("name") : nullptr;
    ObjectReader reader =
        nameless_reader(std::string(type.kind) + (name != nullptr ? ' ' + name->scalar : ""));
    const Node& at = key_node(document, "kind");
    const std::string what = std::string(type.api_version) + ' ' + std::string(type.kind);
    if (smi::is_policy_group(type.api_version)) {
        reader.error(
            at,
            "unknown_version",
            what + " is not known, so the object is ignored: " +
                smi::what_is_known(type.api_version, type.kind)
        );
    } else {
        reader.warn(at, "unknown_kind", what + " has no meaning here and is ignored");
    }
}

void DocumentDecoder::decode_object(
    const Node& document, const TypeWords& type, const KindRow& row, ObjectReader::Null null
) {
    const Field object{&document, {}};
    Metadata metadata;
    metadata.origin = {file_, key_node(document, "kind").line, key_node(document, "kind").column};
    ObjectReader naming = nameless_reader(std::string(type.kind));
    const auto fields = naming.mapping(object, "metadata");
    if (!fields) {
        naming.error(
            document, "missing_field", "metadata.name is missing, so the object is ignored: add it"
        );
        return;
    }
    const bool is_namespaced = type.kind != "Namespace";
    metadata.name.name = naming.required_string(*fields, "name");
    if (is_namespaced) {
        metadata.name.name_space = naming.string(*fields, "namespace").value_or("");
        if (metadata.name.name_space.empty()) {
            metadata.name.name_space = default_namespace_;
        }
    }
    require_short(metadata.name.name, *fields, naming);
    require_short(metadata.name.name_space, *fields, naming);
    if (naming.errors() > 0) {
        return;  // an object under a wrong name could stand for another one
    }
    warn_unknown_metadata(*fields, naming);
    metadata.creation_timestamp = naming.string(*fields, "creationTimestamp").value_or("");
    if (naming.errors() > 0 && null == ObjectReader::Null::is_error) {
        return;  // it says which of two policies is the older one
    }
    metadata.labels = read_words(*fields, "labels", naming);
    metadata.annotations = read_words(*fields, "annotations", naming);

    std::string name = std::string(type.kind) + ' ';
    name +=
        is_namespaced ? metadata.name.name_space + '/' + metadata.name.name : metadata.name.name;
    ObjectReader reader(file_, std::move(name), null, out_.problems);
    row.decode(object, std::move(metadata), reader, out_.resources);
}

}  // namespace

void decode_document(
    const Node& document,
    const std::string& file,
    const std::string& default_namespace,
    DecodedFile& out
) {
    DocumentDecoder(file, default_namespace, out).decode(document, {});
}

}  // namespace policy
