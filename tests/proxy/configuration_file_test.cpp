#include "proxy/command/configuration_file.hpp"

#include "proxy/command/configuration_table.hpp"
#include "proxy/command/nearest_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace proxy::command {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

// The least that is right.
constexpr const char* k_minimal = R"(workload: {namespace: shop, serviceAccount: web}
identity: {certificate: tls.crt, key: tls.key, trustBundle: ca.crt}
resources: [{directory: resources}]
)";

class LoadConfiguration : public ::testing::Test {
 protected:
    LoadConfiguration() {
        std::string name = (std::filesystem::temp_directory_path() / "smilax-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        file_ = folder_ + "/smilax.yaml";
    }
    ~LoadConfiguration() override { std::filesystem::remove_all(folder_); }

    auto load(const std::string& text, const EnvironmentLookup& environment = {}) {
        std::ofstream(file_) << text;
        return load_configuration(file_, environment);
    }

    Configuration loaded(const std::string& text, const EnvironmentLookup& environment = {}) {
        auto outcome = load(text, environment);
        if (outcome.has_error()) {
            for (const policy::Problem& problem : outcome.error()) {
                ADD_FAILURE() << to_string(problem);
            }
            return {};
        }
        return *outcome;
    }

    /// Each problem as it is printed, the folder left out.
    std::vector<std::string> errors(
        const std::string& text, const EnvironmentLookup& environment = {}
    ) {
        const auto outcome = load(text, environment);
        std::vector<std::string> lines;
        if (outcome.has_value()) {
            return lines;
        }
        for (const policy::Problem& problem : outcome.error()) {
            std::string line = to_string(problem);
            if (line.starts_with(folder_ + "/")) {
                line.erase(0, folder_.size() + 1);
            }
            lines.push_back(line);
        }
        return lines;
    }

    std::string folder_;
    std::string file_;
};

TEST_F(LoadConfiguration, TakesDefaultsForWhatIsAbsent) {
    const Configuration configuration = loaded(k_minimal);
    EXPECT_EQ(configuration.workload.trust_domain, "cluster.local");
    EXPECT_EQ(configuration.workload.name_space, "shop");
    EXPECT_EQ(configuration.identity.source, IdentitySourceKind::files) << "which are named";
    EXPECT_EQ(configuration.policy.mtls, std::nullopt);
    EXPECT_EQ(configuration.policy.access, std::nullopt);  // the Namespace may say it
    EXPECT_THAT(configuration.policy.port_access, IsEmpty());
    ASSERT_EQ(configuration.inbound_listen.size(), 1U);
    EXPECT_EQ(configuration.inbound_listen[0].text(), "[::]:15006");
    ASSERT_EQ(configuration.outbound_listen.size(), 2U);
    EXPECT_EQ(configuration.outbound_listen[0].text(), "127.0.0.1:15001");
    EXPECT_EQ(configuration.outbound_listen[1].text(), "[::1]:15001");
    EXPECT_EQ(configuration.admin_listen->text(), "127.0.0.1:15020");
    EXPECT_EQ(configuration.workers, 1U);
    EXPECT_EQ(configuration.limits.head_bytes_max, Limits().head_bytes_max);
}

TEST_F(LoadConfiguration, ReadsEveryKey) {
    const Configuration configuration = loaded(R"(
workload:   {trustDomain: example.org, namespace: shop, serviceAccount: web, pod: web-1, owner: {kind: Deployment, name: web}}
identity:   {source: files, credentialBundle: /run/bundle.pem, trustBundle: ../ca.crt,
             trustBundles: [{trustDomain: other.example, file: other.crt}], names: [spiffe, "linkerd:mesh"]}
resources:  [{directory: /etc/smilax/resources}, {directory: more}]
policy:
  access: audit
  ports: [{port: 8080, access: off}, {port: 9090, access: enforce}]
  mtls: permissive
  pathRegex: full
  headerRegex: full
  allowCrossNamespaceTargets: true
  escapedSlash: keep
inbound:
  listen: ["[::]:16006", "10.0.0.1:16007"]
  ports:  [{listen: "127.0.0.2:8080", application: "127.0.0.1:9091"}]
  opaquePorts: [3306, 5432]
outbound:   {listen: ["127.0.0.1:16001"]}
admin:      {listen: none}
workers: 4
log: {level: warning}
limits: {headBytesMax: 8192, connectMsMax: 250}
)");
    EXPECT_EQ(configuration.workload.trust_domain, "example.org");
    EXPECT_EQ(configuration.workload.service_account, "web");
    EXPECT_EQ(configuration.workload.pod, "web-1");
    EXPECT_EQ(configuration.owner.kind, "Deployment");
    EXPECT_EQ(configuration.owner.name, "web");
    EXPECT_EQ(configuration.identity.credential_bundle, "/run/bundle.pem");
    EXPECT_EQ(
        configuration.identity.trust_bundle, std::filesystem::path(folder_).parent_path() / "ca.crt"
    );
    EXPECT_THAT(
        configuration.identity.federated,
        ElementsAre(tls::FederatedBundle{"other.example", folder_ + "/other.crt"})
    );
    EXPECT_THAT(
        configuration.identity.names,
        ElementsAre(
            tls::NameForm{tls::NameForm::Kind::spiffe},
            tls::NameForm{tls::NameForm::Kind::linkerd, "mesh"}
        )
    );
    EXPECT_THAT(
        configuration.resource_directories, ElementsAre("/etc/smilax/resources", folder_ + "/more")
    );
    EXPECT_EQ(configuration.policy.access, policy::AccessMode::audit);
    EXPECT_THAT(
        configuration.policy.port_access,
        ElementsAre(Pair(8080, policy::AccessMode::off), Pair(9090, policy::AccessMode::enforce))
    );
    EXPECT_EQ(configuration.policy.mtls, policy::MtlsMode::permissive);
    EXPECT_EQ(configuration.policy.path_regex, policy::RegexMode::full);
    EXPECT_EQ(configuration.policy.header_regex, policy::RegexMode::full);
    EXPECT_TRUE(configuration.policy.allow_cross_namespace_targets);
    EXPECT_TRUE(configuration.policy.keep_escaped_slash);
    ASSERT_EQ(configuration.inbound_listen.size(), 2U);
    EXPECT_EQ(configuration.inbound_listen[1].text(), "10.0.0.1:16007");
    ASSERT_EQ(configuration.inbound_ports.size(), 1U);
    EXPECT_EQ(configuration.inbound_ports[0].listen.text(), "127.0.0.2:8080");
    EXPECT_EQ(configuration.inbound_ports[0].application.text(), "127.0.0.1:9091");
    EXPECT_THAT(configuration.policy.opaque_ports, ElementsAre(3306, 5432));
    ASSERT_EQ(configuration.outbound_listen.size(), 1U);
    EXPECT_FALSE(configuration.admin_listen.has_value());
    EXPECT_EQ(configuration.workers, 4U);
    EXPECT_EQ(configuration.log_level, "warning");
    EXPECT_EQ(configuration.limits.head_bytes_max, 8192U);
    EXPECT_EQ(configuration.limits.connect_ms_max, 250U);
}

TEST_F(LoadConfiguration, ReadsBothWordsOfEachSwitchOfPolicy) {
    using policy::RegexMode;
    const auto options = [this](const std::string& key, const std::string& word) {
        return loaded(std::string(k_minimal) + "policy: {" + key + ": " + word + "}\n").policy;
    };
    EXPECT_EQ(loaded(k_minimal).policy.path_regex, RegexMode::start);
    EXPECT_EQ(options("pathRegex", "start").path_regex, RegexMode::start);
    EXPECT_EQ(options("pathRegex", "full").path_regex, RegexMode::full);
    EXPECT_EQ(loaded(k_minimal).policy.header_regex, RegexMode::search);
    EXPECT_EQ(options("headerRegex", "search").header_regex, RegexMode::search);
    EXPECT_EQ(options("headerRegex", "full").header_regex, RegexMode::full);
    EXPECT_FALSE(loaded(k_minimal).policy.allow_cross_namespace_targets);
    EXPECT_FALSE(options("allowCrossNamespaceTargets", "false").allow_cross_namespace_targets);
    EXPECT_TRUE(options("allowCrossNamespaceTargets", "true").allow_cross_namespace_targets);
    EXPECT_FALSE(loaded(k_minimal).policy.keep_escaped_slash);
    EXPECT_FALSE(options("escapedSlash", "refuse").keep_escaped_slash);
    EXPECT_TRUE(options("escapedSlash", "keep").keep_escaped_slash);
    EXPECT_FALSE(loaded(k_minimal).policy.empty_backends_fail);
    EXPECT_FALSE(options("emptyBackend", "share").empty_backends_fail);
    EXPECT_TRUE(options("emptyBackend", "fail").empty_backends_fail);
}

TEST_F(LoadConfiguration, MakesPathsRelativeToTheFilesFolder) {
    const Configuration configuration = loaded(k_minimal);
    EXPECT_EQ(configuration.identity.certificate, folder_ + "/tls.crt");
    EXPECT_EQ(configuration.identity.key, folder_ + "/tls.key");
    EXPECT_THAT(configuration.resource_directories, ElementsAre(folder_ + "/resources"));
}

TEST_F(LoadConfiguration, LetsTheEnvironmentOverrideEveryKind) {
    const Configuration configuration = loaded(
        k_minimal,
        {{"SMILAX_WORKLOAD_NAMESPACE", "bank"},
         {"SMILAX_WORKLOAD_SERVICE_ACCOUNT", "api"},
         {"SMILAX_IDENTITY_CERTIFICATE", "/run/tls.crt"},
         {"SMILAX_RESOURCES", "/a, /b"},
         {"SMILAX_POLICY_ALLOW_CROSS_NAMESPACE_TARGETS", "true"},
         {"SMILAX_INBOUND_LISTEN", ""},
         {"SMILAX_INBOUND_PORTS", "127.0.0.2:80=127.0.0.1:81,[::1]:82=[::1]:83"},
         {"SMILAX_INBOUND_OPAQUE_PORTS", "1,2"},
         {"SMILAX_POLICY_PORTS", "80=audit, 82=off"},
         {"SMILAX_ADMIN_LISTEN", "127.0.0.1:0"},
         {"SMILAX_WORKERS", "2"},
         {"SMILAX_LIMITS_HEAD_MS_MAX", "77"}}
    );
    EXPECT_EQ(configuration.workload.name_space, "bank");
    EXPECT_EQ(configuration.workload.service_account, "api");
    EXPECT_EQ(configuration.identity.certificate, "/run/tls.crt");
    EXPECT_THAT(configuration.resource_directories, ElementsAre("/a", "/b"));
    EXPECT_TRUE(configuration.policy.allow_cross_namespace_targets);
    EXPECT_THAT(configuration.inbound_listen, IsEmpty());
    ASSERT_EQ(configuration.inbound_ports.size(), 2U);
    EXPECT_EQ(configuration.inbound_ports[1].application.text(), "[::1]:83");
    EXPECT_THAT(configuration.policy.opaque_ports, ElementsAre(1, 2));
    EXPECT_THAT(
        configuration.policy.port_access,
        ElementsAre(Pair(80, policy::AccessMode::audit), Pair(82, policy::AccessMode::off))
    );
    EXPECT_EQ(configuration.admin_listen->text(), "127.0.0.1:0");
    EXPECT_EQ(configuration.workers, 2U);
    EXPECT_EQ(configuration.limits.head_ms_max, 77U);
}

TEST_F(LoadConfiguration, ReportsEveryErrorAtOnceWithItsPlace) {
    EXPECT_THAT(
        errors(
            "workload: {namespace: shop, serviceAcount: web}\n"
            "identity: {certificate: tls.crt, key: tls.key}\n"
            "policy:\n"
            "  mtls: sometimes\n"
            "workers: 0\n",
            {{"SMILAX_WORKLOAD_POD_NAME", "x"}}
        ),
        ElementsAre(
            "smilax.yaml:1:29: error: There is no key workload.serviceAcount: did you mean "
            "workload.serviceAccount?",
            StartsWith("error: The environment variable SMILAX_WORKLOAD_POD_NAME is no key"),
            "smilax.yaml:4:9: error: policy.mtls: \"sometimes\" is not one of: strict | "
            "permissive.",
            "smilax.yaml:5:10: error: workers: \"0\" is not a whole number from 1 to 64.",
            StartsWith("smilax.yaml:1:11: error: workload.serviceAccount is missing"),
            StartsWith("smilax.yaml:2:11: error: identity.trustBundle is missing"),
            StartsWith("smilax.yaml:1:1: error: resources is missing or empty")
        )
    );
}

TEST_F(LoadConfiguration, PointsToTheSectionThatAMisplacedKeyBelongsTo) {
    EXPECT_THAT(
        errors(std::string(k_minimal) + "policy: {trust_bundle: x}\n"),
        ElementsAre(HasSubstr("no key policy.trust_bundle: did you mean identity.trustBundle?"))
    );
}

TEST_F(LoadConfiguration, ListsTheKeysWhereNothingIsNear) {
    EXPECT_THAT(
        errors(std::string(k_minimal) + "log: {colourfulness: x}\n"),
        ElementsAre(HasSubstr("no key log.colourfulness: the keys here are level."))
    );
}

TEST_F(LoadConfiguration, RefusesUnknownVariablesWithASuggestion) {
    EXPECT_THAT(
        errors(k_minimal, {{"SMILAX_WORKER", "2"}}),
        ElementsAre(HasSubstr("SMILAX_WORKER is no key of ours: did you mean SMILAX_WORKERS?"))
    );
}

TEST_F(LoadConfiguration, NamesTheVariableWhoseValueIsWrong) {
    EXPECT_THAT(
        errors(k_minimal, {{"SMILAX_WORKERS", "many"}, {"SMILAX_INBOUND_PORTS", "127.0.0.1:80"}}),
        ElementsAre(
            "error: SMILAX_INBOUND_PORTS: \"127.0.0.1:80\" is not listen=application ….",
            "error: SMILAX_WORKERS: \"many\" is not a whole number from 1 to 64."
        )
    );
}

TEST_F(LoadConfiguration, NeedsMtlsPermissiveWithoutIdentity) {
    const std::string text = R"(workload: {namespace: shop, serviceAccount: web}
identity: {source: none}
resources: [{directory: resources}]
)";
    EXPECT_THAT(errors(text), ElementsAre(HasSubstr("set policy.mtls to permissive")));
    EXPECT_EQ(
        loaded(text + "policy: {mtls: permissive}\n").identity.source, IdentitySourceKind::none
    );
}

TEST_F(LoadConfiguration, ReadsWhatAPortDoesOtherwise) {
    const std::string file = std::string(k_minimal) +
                             "policy: {ports: [{port: 8081, mtls: permissive, access: off}, "
                             "{port: 9102, clients: standard}, {port: 80, mtls: strict}]}\n";
    const EnvironmentLookup environment{
        {"SMILAX_POLICY_PORTS", "8081=off=permissive, 9102===standard, 80==strict="}
    };
    for (const Configuration& configuration : {loaded(file), loaded(k_minimal, environment)}) {
        EXPECT_THAT(
            configuration.policy.port_access, ElementsAre(Pair(8081, policy::AccessMode::off))
        );
        EXPECT_THAT(
            configuration.policy.port_mtls,
            ElementsAre(
                Pair(80, policy::MtlsMode::strict), Pair(8081, policy::MtlsMode::permissive)
            )
        );
        EXPECT_EQ(configuration.clients_of(9102), tls::Clients::standard);
        EXPECT_EQ(configuration.clients_of(80), tls::Clients::mesh);
    }
}

TEST_F(LoadConfiguration, SaysWhatIsWrongWithAPort) {
    const auto error = [this](const std::string& ports) {
        return errors(std::string(k_minimal) + "policy: {ports: [" + ports + "]}\n");
    };
    EXPECT_THAT(
        error("{port: 80, clients: any}"),
        ElementsAre(HasSubstr("has clients that are not one of: mesh | standard"))
    );
    EXPECT_THAT(
        error("{port: 80, mtls: off}"),
        ElementsAre(HasSubstr("has an mtls that is not one of: strict | permissive"))
    );
    EXPECT_THAT(
        error("{port: 80, access: on}"),
        ElementsAre(HasSubstr("has an access that is not one of: enforce | audit | off"))
    );
    EXPECT_THAT(error("{port: 80}"), ElementsAre(HasSubstr("says nothing of access")));
    EXPECT_THAT(
        error("{port: 80, mtls: strict}, {port: 80, access: off}"),
        ElementsAre(HasSubstr("names the port a second time"))
    );
    const char* form =
        "An item of policy.ports must be {port: …} with any of access, mtls, clients.";
    EXPECT_THAT(error("{mtls: strict}"), ElementsAre(HasSubstr(form)));
    EXPECT_THAT(error("{port: 80, tls: strict}"), ElementsAre(HasSubstr(form)));
    EXPECT_THAT(error("{port: 80, mtls: [strict]}"), ElementsAre(HasSubstr(form)));
    EXPECT_THAT(
        errors(k_minimal, {{"SMILAX_POLICY_PORTS", "80=off=strict=mesh=more"}}),
        ElementsAre(HasSubstr("is not port=enforce|audit|off=strict|permissive=mesh|standard"))
    );
}

TEST_F(LoadConfiguration, NeedsAnIdentityForAPortThatIsStrictOrStandard) {
    for (const char* port : {"{port: 80, mtls: strict}", "{port: 80, clients: standard}"}) {
        EXPECT_THAT(
            errors(
                "workload: {namespace: shop, serviceAccount: web}\nidentity: {source: none}\n"
                "resources: [{directory: r}]\npolicy: {mtls: permissive, ports: [" +
                std::string(port) + "]}\n"
            ),
            ElementsAre(HasSubstr("policy.ports makes port 80 strict or open to standard"))
        );
    }
}

constexpr const char* k_workload_api = R"(workload: {namespace: shop, serviceAccount: web}
identity: {source: workload-api}
resources: [{directory: resources}]
)";

TEST_F(LoadConfiguration, FindsTheWorkloadApiByItsVariable) {
    const Configuration configuration =
        loaded(k_workload_api, {{"SPIFFE_ENDPOINT_SOCKET", "unix:///run/agent.sock"}});
    EXPECT_EQ(configuration.identity.source, IdentitySourceKind::workload_api);
    EXPECT_EQ(configuration.identity.endpoint_socket, "unix:///run/agent.sock");
    EXPECT_EQ(configuration.identity.endpoint_socket_name, "SPIFFE_ENDPOINT_SOCKET");
}

TEST_F(LoadConfiguration, OwnKeyOfTheWorkloadApiStandsBeforeTheVariable) {
    const EnvironmentLookup environment{
        {"SPIFFE_ENDPOINT_SOCKET", "nonsense"},
        {"SMILAX_IDENTITY_ENDPOINT_SOCKET", "tcp://127.0.0.1:8000"},
    };
    const Configuration configuration = loaded(k_workload_api, environment);
    EXPECT_EQ(configuration.identity.endpoint_socket, "tcp://127.0.0.1:8000");
    EXPECT_EQ(configuration.identity.endpoint_socket_name, "identity.endpointSocket");
}

TEST_F(LoadConfiguration, SaysWhatIsWrongWithTheWorkloadApisPlace) {
    EXPECT_THAT(
        errors(k_workload_api),
        ElementsAre(
            StartsWith("smilax.yaml:2:20: error: identity.endpointSocket is missing, and so is the "
                       "variable SPIFFE_ENDPOINT_SOCKET")
        )
    );
    EXPECT_THAT(
        errors(k_workload_api, {{"SPIFFE_ENDPOINT_SOCKET", "/run/agent.sock"}}),
        ElementsAre(StartsWith("error: SPIFFE_ENDPOINT_SOCKET: \"/run/agent.sock\" is neither "
                               "unix:///path nor tcp://IP:port"))
    );
    EXPECT_THAT(
        errors(k_workload_api, {{"SMILAX_IDENTITY_ENDPOINT_SOCKET", "unix://x"}}),
        ElementsAre(HasSubstr("names no absolute path"))
    );
}

TEST_F(LoadConfiguration, TakesTheWorkloadApiWhereThePodWasGivenOneAndNothingIsNamed) {
    const char* unsaid = R"(workload: {namespace: shop, serviceAccount: web}
resources: [{directory: r}])";
    EXPECT_EQ(
        loaded(unsaid, {{"SPIFFE_ENDPOINT_SOCKET", "unix:///run/agent.sock"}}).identity.source,
        IdentitySourceKind::workload_api
    );
    EXPECT_THAT(
        errors(unsaid, {{"SPIFFE_ENDPOINT_SOCKET", "nonsense"}}),
        ElementsAre(StartsWith("error: SPIFFE_ENDPOINT_SOCKET: \"nonsense\""))
    );
}

TEST_F(LoadConfiguration, OtherSourcesDoNotMindTheVariable) {
    EXPECT_EQ(
        loaded(k_minimal, {{"SPIFFE_ENDPOINT_SOCKET", "nonsense"}}).identity.source,
        IdentitySourceKind::files
    );
}

TEST_F(LoadConfiguration, NeverGuessesWhoTheWorkloadIs) {
    EXPECT_THAT(
        errors(R"(identity: {certificate: a, key: b, trustBundle: c}
resources: [{directory: r}])"),
        ElementsAre(
            HasSubstr("workload.namespace is missing"),
            HasSubstr("workload.serviceAccount is missing")
        )
    );
}

TEST_F(LoadConfiguration, FindsTheIdentityWhereNothingIsSaidOfIt) {
    const Configuration configuration = loaded(R"(workload: {namespace: shop, serviceAccount: web}
resources: [{directory: r}])");
    EXPECT_EQ(configuration.identity.source, IdentitySourceKind::automatic);
    EXPECT_FALSE(configuration.identity.names_files());
}

TEST_F(LoadConfiguration, TakesADirectoryInsteadOfFiles) {
    const std::string text = R"(workload: {namespace: shop, serviceAccount: web}
resources: [{directory: r}]
)";
    for (const char* source : {"", "source: files, ", "source: auto, "}) {
        const std::string identity = fmt::format("identity: {{{}directory: certs}}\n", source);
        EXPECT_EQ(loaded(text + identity).identity.directory, folder_ + "/certs");
    }
    EXPECT_THAT(
        errors(text + "identity: {directory: certs, credentialBundle: d}\n"),
        ElementsAre(HasSubstr("identity.directory is where files with known names are looked for"))
    );
}

TEST_F(LoadConfiguration, NeedsToKnowTheFilesOfSourceFiles) {
    const auto errors_of = [this](const std::string& identity) {
        return errors(
            "workload: {namespace: shop, serviceAccount: web}\nidentity: {" + identity +
            "}\nresources: [{directory: r}]\n"
        );
    };
    for (const char* identity : {"source: files", "source: files, trustBundle: ca.crt"}) {
        EXPECT_THAT(
            errors_of(identity),
            ElementsAre("smilax.yaml:2:20: error: identity.source files names no files: set "
                        "identity.directory, or identity.trustBundle with identity.certificate and "
                        "identity.key, or with identity.credentialBundle.")
        );
    }
    EXPECT_THAT(
        errors_of("certificate: tls.crt, trustBundle: ca.crt"),
        ElementsAre(HasSubstr("identity.key is missing: identity.certificate needs it"))
    );
    EXPECT_THAT(
        errors_of("key: tls.key"),
        ElementsAre(
            HasSubstr("identity.certificate is missing: identity.key needs it"),
            HasSubstr("identity.trustBundle is missing")
        )
    );
}

TEST_F(LoadConfiguration, RefusesTrustThatTheWorkloadApiWouldNotHeed) {
    for (const char* key :
         {"certificate: a",
          "key: a",
          "credentialBundle: a",
          "directory: a",
          "trustBundle: a",
          "trustBundles: [{trustDomain: other.example, file: a}]"}) {
        const std::string named = std::string("identity.") + key;
        EXPECT_THAT(
            errors(
                std::string("workload: {namespace: shop, serviceAccount: web}\n"
                            "identity: {source: workload-api, endpointSocket: \"unix:///a\", ") +
                key + "}\nresources: [{directory: r}]\n"
            ),
            ElementsAre(AllOf(
                StartsWith("smilax.yaml:2:"),
                HasSubstr(named.substr(0, named.find(':')) + " is not used with the Workload API"),
                HasSubstr("those of federated trust domains too: remove it")
            ))
        );
    }
}

TEST_F(LoadConfiguration, RefusesTrustWhereTheVariableChoseTheWorkloadApi) {
    const EnvironmentLookup environment{
        {"SPIFFE_ENDPOINT_SOCKET", "unix:///run/agent.sock"},
        {"SMILAX_IDENTITY_TRUST_BUNDLES", "other.example=a"},
    };
    EXPECT_THAT(
        errors(
            R"(workload: {namespace: shop, serviceAccount: web}
identity: {trustBundle: ca.crt}
resources: [{directory: r}])",
            environment
        ),
        ElementsAre(
            StartsWith("smilax.yaml:2:25: error: identity.trustBundle is not used with the "
                       "Workload API of SPIFFE_ENDPOINT_SOCKET"),
            StartsWith("error: SMILAX_IDENTITY_TRUST_BUNDLES is not used with the Workload API")
        )
    );
}

TEST_F(LoadConfiguration, RefusesAnEndpointSocketBesideFiles) {
    for (const char* source : {"", "source: files, "}) {
        EXPECT_THAT(
            errors(fmt::format(
                "workload: {{namespace: shop, serviceAccount: web}}\n"
                "identity: {{{}directory: certs, endpointSocket: \"unix:///a\"}}\n"
                "resources: [{{directory: r}}]\n",
                source
            )),
            ElementsAre(HasSubstr("identity.endpointSocket is not used, for the identity comes "
                                  "from files: remove it"))
        );
    }
}

TEST_F(LoadConfiguration, RefusesKeyAndBundleTogether) {
    EXPECT_THAT(
        errors(R"(workload: {namespace: shop, serviceAccount: web}
identity: {certificate: a, key: b, credentialBundle: d, trustBundle: c}
resources: [{directory: r}])"),
        ElementsAre(HasSubstr("remove it, or remove identity.certificate and identity.key"))
    );
}

TEST_F(LoadConfiguration, RefusesOneAddressForTwoListeners) {
    EXPECT_THAT(
        errors(
            std::string(k_minimal) +
            "outbound: {listen: [\"127.0.0.1:15006\"]}\nadmin: {listen: \"127.0.0.1:15006\"}\n"
        ),
        ElementsAre(
            HasSubstr("outbound.listen 127.0.0.1:15006 and inbound.listen [::]:15006"),
            HasSubstr("admin.listen 127.0.0.1:15006 and inbound.listen [::]:15006"),
            HasSubstr("admin.listen 127.0.0.1:15006 and outbound.listen 127.0.0.1:15006")
        )
    );
}

TEST_F(LoadConfiguration, LetsPortZeroBeUsedOften) {
    loaded(
        std::string(k_minimal) +
        "inbound: {listen: [\"127.0.0.1:0\"]}\noutbound: {listen: [\"127.0.0.1:0\"]}\n"
        "admin: {listen: \"127.0.0.1:0\"}\n"
    );
}

TEST_F(LoadConfiguration, ListensForNoRedirectionWherePortsAreNamed) {
    const Configuration configuration = loaded(
        std::string(k_minimal) +
        "inbound: {ports: [{listen: \"127.0.0.2:80\", application: \"127.0.0.1:81\"}]}\n"
    );
    EXPECT_THAT(configuration.inbound_listen, IsEmpty());
}

TEST_F(LoadConfiguration, RefusesAPolicyForAPortThatIsNotThere) {
    const std::string named =
        std::string(k_minimal) +
        "inbound: {ports: [{listen: \"127.0.0.2:80\", application: \"127.0.0.1:81\"}]}\n";
    loaded(named + "policy: {ports: [{port: 80, mtls: strict}]}\n");
    EXPECT_THAT(
        errors(
            named + "policy:\n  ports:\n  - {port: 80, access: off}\n  - {port: 81, access: off}\n"
        ),
        ElementsAre("smilax.yaml:8:5: error: policy.ports names port 81, but inbound.ports has "
                    "only 80: correct the number, or remove it.")
    );
    EXPECT_THAT(
        errors(named, {{"SMILAX_POLICY_PORTS", "8080===standard"}}),
        ElementsAre(StartsWith("error: SMILAX_POLICY_PORTS names port 8080, but"))
    );
    EXPECT_THAT(
        errors(
            std::string(k_minimal) +
            "inbound: {listen: []}\npolicy: {ports: [{port: 80, mtls: strict}]}\n"
        ),
        ElementsAre(HasSubstr("names port 80, but there are no inbound ports"))
    );
}

TEST_F(LoadConfiguration, TakesAPolicyForAnyPortWhereItCannotKnowThem) {
    const std::string policy =
        std::string(k_minimal) + "policy: {ports: [{port: 80, access: off}]}\n";
    loaded(policy);  // redirected: whatever the application listens on
    loaded(
        policy + "inbound: {ports: [{listen: \"127.0.0.2:0\", application: \"127.0.0.1:81\"}]}\n"
    );
}

struct BadCase {
    const char* text;  // appended to the minimal configuration
    const char* error;
};

class BadValue : public LoadConfiguration, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadValue, IsNamedInOneSentence) {
    EXPECT_THAT(
        errors(std::string(k_minimal) + GetParam().text), ElementsAre(HasSubstr(GetParam().error))
    );
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadValue,
    ::testing::Values(
        BadCase{"workers: 65\n", "from 1 to 64"},
        BadCase{"workers: 1.5\n", "whole number"},
        BadCase{"workers: -1\n", "whole number"},
        BadCase{"workers:\n", "workers has no value: write 1 to 64"},
        BadCase{"workers: [1]\n", "workers takes a single value"},
        BadCase{"policy: strict\n", "policy must be a mapping with the keys access, "},
        BadCase{"policy: {access: deny}\n", "is not one of: enforce | audit | off"},
        BadCase{"policy: {ports: [8080]}\n", "must be {port: …} with any of access"},
        BadCase{"policy: {ports: [{port: 0, access: off}]}\n", "is not a port (1 to 65535)"},
        BadCase{
            "policy: {ports: [{port: 80, access: of}]}\n", "is not one of: enforce | audit | off"
        },
        BadCase{
            "policy: {ports: [{port: 80, access: off}, {port: 80, access: audit}]}\n",
            "names the port a second time"
        },
        BadCase{"policy: {allowCrossNamespaceTargets: yes}\n", "is not one of: false | true"},
        BadCase{"policy: {escapedSlash: drop}\n", "is not one of: refuse | keep"},
        BadCase{"policy: {pathRegex: search}\n", "is not one of: start | full"},
        BadCase{"policy: {headerRegex: start}\n", "is not one of: search | full"},
        BadCase{"inbound: {listen: \"[::]:1\"}\n", "inbound.listen takes a list"},
        BadCase{"inbound: {listen: [localhost:80]}\n", "\"localhost:80\" is not an address"},
        BadCase{"inbound: {listen: [{a: b}]}\n", "An item of inbound.listen must be ip:port"},
        BadCase{"inbound: {opaquePorts: [0]}\n", "\"0\" is not a port (1 to 65535)"},
        BadCase{"inbound: {opaquePorts: [65536]}\n", "is not a port"},
        BadCase{
            "inbound: {ports: [{listen: \"127.0.0.2:80\"}]}\n",
            "An item of inbound.ports must be {listen: …, application: …}"
        },
        BadCase{
            "inbound: {ports: [{listen: \"127.0.0.2:80\", application: \"127.0.0.1:0\"}]}\n",
            "has no port for the application"
        },
        BadCase{"outbound: {listen: []}\ninbound: {listen: []}\n", "nothing to listen on"},
        BadCase{"log: {level: loud}\n", "debug | info | warning | error"},
        BadCase{"limits: {headBytesMax: 12}\n", "from 1024 to 16777216"},
        BadCase{"limits: {headByteMax: 2048}\n", "did you mean limits.headBytesMax?"},
        BadCase{"workers: 1\nworkers: 2\n", "workers"},
        BadCase{"---\nworkers: 1\n", "here begins a second"}
    )
);

TEST_F(LoadConfiguration, RefusesIdentitiesThatNoCertificateCanHave) {
    EXPECT_THAT(
        errors(R"(workload: {trustDomain: Example.org, namespace: a/b, serviceAccount: "w b"}
identity: {certificate: a, key: b, trustBundle: c}
resources: [{directory: r}])"),
        ElementsAre(
            AllOf(StartsWith("smilax.yaml:1:"), HasSubstr("workload.trustDomain: \"Example.org\"")),
            HasSubstr("workload.namespace: \"a/b\" must not contain '/'"),
            HasSubstr("workload.serviceAccount: \"w b\" cannot be part of a SPIFFE identity")
        )
    );
}

TEST_F(LoadConfiguration, KnowsSpiffeNamesAloneUnlessTold) {
    EXPECT_THAT(loaded(k_minimal).identity.names, ElementsAre(tls::NameForm()));
    EXPECT_THAT(loaded(k_minimal).identity.federated, IsEmpty());
    const Configuration told = loaded(
        k_minimal,
        {{"SMILAX_IDENTITY_NAMES", "osm,osm-spiffe"},
         {"SMILAX_IDENTITY_TRUST_BUNDLES", "a.example=a.crt,b.example=b.crt"}}
    );
    EXPECT_EQ(told.identity.names.size(), 2U);
    EXPECT_EQ(told.identity.federated.size(), 2U);
}

TEST_F(LoadConfiguration, RefusesFederationAndNamesThatAreAmbiguous) {
    EXPECT_THAT(
        errors(R"(workload: {namespace: shop, serviceAccount: web}
identity:
  certificate: a
  key: b
  trustBundle: c
  trustBundles: [{trustDomain: cluster.local, file: d}, {trustDomain: B.example, file: d}]
  names: [spiffe, "linkerd:*"]
resources: [{directory: r}])"),
        ElementsAre(
            AllOf(StartsWith("smilax.yaml:6:"), HasSubstr("cannot be part of a SPIFFE identity")),
            AllOf(StartsWith("smilax.yaml:7:"), HasSubstr("\"linkerd:*\" is not one of: spiffe")),
            AllOf(StartsWith("smilax.yaml:6:"), HasSubstr("names cluster.local, our own"))
        )
    );
    EXPECT_THAT(
        errors(k_minimal, {{"SMILAX_IDENTITY_TRUST_BUNDLES", "a.example=a.crt,a.example=b.crt"}}),
        ElementsAre(HasSubstr("names the trust domain a second time"))
    );
}

TEST_F(LoadConfiguration, NeedsBothPartsOfTheOwner) {
    EXPECT_THAT(
        errors(R"(workload: {namespace: shop, serviceAccount: web, owner: {kind: Deployment}}
identity: {certificate: a, key: b, trustBundle: c}
resources: [{directory: r}])"),
        ElementsAre(HasSubstr("workload.owner needs both kind and name"))
    );
}

TEST_F(LoadConfiguration, SaysNothingOfMissingKeysWhenTheTextDoesNotParse) {
    EXPECT_THAT(errors("workload: {namespace: [\n"), ElementsAre(StartsWith("smilax.yaml:")));
}

TEST_F(LoadConfiguration, NamesAFileThatIsNotThere) {
    const auto outcome = load_configuration(folder_ + "/absent.yaml", {});
    ASSERT_TRUE(outcome.has_error());
    ASSERT_EQ(outcome.error().size(), 1U);
    EXPECT_THAT(to_string(outcome.error()[0]), HasSubstr("No such file or directory"));
}

TEST_F(LoadConfiguration, RefusesADirectory) {
    const auto outcome = load_configuration(folder_, {});
    ASSERT_TRUE(outcome.has_error());
    EXPECT_THAT(outcome.error()[0].message, HasSubstr("is a directory"));
}

TEST_F(LoadConfiguration, IsReadFromTheEnvironmentAloneWhenTheFileIsEmpty) {
    const Configuration configuration = loaded(
        "",
        {{"SMILAX_WORKLOAD_NAMESPACE", "shop"},
         {"SMILAX_WORKLOAD_SERVICE_ACCOUNT", "web"},
         {"SMILAX_IDENTITY_CREDENTIAL_BUNDLE", "b"},
         {"SMILAX_IDENTITY_TRUST_BUNDLE", "c"},
         {"SMILAX_RESOURCES", "r"}}
    );
    EXPECT_EQ(configuration.workload.service_account, "web");
}

TEST(ProcessEnvironment, LeavesOutWhatKubernetesMakesOfServices) {
    ::setenv("SMILAX_WORKERS", "2", 1);
    ::setenv("SMILAX_SERVICE_HOST", "10.0.0.1", 1);
    ::setenv("SMILAX_SERVICE_PORT_HTTP", "80", 1);
    ::setenv("SMILAX_PORT", "tcp://10.0.0.1:80", 1);
    ::setenv("SMILAX_PORT_80_TCP_ADDR", "10.0.0.1", 1);
    const EnvironmentLookup environment = process_environment();
    for (const char* name :
         {"SMILAX_WORKERS",
          "SMILAX_SERVICE_HOST",
          "SMILAX_SERVICE_PORT_HTTP",
          "SMILAX_PORT",
          "SMILAX_PORT_80_TCP_ADDR"}) {
        ::unsetenv(name);
    }
    EXPECT_TRUE(environment.contains("SMILAX_WORKERS"));
    EXPECT_FALSE(environment.contains("SMILAX_SERVICE_HOST"));
    EXPECT_FALSE(environment.contains("SMILAX_SERVICE_PORT_HTTP"));
    EXPECT_FALSE(environment.contains("SMILAX_PORT"));
    EXPECT_FALSE(environment.contains("SMILAX_PORT_80_TCP_ADDR"));
}

TEST(ConfigurationReference, ListsEveryKeyWithItsVariableAndDefault) {
    std::ostringstream out;
    print_configuration_reference(out);
    for (const ConfigurationKey& key : configuration_keys()) {
        EXPECT_THAT(out.str(), HasSubstr(key.path + ": " + key.form));
        EXPECT_THAT(out.str(), HasSubstr(key.environment_name()));
    }
    EXPECT_THAT(out.str(), HasSubstr("SMILAX_WORKLOAD_TRUST_DOMAIN, default cluster.local"));
    EXPECT_THAT(out.str(), HasSubstr("SMILAX_LIMITS_HEAD_BYTES_MAX, default 65536"));
    EXPECT_THAT(out.str(), Not(HasSubstr("SMILAX_WORKLOAD_NAMESPACE, default")));
}

TEST(ConfigurationReference, SaysWhatIsThere) {
    std::ostringstream out;
    print_configuration_reference(out);
    EXPECT_THAT(out.str(), HasSubstr("else the Workload API if it is named"));
    EXPECT_THAT(out.str(), HasSubstr("Where /live, /ready, /metrics, /snapshot and /explain are"));
    EXPECT_THAT(out.str(), Not(HasSubstr("dashboard")));
}

TEST(ConfigurationReference, HasAKeyForEveryLimit) {
    // A limit that is added to the struct changes its size: give it a row in the table.
    std::size_t keys = 0;
    for (const ConfigurationKey& key : configuration_keys()) {
        keys += key.path.starts_with("limits.") ? 1U : 0U;
    }
    constexpr std::size_t wide = 8;    // std::size_t members
    constexpr std::size_t narrow = 8;  // std::uint32_t members
    EXPECT_EQ(sizeof(Limits), wide * sizeof(std::size_t) + narrow * sizeof(std::uint32_t));
    EXPECT_EQ(keys, wide + narrow);
}

TEST(ConfigurationTable, AcceptsItsOwnDefaults) {
    Configuration configuration = default_configuration();
    for (const ConfigurationKey& key : configuration_keys()) {
        const std::string value = key.show(configuration);
        if (!value.empty() && !key.is_list) {
            EXPECT_EQ(key.set(configuration, {value}), std::nullopt) << key.path;
            EXPECT_EQ(key.show(configuration), value) << key.path;
        }
    }
}

TEST(NearestName, ForgivesCaseSeparatorsAndSlips) {
    const std::vector<std::string> names{"workload.namespace", "identity.trustBundle", "workers"};
    EXPECT_EQ(nearest_name("workload.name_space", names), "workload.namespace");
    EXPECT_EQ(nearest_name("Workers", names), "workers");
    EXPECT_EQ(nearest_name("wokers", names), "workers");
    EXPECT_EQ(nearest_name("trustbundle", names), "identity.trustBundle");
    EXPECT_EQ(nearest_name("something", names), "");
    EXPECT_EQ(nearest_name(std::string(1000, 'x'), names), "");
}

}  // namespace
}  // namespace proxy::command
