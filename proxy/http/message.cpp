#include "proxy/http/message.hpp"

#include "policy/ascii.hpp"
#include "proxy/http/grammar.hpp"

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
    return policy::equal_ignoring_case(left, right);
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
