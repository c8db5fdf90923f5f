#include "kws/core/options.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>

#include "json_fault.h"
#include "kws/core/text.h"

namespace kws {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substitution});
    }
  }
  return row.back();
}

constexpr std::size_t kMostListed = 32;  ///< numbers that an option lists

template <class Number>
std::string range_text(Number low, Number high) {
  return Json(low).dump() + " to " + Json(high).dump();
}

bool is_integer_in(const Json& json, std::int64_t low, std::int64_t high) {
  // An unsigned number above the largest signed one would wrap around.
  const bool huge = json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  return json.is_number_integer() && !huge && json.get<std::int64_t>() >= low && json.get<std::int64_t>() <= high;
}

std::int64_t integer(const Json& json, std::int64_t low, std::int64_t high, const Origin& origin,
                     const std::string& path) {
  if (!json.is_number_integer()) refuse(origin, path, shown(json) + " is not an integer; " + range_text(low, high));
  if (!is_integer_in(json, low, high)) refuse(origin, path, shown(json) + " is out of range; " + range_text(low, high));
  return json.get<std::int64_t>();
}

double real(const Json& json, double low, double high, const Origin& origin, const std::string& path) {
  if (!json.is_number()) refuse(origin, path, shown(json) + " is not a number; " + range_text(low, high));
  const double number = json.get<double>();
  if (!(number >= low && number <= high)) {
    refuse(origin, path, shown(json) + " is out of range; " + range_text(low, high));
  }
  return number;
}

bool truth(const Json& json, const Origin& origin, const std::string& path) {
  if (!json.is_boolean()) refuse(origin, path, shown(json) + " is not a truth value; true or false");
  return json.get<bool>();
}

std::string text(const Json& json, const Origin& origin, const std::string& path) {
  if (!json.is_string()) refuse(origin, path, shown(json) + " is not a string; put it in quotes");
  return json.get<std::string>();
}

std::string chosen(const Json& json, const std::vector<std::string>& known, const Origin& origin,
                   const std::string& path) {
  if (!json.is_string()) refuse(origin, path, shown(json) + " is not a string; one of " + word_list(known, ", "));
  std::string word = json.get<std::string>();  // not const, so that it moves out
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    refuse(origin, path, shown(json) + " is unknown; " + did_you_mean(word, known, "one of " + word_list(known, ", ")));
  }
  return word;
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t best = word.size() / 3 + 1;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known, const std::string& other) {
  const std::string near = nearest_name(word, known);
  return near.empty() ? other : "did you mean \"" + near + "\"?";
}

JsonReader::JsonReader(const Json& object, Origin origin, std::string path, Missing missing)
    : object_(object), origin_(std::move(origin)), path_(std::move(path)), missing_(missing) {
  if (!object_.is_object()) fail("", shown(object_) + " is not an object", "write {...}");
}

void JsonReader::operator()(const char* name, int& value, int low, int high, const char*) {
  if (const Json* found = take(name)) value = static_cast<int>(integer(*found, low, high, origin_, child(name)));
}

void JsonReader::operator()(const char* name, std::uint64_t& value, std::int64_t low, std::int64_t high, const char*) {
  if (const Json* found = take(name)) {
    value = static_cast<std::uint64_t>(integer(*found, low, high, origin_, child(name)));
  }
}

void JsonReader::operator()(const char* name, double& value, double low, double high, const char*) {
  if (const Json* found = take(name)) value = real(*found, low, high, origin_, child(name));
}

void JsonReader::operator()(const char* name, bool& value, const char*) {
  if (const Json* found = take(name)) value = truth(*found, origin_, child(name));
}

void JsonReader::operator()(const char* name, Extent& value, int low, int high, const char*) {
  const Json* found = take(name);
  if (found == nullptr) return;
  if (!found->is_array() || found->size() != 2) {
    refuse(origin_, child(name), shown(*found) + " is not a pair; write [time, frequency], " + range_text(low, high));
  }
  value.time = static_cast<int>(integer((*found)[0], low, high, origin_, child(name) + "[0]"));
  value.freq = static_cast<int>(integer((*found)[1], low, high, origin_, child(name) + "[1]"));
}

void JsonReader::operator()(const char* name, std::vector<int>& value, int low, int high, const char*) {
  if (const Json* found = take(name)) read_integers(*found, child(name), value, low, high);
}

void JsonReader::read_integers(const Json& list, const std::string& path, std::vector<int>& value, int low,
                               int high) const {
  require_list(list, path, 1, kMostListed);
  value.clear();
  for (std::size_t i = 0; i < list.size(); ++i) {
    value.push_back(static_cast<int>(integer(list[i], low, high, origin_, path + "[" + std::to_string(i) + "]")));
  }
}

void JsonReader::operator()(const char* name, std::string& value, const char*) {
  if (const Json* found = take(name)) value = text(*found, origin_, child(name));
}

void JsonReader::choice(const char* name, std::string& value, const std::vector<std::string>& known, const char*) {
  const Json* found = take(name);
  if (found == nullptr) {
    if (missing_ == Missing::keep_default) return;
    // Told at once: which other keys are known may depend on the choice.
    for (const auto& item : object_.items()) {
      if (nearest_name(item.key(), {name}) == name) {
        refuse(origin_, child(item.key().c_str()), std::string("unknown key; did you mean \"") + name + "\"?");
      }
    }
    refuse(origin_, child(first_missing_.c_str()), "missing; add this key");
  }
  value = chosen(*found, known, origin_, child(name));
}

void JsonReader::limit(const char* name, std::optional<double>& value, Amount amount, const char*) {
  const Json* found = take(name, true);
  if (found == nullptr) return;
  double limit = 0.0;
  try {
    limit = amount_from(found->is_string() ? found->get<std::string>() : found->dump(), amount);
  } catch (const Error& error) {
    refuse(origin_, child(name), error.what());
  }
  value = limit > 0.0 ? std::optional(limit) : std::nullopt;
}

void JsonWriter::limit(const char* name, const std::optional<double>& value, Amount, const char*) {
  if (!value) return;
  json_[name] = *value == std::floor(*value) ? Json(std::llround(*value)) : Json(*value);
}

void JsonReader::optional(const char* name, std::string& value, const std::vector<std::string>& known, const char*) {
  if (const Json* found = take(name, true)) value = chosen(*found, known, origin_, child(name));
}

void JsonReader::optional(const char* name, int& value, int low, int high, const char*) {
  if (const Json* found = take(name, true)) value = static_cast<int>(integer(*found, low, high, origin_, child(name)));
}

void JsonReader::later(const char* name, bool& value, const char*) {
  if (missing_ == Missing::error) value = false;
  if (const Json* found = take(name, true)) value = truth(*found, origin_, child(name));
}

void JsonReader::later(const char* name, int& value, int low, int high, const char* help) {
  later(name, value, low, low, high, help);
}

void JsonReader::later(const char* name, int& value, int usual, int low, int high, const char*) {
  if (missing_ == Missing::error) value = usual;
  if (const Json* found = take(name, true)) value = static_cast<int>(integer(*found, low, high, origin_, child(name)));
}

void JsonReader::later(const char* name, std::string& value, const char*) {
  if (missing_ == Missing::error) value.clear();
  if (const Json* found = take(name, true)) value = text(*found, origin_, child(name));
}

void JsonReader::later(const char* name, std::vector<int>& value, int low, int high, const char*) {
  if (missing_ == Missing::error) value.clear();
  if (const Json* found = take(name, true)) read_integers(*found, child(name), value, low, high);
}

void JsonReader::later(const char* name, double& value, double usual, double low, double high, const char*) {
  if (missing_ == Missing::error) value = usual;
  if (const Json* found = take(name, true)) value = real(*found, low, high, origin_, child(name));
}

void JsonReader::later(const char* name, std::vector<double>& value, double low, double high, const char*) {
  if (missing_ == Missing::error) value.clear();
  const Json* found = take(name, true);
  if (found == nullptr) return;
  require_list(*found, child(name), 1, kMostListed);
  value.clear();
  for (std::size_t i = 0; i < found->size(); ++i) value.push_back(real_in((*found)[i], child(name), i, low, high));
}

void JsonReader::optional(const char* name, std::optional<double>& value, double low, double high) {
  if (const Json* found = take(name, true)) value = real(*found, low, high, origin_, child(name));
}

void JsonReader::number_or_nan(const char* name, double& value, double low, double high) {
  const Json* found = take(name);
  if (found == nullptr) return;
  value = found->is_null() ? std::numeric_limits<double>::quiet_NaN() : real(*found, low, high, origin_, child(name));
}

void JsonReader::texts(const char* name, std::vector<std::string>& value, std::size_t low, std::size_t high) {
  const Json* found = take(name);
  if (found == nullptr) return;
  require_list(*found, child(name), low, high);
  value.clear();
  for (const Json& item : *found) {
    const std::string path = child(name) + "[" + std::to_string(value.size()) + "]";
    if (!item.is_string()) refuse(origin_, path, shown(item) + " is not a string; put it in quotes");
    std::string text = item.get<std::string>();
    if (text.empty() || printable(text) != text) {
      refuse(origin_, path, shown(item) + " is no name; write one without control characters");
    }
    value.push_back(std::move(text));
  }
}

const Json& JsonReader::value(const char* name) {
  const Json* found = take(name);
  if (found == nullptr) refuse(origin_, child(name), "missing; add this key");
  return *found;
}

JsonReader JsonReader::part(const char* name) { return {value(name), origin_, child(name), missing_}; }

std::vector<JsonReader> JsonReader::parts(const char* name, std::size_t count) {
  const Json& list = value(name);
  require_list(list, child(name), count, count);
  std::vector<JsonReader> readers;
  for (std::size_t i = 0; i < count; ++i) {
    readers.emplace_back(list[i], origin_, child(name) + "[" + std::to_string(i) + "]", missing_);
  }
  return readers;
}

std::int64_t JsonReader::integer_in(const Json& json, const std::string& path, std::size_t i, std::int64_t low,
                                    std::int64_t high) const {
  // Weights come in millions: their places are spelt out only where one is wrong.
  if (is_integer_in(json, low, high)) return json.get<std::int64_t>();
  return integer(json, low, high, origin_, path + "[" + std::to_string(i) + "]");
}

double JsonReader::real_in(const Json& json, const std::string& path, std::size_t i, double low, double high) const {
  return real(json, low, high, origin_, path + "[" + std::to_string(i) + "]");
}

void JsonReader::fail(const char* name, const std::string& fact, const std::string& remedy) const {
  refuse(origin_, *name == '\0' ? path_ : child(name), fact + (remedy.empty() ? "" : "; " + remedy));
}

void JsonReader::finish() const {
  for (const auto& item : object_.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
    // A key that is not a plain word is shown quoted, so that the line stays one line.
    const bool plain = !item.key().empty() && std::all_of(item.key().begin(), item.key().end(),
                                                          [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
    refuse(origin_, child(plain ? item.key().c_str() : shown(item.key()).c_str()),
           "unknown key; " + did_you_mean(item.key(), known_, "known: " + word_list(known_, ", ")));
  }
  // Told last: a misspelt key explains the missing one better than the gap does.
  if (!first_missing_.empty()) refuse(origin_, child(first_missing_.c_str()), "missing; add this key");
}

const Json* JsonReader::take(const char* name, bool may_miss) {
  known_.emplace_back(name);
  const auto found = object_.find(name);
  if (found != object_.end()) return &*found;
  if (missing_ == Missing::error && !may_miss && first_missing_.empty()) first_missing_ = name;
  return nullptr;
}

std::string JsonReader::child(const char* name) const { return path_.empty() ? name : path_ + "." + name; }

void JsonReader::require_list(const Json& value, const std::string& path, std::size_t low, std::size_t high) const {
  const std::string remedy = "write [...] with " + range_text(low, high) + " items";
  if (!value.is_array()) refuse(origin_, path, shown(value) + " is not a list; " + remedy);
  if (value.size() < low || value.size() > high) {
    refuse(origin_, path, "has " + std::to_string(value.size()) + " items; " + remedy);
  }
}

}  // namespace kws
