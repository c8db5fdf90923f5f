#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace kws {

using Names = std::vector<std::string>;
using Sizes = std::vector<std::int64_t>;

/// Fills a GraphProto. Names of values are made here: each node's output is called after what it is for.
class Nodes {
 public:
  explicit Nodes(onnx::GraphProto& graph) : graph_(graph) {}

  /// Attributes of the node that was added last.
  struct Node {
    onnx::NodeProto& proto;
    const Node& set(const char* name, std::int64_t value) const;
    const Node& set(const char* name, float value) const;
    const Node& set(const char* name, const Sizes& values) const;
    const Node& set(const char* name, onnx::GraphProto&& body) const;
  };
  /// A node with one output, `output`.
  Node add(const char* op, const Names& inputs, const std::string& output);
  Node add(const char* op, const Names& inputs, const Names& outputs);

  /// Constants; both return `name`.
  std::string numbers(const std::string& name, const Sizes& shape, const std::vector<float>& values);
  std::string integers(const std::string& name, const Sizes& values);

  void input(const std::string& name, const Sizes& shape) { describe(*graph_.add_input(), name, shape); }
  void output(const std::string& name, const Sizes& shape) { describe(*graph_.add_output(), name, shape); }

 private:
  static void describe(onnx::ValueInfoProto& value, const std::string& name, const Sizes& shape);
  onnx::GraphProto& graph_;
};

}  // namespace kws
