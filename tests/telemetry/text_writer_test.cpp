#include "telemetry/text_writer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace telemetry {
namespace {

constexpr Family k_counter{"things_total", FamilyType::counter, "Things.", "name"};
constexpr Family k_gauge{"things", FamilyType::gauge, "Things now.", "name"};
constexpr Family k_histogram{"wait_ms", FamilyType::histogram, "Waiting.", "name"};

SeriesLabels labels(std::string_view name, std::string_view value) {
    SeriesLabels labels;
    labels.add(name, value);
    return labels;
}

TEST(TextWriter, WritesHelpAndTypeOnceAndThenTheSeries) {
    TextWriter text(labels("pod", "p"));
    text.begin(k_counter);
    text.add(labels("name", "a"), std::uint64_t{1});
    text.add(labels("name", "b"), std::uint64_t{2});
    text.begin(k_gauge);
    text.add({}, std::uint64_t{3});
    EXPECT_EQ(
        text.take(),
        "# HELP things_total Things.\n"
        "# TYPE things_total counter\n"
        "things_total{pod=\"p\",name=\"a\"} 1\n"
        "things_total{pod=\"p\",name=\"b\"} 2\n"
        "# HELP things Things now.\n"
        "# TYPE things gauge\n"
        "things{pod=\"p\"} 3\n"
    );
}

TEST(TextWriter, LeavesOutAFamilyWithoutSeries) {
    TextWriter text(SeriesLabels{});
    text.begin(k_counter);
    text.begin(k_gauge, 10);
    EXPECT_EQ(text.take(), "");
}

TEST(TextWriter, WritesNoBracesWithoutLabels) {
    TextWriter text(SeriesLabels{});
    text.begin(k_gauge);
    text.add({}, std::uint64_t{1});
    text.add(labels("name", "a"), std::uint64_t{2});
    EXPECT_TRUE(text.take().ends_with("\nthings 1\nthings{name=\"a\"} 2\n"));
}

TEST(TextWriter, WritesIntegersInFullAndFractionsAsTheyAre) {
    TextWriter text(SeriesLabels{});
    text.begin(k_gauge);
    text.add({}, std::numeric_limits<std::uint64_t>::max());
    text.add({}, 1'760'000'000.25);
    text.add({}, 1'760'086'400.0);
    text.add({}, 0.0);
    EXPECT_TRUE(text.take().ends_with(
        "\nthings 18446744073709551615\nthings 1760000000.25\nthings 1760086400\nthings 0\n"
    ));
}

TEST(TextWriter, QuotesWhatWouldEndALabelValue) {
    TextWriter text(SeriesLabels{});
    text.begin(k_gauge);
    text.add(labels("name", "a\"b\\c"), std::uint64_t{1});
    // Twice: a log shows it as \n, and so does the label.
    text.add(labels("name", "a\nb"), std::uint64_t{2});
    EXPECT_TRUE(
        text.take().ends_with("\nthings{name=\"a\\\"b\\\\c\"} 1\n"
                              "things{name=\"a\\\\nb\"} 2\n")
    );
}

TEST(TextWriter, AddsUpTheBucketsOfAHistogram) {
    Histogram histogram;
    for (const int us : {900, 1'000, 1'500, 49'999'000, 50'000'001}) {
        histogram.observe(std::chrono::microseconds(us));
    }
    for (const bool is_labelled : {false, true}) {
        TextWriter text(SeriesLabels{});
        text.begin(k_histogram, 1);
        text.add(is_labelled ? labels("name", "a") : SeriesLabels{}, histogram);
        const std::string written = text.take();
        const std::string all = is_labelled ? "{name=\"a\"}" : "";
        const std::string begin = is_labelled ? "{name=\"a\",le=\"" : "{le=\"";
        EXPECT_TRUE(written.starts_with(
            "# HELP wait_ms Waiting.\n# TYPE wait_ms histogram\nwait_ms_count" + all +
            " 5\nwait_ms_sum" + all + " 100002.401\nwait_ms_bucket" + begin +
            "1\"} 2\nwait_ms_bucket" + begin + "2\"} 3\n"
        )) << written;
        EXPECT_TRUE(written.ends_with(
            "\nwait_ms_bucket" + begin + "40000\"} 3\nwait_ms_bucket" + begin +
            "50000\"} 4\nwait_ms_bucket" + begin + "+Inf\"} 5\n"
        )) << written;
    }
}

TEST(TextWriter, WritesTheSameWhateverWasExpected) {
    std::string texts[2];
    for (const std::size_t expected : {0U, 3U}) {
        TextWriter text(SeriesLabels{});
        text.begin(k_histogram, expected);
        for (const std::string name :
             {"a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "c"}) {
            text.add(labels("name", name), Histogram{});
        }
        texts[expected == 0 ? 0 : 1] = text.take();
    }
    EXPECT_EQ(texts[0], texts[1]);
}

}  // namespace
}  // namespace telemetry
