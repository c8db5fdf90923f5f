#include "kws/core/url.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace kws {
namespace {

struct Parts {
  std::string_view scheme;  ///< with "://"
  std::string_view user;    ///< "user:password"
  std::string_view place;   ///< host, port, path
  std::string_view parameters;
};

Parts parts_of(std::string_view url) {
  const std::size_t start = std::min(url.find("://"), url.size());
  Parts parts{.scheme = url.substr(0, std::min(start + 3, url.size())), .user = {}, .place = {}, .parameters = {}};
  std::string_view rest = url.substr(parts.scheme.size());
  // A password may hold what it should not, so the last @ before the path counts; one in a parameter is none.
  const std::size_t question = std::min(rest.find('?'), rest.size());
  const std::size_t at = rest.substr(0, question).rfind('@');
  if (at != std::string_view::npos) {
    parts.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  const std::size_t end = std::min(rest.find_first_of("?#"), rest.size());
  parts.place = rest.substr(0, end);
  parts.parameters = rest.substr(end);
  return parts;
}

std::string decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    plain += coded ? static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return plain;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

std::string public_url(std::string_view url) {
  const Parts parts = parts_of(url);
  return std::string(parts.scheme) + std::string(parts.place);
}

std::string without_secrets(std::string text, const std::string& url) {
  const Parts parts = parts_of(url);
  replace_all(text, url, public_url(url));
  std::vector<std::string_view> passwords;
  if (const std::size_t colon = parts.user.find(':'); colon != std::string_view::npos) {
    passwords.push_back(parts.user.substr(colon + 1));
  }
  for (std::string_view rest = parts.parameters; !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view one = rest.substr(0, std::min(rest.find_first_of("&#"), rest.size()));
    const std::size_t equals = one.find('=');
    if (equals != std::string_view::npos && one.substr(0, equals).find("password") != std::string_view::npos) {
      passwords.push_back(one.substr(equals + 1));
    }
    rest.remove_prefix(one.size());
  }
  for (const std::string_view password : passwords) {
    replace_all(text, password, "***");
    replace_all(text, decoded(password), "***");
  }
  return text;
}

}  // namespace kws
