#include "nodes.h"

#include <utility>

namespace kws {
namespace {

onnx::AttributeProto& attribute(onnx::NodeProto& node, const char* name, onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

const Nodes::Node& Nodes::Node::set(const char* name, std::int64_t value) const {
  attribute(proto, name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}
const Nodes::Node& Nodes::Node::set(const char* name, float value) const {
  attribute(proto, name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}
const Nodes::Node& Nodes::Node::set(const char* name, const Sizes& values) const {
  onnx::AttributeProto& list = attribute(proto, name, onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) list.add_ints(value);
  return *this;
}
const Nodes::Node& Nodes::Node::set(const char* name, onnx::GraphProto&& body) const {
  *attribute(proto, name, onnx::AttributeProto::GRAPH).mutable_g() = std::move(body);
  return *this;
}

Nodes::Node Nodes::add(const char* op, const Names& inputs, const std::string& output) {
  return add(op, inputs, Names{output});
}

Nodes::Node Nodes::add(const char* op, const Names& inputs, const Names& outputs) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type(op);
  for (const std::string& name : outputs) {
    if (node.name().empty()) node.set_name(name);
    node.add_output(name);
  }
  for (const std::string& name : inputs) node.add_input(name);
  return {node};
}

std::string Nodes::numbers(const std::string& name, const Sizes& shape, const std::vector<float>& values) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  // Raw data is little-endian, as x86 is.
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  return name;
}

std::string Nodes::integers(const std::string& name, const Sizes& values) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  for (const std::int64_t value : values) tensor.add_int64_data(value);
  return name;
}

void Nodes::describe(onnx::ValueInfoProto& value, const std::string& name, const Sizes& shape) {
  value.set_name(name);
  onnx::TypeProto::Tensor& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : shape) type.mutable_shape()->add_dim()->set_dim_value(size);
}

}  // namespace kws
