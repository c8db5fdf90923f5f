#include "features_code.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <type_traits>
#include <vector>

#include "c_text.h"
#include "kws/core/audio.h"

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

/// By band: whether it is one of speech.
std::vector<bool> speech_bands(const FrontEnd::Tables& t) {
  std::vector<bool> bands;
  int bin = t.first_bin;
  for (int band = 0; band < t.mel_bins; ++band) {
    bin += t.mel_run[static_cast<std::size_t>(band)];  // the first at the band's peak or above
    const double hz = static_cast<double>(bin) * kRateHz / t.fft;
    bands.push_back(hz >= kSpeechLowHz && hz <= kSpeechHighHz);
  }
  if (std::ranges::find(bands, true) == bands.end()) bands.assign(bands.size(), true);
  return bands;
}

}  // namespace

std::vector<std::int16_t> speech_weights(const FrontEnd& front_end, const Normalisation& norm) {
  const FrontEnd::Tables& t = front_end.tables();
  const std::vector<bool> bands = speech_bands(t);
  const auto count = static_cast<double>(std::ranges::count(bands, true));
  const int half = (t.mel_bins + 1) / 2;
  std::vector<std::int16_t> weights;
  for (int value = 0; value < front_end.coefficients(); ++value) {
    double share = 0.0;  // of the value in the mean
    for (int band = 0; band < t.mel_bins; ++band) {
      if (!bands[static_cast<std::size_t>(band)]) continue;
      if (t.coefficients == 0) {
        share += band == value ? 1.0 / count : 0.0;
        continue;
      }
      // Rows are symmetric or antisymmetric in turn; the first is sqrt(2) too long to be its own way back.
      const bool left = band < half;
      const int place = value * half + (left ? band : t.mel_bins - 1 - band);
      const float factor = t.dct[static_cast<std::size_t>(place)];
      share += (left || value % 2 == 0 ? 1.0 : -1.0) * (value == 0 ? 0.5 : 1.0) * factor / count;
    }
    const double step = kFeatureScale * std::max(norm.deviation[static_cast<std::size_t>(value)], 1e-3F);
    weights.push_back(static_cast<std::int16_t>(std::lround(std::clamp(65536.0 * share * step, -32767.0, 32767.0))));
  }
  return weights;
}

FeaturesCode features_code(const FrontEnd& front_end, const Normalisation& norm, const std::string& prefix) {
  const FrontEnd::Tables& t = front_end.tables();
  FeaturesCode code;
  code.work_bytes = 4 * t.fft;
  code.speech_weights = c_values(std::span<const std::int16_t>(speech_weights(front_end, norm)));
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
