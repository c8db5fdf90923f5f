#include "features_code.h"

#include <type_traits>
#include <vector>

#include "c_text.h"

namespace kws {

namespace {

class TableCode {
 public:
  TableCode(const std::string& prefix, FeaturesCode& code) : prefix_(upper(prefix)), code_(code) {}

  void number(const std::string& comment, std::int64_t value) { field(comment, std::to_string(value)); }

  void floats(const std::string& name, const std::vector<float>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const float value : values) texts.push_back(hex_float(value));
    array("float", name, texts, sizeof(float));
  }
  template <class Integer>
  void integers(const std::string& name, const std::vector<Integer>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const Integer value : values) texts.push_back(std::to_string(value));
    const std::string type = (std::is_signed_v<Integer> ? "int" : "uint") + std::to_string(8 * sizeof(Integer)) + "_t";
    array(type, name, texts, sizeof(Integer));
  }

 private:
  void array(const std::string& type, const std::string& name, const std::vector<std::string>& values,
             std::size_t element_bytes) {
    field("", values.empty() ? "NULL" : name);
    if (values.empty()) return;
    code_.tables += prefix_ + "_CONST_SECTION static const " + type + " " + name + "[" + std::to_string(values.size()) +
                    "] = {\n" + c_values(values) + "};\n\n";
    code_.table_bytes += static_cast<std::int64_t>(values.size() * element_bytes);
  }
  void field(const std::string& comment, const std::string& value) {
    code_.fields += "    " + value + "," + (comment.empty() ? "" : " /* " + comment + " */") + "\n";
  }

  std::string prefix_;
  FeaturesCode& code_;
};

}  // namespace

FeaturesCode features_code(const FrontEnd& front_end, const Normalisation& norm, const std::string& prefix) {
  const FrontEnd::Tables& t = front_end.tables();
  FeaturesCode code;
  code.work_bytes = 4 * t.fft;
  TableCode table(prefix, code);
  // In the order of the fields of kws_frontend or kws_frontend_integer.
  table.number("window", t.window);
  if (!front_end.integer()) table.number("stride", t.stride);
  table.number("fft", t.fft);
  table.number("mel_bins", t.mel_bins);
  table.number("coefficients", t.coefficients);
  table.number("first_bin", t.first_bin);
  table.number("last_bin", t.last_bin);
  if (front_end.integer()) {
    const FrontEnd::IntegerTables& integers = front_end.integer_tables();
    const FrontEnd::IntegerSteps steps = FrontEnd::integer_steps(norm);
    table.integers("hann", integers.hann);
    table.integers("sine", integers.sine);
    table.integers("mel_weight", integers.mel_weight);
    table.integers("mel_run", t.mel_run);
    table.integers("dct", integers.dct);
    table.integers("mean", steps.mean);
    table.integers("multiplier", steps.multiplier);
    table.integers("shift", steps.shift);
  } else {
    table.floats("hann", t.hann);
    table.floats("sine", t.sine);
    table.floats("mel_weight", t.mel_weight);
    table.integers("mel_run", t.mel_run);
    table.floats("dct", t.dct);
    table.floats("mean", norm.mean);
    table.floats("inverse_deviation", FrontEnd::inverse_deviation(norm));
  }
  return code;
}

}  // namespace kws
