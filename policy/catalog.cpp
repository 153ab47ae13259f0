#include "policy/catalog.hpp"

#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

namespace policy {
namespace {

/// Sorts each object into its table.
class Sorter {
 public:
    Sorter(Catalog& catalog, ProblemList& problems) : catalog_(catalog), problems_(problems) {}

    void operator()(const TrafficTarget& object) {
        insert("TrafficTarget", catalog_.targets, object);
    }
    void operator()(const IdentityBinding& object) {
        insert("IdentityBinding", catalog_.bindings, object);
    }
    void operator()(const HttpRouteGroup& object) {
        insert("HTTPRouteGroup", catalog_.groups, object);
    }
    void operator()(const TcpRoute& object) { insert("TCPRoute", catalog_.tcp_routes, object); }
    void operator()(const UdpRoute& object) { insert("UDPRoute", catalog_.udp_routes, object); }
    void operator()(const TrafficSplit& object) { insert("TrafficSplit", catalog_.splits, object); }
    void operator()(const Service& object) { insert("Service", catalog_.services, object); }

    /// The addresses of a second Pod of a name are taken too: they are no other pod's alone.
    void operator()(const Pod& object) {
        if (!insert("Pod", catalog_.pods, object)) {
            taken_.insert(object.addresses.begin(), object.addresses.end());
        }
    }

    void operator()(const NamespaceObject& object) {
        const auto [place, is_new] =
            catalog_.namespaces.emplace(object.metadata.name.name, &object);
        if (!is_new) {
            doubtful_namespaces_.insert(object.metadata.name.name);
            report(
                "Namespace",
                object.metadata,
                place->second->metadata,
                "so the annotations of neither count"
            );
        }
    }

    /// What several say differently nobody says: the annotations of one could open what another one
    /// closes.
    void forget_doubtful_namespaces() {
        for (const std::string& name : doubtful_namespaces_) {
            catalog_.namespaces.erase(name);
        }
    }

    [[nodiscard]] const std::set<IpAddress>& taken_addresses() const { return taken_; }

    /// An Endpoints object arrives as one slice per subset, all of one place in one file, and may
    /// bear the name of an EndpointSlice: slices of one Service are merged, so only a slice that
    /// is written twice with a name of its own is a mistake.
    void operator()(const EndpointSlice& object) {
        const auto [place, is_new] = slices_.emplace(object.metadata.name, &object);
        const Origin& first = place->second->metadata.origin;
        const Origin& here = object.metadata.origin;
        const bool is_subset =
            first.file == here.file && first.line == here.line && first.column == here.column;
        const bool may_be_endpoints = object.metadata.name == object.service;
        if (!is_new && !is_subset && !may_be_endpoints) {
            report("EndpointSlice", object.metadata, place->second->metadata);
            return;
        }
        catalog_.slices[object.service].push_back(&object);
    }

 private:
    /// False when there is one of that name already.
    template <class T>
    bool insert(std::string_view kind, std::map<ObjectName, const T*>& table, const T& object) {
        // They mostly come sorted, and then this need not search.
        const std::size_t before = table.size();
        const auto place = table.try_emplace(table.end(), object.metadata.name, &object);
        const bool is_new = table.size() > before;
        if (!is_new) {
            report(kind, object.metadata, place->second->metadata);
        }
        return is_new;
    }

    void report(
        std::string_view kind,
        const Metadata& second,
        const Metadata& first,
        std::string_view consequence = "which wins, and this copy is ignored"
    ) {
        problems_.add(
            {Severity::error,
             second.origin,
             object_text(kind, second.name),
             "duplicate_object",
             "this object is already in " + first.origin.file + " (line " +
                 std::to_string(first.origin.line) + "), " + std::string(consequence) +
                 "; remove one of the two"}
        );
    }

    Catalog& catalog_;
    ProblemList& problems_;
    std::map<ObjectName, const EndpointSlice*> slices_;
    std::set<IpAddress> taken_;
    std::set<std::string> doubtful_namespaces_;
};

void index_pod_addresses(Catalog& catalog, std::set<IpAddress> shared) {
    for (const auto& [name, pod] : catalog.pods) {
        for (const IpAddress& ip : pod->addresses) {
            const auto [place, is_new] = catalog.pods_by_ip.emplace(ip, pod);
            if (!is_new && place->second != pod) {
                shared.insert(ip);
            }
        }
    }
    for (const IpAddress& ip : shared) {
        catalog.pods_by_ip.erase(ip);
    }
}

}  // namespace

Catalog make_catalog(const Inventory& inventory, ProblemList& problems) {
    Catalog catalog;
    Sorter sorter(catalog, problems);
    for (const auto& [file, resources] : inventory.by_file()) {
        for (const Resource& resource : resources) {
            std::visit(sorter, resource);
        }
    }
    sorter.forget_doubtful_namespaces();
    index_pod_addresses(catalog, sorter.taken_addresses());
    return catalog;
}

std::string object_text(std::string_view kind, const ObjectName& name) {
    const std::string prefix = name.name_space.empty() ? std::string() : name.name_space + '/';
    return std::string(kind) + ' ' + prefix + name.name;
}

}  // namespace policy
