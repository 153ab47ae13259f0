// TrafficSplits: which root each is for, at which ports, and in which order they are tried.
#include "policy/compile_parts.hpp"
#include "policy/split_backends.hpp"
#include "policy/timestamp.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace policy {
namespace {

bool has_service(const Destination& root) {
    return std::any_of(root.ports.begin(), root.ports.end(), [](const auto& entry) {
        return entry->service != nullptr;
    });
}

std::string text_of(const PortKey& key) {
    return (key.transport == Transport::udp ? "UDP port " : "TCP port ") + std::to_string(key.port);
}

/// What a client can ask for; a port, a scheme or a blank would make it a name of nothing.
bool is_host_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

class SplitCompiler {
 public:
    SplitCompiler(CompileContext& context, Room& room, const TrafficSplit& split)
        : context_(context), room_(room), split_(split) {}

    /// First for all splits: the roots and their ports. False: the split is to be ignored.
    bool prepare() {
        root_ = find_root();
        if (root_ == nullptr) {
            return false;
        }
        shares_ = read_backends(context_.catalog, context_.data, split_);
        if (!has_service(*root_)) {
            report_missing_root();
            add_backend_ports();
        }
        return true;
    }

    /// Then, in the order in which they are tried.
    void finish() {
        const CompiledSplit& compiled = compile_matches();
        report_conflict(compiled);
        if (!take(root_->ports.size() * (shares_.size() + 1))) {
            return;
        }
        report_backends();
        for (const auto& entry : root_->ports) {
            SplitAtPort at_port;
            at_port.split = &compiled;
            at_port.choice_id = choice_id(root_->name, entry->key, split_.metadata.name);
            share_out(shares_, entry->key, context_.data.options, at_port);
            entry->splits.push_back(std::move(at_port));
            entry->has_path_rules |= compiled.list->has_path_conditions;
        }
    }

 private:
    /// The root's Service, or, where there is none, a destination that only splits know. A split
    /// speaks for its own namespace: elsewhere it can only be for a host that is no Service
    /// (Flagger writes such hosts).
    Destination* find_root() {
        SnapshotData& data = context_.data;
        const FoldedHost folded(split_.service);
        if (!is_host_name(folded.text())) {
            report(
                Severity::error,
                at(split_.service_at),
                "invalid_root",
                "the split's service \"" + split_.service +
                    "\" is no host name, so the split is ignored; name the Service that clients "
                    "call, without a port"
            );
            return nullptr;
        }
        if (const auto name = own_service(split_, split_.service)) {
            Destination& root = data.destinations[*name];
            root.name = *name;
            return &root;
        }
        if (is_in_other_namespace(folded.text())) {
            report(
                Severity::error,
                at(split_.service_at),
                "root_in_other_namespace",
                "the split's service " + split_.service +
                    " is in another namespace than the split, so the split is ignored; move the "
                    "split to that namespace"
            );
            return nullptr;
        }
        Destination& root = data.foreign_roots[std::string(folded.text())];
        if (root.name.name.empty()) {
            root.name = {split_.metadata.name.name_space, std::string(folded.text())};
        }
        return &root;
    }

    /// "name.ns" may be any host name, unless that Service is there; with ".svc" it is no other.
    [[nodiscard]] bool is_in_other_namespace(std::string_view folded) const {
        const auto named = parse_service_name(folded, {});
        if (!named) {
            return false;
        }
        const ObjectName name{std::string(named->name_space), std::string(named->name)};
        return std::count(folded.begin(), folded.end(), '.') > 1 ||
               context_.catalog.services.contains(name);
    }

    /// Fine where it is meant (smi.md §1.8), but DNS knows no such name. Foreign hosts are others'.
    void report_missing_root() {
        if (context_.catalog.services.contains(root_->name)) {
            return;  // it is there, without a port that could be split
        }
        if (own_service(split_, split_.service)) {
            report(
                Severity::warning,
                at(split_.service_at),
                "root_missing",
                "there is no Service " + root_->name.name + " in namespace " +
                    root_->name.name_space +
                    ", so the split is for requests that name it, at any port that a backend has; "
                    "create it or correct the name"
            );
        }
    }

    /// A root that is no Service is served at every port that a backend has (smi.md §1.8).
    void add_backend_ports() {
        for (const BackendShare& share : shares_) {
            if (share.destination == nullptr) {
                continue;
            }
            for (const auto& backend : share.destination->ports) {
                if (root_->find_port(backend->key) == nullptr) {
                    add_port(backend->key);
                }
            }
        }
    }

    void add_port(const PortKey& key) {
        auto entry = std::make_unique<DestinationPort>();
        entry->owner = root_;
        entry->key = key;
        entry->choice_id = choice_id(root_->name, key, {});
        const auto place =
            std::find_if(root_->ports.begin(), root_->ports.end(), [&](const auto& other) {
                return other->key > key;
            });
        root_->ports.insert(place, std::move(entry));
    }

    /// False when the snapshot has no room for that much more: that part of the split has no
    /// effect.
    bool take(std::size_t units) {
        if (!room_.take(units)) {
            report_too_large();
            return false;
        }
        return true;
    }

    void report_too_large() {
        report(
            Severity::error,
            split_.metadata.origin,
            "policy_too_large",
            "its ports by its backends, or its matches, are more than the " +
                std::to_string(Room::units_max) +
                " entries that all splits may have together, so they have no effect; split "
                "a Service with fewer ports, or among fewer backends"
        );
    }

    const CompiledSplit& compile_matches() {
        CompiledSplit& compiled = context_.data.splits[split_.metadata.name];
        compiled.name = split_.metadata.name;
        compiled.has_matches = !split_.matches.empty();
        RuleTable::Selections selections;
        for (const SplitMatch& match : split_.matches) {
            add_match(match, selections);
        }
        RuleTable& rules = context_.rules;
        compiled.list = rules.list(selections, room_);
        compiled.index = compiled.list == nullptr ? nullptr : rules.index({compiled.list}, room_);
        if (compiled.index == nullptr) {
            report_too_large();
            compiled.list = rules.list({}, room_);
            compiled.index = rules.index({compiled.list}, room_);
        }
        return compiled;
    }

    /// A match that does not resolve hits nothing: its requests go to the root (smi.md §1.8).
    void add_match(const SplitMatch& match, RuleTable::Selections& selections) {
        if (match.kind != "HTTPRouteGroup") {
            report(
                Severity::error,
                at(match.kind_at),
                "unknown_match_kind",
                "a match of kind \"" + match.kind +
                    "\" is not known and hits nothing; use HTTPRouteGroup"
            );
            return;
        }
        const ObjectName name{split_.metadata.name.name_space, match.name};
        auto group = context_.groups.use(name);
        if (group == nullptr) {
            report(
                Severity::error,
                at(match.name_at),
                "unresolved_reference",
                "there is no HTTPRouteGroup " + match.name + " in namespace " + name.name_space +
                    ", so this match hits nothing; create it or correct the name"
            );
            return;
        }
        selections.push_back({std::move(group), {}});
    }

    /// The splits that are already there are tried first (U13).
    void report_conflict(const CompiledSplit& compiled) {
        if (root_->ports.empty()) {
            return;
        }
        const auto& splits = root_->ports.front()->splits;
        const auto rival = std::find_if(splits.begin(), splits.end(), [&](const auto& earlier) {
            return earlier.split->has_matches == compiled.has_matches;
        });
        if (rival == splits.end()) {
            return;
        }
        const std::string which = object_text("TrafficSplit", rival->split->name);
        const bool is_partial = compiled.has_matches;
        report(
            is_partial ? Severity::warning : Severity::error,
            at(split_.service_at),
            "split_conflict",
            is_partial ? which +
                             " has the same root and is tried first; make sure that no "
                             "request matches both"
                       : which +
                             " has the same root and wins, so this one is never used; remove "
                             "one of the two"
        );
    }

    void report_backends() {
        bool has_weight = false;
        for (const BackendShare& share : shares_) {
            has_weight |= share.weight.value_or(0) > 0;
            report_backend(share);
        }
        if (!has_weight) {
            report(
                Severity::error,
                at(split_.backends_at),
                "split_no_weight",
                "no backend has a weight above 0, so every request that the split takes is "
                "answered 503; give at least one backend a weight"
            );
        }
    }

    void report_backend(const BackendShare& share) {
        if (share.destination == nullptr) {
            report(
                Severity::warning,
                at(share.place),
                "backend_missing",
                "there is no Service " + share.service + " in namespace " +
                    split_.metadata.name.name_space +
                    ", so it gets nothing until there is; create it or correct the name"
            );
            return;
        }
        for (const auto& entry : root_->ports) {
            const Reason reason = judge_backend(share, entry->key);
            // Only a Service's port binds its backends; a bare name is served where it can be.
            if (reason == Reason::backend_port_missing && entry->service != nullptr) {
                report_missing_port(share, entry->key);
            } else if (reason == Reason::backend_no_endpoint) {
                report_empty(share, entry->key);
            }
        }
    }

    void report_missing_port(const BackendShare& share, const PortKey& key) {
        report(
            Severity::error,
            at(share.place),
            "backend_port_missing",
            "Service " + share.service + " has no " + text_of(key) + ", which the root " +
                split_.service +
                " has, so it gets nothing of that port; add the port to the Service"
        );
    }

    void report_empty(const BackendShare& share, const PortKey& key) {
        report(
            Severity::warning,
            at(share.place),
            "backend_no_endpoint",
            "Service " + share.service + " has no ready endpoint at " + text_of(key) +
                (context_.data.options.empty_backends_fail
                     ? ", so its share is answered 503"
                     : ", so the other backends take its share") +
                "; see that its pods are ready, and that its EndpointSlice has a port of the same "
                "name"
        );
    }

    [[nodiscard]] Origin at(const Place& place) const {
        return origin_in(split_.metadata.origin, place);
    }

    void report(Severity severity, const Origin& origin, std::string code, std::string message) {
        context_.problems.add(
            {severity,
             origin.line > 0 ? origin : split_.metadata.origin,
             object_text("TrafficSplit", split_.metadata.name),
             std::move(code),
             std::move(message)}
        );
    }

    CompileContext& context_;
    Room& room_;
    const TrafficSplit& split_;
    Destination* root_ = nullptr;
    std::vector<BackendShare> shares_;
};

/// The order of U13: with `matches` first, then the oldest, then by name. A split without a
/// readable time stamp was never in a cluster and counts as the newest.
std::vector<const TrafficSplit*> in_order(const Catalog& catalog) {
    std::vector<const TrafficSplit*> splits;
    for (const auto& [name, split] : catalog.splits) {
        if (!split->is_spoiled) {
            splits.push_back(split);
        }
    }
    const auto rank = [](const TrafficSplit& split) {
        const Metadata& metadata = split.metadata;
        return std::tuple(
            split.matches.empty(),
            parse_timestamp(metadata.creation_timestamp).value_or(Instant::max()),
            std::string_view(metadata.name.name),
            std::string_view(metadata.name.name_space)
        );
    };
    std::sort(splits.begin(), splits.end(), [&](const auto* left, const auto* right) {
        return rank(*left) < rank(*right);
    });
    return splits;
}

}  // namespace

void compile_splits(CompileContext& context) {
    Room room;
    std::vector<SplitCompiler> compilers;
    for (const TrafficSplit* split : in_order(context.catalog)) {
        SplitCompiler compiler(context, room, *split);
        if (compiler.prepare()) {
            compilers.push_back(std::move(compiler));
        }
    }
    for (SplitCompiler& compiler : compilers) {
        compiler.finish();
    }
}

}  // namespace policy
