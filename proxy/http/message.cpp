#include "proxy/http/message.hpp"

#include "proxy/http/grammar.hpp"

#include <algorithm>

namespace proxy::http {

std::optional<std::string_view> Head::find(std::string_view name) const {
    for (const Field& field : fields) {
        if (is_same_name(field.name, name)) {
            return field.value;
        }
    }
    return std::nullopt;
}

bool is_same_name(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) {
               return to_lower(a) == to_lower(b);
           });
}

bool has_token(std::string_view value, std::string_view token) {
    for (ListReader list{value}; const auto element = list.next();) {
        if (is_same_name(*element, token)) {
            return true;
        }
    }
    return false;
}

}  // namespace proxy::http
