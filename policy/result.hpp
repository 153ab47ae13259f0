// Result<T, E>: a value or an error, never both, never silently dropped.
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <utility>

namespace policy {

/// What a function that can fail returns. `E` defaults to a sentence for the operator.
/// Wraps boost::system::result so that ignoring one is a compiler warning (an error here).
template <class T, class E = std::string>
class [[nodiscard]] Result : public boost::system::result<T, E> {
 public:
    using boost::system::result<T, E>::result;
};

/// Builds the error side explicitly, where T and E could be confused (both strings, say).
template <class T, class E>
Result<T, E> failed(E error) {
    return Result<T, E>(boost::system::in_place_error, std::move(error));
}

}  // namespace policy
