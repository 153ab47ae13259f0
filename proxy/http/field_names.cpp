#include "proxy/http/field_names.hpp"

#include "proxy/http/message.hpp"

namespace proxy::http {
namespace {

FieldName if_same(std::string_view name, std::string_view known, FieldName value) {
    return is_same_name(name, known) ? value : FieldName::other;
}

}  // namespace

FieldName name_of(std::string_view name) {
    // Lengths part them; where two share one, the first letter does.
    switch (name.size()) {
        case 2:
            return if_same(name, "te", FieldName::te);
        case 4:
            return if_same(name, "host", FieldName::host);
        case 6:
            return if_same(name, "expect", FieldName::expect);
        case 7:
            return (name[0] | 0x20) == 'u' ? if_same(name, "upgrade", FieldName::upgrade)
                                           : if_same(name, "trailer", FieldName::trailer);
        case 10:
            return (name[0] | 0x20) == 'c' ? if_same(name, "connection", FieldName::connection)
                                           : if_same(name, "keep-alive", FieldName::keep_alive);
        case 14:
            return (name[0] | 0x20) == 'c'
                       ? if_same(name, "content-length", FieldName::content_length)
                       : if_same(name, "http2-settings", FieldName::http2_settings);
        case 16:
            return if_same(name, "proxy-connection", FieldName::proxy_connection);
        case 17:
            return if_same(name, "transfer-encoding", FieldName::transfer_encoding);
        default:
            return FieldName::other;
    }
}

}  // namespace proxy::http
