#include <array>
#include <cstddef>

#include "family.h"

namespace kws {

/// One row per network type, in the order of the alternatives of NetworkOptions.
static const auto& families() {
  static const std::array<Family, std::variant_size_v<NetworkOptions>> table = {dnn(), cnn(),  basic_lstm(), lstm(),
                                                                                gru(), crnn(), ds_cnn()};
  return table;
}

const std::vector<std::string>& network_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Family& family : families()) list.emplace_back(family.name);
    return list;
  }();
  return names;
}

const Family* find_family(std::string_view name) {
  for (const Family& family : families()) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

std::string_view type_summary(std::string_view type) {
  const Family* family = find_family(type);
  return family == nullptr ? "" : family->summary;
}

const Family& family_of(const NetworkOptions& options) { return families()[options.index()]; }

}  // namespace kws
