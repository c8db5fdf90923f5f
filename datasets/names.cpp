#include "kws/datasets/names.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <set>

namespace kws {
namespace {

struct FreeText {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }  // NOLINT: utf8proc allocates by malloc
};

std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* result = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &result, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, FreeText> owned(result);
  if (length < 0) return std::string(text);
  return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(length)};
}

}  // namespace

std::string composed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return mapped(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1), UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::string folded(std::string_view text) {
  std::string name = mapped(composed(text), UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  for (char& c : name) {
    if (c == '_' || c == '-') c = ' ';
  }
  return name;
}

bool means_noise(std::string_view name) {
  static const std::set<std::string> names = {"background noise", "background", "noise", "noises", "backgroundnoise"};
  return names.contains(folded(name));
}

}  // namespace kws
