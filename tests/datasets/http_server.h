#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kws::test {

/// What the server under test has at one path, and how it misbehaves.
struct Hosted {
  std::string body = {};
  std::string etag = "\"first\"";
  int status = 200;            ///< others answer without the body
  std::string redirect = {};   ///< Location, with a status of 30x
  bool ranges = true;          ///< false: the whole body whatever is asked for
  std::string extra = {};      ///< more headers, each ended by "\r\n"
  std::size_t cut = SIZE_MAX;  ///< bytes of body after which the connection ends
};

/// An HTTP server on a free port of 127.0.0.1 with one thread, one request a connection.
class HttpServer {
 public:
  HttpServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, plain, length), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, plain, &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  void host(const std::string& path, Hosted hosted) {
    const std::lock_guard lock(mutex_);
    hosted_[path] = std::move(hosted);
  }
  /// The requests since the last call, with all their headers.
  std::vector<std::string> take_requests() {
    const std::lock_guard lock(mutex_);
    return std::exchange(requests_, {});
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      std::string request;
      char piece[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t length = ::recv(client, piece, sizeof piece, 0);
        if (length <= 0) break;
        request.append(piece, static_cast<std::size_t>(length));
      }
      const std::string answer = answer_to(request);
      for (std::size_t done = 0; done < answer.size();) {
        const ssize_t sent = ::send(client, answer.data() + done, answer.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) break;
        done += static_cast<std::size_t>(sent);
      }
      ::close(client);
    }
  }

  std::string answer_to(const std::string& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const std::size_t start = request.find(' ') + 1;
    const auto found = hosted_.find(request.substr(start, request.find(' ', start) - start));
    if (found == hosted_.end()) return "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone";
    const Hosted& file = found->second;
    std::string headers = "Connection: close\r\nETag: " + file.etag + "\r\n" + file.extra;
    if (file.status != 200) {
      if (!file.redirect.empty()) headers += "Location: " + file.redirect + "\r\n";
      return "HTTP/1.1 " + std::to_string(file.status) + " Other\r\n" + headers + "Content-Length: 5\r\n\r\nother";
    }
    const std::string whole = std::to_string(file.body.size());
    const std::size_t range = request.find("Range: bytes=");
    const std::string condition = "If-Range: ";
    const std::size_t if_range = request.find(condition);
    const bool same =
        if_range == std::string::npos || request.compare(if_range + condition.size(), file.etag.size(), file.etag) == 0;
    std::size_t first = 0;
    std::string status = "200 OK";
    if (file.ranges && same && range != std::string::npos) {
      first = std::stoul(request.substr(range + 13));
      if (first >= file.body.size()) {
        return "HTTP/1.1 416 Range\r\n" + headers + "Content-Range: bytes */" + whole + "\r\nContent-Length: 0\r\n\r\n";
      }
      status = "206 Partial Content";
      headers += "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(file.body.size() - 1) + "/" +
                 whole + "\r\n";
    }
    const std::string body = file.body.substr(first);
    return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body.substr(0, std::min(file.cut, body.size()));
  }

  int listener_;
  unsigned port_ = 0;
  std::mutex mutex_;
  std::map<std::string, Hosted> hosted_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace kws::test
