#include <map>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/families/design.h"

namespace kws {

std::map<std::string, std::string> embedded_published();

std::vector<Design> published_designs() {
  std::vector<Design> designs;
  for (const auto& [file, text] : embedded_published()) designs.push_back(design_from_json(Json::parse(text), file));
  return designs;
}

}  // namespace kws
