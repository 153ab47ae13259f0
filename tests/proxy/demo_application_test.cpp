#include "proxy/command/demo/application.hpp"
#include "proxy/command/demo/free_ports.hpp"
#include "proxy/command/demo/outcome.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

namespace proxy::command::demo {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Applications on loopback with control sockets, on a thread of their own.
class ApplicationTest : public testing::Test {
 protected:
    ApplicationTest() {
        std::string pattern = testing::TempDir() + "/demo-app-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        application_ = start("caller", socket_path());
        peer_ = start("callee", "");
        thread_ = std::thread([this] { context_.run(); });
    }
    ~ApplicationTest() override {
        context_.stop();
        thread_.join();
        std::filesystem::remove_all(folder_);
    }

    std::unique_ptr<Application> start(std::string name, std::string control) {
        ApplicationOptions options;
        options.name = std::move(name);
        options.listen = *policy::parse_socket_address("127.0.0.1:0");
        options.control = std::move(control);
        auto made = Application::make(context_, std::move(options));
        EXPECT_TRUE(made.has_value()) << made.error();
        return std::move(*made);
    }
    [[nodiscard]] std::string socket_path() const { return folder_ + "/control"; }
    [[nodiscard]] static std::string address(const Application& application) {
        return "127.0.0.1:" + std::to_string(application.port());
    }
    /// Asks the application `caller` for a call.
    [[nodiscard]] policy::Result<HttpAnswer> call(const HttpCall& wanted) const {
        HttpCall control;
        control.connect = socket_path();
        control.method = "POST";
        control.target = "/call";
        control.body = to_json(wanted);
        const auto answer = fetch(control);
        return answer ? parse_answer(answer->body) : answer;
    }

    std::string folder_;
    boost::asio::io_context context_{1};
    std::unique_ptr<Application> application_;
    std::unique_ptr<Application> peer_;
    std::thread thread_;
};

TEST_F(ApplicationTest, TellsWhatReachedIt) {
    HttpCall request;
    request.connect = address(*application_);
    request.method = "DELETE";
    request.target = "/books/42?page=1";
    request.host = "api.shop";
    request.headers = {{"X-Canary", "yes"}};

    const auto answer = fetch(request);

    ASSERT_TRUE(answer.has_value()) << answer.error();
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->header("Content-Type"), "application/json");
    const boost::json::object body = boost::json::parse(answer->body).as_object();
    EXPECT_EQ(body.at("app"), "caller");
    EXPECT_EQ(body.at("method"), "DELETE");
    EXPECT_EQ(body.at("path"), "/books/42?page=1");
    EXPECT_EQ(body.at("headers").at("X-Canary"), "yes");
    EXPECT_EQ(body.at("headers").at("Host"), "api.shop");
}

TEST_F(ApplicationTest, CallsOthersWhenTold) {
    HttpCall wanted;
    wanted.connect = address(*peer_);
    wanted.target = "/books";
    wanted.host = "api.shop";
    wanted.headers = {{"x-canary", "yes"}};

    const auto answer = call(wanted);

    ASSERT_TRUE(answer.has_value()) << answer.error();
    EXPECT_EQ(outcome_of(answer).text(), "200 callee");
    EXPECT_THAT(answer->body, HasSubstr(R"("x-canary":"yes")"));
    EXPECT_THAT(answer->body, HasSubstr(R"("Host":"api.shop")"));
}

TEST_F(ApplicationTest, TellsWhyACallFailed) {
    HttpCall wanted;
    {
        boost::asio::io_context context;
        control::aio::Acceptor closed(
            context.get_executor(),
            control::aio::Endpoint(boost::asio::ip::address_v4::loopback(), 0)
        );
        wanted.connect = "127.0.0.1:" + std::to_string(closed.local_endpoint().port());
    }

    const auto answer = call(wanted);

    ASSERT_FALSE(answer.has_value());
    EXPECT_THAT(answer.error(), StartsWith("connecting to " + wanted.connect));
    EXPECT_THAT(outcome_of(answer).text(), StartsWith("no answer: connecting to "));
}

TEST_F(ApplicationTest, CallsNobodyOnItsPublicPort) {
    HttpCall control;
    control.connect = address(*application_);
    control.method = "POST";
    control.target = "/call";
    HttpCall wanted;
    wanted.connect = address(*peer_);
    control.body = to_json(wanted);

    const auto answer = fetch(control);

    EXPECT_EQ(outcome_of(answer).text(), "200 caller");  // told, not done
}

TEST_F(ApplicationTest, RefusesACallToAPath) {
    HttpCall wanted;
    wanted.connect = socket_path();

    EXPECT_THAT(call(wanted).error(), HasSubstr("not ip:port"));
}

TEST_F(ApplicationTest, RefusesAnAddressInUse) {
    ApplicationOptions options;
    options.listen = *policy::parse_socket_address(address(*application_));

    const auto second = Application::make(context_, std::move(options));

    ASSERT_FALSE(second.has_value());
    EXPECT_THAT(second.error(), StartsWith("cannot listen on 127.0.0.1:"));
}

TEST_F(ApplicationTest, ItsPortIsNotGivenToAPod) {
    Plan plan = plan_loopback("smilax-demo-1", 7);
    plan.pods.resize(1);
    plan.pods[0].address = *policy::parse_ip("127.0.0.1");
    plan.pods[0].port = application_->port();
    plan.pods[0].admin = {plan.pods[0].address, application_->port()};

    use_free_ports(plan);

    EXPECT_NE(plan.pods[0].port, application_->port());
    EXPECT_NE(plan.pods[0].admin.port, application_->port());
    EXPECT_NE(plan.pods[0].port, 0);
}

TEST(Outcome, SaysStatusAndReasonOfARefusal) {
    HttpAnswer refused;
    refused.status = 403;
    refused.body = R"({"reason":"no_target","message":"…"})";
    HttpAnswer empty;
    empty.status = 502;

    EXPECT_EQ(outcome_of(refused).text(), "403 no_target");
    EXPECT_EQ(outcome_of(empty).text(), "502");
}

}  // namespace
}  // namespace proxy::command::demo
