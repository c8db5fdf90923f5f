#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kws/core/amount.h"
#include "kws/core/error.h"
#include "kws/core/extent.h"

namespace kws {

using Json = nlohmann::ordered_json;

/// The known name nearest to `word` (edit distance at most a third of its length), or "" when none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& known);
/// The way out for a word that is unknown: `did you mean "NAME"?`, where none is near `other`.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known, const std::string& other);

/// Where a JSON text came from: what its errors begin with and, for a text that no person writes, the one way out and
/// the exit code. Others say what may stand there, Exit::usage.
struct Origin {
  std::string name;
  std::string remedy = {};
  Exit exit_code = Exit::usage;
  Origin(const char* text) : name(text) {}             // NOLINT(google-explicit-constructor): a name is an origin
  Origin(std::string text) : name(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Origin(std::string text, std::string way_out, Exit code)
      : name(std::move(text)), remedy(std::move(way_out)), exit_code(code) {}
};

/// What a reader does with a described field that the JSON object lacks.
enum class Missing { keep_default, error };

/// Strict reader of one JSON object, a visitor of `describe(field, options)`: every field is declared once, there.
/// A wrong type, a value out of range, a missing or an unknown key is an Error (Exit::usage unless the origin has
/// another code) of one line, `origin: path: fact; remedy`.
class JsonReader {
 public:
  JsonReader(const Json& object, Origin origin, std::string path, Missing missing);

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
  /// An option that came later: a missing key means false, and the smallest number.
  void later(const char* name, bool& value, const char* help);
  void later(const char* name, int& value, int low, int high, const char* help);
  /// The same, but a missing key means `usual`; where any key may be left out, the default as for others.
  void later(const char* name, int& value, int usual, int low, int high, const char* help);
  void later(const char* name, double& value, double usual, double low, double high, const char* help);
  /// A missing key means an empty text or list.
  void later(const char* name, std::string& value, const char* help);
  void later(const char* name, std::vector<int>& value, int low, int high, const char* help);
  void later(const char* name, std::vector<double>& value, double low, double high, const char* help);

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

  /// What arrays of numbers need beyond describe(): exactly `count` values.
  template <class Number>
  void numbers(const char* name, std::vector<Number>& value, std::size_t count, Number low, Number high) {
    const Json* found = take(name);
    if (found == nullptr) return;
    value = numbers_in<Number>(*found, child(name), count, low, high);
  }
  /// The same, or left out.
  template <class Number>
  void optional_numbers(const char* name, std::vector<Number>& value, std::size_t count, Number low, Number high) {
    if (const Json* found = take(name, true)) value = numbers_in<Number>(*found, child(name), count, low, high);
  }
  /// A list of up to `most` such arrays.
  template <class Number>
  void rows(const char* name, std::vector<std::vector<Number>>& value, std::size_t most, std::size_t count, Number low,
            Number high) {
    const Json* found = take(name);
    if (found == nullptr) return;
    require_list(*found, child(name), 0, most);
    value.clear();
    for (std::size_t i = 0; i < found->size(); ++i) {
      value.push_back(numbers_in<Number>((*found)[i], child(name) + "[" + std::to_string(i) + "]", count, low, high));
    }
  }
  /// Texts; each is not empty, and no control character stands in it.
  void texts(const char* name, std::vector<std::string>& value, std::size_t low, std::size_t high);
  /// A figure of a training that may have diverged: JSON has no NaN, so it is written as null.
  void number_or_nan(const char* name, double& value, double low, double high);
  /// May be left out; a reader of the object or list, for a part that has no describe() of its own.
  void optional(const char* name, std::optional<double>& value, double low, double high);
  template <class Struct>
  void optional(const char* name, std::optional<Struct>& value) {
    if (const Json* found = take(name, true)) read_into(*found, value.emplace(), child(name));
  }
  JsonReader part(const char* name);
  std::vector<JsonReader> parts(const char* name, std::size_t count);
  /// The value itself, for another reader.
  const Json& value(const char* name);
  /// Throws what is wrong with field `name` ("": with the object).
  [[noreturn]] void fail(const char* name, const std::string& fact, const std::string& remedy = "") const;

  /// Call last: throws for a key nobody asked for, proposing the nearest known one, and for a missing key.
  void finish() const;

 private:
  const Json* take(const char* name, bool may_miss = false);
  [[nodiscard]] std::string child(const char* name) const;
  void require_list(const Json& value, const std::string& path, std::size_t low, std::size_t high) const;
  void read_integers(const Json& list, const std::string& path, std::vector<int>& value, int low, int high) const;
  template <class Number>
  std::vector<Number> numbers_in(const Json& json, const std::string& path, std::size_t count, Number low,
                                 Number high) const {
    require_list(json, path, count, count);
    std::vector<Number> numbers;
    numbers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<Number>) {
        numbers.push_back(static_cast<Number>(integer_in(json[i], path, i, low, high)));
      } else {
        numbers.push_back(static_cast<Number>(real_in(json[i], path, i, low, high)));
      }
    }
    return numbers;
  }
  [[nodiscard]] std::int64_t integer_in(const Json& json, const std::string& path, std::size_t i, std::int64_t low,
                                        std::int64_t high) const;
  [[nodiscard]] double real_in(const Json& json, const std::string& path, std::size_t i, double low, double high) const;
  template <class Struct>
  void read_into(const Json& json, Struct& value, const std::string& path) {
    JsonReader reader(json, origin_, path, missing_);
    describe(reader, value);
    reader.finish();
  }

  const Json& object_;
  Origin origin_;
  std::string path_;
  Missing missing_;
  std::vector<std::string> known_;
  std::string first_missing_;
};

/// Reads `options` from `json` (see JsonReader).
template <class Options>
void read_options(const Json& json, Options& options, const Origin& origin, const std::string& path,
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
  void later(const char* name, bool value, const char*) {
    if (value) json_[name] = value;
  }
  void later(const char* name, int value, int low, int, const char*) {
    if (value != low) json_[name] = value;
  }
  void later(const char* name, int value, int usual, int, int, const char*) {
    if (value != usual) json_[name] = value;
  }
  void later(const char* name, double value, double usual, double, double, const char*) {
    if (value != usual) json_[name] = value;
  }
  void later(const char* name, const std::string& value, const char*) {
    if (!value.empty()) json_[name] = value;
  }
  void later(const char* name, const std::vector<int>& value, int, int, const char*) {
    if (!value.empty()) json_[name] = value;
  }
  void later(const char* name, const std::vector<double>& value, double, double, const char*) {
    if (!value.empty()) json_[name] = value;
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

/// Parses a text from anywhere. throws Error with origin, line and fact for what is no JSON, for keys that an object
/// holds twice, for numbers that no double holds and for more than 64 levels (recursion is bounded by the stack).
Json parse_json(std::string_view text, const Origin& origin);
/// Parses a JSON file of at most 64 MiB; throws Error (Exit::usage) likewise.
Json load_json(const std::string& file);

/// The only way from JSON to text that a user or a file gets: bytes that are not UTF-8 are replaced, never thrown.
///   indent  -1: all on one line
std::string text_of(const Json& json, int indent = -1);

}  // namespace kws
