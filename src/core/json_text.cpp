#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "json_fault.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/core/text.h"

namespace kws {
namespace {

/// Notes the first key that one object holds twice; the parser itself would silently keep the last.
class DuplicateKeys {
 public:
  explicit DuplicateKeys(const Origin& origin) : origin_(origin) {}
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    constexpr int kDeepest = 64;
    if (depth >= kDeepest) {
      refuse(origin_, "", "is nested deeper than " + std::to_string(kDeepest) + " levels; mend the JSON");
    }
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second && first_.empty()) {
      first_ = shown(parsed);
    }
    return true;
  }
  [[nodiscard]] const std::string& first() const { return first_; }

 private:
  const Origin& origin_;
  std::vector<std::set<std::string>> open_;
  std::string first_;
};

/// "syntax error while parsing ...": the library's message without its own prefix and position.
std::string parser_fact(const std::string& what) {
  const std::size_t at = what.find("syntax error");
  return at == std::string::npos ? "not valid JSON" : shortened(printable(what.substr(at)), kLongestShown);
}

}  // namespace

Json parse_json(std::string_view text, const Origin& origin) {
  DuplicateKeys duplicates(origin);
  try {
    Json json = Json::parse(text, std::ref(duplicates));
    if (!duplicates.first().empty()) {
      refuse(origin, "", "key " + duplicates.first() + " appears twice in one object; remove one");
    }
    return json;
  } catch (const Json::parse_error& error) {
    const std::size_t end = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    const std::size_t line_start = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const std::size_t column = line_start == std::string_view::npos ? end + 1 : end - line_start;
    Origin place = origin;
    place.name += ":" + std::to_string(line) + ":" + std::to_string(column);
    refuse(place, "", parser_fact(error.what()) + "; mend the JSON");
  } catch (const Json::out_of_range&) {
    refuse(origin, "", "holds a number that is out of range; mend the JSON");
  }
}

Json load_json(const std::string& file) {
  constexpr std::size_t kLargest = std::size_t{64} << 20U;
  std::string text;
  try {
    text = read_file(file, kLargest);
  } catch (const Error& error) {
    throw Error(error.what(), Exit::usage);
  }
  return parse_json(text, file);
}

std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kws
