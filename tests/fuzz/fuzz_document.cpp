// Any text: parsing and decoding end within bounds, and no problem is without a place.
#include "policy/inventory.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    policy::Inventory inventory("default");
    const bool was_replaced = inventory.replace_file("f.yaml", text);
    if (!was_replaced && inventory.problems().empty()) {
        std::abort();
    }
    for (const policy::Problem& problem : inventory.problems()) {
        if (problem.origin.line < 1 || problem.origin.column < 1 || problem.message.empty()) {
            std::abort();
        }
    }
    // The same text again gives the same answer.
    if (inventory.replace_file("f.yaml", text) != was_replaced) {
        std::abort();
    }
    return 0;
}
