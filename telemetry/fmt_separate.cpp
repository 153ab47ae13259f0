// fmt compiled once, for releases: Debian has it as a shared library and as headers only, and the
// headers with everything in them would be compiled in each file that formats.
#include <fmt/format-inl.h>

namespace fmt {
inline namespace v9 {

template std::locale detail::locale_ref::get<std::locale>() const;
template detail::locale_ref::locale_ref(const std::locale&);
template detail::thousands_sep_result<char> detail::thousands_sep_impl<char>(detail::locale_ref);
template char detail::decimal_point_impl<char>(detail::locale_ref);
template void detail::buffer<char>::append(const char*, const char*);
template void detail::vformat_to(
    buffer<char>&, string_view, basic_format_args<FMT_BUFFER_CONTEXT(char)>, detail::locale_ref
);

}  // namespace v9
}  // namespace fmt
