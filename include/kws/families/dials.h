#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "kws/core/range.h"

namespace kws {

/// One number of a network that a search chooses.
struct Dial {
  std::string name;  ///< its key in a space file; "conv.filters": key "filters" of the object "conv"
  IntRange range;
  std::string help;
};

/// What was chosen before may bound a dial, and a dial may bound those that follow.
struct DialLimit {
  int most = std::numeric_limits<int>::max();  ///< no greater number gives a network
  bool shapes = false;                         ///< the number of later dials, or their limits, depend on this one
};

/// Visitor of the numbers of a family's options. A family names them once, in one order, each with the range that a
/// search takes unless its space file says otherwise; drawing, counting and changing designs are such visitors.
class Dials {
 public:
  virtual ~Dials() = default;
  /// May set `value`. One name may come several times, for each of several layers.
  virtual void operator()(std::string_view name, int& value, const IntRange& range, std::string_view help,
                          DialLimit limit) = 0;
  void operator()(std::string_view name, int& value, const IntRange& range, std::string_view help) {
    (*this)(name, value, range, help, DialLimit{});
  }
  /// One of a few words; the space file counts them from 0.
  ///   range  of what a search takes unless told otherwise
  virtual void choice(std::string_view name, std::string& value, const std::vector<std::string>& known,
                      std::string_view help, const IntRange& range, DialLimit limit = {});
  /// Off or on, 0 or 1 in a space file.
  void flag(std::string_view name, bool& value, std::string_view help, const IntRange& range = {0, 1, 1, 0, 1});
  /// False where no number of a range is at most `most`: the family can stop before it asks for anything else.
  virtual bool fits(std::string_view /*name*/, const IntRange& /*range*/, int /*most*/) { return true; }
};

}  // namespace kws
