#include "kws/serve/local_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "kws/core/error.h"

namespace kws {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

/// A server that answers in the background as long as it lives.
class Running {
 public:
  Running() {
    server_.get("/", [](const WebRequest&) { return WebAnswer{.body = "page", .type = "text/html"}; });
    server_.get("/echo", [](const WebRequest& r) {
      return WebAnswer{.body = r.query.contains("token") ? "a token" : r.query.at("word"), .type = "text/plain"};
    });
    server_.post("/size", [](const WebRequest& r) { return WebAnswer{.body = std::to_string(r.body.size())}; });
    server_.post("/bad", [](const WebRequest&) -> WebAnswer { throw Error("design: name: missing", Exit::usage); });
    server_.post("/broken", [](const WebRequest&) -> WebAnswer { throw std::runtime_error("a promise"); });
    thread_ = std::thread([this] { server_.run([this] { return done_.load(); }); });
  }
  ~Running() {
    done_ = true;
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] std::string url() const { return server_.url(); }
  [[nodiscard]] std::string host() const { return url().substr(7, url().find('/', 7) - 7); }
  [[nodiscard]] std::string token() const { return url().substr(url().find('=') + 1); }
  [[nodiscard]] int port() const { return std::stoi(host().substr(host().find(':') + 1)); }

  /// The whole answer to the bytes of a request.
  [[nodiscard]] std::string raw(const std::string& request) const {
    const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t now = ::send(peer, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) break;  // refused before its end
      sent += static_cast<std::size_t>(now);
    }
    std::string answer;
    std::string part(4096, '\0');
    for (ssize_t got = 0; (got = ::recv(peer, part.data(), part.size(), 0)) > 0;) {
      answer.append(part, 0, static_cast<std::size_t>(got));
    }
    ::close(peer);
    return answer;
  }
  /// Of a browser that shows our page.
  [[nodiscard]] std::string ask(const std::string& line, const std::string& body = "") const {
    return ask_as(host(), "Origin: http://" + host() + "\r\n", line, body);
  }
  [[nodiscard]] std::string ask_as(const std::string& host, const std::string& headers, const std::string& line,
                                   const std::string& body = "") const {
    return raw(line + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers +
               "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

 private:
  LocalServer server_{0};
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

TEST(LocalServer, AnswersWhoKnowsTheToken) {
  const Running server;
  EXPECT_THAT(server.url(), MatchesRegex("http://127\\.0\\.0\\.1:[0-9]+/\\?token=[0-9a-f]{32}"));
  const std::string page = server.ask("GET /?token=" + server.token());
  EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Type: text/html"), EndsWith("\r\n\r\npage")));
  EXPECT_THAT(page, AllOf(HasSubstr("Cache-Control: no-store"), HasSubstr("Referrer-Policy: no-referrer")));
  EXPECT_THAT(server.ask("GET /echo?word=a%20b&token=" + server.token()), EndsWith("\r\n\r\na b"));
  EXPECT_THAT(server.ask("POST /size?token=" + server.token(), std::string(100'000, 'x')), EndsWith("\r\n\r\n100000"));
}

TEST(LocalServer, RefusesEveryoneElse) {
  const Running server;
  const std::string path = "GET /?token=" + server.token();
  const auto refused = AllOf(StartsWith("HTTP/1.1 403"), Not(HasSubstr("\r\n\r\npage")));
  EXPECT_THAT(server.ask("GET /"), refused);
  EXPECT_THAT(server.ask("GET /?token="), refused);
  EXPECT_THAT(server.ask(path.substr(0, path.size() - 1)), refused);
  EXPECT_THAT(server.ask(path + "0"), refused);
  EXPECT_THAT(server.ask("GET /?token=" + std::string(32, '0')), refused);
  EXPECT_THAT(server.ask_as("example.com", "", path), refused);
  EXPECT_THAT(server.ask_as("example.com:" + std::to_string(server.port()), "", path), refused);
  EXPECT_THAT(server.ask_as("127.0.0.1:1", "", path), refused);
  EXPECT_THAT(server.raw(path + " HTTP/1.0\r\n\r\n"), HasSubstr(" 403 "));  // no Host at all
  for (const char* header : {"Origin: http://example.com\r\n", "Origin: null\r\n", "Origin: https://127.0.0.1\r\n",
                             "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
    EXPECT_THAT(server.ask_as(server.host(), header, path), refused) << header;
  }
  EXPECT_THAT(server.ask_as(server.host(), "Sec-Fetch-Site: none\r\n", path), StartsWith("HTTP/1.1 200"));
}

TEST(LocalServer, TokensDiffer) { EXPECT_NE(Running().token(), Running().token()); }

TEST(LocalServer, TellsWhatIsWrongInOneLine) {
  const Running server;
  const std::string with = "?token=" + server.token();
  const std::string bad = server.ask("POST /bad" + with);
  EXPECT_THAT(bad,
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("text/plain"), EndsWith("\r\n\r\ndesign: name: missing\n")));
  EXPECT_THAT(server.ask("GET /bad" + with), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(server.ask("GET /../etc/passwd" + with), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(server.ask("POST /broken" + with), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(server.raw("POST /size" + with + " HTTP/1.1\r\nHost: " + server.host() +
                         "\r\nContent-Length: " + std::to_string(LocalServer::kLargestBody + 1) + "\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(server.ask("DELETE /" + with), Not(StartsWith("HTTP/1.1 200")));
  EXPECT_THAT(server.raw("nonsense\r\n\r\n"), Not(HasSubstr("page")));
  EXPECT_THAT(server.ask("GET /" + with), StartsWith("HTTP/1.1 200"));  // and goes on
}

TEST(LocalServer, SaysThatAPortIsTaken) {
  const Running server;
  try {
    LocalServer second(server.port());
    FAIL() << "both have the port";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    EXPECT_THAT(error.what(), MatchesRegex("port [0-9]+: .*; choose another one with --port.*"));
  }
}

}  // namespace
}  // namespace kws
