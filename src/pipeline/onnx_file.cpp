#include "kws/pipeline/onnx_file.h"

#include "kws/core/library.h"
#include "kws/core/options.h"
#include "kws/onnx/onnx.h"

namespace kws {
namespace {

constexpr Library kOnnxLibrary{
    .file = "kwsmith_onnx.so", .folder = KWS_MODULE_FOLDER, .purpose = "an ONNX file", .bytes = std::size_t{64} << 20};

const OnnxModule& onnx_module() {
  using Entry = const OnnxModule& (*)();
  static const OnnxModule& module = reinterpret_cast<Entry>(symbol_of(kOnnxLibrary, kOnnxModuleSymbol))();
  require_same_build(kOnnxLibrary, module.version, KWS_VERSION);
  return module;
}

}  // namespace

std::string onnx_of(const Model& model) {
  const Graph graph = build_graph(model.design);
  const auto note = [](const Json& value) { return text_of(value); };
  return onnx_module().write({.name = model.design.name,
                              .version = KWS_VERSION,
                              .graph = graph,
                              .weights = model.weights,
                              .notes = {{"labels", note(model.labels)},
                                        {"design", note(design_to_json(model.design))},
                                        {"design_hash", design_hash(model.design)},
                                        {"feature_mean", note(model.normalisation.mean)},
                                        {"feature_deviation", note(model.normalisation.deviation)},
                                        {"float_validation", note(model.metrics.float_validation)}}});
}

}  // namespace kws
