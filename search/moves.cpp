#include "kws/search/moves.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kws {
namespace {

constexpr double kRatio = 1.25;

/// One number that may change.
struct Dial {
  const IntRange* range;
  int* value;
};

void add(std::vector<Dial>& dials, const ConvSpace& space, ConvOptions& conv) {
  dials.push_back({&space.filters, &conv.filters});
  dials.push_back({&space.kernel_time, &conv.kernel.time});
  dials.push_back({&space.kernel_freq, &conv.kernel.freq});
  dials.push_back({&space.stride_time, &conv.stride.time});
  dials.push_back({&space.stride_freq, &conv.stride.freq});
}

/// A network taken apart into its numbers. dials() may be turned, then network() puts it together again.
class Parts {
 public:
  Parts(const Space& space, const NetworkOptions& network) : space_(space), network_(network) {
    std::visit([&](auto& options) { take(options); }, network_);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  std::vector<Dial>& dials() { return dials_; }

  NetworkOptions network() {
    if (auto* dnn = std::get_if<DnnOptions>(&network_)) {
      dnn->hidden.resize(static_cast<std::size_t>(count_), dnn->hidden.back());
    } else if (auto* ds_cnn = std::get_if<DsCnnOptions>(&network_)) {
      const int filters = std::clamp(ds_cnn->conv.filters * percent_ / 100, 1, 1024);
      ds_cnn->blocks.assign(static_cast<std::size_t>(count_),
                            {.filters = filters, .kernel = {kernel_, kernel_}, .stride = {1, 1}});
      ds_cnn->blocks.front().stride = {stride_, stride_};
    }
    return network_;
  }

 private:
  void take(DnnOptions& dnn) {
    count_ = static_cast<int>(dnn.hidden.size());
    dials_.push_back({&space_.dnn.layers, &count_});
    for (int& width : dnn.hidden) dials_.push_back({&space_.dnn.width, &width});
  }
  void take(CnnOptions& cnn) {
    for (ConvOptions& conv : cnn.conv) add(dials_, space_.cnn.conv, conv);
    dials_.push_back({&space_.cnn.linear, &cnn.linear});
    dials_.push_back({&space_.cnn.fc, &cnn.fc});
  }
  void take(BasicLstmOptions& lstm) { dials_.push_back({&space_.basic_lstm.cells, &lstm.cells}); }
  void take(LstmOptions& lstm) {
    dials_.push_back({&space_.lstm.cells, &lstm.cells});
    dials_.push_back({&space_.lstm.projection, &lstm.projection});
  }
  void take(GruOptions& gru) {
    dials_.push_back({&space_.gru.layers, &gru.layers});
    dials_.push_back({&space_.gru.cells, &gru.cells});
  }
  void take(CrnnOptions& crnn) {
    add(dials_, space_.crnn.conv, crnn.conv);
    dials_.push_back({&space_.crnn.gru_layers, &crnn.gru_layers});
    dials_.push_back({&space_.crnn.cells, &crnn.cells});
    dials_.push_back({&space_.crnn.fc, &crnn.fc});
  }
  void take(DsCnnOptions& ds_cnn) {
    const DsCnnSpace& space = space_.ds_cnn;
    const ConvOptions& first = ds_cnn.blocks.front();
    count_ = static_cast<int>(ds_cnn.blocks.size());
    kernel_ = first.kernel.time;
    stride_ = first.stride.time;
    // The nearest of the range's values: filters were rounded down from it.
    const IntRange& range = space.block_percent;
    const double steps = (100.0 * first.filters / ds_cnn.conv.filters - range.low) / range.step;
    percent_ = range.low + range.step * static_cast<int>(std::lround(steps));
    add(dials_, space.conv, ds_cnn.conv);
    dials_.push_back({&space.blocks, &count_});
    dials_.push_back({&space.block_percent, &percent_});
    dials_.push_back({&space.block_kernel, &kernel_});
    dials_.push_back({&space.first_block_stride, &stride_});
  }

  const Space& space_;
  NetworkOptions network_;
  std::vector<Dial> dials_;
  int count_ = 0, percent_ = 0, kernel_ = 0, stride_ = 0;
};

/// Returns whether the value has moved.
bool turn(const Dial& dial, bool up) {
  const IntRange& range = *dial.range;
  const int before = *dial.value;
  const auto jump = static_cast<int>(std::lround(before * (up ? kRatio : 1.0 / kRatio))) - before;
  const int steps = std::max(1, std::abs(jump) / range.step);
  const int last = range.low + (range.high - range.low) / range.step * range.step;
  *dial.value = std::clamp(before + (up ? steps : -steps) * range.step, range.low, last);
  return *dial.value != before;
}

void other_kind(FeatureOptions& features) { features.kind = features.kind == "mfcc" ? "log_mel" : "mfcc"; }

bool turn_rate(const TrainingSpace& space, double& rate, bool up) {
  if (space.peak_rate_choices < 2) return false;
  const double ratio = std::pow(space.peak_rate_high / space.peak_rate_low, 1.0 / (space.peak_rate_choices - 1));
  const double before = rate;
  // Rounded, so that no library's pow() shows in the last digit.
  rate =
      std::clamp(std::round(rate * (up ? ratio : 1.0 / ratio) * 1e6) / 1e6, space.peak_rate_low, space.peak_rate_high);
  return rate != before;
}

/// What draws keep, a change must keep too.
void follow(const FeatureSpace& space, FeatureOptions& features) {
  const IntRange& range = space.coefficients;
  if (features.kind == "log_mel") {
    features.coefficients = features.mel_bins;
  } else {
    const int most = std::max(range.low, std::min(range.high, features.mel_bins));
    const int kept = std::clamp(features.coefficients, range.low, most);
    features.coefficients = std::min(features.mel_bins, range.low + (kept - range.low) / range.step * range.step);
  }
  const IntRange& stride = space.stride_ms;
  if (features.stride_ms <= features.window_ms) return;
  features.stride_ms = std::max(stride.low, stride.low + (features.window_ms - stride.low) / stride.step * stride.step);
}

}  // namespace

std::optional<Sample> neighbour(const Space& space, const Sample& from, Rng& rng) {
  Sample to = from;
  FeatureOptions& features = to.design.features;
  Parts parts(space, to.design.network);
  std::vector<Dial>& dials = parts.dials();
  if (features.kind == "mfcc") dials.push_back({&space.features.coefficients, &features.coefficients});
  dials.push_back({&space.features.mel_bins, &features.mel_bins});
  dials.push_back({&space.features.window_ms, &features.window_ms});
  dials.push_back({&space.features.stride_ms, &features.stride_ms});
  dials.push_back({&space.features.high_hz, &features.high_hz});

  const std::size_t choice = rng.below(dials.size() + 2);
  const bool up = rng.below(2) == 0;
  bool moved = true;
  if (choice < dials.size()) {
    moved = turn(dials[choice], up);
  } else if (choice == dials.size()) {
    moved = space.features.log_mel_share > 0.0 && space.features.log_mel_share < 1.0;
    if (moved) other_kind(features);
  } else {
    moved = turn_rate(space.training, to.training.peak_rate, up);
  }
  if (!moved) return std::nullopt;
  follow(space.features, features);
  to.design.network = parts.network();
  if (const auto* lstm = std::get_if<LstmOptions>(&to.design.network); lstm && lstm->projection >= lstm->cells) {
    return std::nullopt;
  }
  try {
    build_graph(to.design);
  } catch (const Error&) {
    return std::nullopt;  // a kernel is larger than the map it would read
  }
  return to;
}

}  // namespace kws
