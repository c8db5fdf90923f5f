#include "json_fault.h"

#include "kws/core/text.h"

namespace kws {

std::string shown(const Json& value) {
  constexpr std::size_t kMostItems = 16;
  if (value.is_structured() && value.size() > kMostItems) {
    return (value.is_array() ? "a list of " : "an object of ") + std::to_string(value.size());
  }
  return shortened(value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace), 40);
}

void refuse(const Origin& origin, const std::string& path, const std::string& rest) {
  const std::string line = origin.name + ": " + (path.empty() ? "" : shortened(path, kLongestShown) + ": ");
  if (origin.remedy.empty()) throw Error(line + rest, origin.exit_code);
  // The way out of a text that a program has written is another; what it should hold is part of the fact.
  const std::size_t cut = rest.rfind("; ");
  throw Error(line + rest.substr(0, cut) + (cut == std::string::npos ? "" : " (" + rest.substr(cut + 2) + ")") + "; " +
                  origin.remedy,
              origin.exit_code);
}

}  // namespace kws
