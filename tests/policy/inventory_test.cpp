#include "policy/inventory.hpp"

#include "describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view k_two_routes =
    "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: a}\n---\n"
    "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: b}\n";
constexpr std::string_view k_one_route =
    "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: c}\n";
constexpr std::string_view k_broken = "a: [1,";

std::vector<std::string> names_of(const Inventory& inventory, const std::string& file) {
    std::vector<std::string> names;
    for (const Resource& resource : inventory.by_file().at(file)) {
        names.push_back(metadata_of(resource).name.name);
    }
    return names;
}

TEST(Inventory, HoldsTheObjectsOfEachFile) {
    Inventory inventory("shop");
    EXPECT_TRUE(inventory.replace_file("1.yaml", k_two_routes));
    EXPECT_TRUE(inventory.replace_file("2.yaml", k_one_route));
    EXPECT_THAT(inventory.files(), ElementsAre("1.yaml", "2.yaml"));
    EXPECT_THAT(names_of(inventory, "1.yaml"), ElementsAre("a", "b"));
    EXPECT_THAT(names_of(inventory, "2.yaml"), ElementsAre("c"));
    EXPECT_EQ(metadata_of(inventory.by_file().at("2.yaml")[0]).name.name_space, "shop");
    EXPECT_THAT(inventory.problems(), IsEmpty());
}

TEST(Inventory, ReplacesWhatAFileHeld) {
    Inventory inventory("shop");
    EXPECT_TRUE(inventory.replace_file("1.yaml", k_two_routes));
    EXPECT_TRUE(inventory.replace_file("1.yaml", k_one_route));
    EXPECT_THAT(names_of(inventory, "1.yaml"), ElementsAre("c"));
    EXPECT_TRUE(inventory.replace_file("1.yaml", ""));
    EXPECT_THAT(names_of(inventory, "1.yaml"), IsEmpty());
}

TEST(Inventory, KeepsTheLastGoodObjectsOfAFileThatStopsParsing) {
    Inventory inventory("shop");
    EXPECT_TRUE(inventory.replace_file("1.yaml", k_two_routes));
    EXPECT_TRUE(inventory.replace_file("2.yaml", k_one_route));
    EXPECT_FALSE(inventory.replace_file("1.yaml", k_broken));
    EXPECT_THAT(names_of(inventory, "1.yaml"), ElementsAre("a", "b"));
    EXPECT_THAT(names_of(inventory, "2.yaml"), ElementsAre("c"));
    const std::vector<Problem> problems = inventory.problems();
    ASSERT_THAT(problems, SizeIs(2));
    EXPECT_EQ(problems[0].code, "yaml_syntax");
    EXPECT_EQ(problems[0].origin.file, "1.yaml");
    EXPECT_EQ(problems[1].code, "file_kept");

    EXPECT_TRUE(inventory.replace_file("1.yaml", k_one_route));
    EXPECT_THAT(inventory.problems(), IsEmpty());
}

TEST(Inventory, TakesNothingFromAFileThatNeverParsedAsAWhole) {
    Inventory inventory("shop");
    EXPECT_FALSE(inventory.replace_file("1.yaml", std::string(k_one_route) + "---\n[\n"));
    EXPECT_EQ(inventory.by_file().count("1.yaml"), 0U);
    EXPECT_THAT(inventory.problems(), SizeIs(1));
    EXPECT_THAT(inventory.files(), ElementsAre("1.yaml"));
}

TEST(Inventory, ForgetsARemovedFileWithItsObjectsAndProblems) {
    Inventory inventory("shop");
    EXPECT_TRUE(inventory.replace_file("1.yaml", k_two_routes));
    EXPECT_FALSE(inventory.replace_file("2.yaml", k_broken));
    inventory.remove_file("1.yaml");
    inventory.remove_file("2.yaml");
    inventory.remove_file("3.yaml");
    EXPECT_THAT(inventory.files(), IsEmpty());
    EXPECT_THAT(inventory.problems(), IsEmpty());
    EXPECT_TRUE(inventory.by_file().empty());
}

std::string read_data(const std::string& name) {
    const char* const root = std::getenv("SMILAX_TEST_DATA");
    std::ifstream stream(std::string(root != nullptr ? root : "tests/data") + "/policy/" + name);
    EXPECT_TRUE(stream) << name << ": run the tests through meson, or set SMILAX_TEST_DATA";
    return {std::istreambuf_iterator<char>(stream), {}};
}

class InventoryGolden : public testing::TestWithParam<std::string> {};

TEST_P(InventoryGolden, IsAsExpected) {
    Inventory inventory("default");
    EXPECT_TRUE(inventory.replace_file(GetParam(), read_data(GetParam())));
    std::string text;
    for (const Resource& resource : inventory.by_file().at(GetParam())) {
        text += std::visit(test::Describer{}, resource);
    }
    for (const Problem& problem : inventory.problems()) {
        text += to_string(problem) + '\n';
    }
    EXPECT_EQ(text, read_data(GetParam() + ".expected"));
}

INSTANTIATE_TEST_SUITE_P(
    Files,
    InventoryGolden,
    testing::Values(
        "conformance.yaml", "kubectl-get.yaml", "kubectl-get.json", "writers.yaml", "mixed.yaml"
    ),
    [](const testing::TestParamInfo<std::string>& file) {
        std::string name = file.param;
        std::erase_if(name, [](char c) { return c == '.' || c == '-'; });
        return name;
    }
);

}  // namespace
}  // namespace policy
