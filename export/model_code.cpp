#include "model_code.h"

#include <algorithm>
#include <cassert>
#include <variant>

namespace kws {

namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

/// Of an Add's second input.
int first_added_byte(const Layer& layer) { return first_added(layer) * layer.second.step(); }

/// Writes one layer: its arrays, its parameters, its row of the table.
class LayerCode {
 public:
  LayerCode(const Int8Layer& layer, const ArenaPlan::Step& step, std::string prefix, ModelCode& code)
      : layer_(layer), step_(step), prefix_(std::move(prefix)), code_(code) {}

  /// in, out: offsets of the buffers in the arena, or -1 for the caller's.
  void write(int in, int out) {
    kernel_ = std::string(kernel_name(kernel_of(layer_.layer)));
    code_.layers += "/* " + layer_.layer.name + " */\n";
    std::visit([&](const auto& op) { emit(op); }, layer_.layer.op);
    code_.layers += "\n";
    code_.sections.insert(kernel_);
    code_.table += row(kernel_ + "_s8", in, out, scratch_of(step_));
  }

  /// The layer as it runs in a flow, with arrays that write() has written for it.
  ///   flows  it has parameters of its own; otherwise those that write() has written, too
  void write_flow(bool flows, const StreamPlan::Step& flow) {
    kernel_ = std::string(kernel_name(kernel_of(layer_.layer)));
    target_ = &code_.flow_layers;
    if (flow.part == StreamPlan::Part::column_sums) {
      kind_ = "sums";
      kernel_ = "column_sums";
      const Shape& from = layer_.layer.input;
      params(kernel_, {{number(from.time) + ", " + number(from.freq) + ", " + number(from.channels),
                        "columns, positions, channels"}});
    } else if (flows || flow.part == StreamPlan::Part::mean_of_sums) {
      kind_ = "flow";
      std::visit([&](const auto& op) { emit(op); }, layer_.layer.op);
      if (flow.part == StreamPlan::Part::mean_of_sums) kernel_ += "_sums";
    }
    code_.sections.insert(kernel_);
    const auto place = [](const StreamPlan::Place& p) { return p.kept ? -1 - p.offset : p.offset; };
    if (flow.scratch.kept) kernel_ += "_stateful";
    int scratch = place(flow.scratch);
    if (std::holds_alternative<Add>(layer_.layer.op)) {
      StreamPlan::Place second = flow.second;
      second.offset += first_added_byte(layer_.layer);
      scratch = place(second);
    }
    code_.flow_table += row(kernel_ + "_s8", place(flow.input), place(flow.output), scratch);
  }

  /// The layer in an export built with CMSIS-NN, where it has another place.
  void write_cmsis(int in, int out, const ArenaPlan::Step& step) {
    const bool on_library = on_cmsis_nn(layer_.layer);
    std::string function = kernel_;
    std::string sizes = number(layer_.layer.output.channels);
    if (const auto* op = std::get_if<Depthwise2d>(&layer_.layer.op)) {
      function = on_library ? "depthwise" : kernel_;  // one function for kernels of any size
      sizes += ", " + number(op->kernel.time * op->kernel.freq);
    } else if (kernel_ == "conv2d") {
      const Extent kernel = std::get<Conv2d>(layer_.layer.op).kernel;
      sizes += ", " + number(kernel.time * kernel.freq * layer_.layer.input.channels);
    }
    code_.cmsis_table += row(function + (on_library ? "_cmsis" : "_s8"), in, out, scratch_of(step));
    if (on_library) {
      code_.cmsis_checks +=
          scratch_check("cmsis_scratch", "CMSIS_" + upper(function) + "_SCRATCH(" + sizes + ")", step.scratch_bytes);
    }
  }

 private:
  /// An Add has its second input there, from the first byte that is added on; one of the features is below 0.
  int scratch_of(const ArenaPlan::Step& step) const {
    const Layer& layer = layer_.layer;
    if (!std::holds_alternative<Add>(layer.op)) return step.scratch_offset;
    if (layer.inputs.back() != 0) return step.second_offset + first_added_byte(layer);
    code_.adds_features = true;
    return -1 - first_added_byte(layer);
  }

  std::string row(const std::string& function, int in, int out, int scratch) const {
    return "    {" + prefix_ + "_" + function + ", &" + kind_ + "_" + layer_.layer.name + ", " + number(in) + ", " +
           number(out) + ", " + number(scratch) + ", " + number(layer_.layer.output.elements()) + "},\n";
  }

  void emit(const Conv2d& op) {
    if (kernel_of(layer_.layer) == Kernel::dense) return dense(op.filters);
    const bool dilated = kernel_of(layer_.layer) == Kernel::conv2d_dilated;
    convolution(op, dilated ? "conv2d_dilated" : "conv", dilated ? dilation(op.dilation) : std::vector<Line>{});
    if (step_.scratch_bytes > 0) {
      check_scratch("CONV2D_SCRATCH(" + number(op.kernel.time * op.kernel.freq * layer_.layer.input.channels) + ")");
    }
  }
  void emit(const Depthwise2d& op) {
    if (kernel_of(layer_.layer) == Kernel::depthwise) return convolution(op, "conv", {});
    std::vector<Line> lines = dilation(op.dilation);
    lines.push_back({number(op.bands), "bands"});
    convolution(op, "depthwise_large", lines);
  }

  void emit(const AvgPool2d& /*op*/) {
    const Shape& from = layer_.layer.input;
    const int positions = from.elements() / layer_.layer.output.elements();
    const bool rows = kernel_of(layer_.layer) == Kernel::avg_pool_rows;
    const int channels = rows ? from.channels : layer_.layer.output.elements();
    const std::string main = product("", layer_.main, false);
    std::vector<Line> lines = {
        {number(positions) + ", " + number(channels), "positions, channels"},
        {number(layer_.input.zero_point) + ", " + number(layer_.output.zero_point), "zero points"},
        {number(layer_.activation_min), "smallest output"},
        {main, ""}};
    if (!rows) return params("avg_pool", lines);
    lines.front().values.insert(0, number(from.time) + ", {");
    lines.front().comment.insert(0, "rows: ");
    lines.back().values += "}";
    params("avg_pool_rows", lines);
  }

  void emit(const Add& /*op*/) {
    const AddRows rows = add_rows(layer_.layer);
    params("add", {{number(rows.outer) + ", " + number(rows.inner) + ", " + number(rows.count), "outer, inner, count"},
                   {number(layer_.addend[0]) + ", " + number(layer_.addend[1]), "factors"},
                   {number(add_bias(layer_)) + ", " + number(layer_.add_shift), "bias, shift"},
                   {number(layer_.activation_min), "smallest output"}});
  }
  void emit(const Activate& /*op*/) {
    const std::string table = array<std::int8_t>("int8_t", "table", layer_.table);
    params("activate", {{number(layer_.layer.output.elements()), "count"}, {table, ""}});
  }
  void emit(const Dense& op) { dense(op.units); }
  void dense(int units) {
    const std::string main = product("", layer_.main, true);
    params("dense", {{number(layer_.layer.input.elements()) + ", " + number(units), "inputs, units"},
                     {number(layer_.output.zero_point), "zero point of the output"},
                     {number(layer_.activation_min), "smallest output"},
                     {main, ""}});
  }

  void emit(const Gru& op) {
    const Shape& from = layer_.layer.input;
    const std::string main = product("", layer_.main, true);
    const std::string recurrent = product("recurrent_", layer_.recurrent, false);
    params("gru", {{number(from.time) + ", " + number(from.step()) + ", " + number(op.cells), "steps, inputs, cells"},
                   {op.sequence ? "1" : "0", "output of every step"},
                   {main, ""},
                   {recurrent, ""}});
    check_scratch("GRU_SCRATCH(" + number(op.cells) + ")");
  }

  void emit(const Lstm& op) {
    const Shape& from = layer_.layer.input;
    const int outputs = op.projection > 0 ? op.projection : op.cells;
    const std::string main = product("", layer_.main, true);
    const std::string recurrent = product("recurrent_", layer_.recurrent, false);
    const std::string projection = product("projection_", layer_.projection, false);
    const Int8Product peep{layer_.peephole, {}, layer_.peephole_multiplier, layer_.peephole_shift};
    const std::string peephole = product("peephole_", peep, false);
    params("lstm", {{number(from.time) + ", " + number(from.step()) + ", " + number(op.cells) + ", " + number(outputs),
                     "steps, inputs, cells, outputs"},
                    {main, ""},
                    {recurrent, ""},
                    {projection, ""},
                    {peephole, ""}});
    check_scratch("LSTM_SCRATCH(" + number(op.cells) + ", " + number(outputs) + ")");
  }

  struct Line {
    std::string values;
    std::string comment;
  };
  static std::vector<Line> dilation(Extent extent) {
    return {{number(extent.time) + ", " + number(extent.freq), "dilation"}};
  }

  /// more  what the kernel's parameters have behind those of every convolution
  template <class Window>
  void convolution(const Window& op, const std::string& kind, const std::vector<Line>& more) {
    const Shape& from = layer_.layer.input;
    const Shape& to = layer_.layer.output;
    const WindowAxes axes = axes_of(layer_.layer, op);
    const std::string main = product("", layer_.main, true);
    std::vector<Line> lines = {
        {number(from.time) + ", " + number(from.freq) + ", " + number(from.channels), "in: time, freq, channels"},
        {number(to.time) + ", " + number(to.freq) + ", " + number(to.channels), "out: time, freq, channels"},
        {number(op.kernel.time) + ", " + number(op.kernel.freq), "kernel"},
        {number(op.stride.time) + ", " + number(op.stride.freq), "stride"},
        {number(axes.time.before()) + ", " + number(axes.freq.before()), "padding before"},
        {number(layer_.input.zero_point) + ", " + number(layer_.output.zero_point), "zero points: in, out"},
        {number(layer_.activation_min), "smallest output"},
        {step_.reverse ? "1" : "0", "positions from last to first"},
        {main, ""}};
    if (!more.empty()) {
      lines.front().values.insert(0, "{");
      lines.back().values += "}";
      lines.insert(lines.end(), more.begin(), more.end());
    }
    params(kind, lines);
  }

  /// Writes the arrays of a product and returns its initialiser; nulls where there is none.
  std::string product(const std::string& which, const Int8Product& p, bool with_bias) {
    return "{" + array<std::int8_t>("int8_t", which + "weight", p.weight) + ", " +
           (with_bias ? array<std::int32_t>("int32_t", which + "bias", p.bias) : "NULL") + ", " +
           array<std::int32_t>("int32_t", which + "multiplier", p.multiplier) + ", " +
           array<std::int8_t>("int8_t", which + "shift", p.shift) + "}";
  }

  /// "weight_conv1" and "recurrent_weight_gru1": the kind first, so that no layer's name can make two arrays alike.
  template <class Integer>
  std::string array(const std::string& type, const std::string& what, const std::vector<Integer>& values) {
    if (values.empty()) return "NULL";
    std::string name = what + "_" + layer_.layer.name;  // not const, so that it moves out
    if (target_ != &code_.layers) return name;
    code_.layers += upper(prefix_) + "_ALIGN(4) " + upper(prefix_) + "_CONST_SECTION static const " + type + " " +
                    name + "[" + number(static_cast<std::int64_t>(values.size())) + "] = {\n" +
                    c_values(std::span<const Integer>(values)) + "};\n";
    if (!code_.sizeof_sum.empty()) code_.sizeof_sum += " + ";
    code_.sizeof_sum += "sizeof(" + name + ")";
    for (const Integer value : values) {
      for (std::size_t byte = 0; byte < sizeof value; ++byte) {
        code_.constants += static_cast<char>(static_cast<std::uint32_t>(value) >> (8 * byte));
      }
    }
    return name;
  }

  void params(const std::string& kind, const std::vector<Line>& lines) {
    *target_ += "static const " + prefix_ + "_" + kind + "_params " + kind_ + "_" + layer_.layer.name + " = {\n";
    for (const Line& line : lines) {
      *target_ += "    " + line.values + "," + (line.comment.empty() ? "" : " /* " + line.comment + " */") + "\n";
    }
    *target_ += "};\n";
  }

  /// The kernel's own macro must say what the plan gave it.
  void check_scratch(const std::string& macro) {
    assert(step_.scratch_offset % 4 == 0);
    *target_ += scratch_check(kind_ == "layer" ? "scratch" : kind_ + "_scratch", macro, step_.scratch_bytes);
  }
  std::string scratch_check(const std::string& what, const std::string& macro, int bytes) const {
    return upper(prefix_) + "_STATIC_ASSERT(" + prefix_ + "_check_" + what + "_" + layer_.layer.name + ", " +
           upper(prefix_) + "_" + macro + " == " + number(bytes) + ");\n";
  }

  const Int8Layer& layer_;
  const ArenaPlan::Step& step_;
  std::string prefix_;
  ModelCode& code_;
  std::string kernel_;
  std::string kind_ = "layer";           // begins the name of the parameters
  std::string* target_ = &code_.layers;  // where they are written
};

/// What a stream keeps of the network, and how each layer runs in it.
void flow_code(const Int8Model& network, const StreamPlan& flow, const std::string& prefix, ModelCode& code) {
  code.sections.insert("flow");
  for (const StreamPlan::Step& part : flow.steps) {
    Int8Layer layer = network.layers[part.index];
    // Of a sum over all frequencies.
    if (part.part == StreamPlan::Part::mean_of_sums) layer.input.zero_point *= layer.layer.input.freq;
    layer.layer = part.layer;
    const ArenaPlan::Step step{.scratch_offset = part.scratch.offset, .scratch_bytes = part.scratch_bytes};
    LayerCode(layer, step, prefix, code).write_flow(part.index < flow.flowing, part);
  }
  // The caller moves the frames.
  for (std::size_t i = 1; i < flow.rings.size(); ++i) {
    const StreamPlan::Ring& ring = flow.rings[i];
    code.flow_rings += "    {" + number(ring.offset) + ", " + number(ring.fresh * ring.column_bytes) + ", " +
                       number(ring.moved()) + "},\n";
  }
}

std::int64_t bytes_of(const Int8Product& p) {
  return static_cast<std::int64_t>(p.weight.size() + 4 * p.multiplier.size() + p.shift.size());
}

}  // namespace

ModelCode model_code(const Int8Model& network, const ArenaPlan& plan, const ArenaPlan& cmsis_plan,
                     const StreamPlan* flow, const std::string& prefix) {
  ModelCode code;
  const std::size_t count = network.layers.size();
  for (std::size_t i = 0; i < count; ++i) {
    // The ends are the caller's buffers; what lies between is planned.
    const bool first = network.layers[i].layer.inputs.front() == 0;
    const auto in = [first](const ArenaPlan::Step& step) { return first ? -1 : step.input_offset; };
    const auto out = [i, count](const ArenaPlan::Step& step) { return i + 1 == count ? -1 : step.output_offset; };
    const ArenaPlan::Step& step = plan.steps.at(i);
    const ArenaPlan::Step& cmsis_step = cmsis_plan.steps.at(i);
    LayerCode layer(network.layers[i], step, prefix, code);
    layer.write(in(step), out(step));
    layer.write_cmsis(in(cmsis_step), out(cmsis_step), cmsis_step);
  }
  if (flow != nullptr) flow_code(network, *flow, prefix, code);
  return code;
}

std::int64_t array_bytes(const Int8Layer& layer) {
  // The products with the recurrent state have no bias of their own: its zero point is 0.
  return bytes_of(layer.main) + static_cast<std::int64_t>(4 * layer.main.bias.size()) + bytes_of(layer.recurrent) +
         bytes_of(layer.projection) +
         static_cast<std::int64_t>(layer.peephole.size() + 4 * layer.peephole_multiplier.size() +
                                   layer.peephole_shift.size() + layer.table.size());
}

}  // namespace kws
