#include "kws/train/trainer.h"

#include <malloc.h>

#include <cstdint>
#include <future>
#include <optional>
#include <utility>

#include "checkpoint.h"
#include "kws/core/bootstrap.h"
#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/table.h"
#include "kws/fused/fused_net.h"
#include "kws/fused/rounded_net.h"
#include "kws/fused/targets.h"
#include "kws/train/adam.h"
#include "kws/train/float_module.h"
#include "kws/train/float_run.h"
#include "kws/train/plain_net.h"

namespace kws {

namespace {

constexpr double kClipNorm = 5.0;
constexpr double kAwareRate = 0.05;   // of the peak rate
constexpr double kRestartRate = 0.5;  // the same, of the second cosine and later ones

}  // namespace

std::string prepare_training() {
  // Without these, glibc returns every big activation to the kernel and faults it in again at the next step.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  use_plain_threads(1);  // a trial is one thread
  const double gflops = float_module().prepare_blas();
  if (gflops > 20.0) return "";
  return "LibTorch runs on a slow BLAS (" + std::to_string(static_cast<int>(gflops)) +
         " GFLOP/s): install libopenblas-dev, dense and recurrent layers train about 10 times faster with it";
}

void require_trainable_size(const Graph& graph, int batch_size, const std::string& origin) {
  constexpr std::int64_t kMostWeights = 20'000'000, kMostNumbers = 500'000'000;
  std::int64_t weights = 0, numbers = 0;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& parameter : parameters_of(layer)) weights += parameter.elements();
    numbers += std::int64_t{batch_size} * layer.output.elements();
  }
  const auto require = [&](std::int64_t have, std::int64_t most, const char* what, const char* remedy) {
    if (have <= most) return;
    throw Error(origin + ": has " + grouped(have) + what + ", training takes at most " + grouped(most) + "; " + remedy,
                Exit::usage);
  };
  require(weights, kMostWeights, " weights", "make the network smaller");
  require(numbers, kMostNumbers, " numbers between the layers of a batch", "make the network or the batch smaller");
}

struct Trainer::Impl {
  Graph graph;
  const FeatureFeed& feed;
  TrainOptions options;
  int feature_threads;
  Isa isa;
  ParameterLayout layout;
  NetState state;
  std::vector<float> gradients;
  std::unique_ptr<FusedNet> fused;      // the fast path, or
  std::unique_ptr<PlainNet> plain;      // what trains without it
  std::unique_ptr<RoundedNet> rounded;  // the same for the quantization-aware epochs, from the first of them on
  std::unique_ptr<PlainNet> plain_rounded;
  FeatureBatch validation;
  Adam adam;
  std::vector<float> average_statistics;  // of batch norm, averaged like the weights
  int epoch = 0;
  double loss = 0.0;
  int best_epoch = 0;
  double best_validation = -1.0;
  NetState best;
  std::vector<float> limits;  // [2 layers] ranges that quantization-aware training has begun with
  double best_int8 = -1.0;    // validation accuracy, since then
  std::future<FeatureBatch> next;

  Impl(const Graph& g, const FeatureFeed& f, const TrainOptions& o, int threads, Isa set, std::optional<NetState> start)
      : graph(g),
        feed(f),
        options(o),
        feature_threads(threads),
        isa(set),
        layout(g),
        state(start ? *std::move(start) : initial_state(g, layout, o.seed)),
        gradients(layout.parameters()),
        fused(FusedNet::make(g, layout, o.batch_size, isa)),
        validation(f.held_out(Split::validation)),
        adam(layout.parameters()),
        average_statistics(state.statistics),
        best(state),
        limits(2 * g.layers().size()) {
    if (!fused) plain = make_plain();
    adam.average = state.parameters;
  }

  std::unique_ptr<PlainNet> make_plain() {
    return std::make_unique<PlainNet>(graph, layout, state.parameters, gradients, state.statistics,
                                      training_precision());
  }

  FeatureBatch features(int of_epoch) {
    FeatureBatch batch = next.valid() ? next.get() : feed.training(options, of_epoch);
    if (feature_threads > 1 && of_epoch + 1 < options.all_epochs()) {
      next = std::async(std::launch::async, [this, of_epoch] { return feed.training(options, of_epoch + 1); });
    }
    return batch;
  }

  /// Of the epoch under way.
  [[nodiscard]] bool rounds() const { return epoch >= options.epochs; }
  /// Whether a cosine is at its end: the next epoch begins with the best weights, and nothing else is needed any more.
  [[nodiscard]] bool rests() const { return epoch > 0 && epoch == options.cosine_end(epoch); }

  /// Ranges come from augmented training clips: held-out data may not shape the model.
  [[nodiscard]] Ranges ranges_of(const Weights& weights) const {
    const int sample = options.cosine_end(epoch);
    return calibrate(graph, weights, feed.training_sample(options, sample, kCalibrationClips).features);
  }
  /// Those that quantization-aware training has begun with.
  [[nodiscard]] Ranges aware_ranges() const {
    Ranges ranges;
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      ranges[graph.layers()[i].name] = {.low = limits[2 * i], .high = limits[2 * i + 1]};
    }
    return ranges;
  }

  /// Makes the best epoch of the training the start of the next ones.
  void begin_anew() {
    state = best;
    adam = Adam(layout.parameters());
    adam.average = state.parameters;
    average_statistics = state.statistics;
  }
  void begin_aware_epochs() {
    const Ranges ranges = ranges_of(folded(graph, layout, best.parameters, best.statistics));
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      const Range& range = ranges.at(graph.layers()[i].name);
      limits[2 * i] = range.low;
      limits[2 * i + 1] = range.high;
    }
    best_int8 = int8_accuracy();
  }
  void make_rounded_net() {
    if (rounded || plain_rounded) return;
    const Int8Model int8 = average_as_int8();
    if (fused) {
      rounded = RoundedNet::make(graph, layout, options.batch_size, isa, int8);
    } else {
      plain_rounded = make_plain();
      plain_rounded->round_as(int8);
    }
  }

  double gradients_of(std::span<const std::int8_t> features, std::span<const double> targets) {
    if (!fused) return (rounds() ? plain_rounded : plain)->step(features, targets);
    if (rounds()) return rounded->step(features, targets, state.parameters, state.statistics, gradients);
    return fused->step(features, targets, state.parameters, state.statistics, gradients);
  }

  /// Of the cosine that the epoch under way belongs to, and its epochs.
  [[nodiscard]] double peak_rate() const {
    const double share = rounds() ? kAwareRate : cosine_begin() > 0 ? kRestartRate : 1.0;
    return share * options.optimizer.peak_rate;
  }
  [[nodiscard]] int cosine_begin() const { return options.cosine_begin(options.cosine_end(epoch + 1)); }
  [[nodiscard]] int cosine_epochs() const {
    return rounds() ? options.tuning_epochs : options.cosine_end(epoch + 1) - cosine_begin();
  }

  /// Of a batch: `count` clips from `first` on.
  [[nodiscard]] std::vector<double> targets_of(const FeatureBatch& batch, std::size_t first, std::size_t count) const {
    const int classes = graph.output().elements();
    const std::span labels = std::span(batch.labels).subspan(first, count);
    std::vector<double> targets = smoothed_targets(labels, classes, options.label_smoothing);
    if (batch.second_labels.empty()) return targets;
    for (std::size_t i = 0; i < count; ++i) {
      const SecondLabel& second = batch.second_labels[first + i];
      const double share = second.share * (1.0 - options.label_smoothing);
      double* const row = targets.data() + i * static_cast<std::size_t>(classes);
      row[labels[i]] -= share;
      row[second.label] += share;
    }
    return targets;
  }

  double train_step(std::span<const std::int8_t> features, std::span<const double> targets, std::int64_t steps) {
    const double step_loss = gradients_of(features, targets);
    const double average_decay = warm_average(options.ema, adam.step);
    adam.update(state.parameters, gradients, layout.decayed(), cosine_rate(peak_rate(), adam.step, steps),
                options.optimizer.weight_decay, kClipNorm, average_decay);
    for (std::size_t i = 0; i < state.statistics.size(); ++i) {
      average_statistics[i] += static_cast<float>(1.0 - average_decay) * (state.statistics[i] - average_statistics[i]);
    }
    return step_loss;
  }

  /// Every field of a checkpoint in its order, for writer and reader alike.
  template <class Visitor>
  void visit(Visitor& field) {
    field.number(epoch);
    field.number(loss);
    field.number(best_epoch);
    field.number(best_validation);
    field.number(best_int8);
    field.number(adam.step);
    if (!rests()) {
      for (auto* values :
           {&state.parameters, &state.statistics, &adam.first, &adam.second, &adam.average, &average_statistics}) {
        field.array(*values);
      }
    }
    for (auto* values : {&best.parameters, &best.statistics, &limits}) field.array(*values);
  }

  /// A checkpoint may come from a store that others write to.
  void require_plausible() const {
    constexpr std::int64_t kMostSteps = std::int64_t{1} << 40U;
    const auto share = [](double value) { return value == -1.0 || (value >= 0.0 && value <= 1.0); };  // -1: none yet
    const bool plausible = epoch >= 0 && epoch <= options.all_epochs() && best_epoch >= 0 && best_epoch <= epoch &&
                           share(best_validation) && share(best_int8) && adam.step >= 0 && adam.step <= kMostSteps;
    if (!plausible) throw Error("checkpoint: holds figures that no training has; remove it to train from the start");
  }

  [[nodiscard]] Weights average_weights() const { return folded(graph, layout, adam.average, average_statistics); }
  [[nodiscard]] Int8Model average_as_int8() const { return quantize(graph, average_weights(), aware_ranges()); }

  /// Of the averaged weights on the validation split.
  [[nodiscard]] double int8_accuracy() const {
    std::vector<std::int8_t> logits(validation.labels.size() * static_cast<std::size_t>(graph.output().elements()));
    run_int8(average_as_int8(), validation.features, logits);
    return accuracy<std::int8_t>(logits, validation.labels);
  }
  /// Of the averaged weights on the validation split.
  std::vector<float> float_logits() {
    if (!fused) return run_float(graph, average_weights(), validation.features);
    std::vector<float> logits(validation.labels.size() * static_cast<std::size_t>(graph.output().elements()));
    fused->logits(validation.features, adam.average, average_statistics, logits);
    return logits;
  }
};

Trainer::Trainer(const Graph& graph, const FeatureFeed& feed, const TrainOptions& options, int feature_threads, Isa isa,
                 std::optional<NetState> start) {
  require_trainable_size(graph, options.batch_size, "network");
  impl_ = std::make_unique<Impl>(graph, feed, options, feature_threads, isa, std::move(start));
}
Trainer::~Trainer() = default;

bool Trainer::finished() const { return impl_->epoch >= impl_->options.all_epochs(); }

bool Trainer::run_epoch(EpochReport& report) {
  Impl& t = *impl_;
  const std::string before = checkpoint();
  const FeatureBatch batch = t.features(t.epoch);
  if (!t.fused) use_plain_threads(1);  // a trial is one thread
  if (t.rests()) t.begin_anew();
  if (t.epoch == t.options.epochs) t.begin_aware_epochs();
  if (t.rounds()) t.make_rounded_net();
  const auto values = static_cast<std::size_t>(t.graph.input().elements());
  const auto size = static_cast<std::size_t>(t.options.batch_size);
  const std::size_t rows = batch.labels.size();
  const std::size_t batches = std::max<std::size_t>(1, rows / size);  // the odd rest is left out, drawn anew next time
  const auto steps = static_cast<std::int64_t>(batches) * t.cosine_epochs();
  double sum = 0.0;
  for (std::size_t i = 0; i < batches; ++i) {
    const std::size_t first = i * size;
    const std::size_t count = std::min(size, rows - first);
    sum += t.train_step(std::span(batch.features).subspan(first * values, count * values),
                        t.targets_of(batch, first, count), steps);
    if (interrupted()) {
      restore(before);
      return false;
    }
  }
  t.loss = sum / static_cast<double>(batches);
  const std::vector<float> logits = t.float_logits();
  const double validation = accuracy<float>(logits, t.validation.labels);
  report = {.epoch = t.epoch + 1,
            .loss = t.loss,
            .validation = validation,
            .validation_error = accuracy_error(recognised<float>(logits, t.validation.labels),
                                               t.feed.dataset().held_out_speakers(Split::validation)),
            .best = validation > t.best_validation};
  if (t.rounds()) {
    const double int8 = t.int8_accuracy();
    report.best = int8 > t.best_int8;
    if (report.best) t.best_int8 = int8;
  }
  ++t.epoch;
  if (report.best) {
    t.best_validation = validation;
    t.best_epoch = t.epoch;
    t.best = {t.adam.average, t.average_statistics};
  }
  return true;
}

int Trainer::epochs_done() const { return impl_->epoch; }
int Trainer::best_epoch() const { return impl_->best_epoch; }
double Trainer::best_validation() const { return impl_->best_validation < 0 ? 0.0 : impl_->best_validation; }
double Trainer::last_loss() const { return impl_->loss; }

Weights Trainer::best_weights() const {
  return folded(impl_->graph, impl_->layout, impl_->best.parameters, impl_->best.statistics);
}

Int8Model Trainer::best_int8() const {
  const Impl& t = *impl_;
  const Weights weights = best_weights();
  return quantize(t.graph, weights, t.best_int8 < 0.0 ? t.ranges_of(weights) : t.aware_ranges());
}

std::string Trainer::checkpoint() const {
  CheckpointWriter writer;
  impl_->visit(writer);
  return writer.take();
}

void Trainer::restore(const std::string& bytes) {
  CheckpointReader reader(bytes);
  impl_->visit(reader);
  reader.finish();
  impl_->require_plausible();
  impl_->rounded.reset();
  impl_->plain_rounded.reset();
  if (impl_->next.valid()) impl_->next.get();  // made for an epoch that is not the next one any more
  impl_->next = {};
}

}  // namespace kws
