#include "kws/serve/local_server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"

namespace kws {
namespace {

constexpr int kPatienceSeconds = 30;            // with a browser that neither sends nor reads
constexpr std::size_t kLargestHeaders = 16384;  // bytes

/// Runs `free` when it goes.
template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

/// 128 bits that nobody guesses, as 32 hexadecimal digits.
std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(std::string("no random numbers: ") + std::strerror(errno) + "; try again");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) {
    token += kDigits[byte >> 4U];
    token += kDigits[byte & 15U];
  }
  return token;
}

/// In a time that does not tell how much of it is right.
bool same_token(std::string_view given, std::string_view wanted) {
  unsigned difference = given.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    difference |= static_cast<unsigned char>(c ^ wanted[i]);
  }
  return difference == 0;
}

std::string header(evhttp_request* request, const char* name) {
  const char* value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
  return value == nullptr ? "" : value;
}

std::map<std::string, std::string> query_of(evhttp_request* request) {
  std::map<std::string, std::string> query;
  const char* text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
  evkeyvalq pairs{};
  if (text == nullptr || evhttp_parse_query_str(text, &pairs) != 0) return query;
  for (const evkeyval* pair = pairs.tqh_first; pair != nullptr; pair = pair->next.tqe_next) {
    query[pair->key] = pair->value;
  }
  evhttp_clear_headers(&pairs);
  return query;
}

std::string body_of(evhttp_request* request) {
  evbuffer* buffer = evhttp_request_get_input_buffer(request);
  std::string body(evbuffer_get_length(buffer), '\0');
  evbuffer_copyout(buffer, body.data(), body.size());
  return body;
}

void send(evhttp_request* request, int status, const char* reason, const WebAnswer& answer) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", (answer.type + "; charset=utf-8").c_str());
  evhttp_add_header(headers, "Cache-Control", "no-store");
  evhttp_add_header(headers, "Referrer-Policy", "no-referrer");  // the token stays here
  evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
  evhttp_add_header(headers, "X-Frame-Options", "DENY");
  evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
  const Owned<evbuffer> body(evbuffer_new(), evbuffer_free);
  evbuffer_add(body.get(), answer.body.data(), answer.body.size());
  evhttp_send_reply(request, status, reason, body.get());
}

void refuse(evhttp_request* request, int status, const char* reason, const std::string& line) {
  send(request, status, reason, {.body = line + "\n", .type = "text/plain"});
}

}  // namespace

struct LocalServer::Impl {
  Owned<event_base> base{event_base_new(), event_base_free};
  Owned<evhttp> http{evhttp_new(base.get()), evhttp_free};
  std::string host;  ///< "127.0.0.1:PORT"
  std::string token = random_token();
  std::map<std::pair<evhttp_cmd_type, std::string>, Handler> handlers;
  std::function<bool()> stop;

  /// What is wrong with who asks.
  [[nodiscard]] std::optional<std::string> stranger(evhttp_request* request,
                                                    const std::map<std::string, std::string>& query) const {
    if (header(request, "Host") != host) return "asks for another host than " + host;
    const std::string origin = header(request, "Origin");
    if (!origin.empty() && origin != "http://" + host) return "comes from another site";
    const std::string site = header(request, "Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none") return "comes from another site";
    const auto given = query.find("token");
    if (given == query.end() || !same_token(given->second, token)) return "lacks the token";
    return std::nullopt;
  }

  void answer(evhttp_request* request) const {
    WebRequest asked{.query = query_of(request), .body = {}};
    if (const std::optional<std::string> fact = stranger(request, asked.query)) {
      return refuse(request, 403, "Forbidden", "this request " + *fact + "; open the URL that kwsmith has printed");
    }
    const char* path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    const auto found = handlers.find({evhttp_request_get_command(request), path == nullptr ? "" : path});
    if (found == handlers.end()) return refuse(request, 404, "Not Found", "nothing is here; open the page anew");
    asked.query.erase("token");
    asked.body = body_of(request);
    try {
      send(request, 200, "OK", found->second(asked));
    } catch (const Error& error) {
      refuse(request, 400, "Bad Request", error.what());
    }
  }

  /// libevent is C: nothing may be thrown through it.
  static void on_request(evhttp_request* request, void* self) noexcept {
    try {
      static_cast<const Impl*>(self)->answer(request);
    } catch (const std::exception&) {
      evhttp_send_error(request, 500, "a defect of kwsmith");
    }
  }

  static void on_tick(evutil_socket_t /*none*/, short /*what*/, void* self) noexcept {
    const auto& impl = *static_cast<const Impl*>(self);
    if (interrupted() || (impl.stop && impl.stop())) event_base_loopbreak(impl.base.get());
  }
};

LocalServer::LocalServer(int port) : impl_(std::make_unique<Impl>()) {
  event_set_log_callback([](int /*severity*/, const char* /*text*/) {});  // what matters is thrown
  std::signal(SIGPIPE, SIG_IGN);  // a browser that has gone away ends its page alone
  evhttp_set_allowed_methods(impl_->http.get(), EVHTTP_REQ_GET | EVHTTP_REQ_POST);
  evhttp_set_max_body_size(impl_->http.get(), static_cast<ev_ssize_t>(kLargestBody));
  evhttp_set_max_headers_size(impl_->http.get(), static_cast<ev_ssize_t>(kLargestHeaders));
  evhttp_set_timeout(impl_->http.get(), kPatienceSeconds);
  evhttp_set_gencb(impl_->http.get(), Impl::on_request, impl_.get());
  evhttp_bound_socket* bound =
      evhttp_bind_socket_with_handle(impl_->http.get(), "127.0.0.1", static_cast<ev_uint16_t>(port));
  if (bound == nullptr) {
    throw Error("port " + std::to_string(port) + ": " + std::strerror(errno) +
                    "; choose another one with --port, or none for any that is free",
                Exit::usage);
  }
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(evhttp_bound_socket_get_fd(bound), reinterpret_cast<sockaddr*>(&address), &size);
  impl_->host = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

LocalServer::~LocalServer() = default;

void LocalServer::get(const std::string& path, Handler handler) {
  impl_->handlers[{EVHTTP_REQ_GET, path}] = std::move(handler);
}

void LocalServer::post(const std::string& path, Handler handler) {
  impl_->handlers[{EVHTTP_REQ_POST, path}] = std::move(handler);
}

std::string LocalServer::url() const { return "http://" + impl_->host + "/?token=" + impl_->token; }

void LocalServer::run(const std::function<bool()>& stop) {
  impl_->stop = stop;
  const Owned<event> tick(event_new(impl_->base.get(), -1, EV_PERSIST, Impl::on_tick, impl_.get()), event_free);
  const timeval pause{.tv_sec = 0, .tv_usec = 100'000};
  event_add(tick.get(), &pause);
  event_base_dispatch(impl_->base.get());
  impl_->stop = nullptr;
}

}  // namespace kws
