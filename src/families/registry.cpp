#include <algorithm>

#include "families.h"
#include "kws/families/design.h"

namespace kws {
namespace {

struct Table {
  std::vector<Family> rows = {dnn(),  cnn(),    basic_lstm(), lstm(),      gru(),
                              crnn(), ds_cnn(), ds_tc(),      tc_resnet(), bc_resnet()};
  std::vector<std::string> names = names_of(rows);

  static std::vector<std::string> names_of(const std::vector<Family>& rows) {
    std::vector<std::string> names;
    names.reserve(rows.size());
    for (const Family& row : rows) names.emplace_back(row.name);
    return names;
  }
};

Table& table() {
  static Table table;
  return table;
}

/// Notes every dial once. All that may be there is: numbers that say how many of something are as large as they go.
class Collector : public Dials {
 public:
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& range, std::string_view help,
                  DialLimit limit) override {
    value = std::min(range.high, limit.most);
    for (const Dial& dial : dials_) {
      if (dial.name == name) return;
    }
    dials_.push_back({.name = std::string(name), .range = range, .help = std::string(help)});
  }
  std::vector<Dial> take() { return std::move(dials_); }

 private:
  std::vector<Dial> dials_;
};

/// Notes where the dials stand and turns none.
class DialReader : public Dials {
 public:
  using Dials::operator();
  void operator()(std::string_view name, int& value, const IntRange& /*range*/, std::string_view /*help*/,
                  DialLimit /*limit*/) override {
    note(name, value);
  }
  void choice(std::string_view name, std::string& value, const std::vector<std::string>& /*known*/,
              std::string_view /*help*/, const IntRange& /*range*/, DialLimit /*limit*/) override {
    note(name, value);
  }
  Json take() { return std::move(values_); }

 private:
  void note(std::string_view name, const Json& value) {
    std::string key(name);
    for (int i = 2; values_.contains(key); ++i) key = std::string(name) + "." + std::to_string(i);
    values_[key] = value;
  }
  Json values_ = Json::object();
};

}  // namespace

const std::vector<std::string>& network_types() { return table().names; }

const Family* find_family(std::string_view name) {
  for (const Family& family : table().rows) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

std::string_view type_summary(std::string_view type) {
  const Family* family = find_family(type);
  return family == nullptr ? "" : family->summary;
}

std::vector<Dial> dials_of(std::string_view type) {
  constexpr Extent kLarge{1000, 64};
  Collector collector;
  NetworkOptions(type).turn(collector, kLarge);
  return collector.take();
}

Json dial_values(NetworkOptions network, Extent map) {
  DialReader reader;
  network.turn(reader, map);
  return reader.take();
}

AddedFamily::AddedFamily(const Family& family) {
  table().rows.push_back(family);
  table().names.emplace_back(family.name);
}

AddedFamily::~AddedFamily() {
  table().rows.pop_back();
  table().names.pop_back();
}

NetworkOptions::NetworkOptions(std::string_view type) : type_(type) {
  const Family* family = find_family(type);
  if (family == nullptr) {
    throw Error("types: \"" + type_ + "\": unknown type; " +
                    did_you_mean(type, network_types(), "`kwsmith list types` shows them"),
                Exit::usage);
  }
  network_ = family->make();
}

Network& NetworkOptions::own() {
  if (network_.use_count() > 1) network_ = network_->clone();
  return *network_;
}

void Dials::choice(std::string_view name, std::string& value, const std::vector<std::string>& known,
                   std::string_view help, const IntRange& range, DialLimit limit) {
  std::string text(help);
  for (std::size_t i = 0; i < known.size(); ++i) text += (i == 0 ? "; " : ", ") + std::to_string(i) + " " + known[i];
  int index = static_cast<int>(std::ranges::find(known, value) - known.begin());
  (*this)(name, index, range, text, limit);
  value = known.at(static_cast<std::size_t>(index));
}

void Dials::flag(std::string_view name, bool& value, std::string_view help, const IntRange& range) {
  int number = value ? 1 : 0;
  (*this)(name, number, range, help);
  value = number != 0;
}

}  // namespace kws
