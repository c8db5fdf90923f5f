#include "kws/search/kept_overhead.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/median.h"

namespace kws {
namespace {

constexpr const char* kKeptSchema = "kwsmith.pace/1";
constexpr double kSameLoad = 1.2;

Json steps_of(const std::vector<FirstDesign>& first) {
  Json steps = Json::object();
  for (const FirstDesign& one : first) steps[one.proposal.design.name] = one.step_seconds;
  return steps;
}

/// The median of what steps take now, in what they took then; 0: no design is in both.
double load_since(const Json& then, const std::vector<FirstDesign>& first) {
  std::vector<double> ratios;
  for (const FirstDesign& one : first) {
    const double before = then.value(one.proposal.design.name, 0.0);
    if (before > 0.0) ratios.push_back(one.step_seconds / before);
  }
  return median(std::move(ratios));
}

}  // namespace

KeptOverhead::KeptOverhead(const std::filesystem::path& folder, Json circumstances)
    : circumstances_(std::move(circumstances)) {
  if (!folder.empty()) file_ = folder / (sha256_hex(text_of(circumstances_)).substr(0, 32) + ".pace.json");
}

std::optional<Overhead> KeptOverhead::read(const std::vector<FirstDesign>& first) const {
  if (file_.empty()) return {};
  try {
    const Json kept = load_json(file_.string());
    if (kept.at("schema") != kKeptSchema || kept.at("circumstances") != circumstances_) return {};
    const double load = load_since(kept.at("step_seconds"), first);
    if (!(load > 1.0 / kSameLoad && load < kSameLoad)) return {};
    const Overhead overhead{.epoch_seconds = kept.at("epoch_seconds").get<double>(),
                            .rung_seconds = kept.at("rung_seconds").get<double>()};
    const bool sound = std::isfinite(overhead.epoch_seconds) && std::isfinite(overhead.rung_seconds) &&
                       overhead.epoch_seconds >= 0.0 && overhead.rung_seconds >= 0.0;
    return sound ? std::optional(overhead) : std::nullopt;
  } catch (const Error&) {
    return {};
  } catch (const Json::exception&) {
    return {};
  }
}

void KeptOverhead::write(const std::vector<FirstDesign>& first, const Overhead& overhead) const {
  if (file_.empty()) return;
  try {
    std::filesystem::create_directories(file_.parent_path());
    write_file(file_, text_of({{"schema", kKeptSchema},
                               {"circumstances", circumstances_},
                               {"epoch_seconds", overhead.epoch_seconds},
                               {"rung_seconds", overhead.rung_seconds},
                               {"step_seconds", steps_of(first)}},
                              2) +
                          "\n");
  } catch (const Error&) {
    return;
  } catch (const std::filesystem::filesystem_error&) {
    return;
  }
}

}  // namespace kws
