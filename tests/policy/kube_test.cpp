#include "decoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace policy {
namespace {

using test::codes;
using test::decode;
using test::decode_one;
using test::Decoded;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// What they read from well-formed objects is in the goldens (inventory_test).

std::string object(std::string_view kind, std::string_view rest) {
    return "apiVersion: v1\nkind: " + std::string(kind) +
           "\nmetadata: {name: x, namespace: shop}\n" + std::string(rest) + "\n";
}

std::string slice(std::string_view rest) {
    return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: x\n"
           "  labels: {kubernetes.io/service-name: web}\n" +
           std::string(rest) + "\n";
}

TEST(ServiceDecoder, LeavesOutAnUnreadablePortAndKeepsTheOthers) {
    for (const std::string_view port : {
             "{}",
             "{port: 0}",
             "{port: \"80\"}",
             "{port: http}",
             "{port: 80, targetPort: 70000}",
             "{port: 80, targetPort: []}",
             "{port: 80, protocol: 6}",
             "{port: 80, name: 1}",
         }) {
        const std::string text =
            object("Service", "spec: {ports: [" + std::string(port) + ", {port: 81}]}");
        EXPECT_THAT(codes(decode(text)), SizeIs(1)) << text;
        EXPECT_EQ(decode(text).problems.at(0).severity, Severity::error) << text;
        const auto service = decode_one<Service>(text);
        ASSERT_THAT(service.ports, SizeIs(1)) << text;
        EXPECT_EQ(service.ports[0].port, 81);
    }
}

TEST(ServiceDecoder, LeavesOutAnAddressThatIsNone) {
    const std::string text = object("Service", "spec: {clusterIP: 10.0.0.1.2, clusterIPs: ['']}");
    EXPECT_THAT(codes(decode(text)), ElementsAre("error invalid_value"));
    EXPECT_THAT(decode_one<Service>(text).cluster_ips, IsEmpty());
}

TEST(EndpointSliceDecoder, IgnoresASliceOfNoServiceAndOneOfHostNames) {
    const Decoded orphan =
        decode("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\n");
    EXPECT_THAT(orphan.resources, IsEmpty());
    EXPECT_THAT(codes(orphan), ElementsAre("warning missing_field"));
    const Decoded names = decode(slice("addressType: FQDN\nendpoints: [{addresses: [a.b]}]"));
    EXPECT_THAT(names.resources, IsEmpty());
    EXPECT_THAT(codes(names), ElementsAre("warning unsupported_address_type"));
}

TEST(EndpointSliceDecoder, IsReadyUnlessAConditionSaysOtherwise) {
    const auto read = decode_one<EndpointSlice>(
        slice("endpoints:\n- addresses: [10.0.0.1]\n- addresses: [10.0.0.2]\n  conditions: {}\n"
              "- addresses: [10.0.0.3]\n  conditions: {ready: null}\n"
              "- addresses: [10.0.0.4]\n  conditions: {ready: false}\n"
              "- addresses: [10.0.0.5]\n  conditions: {ready: \"true\"}\n"
              "- addresses: [10.0.0.6]\n  conditions: []\n")
    );
    std::string ready;
    for (const EndpointEntry& entry : read.endpoints) {
        ready += entry.is_ready ? '+' : '-';
    }
    EXPECT_EQ(ready, "+++---");
}

TEST(EndpointSliceDecoder, LeavesOutWhatItCannotRead) {
    const std::string text =
        slice("endpoints: [{addresses: [10.0.0.256, 10.0.0.2]}]\nports: [{port: 0}, {port: 80}]");
    EXPECT_THAT(codes(decode(text)), ElementsAre("error invalid_value", "error invalid_value"));
    const auto read = decode_one<EndpointSlice>(text);
    EXPECT_THAT(read.ports, SizeIs(1));
    ASSERT_THAT(read.endpoints, SizeIs(1));
    EXPECT_THAT(read.endpoints[0].addresses, SizeIs(1));
}

/// The Service's own ports would stand in for ports that are written but cannot be read.
TEST(EndpointSliceDecoder, IsLeftOutWithoutAReadablePort) {
    for (const std::string_view ports : {
             "x",
             "[{port: .nan}]",
             "[{port: 80, protocol: [UDP]}]",
             "[{port: 80, name: 5}]",
             "[80]",
         }) {
        const std::string text =
            "endpoints: [{addresses: [10.0.0.1]}]\nports: " + std::string(ports);
        EXPECT_THAT(decode(slice(text)).resources, IsEmpty()) << ports;
        EXPECT_THAT(codes(decode(slice(text))), ElementsAre("error wrong_type")) << ports;
    }
    EXPECT_THAT(decode_one<EndpointSlice>(slice("ports: []")).ports, IsEmpty());
    const Decoded endpoints = decode(object(
        "Endpoints",
        "subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 0}]},"
        " {addresses: [{ip: 10.0.0.2}], ports: [{port: 80}]}]"
    ));
    ASSERT_THAT(endpoints.resources, SizeIs(1));
    EXPECT_EQ(std::get<EndpointSlice>(endpoints.resources[0]).ports.at(0).port, 80);
}

/// Its identity is unknown then, and without one it would be spoken to in plaintext.
TEST(EndpointSliceDecoder, HasNoEndpointWhosePodCannotBeRead) {
    for (const std::string_view reference : {"x", "{kind: Pod, name: 5}", "{kind: [Pod]}"}) {
        const std::string entry = ", targetRef: " + std::string(reference) + "}]";
        const auto read =
            decode_one<EndpointSlice>(slice("endpoints: [{addresses: [10.0.0.1]" + entry));
        ASSERT_THAT(read.endpoints, SizeIs(1)) << reference;
        EXPECT_THAT(read.endpoints[0].addresses, IsEmpty()) << reference;
        const auto old = decode_one<EndpointSlice>(
            object("Endpoints", "subsets: [{addresses: [{ip: 10.0.0.1" + entry + "}]")
        );
        EXPECT_THAT(old.endpoints, IsEmpty()) << reference;
    }
}

TEST(PodDecoder, HasTheDefaultAccountWhenItNamesNone) {
    for (const std::string_view spec : {"", "spec: {}", "spec: {serviceAccountName: \"\"}"}) {
        EXPECT_EQ(decode_one<Pod>(object("Pod", spec)).service_account, "default") << spec;
    }
}

TEST(PodDecoder, HasNoAccountWhenItCannotBeRead) {
    for (const std::string_view spec : {"spec: {serviceAccountName: 5}", "spec: web"}) {
        const Decoded decoded = decode(object("Pod", spec));
        ASSERT_EQ(decoded.resources.size(), 1U) << spec;
        EXPECT_EQ(std::get<Pod>(decoded.resources[0]).service_account, "") << spec;
        EXPECT_THAT(codes(decoded), ElementsAre("error wrong_type")) << spec;
    }
}

TEST(PodDecoder, HasNoAddressOnceItEnded) {
    for (const std::string_view phase : {"Succeeded", "Failed", "[Failed]", "5"}) {
        const std::string status = "status: {phase: " + std::string(phase) + ", podIP: 10.0.0.1}";
        EXPECT_THAT(decode_one<Pod>(object("Pod", status)).addresses, IsEmpty());
    }
    const auto running = decode_one<Pod>(object("Pod", "status: {podIP: 10.0.0.1, podIPs: ~}"));
    EXPECT_THAT(running.addresses, SizeIs(1));
}

TEST(PodDecoder, TellsOfAnAddressThatIsAList) {
    EXPECT_THAT(
        codes(decode(object("Pod", "status: {podIP: [10.0.0.1]}"))), ElementsAre("error wrong_type")
    );
    EXPECT_THAT(
        codes(decode(object("Service", "spec: {clusterIP: [10.0.0.1]}"))),
        ElementsAre("error wrong_type")
    );
}

TEST(MetadataDecoder, TellsOfLabelsAndAnnotationsThatAreNoMapping) {
    for (const std::string_view name : {"labels", "annotations"}) {
        const Decoded decoded = decode(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: x, " + std::string(name) + ": [a]}\n"
        );
        EXPECT_THAT(codes(decoded), ElementsAre("warning wrong_type"));
        EXPECT_THAT(decoded.resources, SizeIs(1));
    }
}

/// Which of two policies is the older one must not be guessed; a Pod has no use for it.
TEST(MetadataDecoder, LeavesOutAPolicyWhoseAgeCannotBeRead) {
    const std::string metadata = "metadata: {name: x, creationTimestamp: [now]}\n";
    EXPECT_THAT(
        decode("apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\n" + metadata).resources,
        IsEmpty()
    );
    EXPECT_THAT(decode("apiVersion: v1\nkind: Pod\n" + metadata).resources, SizeIs(1));
}

TEST(NamespaceDecoder, IsKeyedByItsNameAlone) {
    const auto read = decode_one<NamespaceObject>(object("Namespace", ""));
    EXPECT_EQ(read.metadata.name, (ObjectName{"", "x"}));
}

TEST(ListDecoder, OpensListsInListsAndRefusesItemsThatAreNoList) {
    const Decoded nested = decode(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: PodList\n  items:\n"
        "  - metadata: {name: a}\n  - metadata: {name: b}\n- apiVersion: v1\n  kind: List\n"
        "  items: null\n"
    );
    EXPECT_THAT(nested.problems, IsEmpty());
    EXPECT_THAT(nested.resources, SizeIs(2));
    EXPECT_THAT(
        codes(decode("apiVersion: v1\nkind: List\nitems: {a: b}")), ElementsAre("error wrong_type")
    );
    EXPECT_THAT(
        codes(decode("apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}]")),
        ElementsAre("error not_an_object")
    );
}

}  // namespace
}  // namespace policy
