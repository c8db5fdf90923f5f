#include <map>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/families/design.h"

namespace kws {

std::map<std::string, std::string> embedded_published();
std::map<std::string, std::string> embedded_anchors();

static std::vector<Design> designs_in(const std::map<std::string, std::string>& files) {
  std::vector<Design> designs;
  designs.reserve(files.size());
  for (const auto& [file, text] : files) designs.push_back(design_from_json(Json::parse(text), file));
  return designs;
}

std::vector<Design> published_designs() { return designs_in(embedded_published()); }

std::vector<Design> anchor_designs() { return designs_in(embedded_anchors()); }

std::vector<Design> known_designs() {
  std::vector<Design> all = anchor_designs();
  for (Design& design : published_designs()) all.push_back(std::move(design));
  return all;
}

}  // namespace kws
