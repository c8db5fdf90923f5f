#pragma once

#include <string_view>

#include "kws/families/design.h"

namespace kws {

/// One network type: its row in the registry. Options and their ranges stand in kws/families/design.h.
struct Family {
  std::string_view name;
  std::string_view summary;
  NetworkOptions options;  ///< the alternative this type reads, before reading
  /// Appends all layers, the classifier included.
  void (*add_layers)(Graph& graph, const NetworkOptions& options, int classes);
};

Family dnn();
Family cnn();
Family basic_lstm();
Family lstm();
Family gru();
Family crnn();
Family ds_cnn();

/// The row of these options' type.
const Family& family_of(const NetworkOptions& options);
/// The row of that name, or nullptr.
const Family* find_family(std::string_view name);

/// Stacked GRU layers gru1, gru2, ...; only the last one drops the sequence.
void add_grus(Graph& graph, int layers, int cells);

}  // namespace kws
