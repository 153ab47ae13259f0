#include "policy/timestamp.hpp"

#include <cstddef>
#include <cstdint>

namespace policy {
namespace {

namespace chrono = std::chrono;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes parts off the front of a text; once something does not fit, everything after fails too.
class Reader {
 public:
    explicit Reader(std::string_view text) : rest_(text) {}

    /// Exactly `digits` of them, at most `max`.
    int number(std::size_t digits, int max) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (rest_.empty() || !is_digit(rest_[0])) {
                is_good_ = false;
                return 0;
            }
            value = value * 10 + (rest_[0] - '0');
            rest_.remove_prefix(1);
        }
        is_good_ = is_good_ && value <= max;
        return value;
    }

    /// The next character, which must be one of `wanted`.
    char one_of(std::string_view wanted) {
        if (rest_.empty() || wanted.find(rest_[0]) == std::string_view::npos) {
            is_good_ = false;
            return '\0';
        }
        const char found = rest_[0];
        rest_.remove_prefix(1);
        return found;
    }

    /// ".5" as nanoseconds; nothing there is nothing.
    chrono::nanoseconds fraction() {
        if (!rest_.starts_with('.')) {
            return {};
        }
        rest_.remove_prefix(1);
        is_good_ = is_good_ && !rest_.empty() && is_digit(rest_[0]);
        std::int64_t value = 0;
        std::int64_t unit = 1'000'000'000;
        for (; !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1)) {
            unit /= 10;
            value += unit * (rest_[0] - '0');
        }
        return chrono::nanoseconds(value);
    }

    /// "Z" or "+01:00", which must be the end.
    chrono::minutes offset() {
        const char sign = one_of("Zz+-");
        chrono::minutes east{};
        if (sign == '+' || sign == '-') {
            const chrono::hours hours(number(2, 23));
            one_of(":");
            east = hours + chrono::minutes(number(2, 59));
        }
        is_good_ = is_good_ && rest_.empty();
        return sign == '-' ? -east : east;
    }

    [[nodiscard]] bool is_good() const { return is_good_; }

 private:
    std::string_view rest_;
    bool is_good_ = true;
};

}  // namespace

std::optional<Instant> parse_timestamp(std::string_view text) {
    Reader reader(text);
    const chrono::year year(reader.number(4, 2261));
    reader.one_of("-");
    const chrono::month month(static_cast<unsigned>(reader.number(2, 12)));
    reader.one_of("-");
    const chrono::day day(static_cast<unsigned>(reader.number(2, 31)));
    reader.one_of("Tt ");
    const chrono::hours hours(reader.number(2, 23));
    reader.one_of(":");
    const chrono::minutes minutes(reader.number(2, 59));
    reader.one_of(":");
    const chrono::seconds seconds(reader.number(2, 60));
    const chrono::nanoseconds fraction = reader.fraction();
    const chrono::minutes east = reader.offset();
    const chrono::year_month_day date(year, month, day);
    if (!reader.is_good() || !date.ok() || year < chrono::year(1678)) {
        return std::nullopt;
    }
    return Instant(chrono::sys_days(date)) + hours + minutes + seconds + fraction - east;
}

}  // namespace policy
