// Private to telemetry/: series in the text exposition format 0.0.4 of Prometheus.
#pragma once

#include "telemetry/catalog.hpp"
#include "telemetry/numbers.hpp"
#include "telemetry/series_labels.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace telemetry {

/// Writes family after family, each with its series: the format wants those of one together.
class TextWriter {
 public:
    /// `everywhere` stands on every series, before the labels of its own.
    explicit TextWriter(SeriesLabels everywhere) : everywhere_(std::move(everywhere)) {}

    /// The series that follow are of `family`, which must outlive them. Once for each family; one
    /// that gets no series is not in the text. Room is made for so many like the first: text that
    /// grows by copying takes three times its pages.
    void begin(const Family& family, std::size_t series_expected = 0);

    void add(const SeriesLabels& labels, std::uint64_t value);
    void add(const SeriesLabels& labels, double value);
    void add(const SeriesLabels& labels, const Histogram& histogram);

    /// All that was written. The last call.
    [[nodiscard]] std::string take() { return std::move(text_); }

 private:
    void begin_series(std::string_view suffix, const SeriesLabels& labels);
    void end_series();
    void set_head(std::string_view suffix, const SeriesLabels& labels);
    template <class Number>
    void write_sample(Number value);
    void write_bucket(std::string_view bound, std::uint64_t value);

    SeriesLabels everywhere_;
    const Family* family_ = nullptr;
    std::size_t series_ = 0;  // of this family
    std::size_t series_expected_ = 0;
    std::size_t series_begin_ = 0;  // where the last one begins
    std::string head_;              // of the sample that is being written: its name and labels
    std::string text_;
};

}  // namespace telemetry
