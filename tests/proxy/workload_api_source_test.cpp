// The source against agents that answer byte by byte what the test says, on a real Unix socket.
#include "proxy/control/workload_api_source.hpp"

#include "tests/support/http2_bytes.hpp"
#include "tests/support/svid_bytes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace proxy::control {
namespace {

namespace fs = std::filesystem;
using boost::asio::local::stream_protocol;
using http2_bytes::answer;
using http2_bytes::data_frames;
using http2_bytes::frame;
using http2_bytes::grpc_head;
using http2_bytes::head;
using http2_bytes::number;
using http2_bytes::prefixed;
using http2_bytes::settings;
using http2_bytes::trailers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using tls::testing::identity;
using tls::testing::k_trust_domain;
using tls::testing::value_of;

const policy::Identity k_web = identity("shop", "web");

/// Answers each connection with the next of its scripts, then holds or closes it. Without scripts
/// it holds the connection and says nothing.
class Agent {
 public:
    struct Script {
        std::string bytes;
        bool closes = false;
        std::size_t piece_bytes = 64 * 1024;
    };

    Agent(boost::asio::io_context& context, const std::string& path)
        : acceptor_(context, stream_protocol::endpoint(path)) {
        accept();
    }

    void will(Script script) { scripts_.push_back(std::move(script)); }
    /// On every connection for which there is no script.
    void will_always(Script script) { always_ = std::move(script); }
    /// From now on, on the connection that is open.
    void stop_reading() { connections_.back()->is_deaf = true; }
    /// On the connection that is open.
    void say(const std::string& bytes) {
        boost::asio::write(connections_.back()->socket, boost::asio::buffer(bytes));
    }
    /// As much of it as the other side takes now.
    void try_to_say(const std::string& bytes) {
        boost::system::error_code ignored;
        connections_.back()->socket.non_blocking(true);
        connections_.back()->socket.write_some(boost::asio::buffer(bytes), ignored);
    }
    void hang_up() { connections_.back()->socket.close(); }
    [[nodiscard]] std::size_t connections() const { return connections_.size(); }
    [[nodiscard]] const std::string& received() const { return connections_.back()->received; }

 private:
    struct Connection {
        explicit Connection(stream_protocol::socket accepted) : socket(std::move(accepted)) {}
        stream_protocol::socket socket;
        Script script;
        std::array<char, 4096> space{};
        std::string received;
        bool is_deaf = false;
    };

    void accept() {
        acceptor_.async_accept([this](const auto& error, stream_protocol::socket socket) {
            if (error) {
                return;
            }
            connections_.push_back(std::make_shared<Connection>(std::move(socket)));
            connections_.back()->script = always_;
            if (!scripts_.empty()) {
                connections_.back()->script = std::move(scripts_.front());
                scripts_.pop_front();
            }
            read(connections_.back());
            write(connections_.back());
            accept();
        });
    }
    /// What is under way holds its connection: the agent may be gone when it ends.
    static void read(const std::shared_ptr<Connection>& connection) {
        connection->socket.async_read_some(
            boost::asio::buffer(connection->space),
            [connection](const auto& error, std::size_t size) {
                connection->received.append(connection->space.data(), size);
                if (!error && !connection->is_deaf) {
                    read(connection);
                }
            }
        );
    }
    static void write(const std::shared_ptr<Connection>& connection) {
        Script& script = connection->script;
        if (script.bytes.empty()) {
            if (script.closes) {
                connection->socket.close();
            }
            return;
        }
        const auto piece = boost::asio::buffer(
            script.bytes.data(), std::min(script.bytes.size(), script.piece_bytes)
        );
        boost::asio::async_write(
            connection->socket,
            piece,
            [connection](const auto& error, std::size_t size) {
                if (!error) {
                    connection->script.bytes.erase(0, size);
                    write(connection);
                }
            }
        );
    }

    stream_protocol::acceptor acceptor_;
    std::deque<Script> scripts_;
    Script always_;
    std::vector<std::shared_ptr<Connection>> connections_;
};

class WorkloadApiSourceTest : public ::testing::Test {
 protected:
    WorkloadApiSourceTest() {
        std::string name = (fs::temp_directory_path() / "smilax-agent-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        options_.endpoint = tls::workload_api::UnixSocket{path()};
        options_.name = "SOCKET";
        options_.self = k_web;
        options_.naming = tls::Naming(k_trust_domain);
        options_.retry_first = std::chrono::milliseconds(1);
        options_.retry_most = std::chrono::milliseconds(4);
    }
    ~WorkloadApiSourceTest() override { fs::remove_all(directory_); }

    std::string path() const { return (directory_ / "agent.sock").string(); }
    std::string good() const { return svid_bytes::response_of(authority_, k_web); }
    /// A good answer but for the time.
    std::string valid_from_to(long starts_in_seconds, long ends_in_seconds) const {
        tls::testing::Recipe recipe;
        recipe.starts_in_seconds = starts_in_seconds;
        recipe.ends_in_seconds = ends_in_seconds;
        const tls::testing::Baked signer = tls::testing::signer_of(authority_);
        const tls::testing::Baked leaf = tls::testing::bake(recipe, &signer);
        return protobuf_bytes::bytes(
            1,
            protobuf_bytes::svid(
                k_web.uri(),
                svid_bytes::der_of_pem(tls::pem_of(leaf.certificate.get())),
                svid_bytes::der_of_key(tls::pem_of(leaf.key.get())),
                svid_bytes::root_of(authority_)
            )
        );
    }

    void start() {
        if (agent_ == nullptr) {
            agent_ = std::make_unique<Agent>(context_, path());
        }
        source_ = make_workload_api_source(context_, options_);
        source_->start([this] { ++changes_; });
    }
    void run_until(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds() && std::chrono::steady_clock::now() < end) {
            context_.run_one_for(std::chrono::milliseconds(100));
        }
        ASSERT_TRUE(holds()) << "last word: " << word();
    }
    std::string word() {
        const auto loaded = source_->load();
        return loaded.has_value() ? "loaded" : loaded.error();
    }
    void run_until_word(const std::string& expected) {
        run_until([&] { return word().find(expected) != std::string::npos; });
    }
    /// The agent says `bytes` and then nothing; the source's word about it.
    std::string word_after(std::string bytes, bool closes = false) {
        start();
        Agent::Script script;
        script.bytes = std::move(bytes);
        script.closes = closes;
        agent_->will(std::move(script));
        run_until([this] { return changes_ > 0; });
        return word();
    }

    boost::asio::io_context context_;
    fs::path directory_;
    tls::Authority authority_ = value_of(tls::Authority::make(k_trust_domain));
    WorkloadApiOptions options_;
    std::unique_ptr<Agent> agent_;
    std::unique_ptr<tls::IdentitySource> source_;
    int changes_ = 0;
};

TEST_F(WorkloadApiSourceTest, GivesWhatTheAgentSends) {
    EXPECT_EQ(word_after(answer(good())), "loaded");
    const auto material = value_of(source_->load());
    EXPECT_EQ(material->self, k_web);
    EXPECT_EQ(value_of(source_->load()), material);
    EXPECT_THAT(agent_->received(), StartsWith("PRI * HTTP/2.0"));
}

TEST_F(WorkloadApiSourceTest, MayComeLater) {
    source_ = make_workload_api_source(context_, options_);
    EXPECT_TRUE(source_->may_come_later());
    EXPECT_EQ(word(), "SOCKET: waiting for the agent's first answer");
    source_->start([this] { ++changes_; });
    run_until_word("SOCKET: cannot connect: No such file or directory");
    agent_ = std::make_unique<Agent>(context_, path());
    agent_->will({.bytes = answer(good())});
    run_until_word("loaded");
}

TEST_F(WorkloadApiSourceTest, AnAnswerMayComeByteByByte) {
    start();
    agent_->will({.bytes = answer(good()), .piece_bytes = 1});
    run_until_word("loaded");
}

TEST_F(WorkloadApiSourceTest, AnUpdateReplacesWhatWas) {
    word_after(answer(good()));
    const auto first = value_of(source_->load());
    agent_->say(data_frames(prefixed(good())));
    run_until([&] { return source_->load().has_value() && *source_->load() != first; });
    EXPECT_EQ(agent_->connections(), 1U);
}

TEST_F(WorkloadApiSourceTest, TheSameAnswerAgainIsNoNewGeneration) {
    const std::string same = answer(good());
    word_after(same);
    const auto first = value_of(source_->load());
    agent_->will({.bytes = same});
    agent_->hang_up();
    run_until([this] { return word() != "loaded"; });
    run_until_word("loaded");
    EXPECT_EQ(value_of(source_->load()), first);
    EXPECT_EQ(agent_->connections(), 2U);
}

TEST_F(WorkloadApiSourceTest, AWrongUpdateIsRefusedAndTheNextOneTaken) {
    options_.retry_first = options_.retry_most = std::chrono::hours(1);
    word_after(answer(good()));
    for (const std::string& wrong :
         {std::string("\xff garbage"),
          std::string(),
          svid_bytes::response_of(authority_, identity("shop", "api"))}) {
        agent_->say(data_frames(prefixed(wrong)));
        run_until([this] { return word() != "loaded"; });
        EXPECT_THAT(word(), StartsWith("SOCKET: ")) << word();
        agent_->say(data_frames(prefixed(good())));
        run_until_word("loaded");
    }
    EXPECT_EQ(agent_->connections(), 1U) << "a wrong message is no reason to leave";
}

TEST_F(WorkloadApiSourceTest, SaysOnceThatRevocationListsAreNotEnforced) {
    EXPECT_EQ(word_after(answer(good() + protobuf_bytes::bytes(2, "a list"))), "loaded");
    EXPECT_THAT(
        source_->take_warnings(), ElementsAre(HasSubstr("revocation lists, which Smilax does not"))
    );
    const auto first = value_of(source_->load());
    agent_->say(data_frames(prefixed(good() + protobuf_bytes::bytes(2, "another"))));
    run_until([&] { return source_->load().has_value() && *source_->load() != first; });
    EXPECT_THAT(source_->take_warnings(), IsEmpty());
}

TEST_F(WorkloadApiSourceTest, SaysWhatIsWrongWithAnAnswer) {
    EXPECT_EQ(word_after(answer("")), "SOCKET: its answer holds no SVID");
}

TEST_F(WorkloadApiSourceTest, ConnectsAgainWhenTheAgentIsBack) {
    word_after(answer(good()));
    agent_->hang_up();
    agent_ = nullptr;
    fs::remove(path());
    run_until_word("SOCKET: cannot connect");
    agent_ = std::make_unique<Agent>(context_, path());
    agent_->will({.bytes = answer(good())});
    run_until_word("loaded");
}

TEST_F(WorkloadApiSourceTest, AsksAgainUntilItIsPermitted) {
    start();
    const std::string denied =
        settings() + grpc_head() +
        trailers({{"grpc-status", "7"}, {"grpc-message", "no identity issued"}});
    agent_->will({.bytes = denied});
    agent_->will({.bytes = denied});
    agent_->will({.bytes = answer(good())});
    run_until_word(
        "SOCKET: PermissionDenied: no identity issued; register this workload with the agent's "
        "server"
    );
    run_until_word("loaded");
    EXPECT_EQ(agent_->connections(), 3U);
}

TEST_F(WorkloadApiSourceTest, AWrongRequestIsNotRepeatedAtSpeed) {
    options_.retry_most = std::chrono::hours(1);
    const std::string word = word_after(
        settings() + head({{":status", "200"}, {"grpc-status", "3"}}, http2_bytes::k_end_stream)
    );
    EXPECT_EQ(word, "SOCKET: InvalidArgument");
    context_.run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(agent_->connections(), 1U);
}

TEST_F(WorkloadApiSourceTest, SaysThatItIsNoWorkloadApi) {
    EXPECT_EQ(
        word_after(settings() + head({{":status", "404"}}, http2_bytes::k_end_stream)),
        "SOCKET: it answers HTTP status 404, which is no gRPC; what listens there is no SPIFFE "
        "Workload API"
    );
}

TEST_F(WorkloadApiSourceTest, EveryWayOfBreakingOffIsSaid) {
    const std::string begun = settings() + grpc_head();
    const std::vector<std::pair<std::string, std::string>> cases{
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not"},
        {begun + frame(http2_bytes::k_goaway, 0, 0, number(1, 4) + number(0, 4)), "GOAWAY"},
        {begun + frame(http2_bytes::k_rst_stream, 0, 1, number(2, 4)), "it reset the stream"},
        {begun + data_frames(prefixed("x", '\1')), "compressed"},
        {begun + data_frames('\0' + number(5 << 20, 4)), "a message of 5242880 bytes"},
        {begun + data_frames(prefixed(std::string(1'000, 'x'))), "its answer"},
    };
    for (const auto& [bytes, expected] : cases) {
        changes_ = 0;
        EXPECT_THAT(word_after(bytes), HasSubstr(expected));
        source_ = nullptr;
    }
    changes_ = 0;
    EXPECT_EQ(
        word_after(begun + data_frames(prefixed("half of it").substr(0, 8)), true),
        "SOCKET: it closed the connection"
    );
}

TEST_F(WorkloadApiSourceTest, AnAgentThatSaysNothingIsLeft) {
    options_.answer_max = std::chrono::milliseconds(20);
    start();
    run_until_word("SOCKET: cannot read from it: no answer in time");
    agent_->will({.bytes = settings() + grpc_head() + data_frames(prefixed(good())).substr(0, 100)}
    );
    agent_->will({.bytes = answer(good())});
    run_until_word("loaded");
}

TEST_F(WorkloadApiSourceTest, AMessageThatIsNeverFinishedIsLeft) {
    options_.answer_max = std::chrono::milliseconds(100);
    word_after(answer(good()));
    agent_->say(data_frames(prefixed(good()).substr(0, 100)));
    run_until_word("SOCKET: cannot read from it: no answer in time");
}

TEST_F(WorkloadApiSourceTest, AQuietStreamIsNotLeft) {
    options_.answer_max = std::chrono::milliseconds(20);
    word_after(answer(good()));
    context_.run_for(std::chrono::milliseconds(100));
    EXPECT_EQ(agent_->connections(), 1U);
    EXPECT_EQ(word(), "loaded");
}

TEST_F(WorkloadApiSourceTest, AsksAnewWhenTheIdentityIsNearItsEnd) {
    word_after(answer(valid_from_to(-300, 3)));
    const auto first = value_of(source_->load());
    const std::string next = good();
    agent_->will({.bytes = answer(next)});
    run_until([&] { return source_->load().has_value() && *source_->load() != first; });
    EXPECT_GT(first->not_after, std::chrono::system_clock::now()) << "before it was over";
    EXPECT_EQ(agent_->connections(), 2U);
    EXPECT_EQ(changes_, 2) << "nothing was wrong meanwhile";
}

TEST_F(WorkloadApiSourceTest, AsksOnWhenTheAgentHasNothingNewerAtTheEnd) {
    const std::string old = answer(valid_from_to(-300, 2));
    word_after(old);
    const auto first = value_of(source_->load());
    agent_->will_always({.bytes = old});
    run_until([this] { return agent_->connections() > 5; });
    EXPECT_EQ(value_of(source_->load()), first);
    run_until([&] { return first->not_after < std::chrono::system_clock::now(); });
    const std::size_t connections = agent_->connections();
    run_until([&] { return agent_->connections() > connections + 5; });
    agent_->will_always({.bytes = answer(good())});
    run_until([&] { return source_->load().has_value() && *source_->load() != first; });
}

TEST_F(WorkloadApiSourceTest, AnAgentThatHasNothingNewerIsAskedEverMoreRarely) {
    options_.retry_first = std::chrono::milliseconds(20);
    options_.retry_most = std::chrono::hours(1);
    const std::string old = answer(valid_from_to(-300, 1));
    word_after(old);
    agent_->will_always({.bytes = old});
    run_until([this] { return agent_->connections() == 3; });
    context_.run_for(std::chrono::milliseconds(500));
    EXPECT_LT(agent_->connections(), 8U);
}

TEST_F(WorkloadApiSourceTest, AnAgentThatIsStuckIsSaidToBe) {
    options_.answer_max = std::chrono::milliseconds(50);
    word_after(answer(valid_from_to(-300, 2)));
    run_until_word("SOCKET: cannot read from it: no answer in time");
    agent_->will({.bytes = answer(good())});
    run_until_word("loaded");
}

TEST_F(WorkloadApiSourceTest, WhatIsNotYetValidIsAskedForAgain) {
    start();
    const std::string early = answer(valid_from_to(2, 3600));
    agent_->will_always({.bytes = early});
    run_until_word("not yet valid");
    run_until_word("loaded");
    EXPECT_EQ(changes_, static_cast<int>(agent_->connections()))
        << "each answer is judged once, and asking again is no change";
}

TEST_F(WorkloadApiSourceTest, AnAgentThatAsksAndDoesNotReadIsLeft) {
    options_.answer_max = std::chrono::milliseconds(50);
    word_after(answer(good()));
    agent_->stop_reading();
    std::string pings;
    for (int i = 0; i < 1'000; ++i) {
        pings += frame(http2_bytes::k_ping, 0, 0, "12345678");
    }
    agent_->will_always({.bytes = answer(good())});
    for (int i = 0; i < 10'000 && word() == "loaded" && agent_->connections() == 1; ++i) {
        agent_->try_to_say(pings);
        context_.run_for(std::chrono::milliseconds(1));
    }
    run_until([this] { return agent_->connections() == 2; });
    run_until_word("loaded");
}

TEST_F(WorkloadApiSourceTest, EndlessSettingsAreLeft) {
    std::string flood;
    for (int i = 0; i < 20'000; ++i) {
        flood += settings();
    }
    EXPECT_THAT(word_after(flood), HasSubstr("SOCKET: it "));
}

TEST_F(WorkloadApiSourceTest, MayGoAtAnyTime) {
    start();
    source_ = nullptr;
    context_.run_for(std::chrono::milliseconds(10));
    start();
    run_until([this] { return agent_->connections() > 0; });
    source_ = nullptr;
    context_.run_for(std::chrono::milliseconds(10));
    changes_ = 0;
    EXPECT_EQ(word_after(answer(good())), "loaded");
    agent_->say(data_frames(prefixed(good())));
    source_ = nullptr;
    changes_ = 0;
    context_.run_for(std::chrono::milliseconds(10));
    EXPECT_EQ(changes_, 0);
}

/// Whether our own socket at this local port asks its silent peer.
bool has_keep_alive(std::uint16_t port) {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        sockaddr_in local{};
        socklen_t size = sizeof local;
        int is_on = 0;
        socklen_t on_size = sizeof is_on;
        if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) == 0 &&
            local.sin_family == AF_INET && ntohs(local.sin_port) == port &&
            ::getsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &is_on, &on_size) == 0) {
            return is_on != 0;
        }
    }
    return false;
}

TEST_F(WorkloadApiSourceTest, AnAddressWillDo) {
    using boost::asio::ip::tcp;
    tcp::acceptor acceptor(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    options_.endpoint = *policy::parse_socket_address(
        "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())
    );
    source_ = make_workload_api_source(context_, options_);
    source_->start([this] { ++changes_; });
    tcp::socket accepted(context_);
    bool is_accepted = false;
    acceptor.async_accept(accepted, [&](const auto&) { is_accepted = true; });
    run_until([&] { return is_accepted; });
    boost::asio::write(accepted, boost::asio::buffer(answer(good())));
    run_until_word("loaded");
    EXPECT_TRUE(has_keep_alive(accepted.remote_endpoint().port()));
}

}  // namespace
}  // namespace proxy::control
