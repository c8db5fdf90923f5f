#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kws/core/options.h"
#include "kws/families/dials.h"
#include "kws/graph/graph.h"

namespace kws {

/// The names of the families, in the order of the table: dnn, cnn, ...
const std::vector<std::string>& network_types();

/// The options of one family behind one face. NetworkOf makes it of a plain struct.
class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual std::unique_ptr<Network> clone() const = 0;
  virtual void read(JsonReader& reader) = 0;
  virtual void write(JsonWriter& writer) = 0;
  /// `map`: the size [time, frequency] of the features.
  virtual void turn(Dials& dials, Extent map) = 0;
  /// Appends all layers, the classifier included.
  virtual void add_layers(Graph& graph, int classes) const = 0;
};

/// The network part of a design: a type and its options, a value that is cheap to copy.
class NetworkOptions {
 public:
  NetworkOptions() = default;
  /// The options of a family before anything is read or chosen.
  ///   throws  Error (Exit::usage) for a type that is not in the table
  explicit NetworkOptions(std::string_view type);

  /// "" when default constructed.
  [[nodiscard]] const std::string& type() const { return type_; }
  void turn(Dials& dials, Extent map) { own().turn(dials, map); }
  void add_layers(Graph& graph, int classes) const { network_->add_layers(graph, classes); }
  void visit(JsonReader& reader) { own().read(reader); }
  void visit(JsonWriter& writer) { own().write(writer); }

 private:
  Network& own();
  std::string type_;
  std::shared_ptr<Network> network_;  ///< shared by copies until one of them changes
};
template <class Field>
void describe(Field& field, NetworkOptions& o) {
  std::string type = o.type();
  field.choice("type", type, network_types(), "network type");
  if (type != o.type()) o = NetworkOptions(type);
  o.visit(field);
}

/// One network type: its row in the table of src/families/registry.cpp.
struct Family {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Network> (*make)();  ///< its options before reading
};

/// A family over its struct of options, for which the family's file has
///   template <class Field> void describe(Field& field, Options& o)   keys of the design file and their limits
///   void choose(Dials& dial, Options& o, Extent map)                 the numbers that a search chooses
///   void append(Graph& graph, const Options& o, int classes)         the layers
template <class Options>
class NetworkOf : public Network {
 public:
  [[nodiscard]] std::unique_ptr<Network> clone() const override { return std::make_unique<NetworkOf>(*this); }
  void read(JsonReader& reader) override { describe(reader, options_); }
  void write(JsonWriter& writer) override { describe(writer, options_); }
  void turn(Dials& dials, Extent map) override { choose(dials, options_, map); }
  void add_layers(Graph& graph, int classes) const override { append(graph, options_, classes); }

 private:
  Options options_;
};

/// A row of the table.
template <class Options>
Family family_of(std::string_view name, std::string_view summary) {
  return {.name = name, .summary = summary, .make = [] {
            return std::unique_ptr<Network>(std::make_unique<NetworkOf<Options>>());
          }};
}

/// The row of that name, or nullptr.
const Family* find_family(std::string_view name);

/// The dials of a type as a search takes them by default, each once, in the order in which they are chosen.
std::vector<Dial> dials_of(std::string_view type);

/// Where the dials of a network stand: numbers, and the words of choices, by name in the order in which they are
/// chosen. Of a name that comes once for each layer the second is called NAME.2, the third NAME.3.
///   map  the size [time, frequency] of the features
Json dial_values(NetworkOptions network, Extent map);

/// Adds a row to the table as long as it lives; no other thread may read the table when it comes or goes.
class AddedFamily {
 public:
  explicit AddedFamily(const Family& family);
  ~AddedFamily();
  AddedFamily(const AddedFamily&) = delete;
  AddedFamily& operator=(const AddedFamily&) = delete;
};

}  // namespace kws
