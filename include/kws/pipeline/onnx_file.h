#pragma once

#include <string>

#include "kws/model/model.h"

namespace kws {

/// A model's float network as the bytes of an ONNX file, see OnnxModule. Its input are the features less their mean in
/// deviations, which stand in the metadata beside labels, design and accuracies.
///   throws  Error when kwsmith_onnx.so cannot be loaded
std::string onnx_of(const Model& model);

}  // namespace kws
