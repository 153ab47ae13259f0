#include "policy/document.hpp"

#include "policy/text_check.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace policy {
namespace {

constexpr std::string_view k_string_tag = "tag:yaml.org,2002:str";
constexpr std::string_view k_mapping_tag = "tag:yaml.org,2002:map";
constexpr std::string_view k_sequence_tag = "tag:yaml.org,2002:seq";

/// Thrown through yaml-cpp to end the parsing, and caught in parse_text.
struct Stop {
    Problem problem;
};

/// A finished node and what it would cost to have it once more.
struct Built {
    Node node;
    std::size_t nodes = 1;
    std::size_t bytes = 0;   // of scalars
    std::size_t height = 0;  // levels of lists and mappings, its own included
};

/// Builds the tree of one document at a time from the parser's events, so that every limit holds
/// while parsing: yaml-cpp recurses once per level, and never deeper than depth_max here.
class TreeBuilder : public YAML::EventHandler {
 public:
    TreeBuilder(std::string_view text, const std::string& file, const DocumentLimits& limits)
        : text_(text), file_(file), limits_(limits) {}

    /// The document just parsed.
    Node take() { return std::move(root_.node); }

    void OnDocumentStart(const YAML::Mark& mark) override;
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        const std::string& value
    ) override;
    void OnSequenceStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value style
    ) override;
    void OnSequenceEnd() override { close(); }
    void OnMapStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value style
    ) override;
    void OnMapEnd() override { close(); }

 private:
    /// A sequence or mapping whose end has not come yet.
    struct Open {
        Built built;
        YAML::anchor_t anchor = 0;
        std::optional<Node> key;  // of a mapping: waits for its value
        std::set<std::string> keys;
    };

    [[noreturn]] void stop(const Node& at, const char* code, std::string message) const;
    [[nodiscard]] Node make(Node::Kind kind, const YAML::Mark& mark) const;
    void require_tag(const Node& at, const std::string& tag, std::string_view allowed) const;
    void count(const Node& at, std::size_t nodes);
    void count_copy(const Built& built);
    void open(Node node, YAML::anchor_t anchor);
    void close();
    void finish(Built built, YAML::anchor_t anchor);
    void attach(Built built);
    void set_key(Open& mapping, Node key);

    std::string_view text_;
    const std::string& file_;
    const DocumentLimits& limits_;
    bool is_first_document_ = true;
    std::size_t nodes_ = 0;
    std::size_t copied_bytes_ = 0;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Built> anchors_;
    Built root_;
};

void TreeBuilder::stop(const Node& at, const char* code, std::string message) const {
    throw Stop{
        Problem{Severity::error, Origin{file_, at.line, at.column}, {}, code, std::move(message)}
    };
}

Node TreeBuilder::make(Node::Kind kind, const YAML::Mark& mark) const {
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
    // yaml-cpp takes whatever it could not place ("}", a line indented less than the first) for a
    // further document. Read so, a broken document would silently lose its constraints.
    if (!is_first_document_ && !begins_document(text_, static_cast<std::size_t>(mark.pos))) {
        stop(
            make(Node::Kind::null, mark),
            "yaml_syntax",
            "this does not belong to the document above it: mend its indentation or brackets, or "
            "begin a new document with a line \"---\""
        );
    }
    is_first_document_ = false;
    open_.clear();
    anchors_.clear();
    root_ = {};
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
    Built built;
    built.node = make(Node::Kind::null, mark);
    count(built.node, 1);
    finish(std::move(built), anchor);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
    const Node here = make(Node::Kind::null, mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
        stop(here, "yaml_syntax", "this alias is inside the node that it names: write it out");
    }
    if (open_.size() + found->second.height > limits_.depth_max) {
        stop(here, "limit_exceeded", "expanding this alias nests deeper than the limit");
    }
    count_copy(found->second);
    attach(found->second);
}

void TreeBuilder::OnScalar(
    const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value
) {
    Built built;
    built.node = make(Node::Kind::scalar, mark);
    require_tag(built.node, tag, k_string_tag);
    count(built.node, 1);
    built.node.scalar = value;
    built.node.quoted = tag != "?";
    built.bytes = value.size();
    finish(std::move(built), anchor);
}

void TreeBuilder::OnSequenceStart(
    const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value
) {
    Node node = make(Node::Kind::sequence, mark);
    require_tag(node, tag, k_sequence_tag);
    open(std::move(node), anchor);
}

void TreeBuilder::OnMapStart(
    const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value
) {
    Node node = make(Node::Kind::mapping, mark);
    require_tag(node, tag, k_mapping_tag);
    open(std::move(node), anchor);
}

void TreeBuilder::require_tag(const Node& at, const std::string& tag, std::string_view allowed)
    const {
    if (tag != "?" && tag != "!" && tag != allowed) {
        stop(at, "yaml_tag", "the tag <" + tag + "> is not read here: remove it");
    }
}

void TreeBuilder::count(const Node& at, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes_max) {
        stop(
            at,
            "limit_exceeded",
            "the file has more than " + std::to_string(limits_.nodes_max) +
                " nodes, aliases expanded: split it into several files"
        );
    }
}

/// A copy of a long scalar costs bytes as well: without this bound a megabyte anchored once could
/// be asked for a million times.
void TreeBuilder::count_copy(const Built& built) {
    count(built.node, built.nodes);
    copied_bytes_ += built.bytes;
    if (copied_bytes_ > limits_.text_bytes_max) {
        stop(
            built.node,
            "limit_exceeded",
            "aliases of this node expand to more than " + std::to_string(limits_.text_bytes_max) +
                " bytes: write fewer of them"
        );
    }
}

void TreeBuilder::open(Node node, YAML::anchor_t anchor) {
    count(node, 1);
    if (open_.size() >= limits_.depth_max) {
        stop(
            node,
            "limit_exceeded",
            "nested deeper than " + std::to_string(limits_.depth_max) + " levels"
        );
    }
    Open frame;
    frame.built.node = std::move(node);
    frame.built.height = 1;
    frame.anchor = anchor;
    open_.push_back(std::move(frame));
}

void TreeBuilder::close() {
    Open frame = std::move(open_.back());
    open_.pop_back();
    finish(std::move(frame.built), frame.anchor);
}

void TreeBuilder::finish(Built built, YAML::anchor_t anchor) {
    if (anchor != 0) {
        count_copy(built);  // what is kept for later aliases costs memory already
        anchors_[anchor] = built;
    }
    attach(std::move(built));
}

void TreeBuilder::attach(Built built) {
    if (open_.empty()) {
        root_ = std::move(built);
        return;
    }
    Open& parent = open_.back();
    parent.built.nodes += built.nodes;
    parent.built.bytes += built.bytes;
    parent.built.height = std::max(parent.built.height, built.height + 1);
    if (parent.built.node.is_sequence()) {
        parent.built.node.items.push_back(std::move(built.node));
    } else if (!parent.key) {
        set_key(parent, std::move(built.node));
    } else {
        if (built.node.is_null()) {
            // The parser notices that nothing stands behind a colon only at the next token.
            built.node.line = parent.key->line;
            built.node.column = parent.key->column;
        }
        Node::Entry entry{std::move(*parent.key), std::move(built.node)};
        parent.built.node.entries.push_back(std::move(entry));
        parent.key.reset();
    }
}

void TreeBuilder::set_key(Open& mapping, Node key) {
    if (!key.is_scalar()) {
        stop(key, "yaml_syntax", "a key must be a word, not empty, a list or a mapping");
    }
    if (key.scalar == "<<" && !key.quoted) {
        stop(key, "yaml_merge_key", "merge keys (<<) are not read: write the fields out");
    }
    if (!mapping.keys.insert(key.scalar).second) {
        stop(
            key,
            "duplicate_key",
            "the key \"" + key.scalar + "\" stands here a second time: remove one of them"
        );
    }
    mapping.key = std::move(key);
}

Problem syntax_problem(const YAML::Exception& error, const std::string& file) {
    Origin origin{file, 1, 1};
    if (!error.mark.is_null()) {
        origin.line = error.mark.line + 1;
        origin.column = error.mark.column + 1;
    }
    return {
        Severity::error,
        origin,
        {},
        "yaml_syntax",
        "this is not YAML or JSON: " + error.msg + "; mend the syntax at or just before this place"
    };
}

}  // namespace

ParsedText parse_text(
    std::string_view text, const std::string& file, const DocumentLimits& limits
) {
    ParsedText parsed;
    const std::size_t tokens_max = 3 * limits.nodes_max;
    if (auto problem = text_problem(text, file, limits.text_bytes_max, tokens_max)) {
        parsed.problems.push_back(std::move(*problem));
        return parsed;
    }
    text = without_byte_order_mark(text);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        TreeBuilder builder(text, file, limits);
        while (parser.HandleNextDocument(builder)) {
            Node document = builder.take();
            if (!document.is_null()) {
                parsed.documents.push_back(std::move(document));
            }
        }
    } catch (const Stop& stop) {
        parsed.problems.push_back(stop.problem);
    } catch (const YAML::Exception& error) {
        parsed.problems.push_back(syntax_problem(error, file));
    }
    return parsed;
}

}  // namespace policy
