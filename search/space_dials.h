#pragma once

#include <string_view>

#include "kws/search/space.h"

namespace kws {

/// A visitor of dials with the ranges of a space.
class SpaceDials : public Dials {
 public:
  explicit SpaceDials(const NetworkSpace& space) : space_(space) {}
  bool fits(std::string_view name, const IntRange& /*range*/, int most) override {
    return require(range_of(name).low <= most);
  }
  /// False once something was not.
  [[nodiscard]] bool possible() const { return possible_; }

 protected:
  /// The range that stands in the space in place of the family's own.
  const IntRange& range_of(std::string_view name);
  bool require(bool fact) { return possible_ = possible_ && fact; }
  void begin() {
    next_ = 0;
    possible_ = true;
  }

 private:
  const NetworkSpace& space_;
  std::size_t next_ = 0;
  bool possible_ = true;
};

}  // namespace kws
