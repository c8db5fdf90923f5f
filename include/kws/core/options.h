#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/amount.h"
#include "kws/core/error.h"
#include "kws/core/extent.h"

namespace kws {

using Json = nlohmann::ordered_json;

/// The known name nearest to `word` (edit distance at most a third of its length), or "" when none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& known);

/// What a reader does with a described field that the JSON object lacks.
enum class Missing { keep_default, error };

/// Strict reader of one JSON object, a visitor of `describe(field, options)`: every field is declared once, there.
/// A wrong type, a value out of range, a missing or an unknown key is an Error (Exit::usage) of one line,
/// `origin: path: fact; remedy`.
class JsonReader {
 public:
  JsonReader(const Json& object, std::string origin, std::string path, Missing missing);

  void operator()(const char* name, int& value, int low, int high, const char* help);
  void operator()(const char* name, std::uint64_t& value, std::int64_t low, std::int64_t high, const char* help);
  void operator()(const char* name, double& value, double low, double high, const char* help);
  void operator()(const char* name, bool& value, const char* help);
  void operator()(const char* name, Extent& value, int low, int high, const char* help);
  void operator()(const char* name, std::vector<int>& value, int low, int high, const char* help);
  void operator()(const char* name, std::string& value, const char* help);
  void choice(const char* name, std::string& value, const std::vector<std::string>& known, const char* help);
  /// An upper limit, a number or text for amount_from(); 0 stands for none.
  void limit(const char* name, std::optional<double>& value, Amount amount, const char* help);
  /// May be left out even where others may not.
  void optional(const char* name, int& value, int low, int high, const char* help);
  /// A choice of which the first is what a missing key means.
  void optional(const char* name, std::string& value, const std::vector<std::string>& known, const char* help);

  /// A nested object, and a list of them, each with a describe() of its own.
  template <class Struct>
  void object(const char* name, Struct& value, const char* /*help*/) {
    if (const Json* found = take(name)) read_into(*found, value, child(name));
  }
  template <class Struct>
  void list(const char* name, std::vector<Struct>& value, std::size_t low, std::size_t high, const char* /*help*/) {
    const Json* found = take(name);
    if (found == nullptr) return;
    require_list(*found, child(name), low, high);
    value.clear();
    for (std::size_t i = 0; i < found->size(); ++i) {
      read_into((*found)[i], value.emplace_back(), child(name) + "[" + std::to_string(i) + "]");
    }
  }

  /// Call last: throws for a key nobody asked for, proposing the nearest known one, and for a missing key.
  void finish() const;

 private:
  const Json* take(const char* name, bool may_miss = false);
  [[nodiscard]] std::string child(const char* name) const;
  void require_list(const Json& value, const std::string& path, std::size_t low, std::size_t high) const;
  template <class Struct>
  void read_into(const Json& json, Struct& value, const std::string& path) {
    JsonReader reader(json, origin_, path, missing_);
    describe(reader, value);
    reader.finish();
  }

  const Json& object_;
  std::string origin_, path_;
  Missing missing_;
  std::vector<std::string> known_;
  std::string first_missing_;
};

/// Reads `options` from `json` (see JsonReader).
template <class Options>
void read_options(const Json& json, Options& options, const std::string& origin, const std::string& path,
                  Missing missing = Missing::keep_default) {
  JsonReader reader(json, origin, path, missing);
  describe(reader, options);
  reader.finish();
}

/// The inverse visitor: writes every described field. Takes references so that no number converts to another type.
class JsonWriter {
 public:
  void operator()(const char* name, int& value, int, int, const char*) { json_[name] = value; }
  void operator()(const char* name, std::uint64_t& value, std::int64_t, std::int64_t, const char*) {
    json_[name] = value;
  }
  void operator()(const char* name, double& value, double, double, const char*) { json_[name] = value; }
  void operator()(const char* name, bool value, const char*) { json_[name] = value; }
  void operator()(const char* name, const Extent& value, int, int, const char*) {
    json_[name] = {value.time, value.freq};
  }
  void operator()(const char* name, const std::vector<int>& value, int, int, const char*) { json_[name] = value; }
  void operator()(const char* name, const std::string& value, const char*) { json_[name] = value; }
  void choice(const char* name, const std::string& value, const std::vector<std::string>&, const char*) {
    json_[name] = value;
  }
  /// Left out where there is none.
  void limit(const char* name, const std::optional<double>& value, Amount, const char*);
  void optional(const char* name, int value, int, int, const char*) { json_[name] = value; }
  /// Left out when it is the first, so that files written before the choice existed stay as they are.
  void optional(const char* name, const std::string& value, const std::vector<std::string>& known, const char*) {
    if (value != known.front()) json_[name] = value;
  }
  template <class Struct>
  void object(const char* name, Struct& value, const char*) {
    JsonWriter inner;
    describe(inner, value);
    json_[name] = std::move(inner.json_);
  }
  template <class Struct>
  void list(const char* name, std::vector<Struct>& value, std::size_t, std::size_t, const char*) {
    Json items = Json::array();
    for (Struct& item : value) {
      JsonWriter inner;
      describe(inner, item);
      items.push_back(std::move(inner.json_));
    }
    json_[name] = std::move(items);
  }
  [[nodiscard]] Json take() { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

template <class Options>
Json options_to_json(Options options) {
  JsonWriter writer;
  describe(writer, options);
  return writer.take();
}

/// Parses a JSON file; throws Error (Exit::usage) with file, line and fact.
Json load_json(const std::string& file);

}  // namespace kws
