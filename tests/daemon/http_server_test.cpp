#include "http/http_server.h"

#include "daemon/http_server_fixture.h"
#include "support/descriptor_shortage.h"

#include <chrono>
#include <ctime>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace couponsync::daemon::test {

using couponsync::test::ask;
using couponsync::test::HttpAnswer;
using couponsync::test::HttpClient;
using std::chrono::milliseconds;

constexpr std::size_t kLargePage = 32U << 20U;

Task<WebPage> HttpServerTest::page(WebRequest request) {
  const std::string& path = request.path;
  if (path == "/large") co_return WebPage{.body = std::string(kLargePage, 'x')};
  if (path == "/broken") throw std::runtime_error("this page cannot be made");
  if (path == "/echo" && request.method == WebRequest::Method::post)
    co_return WebPage{.body = std::string(request.header("X-Test").value_or("nothing")) + " " +
                              std::to_string(request.body.size()) + " " + request.body.substr(0, 10)};
  if (path != "/page") co_return plain_page(404, "there is no such page");
  if (request.method != WebRequest::Method::get) co_return WebPage{.status = 405, .allow = "GET, HEAD"};
  co_return WebPage{503, "text/fine", "a page\n"};
}

namespace {

constexpr const char* kRequest = "GET /page HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpServerTest, GivesAPageAndCloses) {
  start();
  const HttpAnswer answer = get("/page");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "a page\n");
  EXPECT_EQ(answer.headers.at("Content-Type"), "text/fine");
  EXPECT_EQ(answer.headers.at("Content-Length"), "7");
  EXPECT_EQ(answer.headers.at("Connection"), "close");
  EXPECT_EQ(get("/page?query=is&not=looked#at").body, "a page\n");
  EXPECT_EQ(answer_to("GET /page HTTP/1.0\r\n\r\n").body, "a page\n");
  EXPECT_EQ(answer_to("GET /page HTTP/1.1\r\nContent-Length: 0\r\n\r\n").body, "a page\n");
}

TEST_F(HttpServerTest, GivesTheHeaderAloneToHead) {
  start();
  const HttpAnswer answer = ask(address(), "/page", "HEAD");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.headers.at("Content-Length"), "7");
}

TEST_F(HttpServerTest, GivesNothingElse) {
  start();
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/pages").status, 404);
  EXPECT_EQ(get("/page/").status, 404);
  EXPECT_EQ(get("/../page").status, 404);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"}) {
    const HttpAnswer answer = ask(address(), "/page", method);
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("Allow"), "GET, HEAD");
    EXPECT_EQ(ask(address(), "/other", method).status, 404) << method;
  }
}

TEST_F(HttpServerTest, AcceptsNoBodyAndItsAnswerStillArrives) {
  start();
  const std::string body(30'000, 'b');
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  EXPECT_EQ(answer_to("GET /page HTTP/1.1\r\n" + length + body).status, 413);
  EXPECT_EQ(answer_to("GET /page HTTP/1.1\r\nContent-Length: 999999999999999\r\n\r\n" + body).status, 413);
  EXPECT_EQ(
      answer_to("GET /page HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").status,
      413);
  EXPECT_EQ(answer_to("POST /page HTTP/1.1\r\n" + length + body).status, 405);
}

std::string post(const std::string& headers, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: x\r\nX-Test: seen\r\n" + headers + "\r\n" + body;
}

TEST_F(HttpServerTest, GivesTheWholeBodyOfAPost) {
  start();
  EXPECT_EQ(answer_to(post("Content-Length: 5\r\n", "hello")).body, "seen 5 hello");
  EXPECT_EQ(answer_to(post("", "")).body, "seen 0 ");
  EXPECT_EQ(answer_to(post("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")).body,
            "seen 5 hello");
  const std::string large(std::size_t{1} << 20U, 'b');
  EXPECT_EQ(answer_to(post("Content-Length: 1048576\r\n", large)).body, "seen 1048576 bbbbbbbbbb");
}

TEST_F(HttpServerTest, TellsAClientThatAsksToGoOn) {
  start();
  HttpClient client(address());
  client.send(post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  client.send("hello");
  const std::string all = client.receive_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << all;
}

TEST_F(HttpServerTest, RefusesABodyThatIsTooLong) {
  start();
  const std::string large((std::size_t{1} << 20U) + 1, 'b');
  EXPECT_EQ(answer_to(post("Content-Length: 1048577\r\n", large)).status, 413);
  EXPECT_EQ(answer_to(post("Transfer-Encoding: chunked\r\n", "100001\r\n" + large + "\r\n0\r\n\r\n")).status,
            413);
  EXPECT_EQ(get("/page").status, 503) << "and goes on";
}

TEST_F(HttpServerTest, ClosesWhoDoesNotSendItsBodyInTime) {
  start({.time_to_ask = milliseconds(50)});
  HttpClient client(address());
  client.send(post("Content-Length: 5\r\n", "hel"));
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(HttpServerTest, RefusesNonsense) {
  start();
  EXPECT_EQ(answer_to("\x16\x03\x01\x02 this would be TLS\r\n\r\n").status, 400);
  EXPECT_EQ(answer_to("GET /page\r\n\r\n").status, 400);
  EXPECT_EQ(answer_to("GET /page HTTP/1.1\r\nno colon\r\n\r\n").status, 400);
  EXPECT_EQ(answer_to("GET /page HTTP/1.1\r\nLong: " + std::string(20'000, 'l') + "\r\n\r\n").status, 431);
  EXPECT_EQ(answer_to("GET /" + std::string(20'000, 'p') + " HTTP/1.1\r\n\r\n").status, 431);
  EXPECT_EQ(get("/page").status, 503) << "and goes on";
}

TEST_F(HttpServerTest, LosesNothingByAPageThatCannotBeMade) {
  start();
  EXPECT_EQ(get("/broken").status, 500);
  EXPECT_EQ(get("/page").status, 503);
}

TEST_F(HttpServerTest, ClosesWhoDoesNotAskInTime) {
  start({.time_to_ask = milliseconds(50)});
  HttpClient silent(address());
  EXPECT_EQ(silent.receive_all(), "");
  HttpClient slow(address());
  slow.dribble("GET /page HTTP/1.1\r\nSlow: " + std::string(4'000, 's'));
  EXPECT_EQ(slow.receive_all(), "");
}

TEST_F(HttpServerTest, ClosesWhoDoesNotTakeItsPageInTime) {
  start({.max_connections = 2, .time_to_take = milliseconds(50)});
  HttpClient first(address());
  HttpClient second(address());
  for (HttpClient* client : {&first, &second}) client->send("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_EQ(get("/page").status, 503);
  EXPECT_LT(first.receive_all().size(), kLargePage);
}

TEST_F(HttpServerTest, AnswersAtOnceBesideAHundredSlowClients) {
  start({.max_connections = 16, .time_to_ask = std::chrono::hours(1)});
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<HttpClient>(address()));
    slow.back()->send("GET /page HTTP/1.1\r\nSlow:");
    EXPECT_LE(connections(), 16U);
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/page").status, 503);
  EXPECT_LE(connections(), 16U);
  for (int i = 0; i < 84; ++i) EXPECT_EQ(slow[static_cast<std::size_t>(i)]->receive_all(), "") << i;
}

TEST_F(HttpServerTest, AnswersManyWhoAskAtOnce) {
  start({.max_connections = 4});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<HttpClient>(address()));
  for (const auto& client : clients) client->send(kRequest);
  for (const auto& client : clients)
    EXPECT_EQ(couponsync::test::parse_http_answer(client->receive_all()).body, "a page\n");
}

TEST_F(HttpServerTest, ClosesEverythingAtItsEnd) {
  start();
  HttpClient silent(address());
  HttpClient asking(address());
  asking.send("GET /page");
  while (connections() < 2) std::this_thread::yield();
  stop();
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(asking.receive_all(), "");
  EXPECT_THROW(HttpClient{address()}, boost::system::system_error);
}

TEST_F(HttpServerTest, ServesOnAUnixSocketAsWell) {
  start({}, "unix:" + (folder() / "http.sock").string());
  EXPECT_EQ(get("/page").body, "a page\n");
  stop();
  EXPECT_FALSE(std::filesystem::exists(folder() / "http.sock"));
}

/// A client that has its descriptor before it connects.
class ReadyClient {
 public:
  explicit ReadyClient(const std::string& address) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  }
  ReadyClient(const ReadyClient&) = delete;
  ReadyClient& operator=(const ReadyClient&) = delete;
  ~ReadyClient() { close(socket_); }

  bool ask(std::string_view request) const {
    return connect(socket_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0 &&
           send(socket_, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size());
  }
  bool is_answered_within(milliseconds at_most) const {
    pollfd one{socket_, POLLIN, 0};
    return poll(&one, 1, static_cast<int>(at_most.count())) == 1;
  }

 private:
  int socket_;
  sockaddr_in address_{};
};

/// Accepting fails while the process has no descriptors left, and would at once fail again.
TEST_F(HttpServerTest, WaitsForADescriptorAndSaysSoOnceInsteadOfSpinning) {
  int reports = 0;
  HttpServerOptions options;
  options.out_of_descriptors = [&reports] { ++reports; };
  start(options);
  get("/page");
  const ReadyClient client(address());
  const std::clock_t before = std::clock();
  {
    const couponsync::test::DescriptorShortage shortage;
    ASSERT_TRUE(client.ask(kRequest));
    EXPECT_FALSE(client.is_answered_within(milliseconds(700)));
  }
  EXPECT_TRUE(client.is_answered_within(milliseconds(10'000))) << "there are descriptors again";
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.3) << "of the processor's time";
  on_io([&] { EXPECT_EQ(reports, 1); });
}

}  // namespace
}  // namespace couponsync::daemon::test
