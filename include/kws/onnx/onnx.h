#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kws/graph/graph.h"

namespace kws {

/// A float network as it goes into an ONNX file.
struct OnnxSource {
  std::string name;
  std::string version;  ///< of the program that writes it
  const Graph& graph;
  const Weights& weights;                                       ///< batch norm folded
  std::vector<std::pair<std::string, std::string>> notes = {};  ///< metadata of the model: key, text
};

/// What the shared library kwsmith_onnx.so (src/onnx) does: only who writes such files waits for Protocol Buffers.
struct OnnxModule {
  const char* version;  ///< of the program that it was built with; another one may differ in any struct
  /// The bytes of an ONNX file (operator set 13): input "features" [1, frames, coefficients], float32; outputs "logits"
  /// and "probabilities" [1, classes]. Equal sources give equal bytes.
  ///   throws  Error when the network is none that the ONNX checker takes
  std::string (*write)(const OnnxSource& source);
};

/// The name under which the library gives its OnnxModule, a function without arguments.
constexpr const char* kOnnxModuleSymbol = "kws_onnx_module";

}  // namespace kws
