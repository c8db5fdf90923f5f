#pragma once

namespace kws {

/// Size in the two directions of a feature map; JSON writes it [time, frequency].
struct Extent {
  int time = 1;
  int freq = 1;
  friend bool operator==(const Extent&, const Extent&) = default;
};

}  // namespace kws
