#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "kws/families/design.h"
#include "kws/families/dials.h"

namespace kws {

/// A dial of a design as it stands.
struct DialSetting {
  Dial dial;
  int value = 0;
  int most = 0;                         ///< the largest number that gives a network, within the range's bounds
  int place = 0;                        ///< of several that have one name, from 0
  std::vector<std::string> words = {};  ///< of a choice, which the numbers from 0 stand for
};

/// The dials of a design's network, in the order in which they are chosen.
std::vector<DialSetting> dial_settings(const Design& design);

/// Whether the dials tell all of the network: turning one leaves everything else of it as it is. A design file may hold
/// more, such as layers that differ where a dial makes all alike.
bool told_by_dials(const Design& design);

/// The design with the dial of that name and place at `value`; dials that follow are held within what is possible then,
/// those that come with it stand like the last of their name.
///   throws  Error (Exit::usage) for an unknown dial, a value out of range, and where no network comes of it
Design with_dial(const Design& design, const std::string& name, int place, int value);

/// The design with an option of its front end (a key of "features" in its file) at `value`. What depends on it follows:
/// the number of coefficients, and, where the network would not fit any more, its dials.
///   throws  Error (Exit::usage) as design_from_json() does
Design with_feature(const Design& design, const std::string& key, const nlohmann::ordered_json& value);

/// A design of that type with a given front end: the first of known_designs() of the type, or else its dials where a
/// search's ranges begin. Where its network does not fit the front end, it brings its own.
///   throws  Error (Exit::usage) for an unknown type
Design first_of_type(const std::string& type, const FeatureOptions& features, int classes);

}  // namespace kws
