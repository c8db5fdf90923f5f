#include "kws/core/text.h"
#include "kws/search/study.h"
#include "strategies.h"

namespace kws {
namespace {

std::string short_text(const Json* value) {
  if (value == nullptr) return "absent";
  const std::string text = text_of(*value);
  return shortened(printable(text), 60);
}

/// A name alone: the core, clock and limits that it stands for are written beside it.
constexpr const char* kBoard = "search.board";

/// Path and both values of the first difference.
std::string difference(const Json* there, const Json* here, const std::string& path) {
  if (there != nullptr && here != nullptr) {
    if (*there == *here) return "";
    if (there->is_object() && here->is_object()) {
      const auto child = [](const Json& object, const std::string& key) {
        return object.contains(key) ? &object.at(key) : nullptr;
      };
      for (const Json* side : {here, there}) {
        for (const auto& [key, value] : side->items()) {
          const std::string inner = path.empty() ? key : path + "." + key;
          if (inner == kBoard) continue;
          std::string found = difference(child(*there, key), child(*here, key), inner);
          if (!found.empty()) return found;
        }
      }
      return "";  // only the order of the keys differs
    }
  }
  return path + ": " + short_text(there) + " there, " + short_text(here) + " here";
}

/// Takes out what the row of a strategy that both have sets: earlier versions wrote it down, as it came to then.
void leave_out_what_a_strategy_sets(Json& there, Json& here) {
  const Json::json_pointer place("/search/strategy");
  const std::string name = there.value(place, "");
  const Strategy* row = here.value(place, "") == name ? strategy_of(name) : nullptr;
  if (row == nullptr) return;
  for (Json* side : {&there, &here}) {
    for (const char* set : row->sets) (*side)["search"].erase(set);
  }
}

constexpr const char* kRaisedFrom = "raised_from";

/// 0: it has none.
int top_rung(const Json& config) { return config.value(Json::json_pointer("/search/epochs"), 0); }

}  // namespace

std::string config_difference(const Json& there, const Json& here) { return difference(&there, &here, ""); }

Json raised_config(const Json& there, const Json& here, const std::string& name) {
  const int before = top_rung(there), now = top_rung(here);
  if (now < before) {
    throw Error(name + ": trains up to " + std::to_string(before) + " epochs, more than --epochs " +
                    std::to_string(now) + "; a top rung can be raised only: give the same, or another --study",
                Exit::usage);
  }
  Json goes_on = there, wanted = here;
  if (now > before && before > 0) {
    goes_on["search"]["epochs"] = now;
    goes_on[kRaisedFrom].push_back(before);
  }
  if (goes_on.contains(kRaisedFrom) && !wanted.contains(kRaisedFrom)) wanted[kRaisedFrom] = goes_on[kRaisedFrom];
  Json compared = goes_on;
  leave_out_what_a_strategy_sets(compared, wanted);
  const std::string found = config_difference(compared, wanted);
  if (found.empty()) return goes_on;
  throw Error(name + ": config differs at " + found + "; use another --study or the same settings", Exit::usage);
}

}  // namespace kws
