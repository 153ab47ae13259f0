#include "telemetry/text_writer.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cstddef>
#include <iterator>

namespace telemetry {
namespace {

std::string_view type_name(FamilyType type) {
    switch (type) {
        case FamilyType::counter:
            return "counter";
        case FamilyType::gauge:
            return "gauge";
        case FamilyType::histogram:
            return "histogram";
    }
    return "untyped";
}

void append_number(std::string& text, std::uint64_t value) {
    const fmt::format_int digits(value);
    text.append(digits.data(), digits.size());
}

/// The shortest digits that read back as the same number.
void append_number(std::string& text, double value) {
    fmt::format_to(std::back_inserter(text), "{}", value);
}

}  // namespace

void TextWriter::begin(const Family& family, std::size_t series_expected) {
    family_ = &family;
    series_ = 0;
    series_expected_ = series_expected;
}

void TextWriter::add(const SeriesLabels& labels, std::uint64_t value) {
    begin_series("", labels);
    write_sample(value);
    end_series();
}

void TextWriter::add(const SeriesLabels& labels, double value) {
    begin_series("", labels);
    write_sample(value);
    end_series();
}

void TextWriter::add(const SeriesLabels& labels, const Histogram& histogram) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : histogram.buckets) {
        total += count;
    }
    begin_series("_count", labels);
    write_sample(total);
    set_head("_sum", labels);
    write_sample(static_cast<double>(histogram.sum_us) / 1000.0);

    // Most of a scrape is these lines: what they have in common is put together once.
    set_head("_bucket", labels);
    if (head_.back() == '}') {
        head_.back() = ',';
    } else {
        head_ += '{';
    }
    head_ += "le=\"";
    std::uint64_t up_to_bound = 0;
    for (std::size_t i = 0; i < k_latency_bounds_ms.size(); ++i) {
        up_to_bound += histogram.buckets[i];
        const fmt::format_int bound(k_latency_bounds_ms[i]);
        write_bucket({bound.data(), bound.size()}, up_to_bound);
    }
    write_bucket("+Inf", total);
    end_series();
}

void TextWriter::begin_series(std::string_view suffix, const SeriesLabels& labels) {
    assert(family_ != nullptr);
    if (series_ == 0) {
        // Neither has what would need an escape: both are literals of the catalog.
        fmt::format_to(
            std::back_inserter(text_),
            "# HELP {0} {1}\n# TYPE {0} {2}\n",
            family_->name,
            family_->help,
            type_name(family_->type)
        );
    }
    series_begin_ = text_.size();
    set_head(suffix, labels);
}

void TextWriter::end_series() {
    ++series_;
    if (series_ == 1 && series_expected_ > 1) {
        // Labels differ in length: an eighth more, of which unused pages are never touched.
        const std::size_t first = text_.size() - series_begin_;
        text_.reserve(text_.size() + series_expected_ * (first + first / 8));
    }
}

void TextWriter::set_head(std::string_view suffix, const SeriesLabels& labels) {
    head_.assign(family_->name).append(suffix);
    if (everywhere_.text().empty() && labels.text().empty()) {
        return;
    }
    head_.append("{").append(everywhere_.text());
    if (!everywhere_.text().empty() && !labels.text().empty()) {
        head_ += ',';
    }
    head_.append(labels.text()).append("}");
}

template <class Number>
void TextWriter::write_sample(Number value) {
    text_.append(head_).append(" ");
    append_number(text_, value);
    text_ += '\n';
}

void TextWriter::write_bucket(std::string_view bound, std::uint64_t value) {
    text_.append(head_).append(bound).append("\"} ");
    append_number(text_, value);
    text_ += '\n';
}

}  // namespace telemetry
