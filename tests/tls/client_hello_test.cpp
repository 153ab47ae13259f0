#include "tls/client_hello.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tls {
namespace {

using namespace std::string_literals;

std::string number(std::size_t value, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = size; i-- > 0; value >>= 8) {
        text[i] = static_cast<char>(value & 0xff);
    }
    return text;
}

std::string vector(std::size_t length_size, const std::string& content) {
    return number(content.size(), length_size) + content;
}

std::string alpn(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
        list += vector(1, name);
    }
    return number(16, 2) + vector(2, vector(2, list));
}

std::string hello(const std::string& extensions) {
    const std::string body = "\x03\x03"s + std::string(32, 'r') + vector(1, std::string(32, 's')) +
                             vector(2, "\x13\x01"s) + vector(1, "\0"s) + vector(2, extensions);
    return "\x01"s + vector(3, body);
}

std::string record(const std::string& fragment, char type = 22) {
    return std::string(1, type) + "\x03\x01" + vector(2, fragment);
}

std::string mesh_hello() {
    return hello(number(0, 2) + vector(2, "sni") + alpn({"smilax/tcp"}));
}

TEST(ClassifyHello, KnowsEachOfOurProtocols) {
    for (const char* name : {"smilax/h2", "smilax/http1.1", "smilax/tcp"}) {
        EXPECT_EQ(classify_hello(record(hello(alpn({name})))), HelloKind::mesh) << name;
    }
    EXPECT_EQ(classify_hello(record(hello(alpn({"h2", "smilax/h2"})))), HelloKind::mesh);
}

TEST(ClassifyHello, LeavesTheTlsOfOthersAlone) {
    EXPECT_EQ(classify_hello(record(hello(alpn({"h2", "http/1.1"})))), HelloKind::foreign);
    EXPECT_EQ(classify_hello(record(hello(""))), HelloKind::foreign);
    EXPECT_EQ(classify_hello(record(hello(alpn({"smilax/tcp2"})))), HelloKind::foreign);
    EXPECT_EQ(classify_hello(record(hello(alpn({"smilax/tcp\0"s})))), HelloKind::foreign);
    EXPECT_EQ(classify_hello(record(hello(alpn({"SMILAX/TCP"})))), HelloKind::foreign);
}

TEST(ClassifyHello, NeedsMoreOfEveryBeginning) {
    const std::string whole = record(mesh_hello());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(classify_hello(std::string_view(whole).substr(0, size)), HelloKind::need_more)
            << size;
    }
    EXPECT_EQ(classify_hello(whole), HelloKind::mesh);
    EXPECT_EQ(classify_hello(whole + "early data of any kind"), HelloKind::mesh);
}

TEST(ClassifyHello, ReadsAHelloInManyRecords) {
    const std::string message = mesh_hello();
    std::string records;
    for (const char byte : message) {
        EXPECT_EQ(classify_hello(records), HelloKind::need_more);
        records += record(std::string(1, byte));
    }
    EXPECT_EQ(classify_hello(records), HelloKind::mesh);
}

TEST(ClassifyHello, KnowsWhatIsNoTls) {
    EXPECT_EQ(classify_hello("G"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello("\x16\x02"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello("\x16\x03\x05"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello("\x17\x03\x03"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello(record("\x02")), HelloKind::not_tls);
    EXPECT_EQ(classify_hello(record("")), HelloKind::not_tls);
    EXPECT_EQ(classify_hello(record("") + "\x01"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello("\x16\x03\x01\xff\xff"), HelloKind::not_tls);
    EXPECT_EQ(classify_hello("\x80\x2e\x01\x03\x01"), HelloKind::not_tls);
}

TEST(ClassifyHello, TakesABrokenHelloForSomebodyElses) {
    const std::string ours = alpn({"smilax/tcp"});
    const std::string too_long = number(16, 2) + number(200, 2) + vector(2, vector(1, "smilax/h2"));
    const std::string empty_name = number(16, 2) + vector(2, vector(2, "\x09smilax/h2\0"s));
    const std::string after_list =
        number(16, 2) + vector(2, vector(2, vector(1, "smilax/h2")) + "x");
    for (const auto& extensions : {ours + ours, ours + "x", too_long, empty_name, after_list}) {
        EXPECT_EQ(classify_hello(record(hello(extensions))), HelloKind::foreign);
    }
    EXPECT_EQ(classify_hello(record("\x01"s + vector(3, "short"))), HelloKind::foreign);
    // A second record that is no handshake, or empty, or too large.
    const std::string half = record(mesh_hello().substr(0, 20));
    EXPECT_EQ(classify_hello(half + record("\x01", 20)), HelloKind::foreign);
    EXPECT_EQ(classify_hello(half + record("")), HelloKind::foreign);
    EXPECT_EQ(classify_hello(half + "\x16\x03\x01\xff\xff"), HelloKind::foreign);
}

TEST(ClassifyHello, GivesUpOnAHelloThatIsTooLong) {
    const std::string padding = number(21, 2) + vector(2, std::string(17'000, '\0'));
    const std::string message = hello(padding + alpn({"smilax/tcp"}));
    const std::string records = record(message.substr(0, 16'000)) + record(message.substr(16'000));
    EXPECT_EQ(classify_hello(records), HelloKind::foreign);
    // Known from the length alone, before the bytes are there.
    EXPECT_EQ(classify_hello(records.substr(0, 9)), HelloKind::foreign);
    // One that ends within the limit when its records do not.
    std::string dribble;
    while (dribble.size() < k_client_hello_bytes_max) {
        dribble += record(dribble.empty() ? "\x01" : "\0"s);
    }
    EXPECT_EQ(classify_hello(dribble), HelloKind::foreign);
}

}  // namespace
}  // namespace tls
