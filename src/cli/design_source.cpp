#include "design_source.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "kws/core/error.h"
#include "kws/core/options.h"
#include "kws/model/model.h"
#include "kws/search/view.h"
#include "log.h"
#include "model_source.h"

namespace kws::cli {
namespace {

namespace fs = std::filesystem;

/// The trial of STUDY:TRIAL, its number with commas too; nothing: the word does not end like one. A study may be a
/// URL, which has colons too.
std::optional<Design> design_of_trial(const std::string& word) {
  const std::size_t colon = word.rfind(':');
  if (colon == std::string::npos || colon == 0) return {};
  int number = 0;
  std::string digits = word.substr(colon + 1);
  std::erase(digits, ',');
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || rest != end) return {};
  const StudyView view = view_study(word.substr(0, colon));
  const auto trial =
      std::ranges::find(view.trials, number, [](const TrialFacts& facts) { return facts.proposal.number; });
  if (trial == view.trials.end()) {
    throw Error(view.study + ": has no trial " + std::to_string(number) + "; kwsmith trials shows those it has",
                Exit::usage);
  }
  return trial->proposal.design;
}

Design design_as_given(const std::string& word) {
  if (fs::is_directory(word) && fs::exists(fs::path(word) / "model.json")) return load_model(word).design;
  const bool folder = fs::is_directory(word);  // but no model
  if (fs::exists(word) && !folder) return load_design(word);
  const auto tell_of_folder = [&] {
    if (folder) log().warn("{}: the folder here holds no model; taking what kwsmith knows by that name", word);
  };
  if (std::optional<Design> design = design_of_trial(word)) return std::move(*design);
  std::vector<std::string> names;
  for (Design& design : known_designs()) {
    if (design.name == word) {
      tell_of_folder();
      return std::move(design);
    }
    names.push_back(design.name);
  }
  if (const auto model = shipped_model(word)) {
    tell_of_folder();
    return model_without_weights(*model).design;
  }
  if (folder) {
    throw Error(word + ": the folder holds no model; give one that kwsmith train or search wrote, or a design's file",
                Exit::usage);
  }
  const std::string near = nearest_name(word, names);
  throw Error(word + ": " +
                  (near.empty() ? "no such file, and no design or model of that name; kwsmith list designs and kwsmith "
                                  "list models show them"
                                : "no such file; did you mean the design \"" + near + "\"?"),
              Exit::usage);
}

/// One PATH=VALUE; names and places of a list are parted by dots.
void change(Json& json, const std::string& setting, const std::string& origin) {
  const auto refuse = [&](const std::string& fact) {
    throw Error("--set " + setting + ": " + fact + "; kwsmith cost " + origin + " --design shows what there is",
                Exit::usage);
  };
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error("--set " + setting + ": is not PATH=VALUE, such as features.stride_ms=20", Exit::usage);
  }
  Json* place = &json;
  std::string path = setting.substr(0, equals);
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string key = path.substr(0, dot);
    path = dot == std::string::npos ? "" : path.substr(dot + 1);
    if (place->is_array()) {
      std::size_t index = 0;
      const auto [rest, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || rest != key.data() + key.size() || index >= place->size()) {
        refuse("\"" + key + "\" is no place of a list of " + std::to_string(place->size()));
      }
      place = &(*place)[index];
    } else {
      // The last name may be one that stands at its default and is left out; the reader knows whether there is such.
      if (!place->is_object() || (!path.empty() && !place->contains(key))) refuse("there is no \"" + key + "\"");
      place = &(*place)[key];
    }
  }
  const std::string text = setting.substr(equals + 1);
  const Json value = Json::parse(text, nullptr, false);
  *place = value.is_discarded() ? Json(text) : value;
}

}  // namespace

Design design_named(const std::string& word, const std::vector<std::string>& changes) {
  return changed(design_as_given(word), changes, word);
}

Design changed(Design design, const std::vector<std::string>& changes, const std::string& word) {
  if (changes.empty()) return design;
  Json json = design_to_json(design);
  for (const std::string& setting : changes) change(json, setting, word);
  return design_from_json(json, word + " with --set");
}

}  // namespace kws::cli
