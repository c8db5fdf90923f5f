#include "features_code.h"

#include <utility>
#include <vector>

#include "c_text.h"
#include "kws_frontend.h"

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
  void bytes(const std::string& name, const std::vector<std::uint8_t>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const std::uint8_t value : values) texts.push_back(std::to_string(value));
    array("uint8_t", name, texts, 1);
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
  code.work_bytes = static_cast<int>(sizeof(float)) * t.fft;
  TableCode table(prefix, code);
  // In the order of kws_frontend's fields.
  table.number("window", t.window);
  table.number("stride", t.stride);
  table.number("fft", t.fft);
  table.number("mel_bins", t.mel_bins);
  table.number("coefficients", t.coefficients);
  table.number("first_bin", t.first_bin);
  table.number("last_bin", t.last_bin);
  table.floats("hann", t.hann);
  table.floats("sine", t.sine);
  table.floats("mel_weight", t.mel_weight);
  table.bytes("mel_run", t.mel_run);
  table.floats("dct", t.dct);
  table.floats("mean", norm.mean);
  table.floats("inverse_deviation", FrontEnd::inverse_deviation(norm));
  return code;
}

}  // namespace kws
