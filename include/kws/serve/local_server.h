#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace kws {

/// What a page of ours asks.
struct WebRequest {
  std::map<std::string, std::string> query;  ///< decoded
  std::string body;
};
struct WebAnswer {
  std::string body;
  std::string type = "application/json";
};

/// Serves pages to the browsers of this machine, one request at a time: on 127.0.0.1 alone, to those who know the
/// random token of the URL. Everyone else gets 403, other sites' pages that this machine's browsers show among them:
/// their requests bear another Host (names that were pointed here) or another Origin.
class LocalServer {
 public:
  using Handler = std::function<WebAnswer(const WebRequest&)>;
  static constexpr std::size_t kLargestBody = std::size_t{1} << 20U;

  ///   port    0: any free one
  ///   throws  Error (Exit::usage) where the port is not free
  explicit LocalServer(int port);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  /// A kws::Error of the handler is answered as 400 with its line as plain text.
  void get(const std::string& path, Handler handler);
  void post(const std::string& path, Handler handler);

  /// "http://127.0.0.1:PORT/?token=..."
  [[nodiscard]] std::string url() const;

  /// Answers until interrupted() or `stop`, which is asked ten times a second.
  void run(const std::function<bool()>& stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kws
