#include "download.h"

#include <curl/curl.h>

#include <array>
#include <charconv>
#include <exception>
#include <memory>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/url.h"

namespace kws {
namespace {

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What the headers of an answer tell; redirects are answers, too, and the last one counts.
struct Answer {
  long status = 0;
  std::string etag, date;
  std::int64_t length = 0;  ///< of the body, 0: unknown
  std::int64_t first = -1;  ///< position of the body's first byte in the file, -1: not told
  std::int64_t whole = 0;   ///< of the file, 0: unknown

  void read(std::string_view line);
  /// A mark that If-Range accepts: a strong ETag or a date.
  [[nodiscard]] const std::string& version() const { return etag.empty() || etag.starts_with("W/") ? date : etag; }
};

std::int64_t leading_number(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void Answer::read(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    *this = {};
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) status = static_cast<long>(leading_number(line.substr(space + 1), 0));
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name(line.substr(0, colon));
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (curl_strequal(name.c_str(), "etag") != 0) etag = value;
  if (curl_strequal(name.c_str(), "last-modified") != 0) date = value;
  if (curl_strequal(name.c_str(), "content-length") != 0) length = leading_number(value, 0);
  // "bytes 100-199/1000"; of a refused range "bytes */1000"
  if (curl_strequal(name.c_str(), "content-range") != 0 && value.starts_with("bytes ")) {
    first = leading_number(value.substr(6), -1);
    const std::size_t slash = value.find('/');
    if (slash != std::string_view::npos) whole = leading_number(value.substr(slash + 1), 0);
  }
}

/// One request and its answer, written into the part.
class Transfer {
 public:
  Transfer(const std::string& url, PartFile& part, const FetchProgress& progress)
      : url_(url), shown_(public_url(url)), part_(part), progress_(progress), curl_(curl_easy_init()) {}

  /// False: the part does not go together with what the server has now.
  bool run();

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(curl_.get(), option, value) != CURLE_OK) {
      throw Error("libcurl " + std::string(curl_version()) + ": refuses an option; check its installation");
    }
  }
  void set_up();
  void ask_for_the_rest();
  void begin();
  [[noreturn]] void fail(CURLcode code) const;

  /// Runs `step` for libcurl, through whose C code no exception may pass. False: the transfer must stop.
  template <class Step>
  bool guarded(const Step& step) noexcept {
    try {
      step();
      return true;
    } catch (...) {
      failure_ = std::current_exception();
      return false;
    }
  }
  static std::size_t on_header(char* text, std::size_t one, std::size_t length, void* self) {
    auto& t = *static_cast<Transfer*>(self);
    return t.guarded([&] { t.answer_.read({text, one * length}); }) ? one * length : 0;
  }
  static std::size_t on_body(char* bytes, std::size_t one, std::size_t length, void* self) {
    auto& t = *static_cast<Transfer*>(self);
    const bool good = t.guarded([&] {
      t.begin();
      if (!t.misplaced_) t.part_.append({bytes, one * length});
    });
    return good && !t.misplaced_ ? one * length : 0;
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& t = *static_cast<Transfer*>(self);
    const bool good = t.guarded([&] {
      if (t.begun_ && t.progress_) t.progress_(FetchStep::download, t.part_.size(), t.part_.whole());
    });
    return good && !interrupted() ? 0 : 1;
  }

  const std::string& url_;
  const std::string shown_;  ///< a URL may hold a password
  PartFile& part_;
  const FetchProgress& progress_;
  std::unique_ptr<CURL, CurlDeleter> curl_;
  std::unique_ptr<curl_slist, CurlDeleter> headers_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  Answer answer_;
  bool begun_ = false;      ///< the body has begun, and the part stands where it continues
  bool misplaced_ = false;  ///< the body does not begin where the part ends
  std::exception_ptr failure_;
};

void Transfer::set_up() {
  set(CURLOPT_URL, url_.c_str());
#if CURL_AT_LEAST_VERSION(7, 85, 0)
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  set(CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_FAILONERROR, 1L);  // the page of a 404 is not the file
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "kwsmith");
  set(CURLOPT_CONNECTTIMEOUT, 30L);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes per second: a silent minute is a broken connection
  set(CURLOPT_LOW_SPEED_TIME, 60L);
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
}

void Transfer::ask_for_the_rest() {
  // Not CURLOPT_RESUME_FROM: with it libcurl fails where a server sends the whole file, which is as good.
  set(CURLOPT_RANGE, (std::to_string(part_.size()) + "-").c_str());
  if (part_.version().empty()) return;
  headers_.reset(curl_slist_append(nullptr, ("If-Range: " + part_.version()).c_str()));
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::begin() {
  if (begun_) return;
  if (answer_.status == 206) {
    misplaced_ = answer_.first != part_.size();
    if (misplaced_) return;
    part_.belongs_to(answer_.version(), answer_.whole);
  } else if (answer_.status == 200) {
    if (part_.size() > 0) part_.restart();
    part_.belongs_to(answer_.version(), answer_.length);
  } else {
    fail(CURLE_HTTP_RETURNED_ERROR);
  }
  begun_ = true;
}

bool Transfer::run() {
  if (curl_ == nullptr) throw Error("libcurl cannot start; check its installation");
  set_up();
  if (part_.size() > 0) ask_for_the_rest();
  const CURLcode code = curl_easy_perform(curl_.get());
  if (failure_) std::rethrow_exception(failure_);
  if (interrupted()) {
    throw Error(shown_ + ": interrupted after " + part_.progress() + "; run the same command again to continue",
                Exit::interrupted);
  }
  if (misplaced_) return false;
  if (answer_.status == 416 && part_.size() > 0)
    return answer_.whole == part_.size();  // nothing lacks, or all is wrong
  if (code != CURLE_OK) fail(code);
  begin();  // where the body is empty
  if (part_.whole() > 0 && part_.size() < part_.whole()) fail(CURLE_PARTIAL_FILE);
  return !misplaced_;
}

void Transfer::fail(CURLcode code) const {
  const std::string reason = without_secrets(reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code), url_);
  const std::string status = std::to_string(answer_.status);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      throw Error(shown_ + ": " + reason + "; give a URL of http or https", Exit::usage);
    case CURLE_HTTP_RETURNED_ERROR:
      throw Error(shown_ + ": the server answers " + status +
                  (answer_.status >= 500 ? "; try again later" : " instead of the file; check the URL"));
    case CURLE_TOO_MANY_REDIRECTS:
      throw Error(shown_ + ": redirects go in a circle; check the URL");
    default:
      break;
  }
  if (begun_) {
    throw Error(shown_ + ": the connection broke after " + part_.progress() + " (" + reason +
                "); run the same command again to continue");
  }
  throw Error(shown_ + (answer_.status == 0 ? ": no connection: " : ": the answer is broken: ") + reason +
              "; check the URL, the network and http_proxy");
}

}  // namespace

void download(const std::string& url, PartFile& part, const FetchProgress& progress) {
  if (Transfer(url, part, progress).run()) return;
  part.restart();
  if (!Transfer(url, part, progress).run()) {
    throw Error(public_url(url) + ": the server sends another part than it was asked for; try again later");
  }
}

}  // namespace kws
