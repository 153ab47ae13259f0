// Access and mTLS modes: which of port, pod and Namespace decides.
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace policy {
namespace {

using test::World;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string name_space(const std::string& name, const std::string& access) {
    return "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name +
           "\n  annotations:\n    smilax.dev/access: " + access + "\n";
}

std::vector<Problem> problems_of(const World& world, std::string_view code) {
    std::vector<Problem> found;
    for (const Problem& problem : world.inventory.problems()) {
        if (problem.code == code) {
            found.push_back(problem);
        }
    }
    return found;
}

TEST(AccessMode, IsEnforceWhereNobodySaysAnything) {
    World world("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    EXPECT_EQ(world.snapshot().access_mode(80), AccessMode::enforce);
}

TEST(AccessMode, ComesFromTheAnnotationOfTheWorkloadsNamespace) {
    World audit(name_space("shop", "audit") + name_space("bank", "off"));
    EXPECT_EQ(audit.snapshot().access_mode(80), AccessMode::audit);
    World off(name_space("shop", "off"));  // no boolean in YAML 1.2
    EXPECT_EQ(off.snapshot().access_mode(80), AccessMode::off);
    World elsewhere(name_space("bank", "off"));
    EXPECT_EQ(elsewhere.snapshot().access_mode(80), AccessMode::enforce);
}

TEST(AccessMode, OfTheConfigurationWinsOverTheAnnotation) {
    World world(name_space("shop", "off"));
    world.options.access = AccessMode::enforce;
    EXPECT_EQ(world.snapshot().access_mode(80), AccessMode::enforce);
}

TEST(AccessMode, OfAPortWinsOverBothForThatPortAlone) {
    World world(name_space("shop", "off"));
    world.options.port_access = {{8080, AccessMode::audit}};
    EXPECT_EQ(world.snapshot().access_mode(8080), AccessMode::audit);
    EXPECT_EQ(world.snapshot().access_mode(8081), AccessMode::off);
    world.options.access = AccessMode::enforce;
    EXPECT_EQ(world.compile().snapshot().access_mode(8080), AccessMode::audit);
    EXPECT_EQ(world.snapshot().access_mode(8081), AccessMode::enforce);
}

TEST(AccessMode, IsOfNeitherOfTwoNamespacesOfOneName) {  // one could open what the other closes
    World world(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: "
        "{smilax.dev/access: 'off'}}\n"
    );
    world.add("b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    EXPECT_EQ(world.snapshot().access_mode(8080), AccessMode::enforce);
    ASSERT_EQ(world.problems.size(), 1u);
    EXPECT_EQ(world.problems[0].code, "duplicate_object");
    EXPECT_EQ(world.problems[0].object, "Namespace shop");
}

TEST(AccessMode, ChangesWithTheAnnotation) {
    World world(name_space("shop", "audit"));
    EXPECT_EQ(world.snapshot().access_mode(80), AccessMode::audit);
    world.add("a.yaml", name_space("shop", "enforce"));
    EXPECT_EQ(world.compile().snapshot().access_mode(80), AccessMode::enforce);
}

TEST(AccessMode, IsInTheSnapshotsJson) {
    World world(name_space("shop", "audit"));
    world.options.port_access = {{80, AccessMode::off}, {8080, AccessMode::enforce}};
    EXPECT_THAT(
        world.snapshot().to_json(),
        AllOf(
            HasSubstr("\"access\": \"audit\""),
            HasSubstr("\"portAccess\": {\n    \"80\": \"off\",\n    \"8080\": \"enforce\"\n  }")
        )
    );
}

class UnreadableAccess : public ::testing::TestWithParam<const char*> {};

TEST_P(UnreadableAccess, EnforcesAndIsAnErrorAtItsPlaceInEveryNamespace) {
    World world(name_space("shop", GetParam()) + name_space("bank", GetParam()));
    EXPECT_EQ(world.snapshot().access_mode(80), AccessMode::enforce);
    const auto found = problems_of(world, "invalid_access_annotation");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].severity, Severity::error);
    EXPECT_EQ(found[0].object, "Namespace shop");
    EXPECT_EQ(found[1].object, "Namespace bank");
    EXPECT_EQ(found[0].origin.line, 7);
    EXPECT_EQ(found[0].origin.column, 24);
    EXPECT_THAT(found[0].message, HasSubstr("write enforce, audit or off"));
}

INSTANTIATE_TEST_SUITE_P(
    All, UnreadableAccess, ::testing::Values("\"\"", "Audit", "false", "permissive", "0")
);

std::string annotated_mtls(const std::string& name, const std::string& mtls) {
    return "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name +
           "\n  annotations:\n    smilax.dev/mtls: " + mtls + "\n";
}

TEST(MtlsMode, IsStrictWhereNobodySaysAnything) {
    World world("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    EXPECT_EQ(world.snapshot().mtls_mode(80), MtlsMode::strict);
}

TEST(MtlsMode, ComesFromTheAnnotationOfTheWorkloadsNamespace) {
    World world(annotated_mtls("shop", "permissive"));
    EXPECT_EQ(world.snapshot().mtls_mode(80), MtlsMode::permissive);
    world.add("a.yaml", annotated_mtls("shop", "strict"));
    EXPECT_EQ(world.compile().snapshot().mtls_mode(80), MtlsMode::strict);
    World elsewhere(annotated_mtls("bank", "permissive"));
    EXPECT_EQ(elsewhere.snapshot().mtls_mode(80), MtlsMode::strict);
}

TEST(MtlsMode, OfTheConfigurationWinsOverTheAnnotation) {
    World world(annotated_mtls("shop", "permissive"));
    world.options.mtls = MtlsMode::strict;
    EXPECT_EQ(world.snapshot().mtls_mode(80), MtlsMode::strict);
}

TEST(MtlsMode, OfAPortWinsOverBothForThatPortAlone) {
    World world(annotated_mtls("shop", "permissive"));
    world.options.port_mtls = {{8080, MtlsMode::strict}};
    EXPECT_EQ(world.snapshot().mtls_mode(8080), MtlsMode::strict);
    EXPECT_EQ(world.snapshot().mtls_mode(8081), MtlsMode::permissive);
    world.options.mtls = MtlsMode::strict;
    world.options.port_mtls = {{8080, MtlsMode::permissive}};
    EXPECT_EQ(world.compile().snapshot().mtls_mode(8080), MtlsMode::permissive);
    EXPECT_EQ(world.snapshot().mtls_mode(8081), MtlsMode::strict);
}

TEST(MtlsMode, IsInTheSnapshotsJson) {
    World world(annotated_mtls("shop", "permissive"));
    world.options.port_mtls = {{80, MtlsMode::strict}};
    EXPECT_THAT(
        world.snapshot().to_json(),
        AllOf(
            HasSubstr("\"mtls\": \"permissive\""),
            HasSubstr("\"portMtls\": {\n    \"80\": \"strict\"\n  }")
        )
    );
}

class UnreadableMtls : public ::testing::TestWithParam<const char*> {};

TEST_P(UnreadableMtls, IsStrictAndAnError) {
    World world(annotated_mtls("shop", GetParam()));
    EXPECT_EQ(world.snapshot().mtls_mode(80), MtlsMode::strict);
    const auto found = problems_of(world, "invalid_mtls_annotation");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].severity, Severity::error);
    EXPECT_EQ(found[0].origin.line, 7);
    EXPECT_THAT(found[0].message, HasSubstr("write strict or permissive"));
}

INSTANTIATE_TEST_SUITE_P(
    All, UnreadableMtls, ::testing::Values("\"\"", "Permissive", "false", "off", "0")
);

TEST(AccessMode, ReadableOnesAreNoProblem) {
    World world(name_space("shop", "enforce") + name_space("a", "audit") + name_space("b", "off"));
    EXPECT_THAT(world.codes(), IsEmpty());
    EXPECT_THAT(world.inventory.problems(), IsEmpty());
}

}  // namespace
}  // namespace policy
