#include "heard.h"

#include <cmath>

#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/core/table.h"

namespace kws {

std::optional<HeardTotals> heard_by_model(const std::filesystem::path& folder, const Design& design) {
  const std::filesystem::path file = folder / "model.json";
  std::error_code unreadable;
  if (!std::filesystem::exists(file, unreadable)) return std::nullopt;
  const Json model = load_json(file);
  static const Json::json_pointer metrics("/metrics/heard"), of("/design");
  if (!model.contains(metrics) || !model.contains(of)) return std::nullopt;
  if (design_hash(design_from_json(model.at(of), file.string())) != design_hash(design)) return std::nullopt;
  HeardTotals heard;
  read_options(model.at(metrics), heard, Origin{file.string(), "listen --tune again", Exit::failed}, "metrics.heard",
               Missing::error);
  return heard;
}

std::string heard_text(const HeardTotals& heard) {
  const double share = static_cast<double>(heard.found) / heard.words;
  return "In " + fixed(heard.hours, 1) + " hours of labelled sound it finds " +
         percent(share, std::sqrt(share * (1.0 - share) / heard.words)) + " of " + counted(heard.words, "keyword") +
         " with " + fixed(heard.false_accepts / heard.hours, 2) + " false accepts an hour";
}

}  // namespace kws
