#include "kws/families/turn.h"

#include <algorithm>
#include <map>

#include "kws/core/options.h"

namespace kws {
namespace {

/// Notes the dials as they stand.
class Noter : public Dials {
 public:
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& range, std::string_view help,
                  DialLimit limit) override {
    const int place = count_[std::string(name)]++;
    const int most = std::min(range.most, limit.most);
    set(name, place, value, range, most);
    settings_.push_back(
        {.dial = {std::string(name), range, std::string(help)}, .value = value, .most = most, .place = place});
  }
  void choice(std::string_view name, std::string& value, const std::vector<std::string>& known, std::string_view help,
              const IntRange& range, DialLimit limit) override {
    Dials::choice(name, value, known, help, range, limit);
    settings_.back().dial.help = help;
    settings_.back().words = known;
  }
  bool fits(std::string_view /*name*/, const IntRange& range, int most) override { return range.least <= most; }

  [[nodiscard]] std::vector<DialSetting> take() { return std::move(settings_); }

 protected:
  virtual void set(std::string_view /*name*/, int /*place*/, int& /*value*/, const IntRange& /*range*/, int /*most*/) {}

 private:
  std::vector<DialSetting> settings_;
  std::map<std::string, int> count_;
};

/// Holds all dials within what gives a network, and sets one, if any.
class Setter : public Noter {
 public:
  Setter() = default;
  Setter(std::string name, int place, int value) : name_(std::move(name)), place_(place), value_(value) {}
  [[nodiscard]] bool found() const { return found_; }

 protected:
  void set(std::string_view name, int place, int& value, const IntRange& range, int most) override {
    if (name == name_ && place == place_) {
      found_ = true;
      value = value_;
      if (value < range.least || value > most) {
        throw Error(name_ + ": " + std::to_string(value) + " is out of range; choose " + std::to_string(range.least) +
                        " to " + std::to_string(most),
                    Exit::usage);
      }
    }
    value = std::clamp(value, range.least, std::max(range.least, most));
  }

 private:
  std::string name_;
  int place_ = 0, value_ = 0;
  bool found_ = false;
};

void turn(Design& design, Dials& dials) {
  design.network.turn(dials, {frame_count(design.features), design.features.coefficients});
}

/// As its file would be read again.
Design checked(const Design& design) { return design_from_json(design_to_json(design), "design"); }

/// Every dial where a search's range begins, or the largest number below that gives a network.
class Lowest : public Dials {
 public:
  using Dials::operator();
  void operator()(std::string_view /*name*/, int& value, const IntRange& range, std::string_view /*help*/,
                  DialLimit limit) override {
    value = std::clamp(limit.most, range.least, range.low);
  }
};

bool can_be_built(const Design& design) {
  try {
    build_graph(design);
    return true;
  } catch (const Error&) {
    return false;  // a kernel is larger than the map it would read
  }
}

}  // namespace

std::vector<DialSetting> dial_settings(const Design& design) {
  Design copy = design;
  Noter noter;
  turn(copy, noter);
  return noter.take();
}

bool told_by_dials(const Design& design) {
  Design copy = design;
  Noter noter;
  turn(copy, noter);
  return design_to_json(copy) == design_to_json(design);
}

Design with_dial(const Design& design, const std::string& name, int place, int value) {
  Design turned = design;
  Setter setter(name, place, value);
  turn(turned, setter);
  if (!setter.found()) {
    throw Error(name + ": the design has no such dial; kwsmith list types shows those of its type", Exit::usage);
  }
  return checked(turned);
}

Design with_feature(const Design& design, const std::string& key, const Json& value) {
  Json json = options_to_json(design.features);
  json[key] = value;
  Design turned = design;
  FeatureOptions& features = turned.features;
  read_options(json, features, "design", "features", Missing::error);
  const bool cosine = front_end_kind(features.kind).cosine;
  features.coefficients = cosine ? std::min(features.coefficients, features.mel_bins) : features.mel_bins;
  Setter within;
  if (!can_be_built(turned)) turn(turned, within);
  return checked(turned);
}

Design first_of_type(const std::string& type, const FeatureOptions& features, int classes) {
  for (Design& known : known_designs()) {
    if (known.type() != type) continue;
    Design design{.name = known.name, .features = features, .network = known.network, .classes = classes};
    if (can_be_built(design)) return design;
    known.classes = classes;
    return std::move(known);
  }
  Design design{.name = type, .features = features, .network = NetworkOptions(type), .classes = classes};
  Lowest lowest;
  turn(design, lowest);
  return checked(design);
}

}  // namespace kws
