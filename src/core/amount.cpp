#include "kws/core/amount.h"

#include <charconv>
#include <cmath>
#include <span>
#include <string>

#include "kws/core/options.h"
#include "kws/core/table.h"

namespace kws {
namespace {

struct Suffix {
  std::string_view text;
  double factor;
};

std::span<const Suffix> suffixes(Amount amount) {
  static constexpr double kKi = 1024.0, kK = 1000.0;
  static constexpr Suffix bytes[] = {{"", 1},      {"b", 1},         {"k", kKi},        {"kb", kKi},
                                     {"kib", kKi}, {"m", kKi * kKi}, {"mb", kKi * kKi}, {"mib", kKi * kKi}};
  static constexpr Suffix count[] = {{"", 1}, {"k", kK}, {"m", kK * kK}, {"g", kK * kK * kK}};
  static constexpr Suffix milliseconds[] = {{"", 1}, {"ms", 1}};
  static constexpr Suffix share[] = {{"", 1}, {"%", 0.01}};
  switch (amount) {
    case Amount::bytes:
      return bytes;
    case Amount::count:
      return count;
    case Amount::milliseconds:
      return milliseconds;
    case Amount::share:
      return share;
  }
  return {};
}

/// What is wrong, and how it is written right.
std::string_view remedy(Amount amount) {
  switch (amount) {
    case Amount::bytes:
      return "is no size; write whole bytes, or K, KiB, M or MiB behind a number: 80K is 81,920";
    case Amount::count:
      return "is no count; write a whole number, or K, M or G behind one: 6M is 6,000,000";
    case Amount::milliseconds:
      return "is no time; write milliseconds, as 50 or 12.5";
    case Amount::share:
      return "is no share; write 0.8 or 80%";
  }
  return "";
}

}  // namespace

double amount_from(std::string_view text, Amount amount) {
  constexpr double kMost = 9007199254740992.0;
  const auto fail = [&] {
    throw Error(Json(text).dump(-1, ' ', true, Json::error_handler_t::replace) + " " + std::string(remedy(amount)),
                Exit::usage);
  };
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) fail();
  std::string rest(end, text.data() + text.size());
  rest.erase(0, rest.find_first_not_of(' ') == std::string::npos ? rest.size() : rest.find_first_not_of(' '));
  for (char& c : rest) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  double value = -1.0;
  for (const Suffix& suffix : suffixes(amount)) {
    if (suffix.text == rest) value = number * suffix.factor;
  }
  const bool whole = amount == Amount::bytes || amount == Amount::count;
  // 8.2M is a whole number that 8.2 in binary misses by a hair.
  if (whole && std::abs(value - std::round(value)) <= 1e-9 * std::max(1.0, value)) value = std::round(value);
  const double most = amount == Amount::share ? 1.0 : kMost;
  if (!(value >= 0.0 && value <= most) || (whole && value != std::floor(value))) fail();
  return value;
}

std::string rounded_amount(double value, Amount amount) {
  constexpr double kKibi = 1024.0, kMega = 1e6, kLeastMega = 1e4;
  if (amount == Amount::bytes && value >= kKibi * kKibi) return fixed(value / (kKibi * kKibi), 2) + " MiB";
  if (amount == Amount::bytes && value >= kKibi) return fixed(value / kKibi, 1) + " KiB";
  if (amount == Amount::count && value >= kLeastMega) return fixed(value / kMega, 2) + " M";
  return grouped(std::llround(value));
}

}  // namespace kws
