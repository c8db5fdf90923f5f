#include "kws/core/text.h"
#include "kws/search/study.h"

namespace kws {
namespace {

std::string short_text(const Json* value) {
  if (value == nullptr) return "absent";
  const std::string text = text_of(*value);
  return shortened(printable(text), 60);
}

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
          std::string found = difference(child(*there, key), child(*here, key), inner);
          if (!found.empty()) return found;
        }
      }
      return "";  // only the order of the keys differs
    }
  }
  return path + ": " + short_text(there) + " there, " + short_text(here) + " here";
}

}  // namespace

std::string config_difference(const Json& there, const Json& here) { return difference(&there, &here, ""); }

}  // namespace kws
