#include <algorithm>
#include <optional>

#include "kws/core/interrupt.h"
#include "kws/core/parallel.h"
#include "kws/cost/stream_plan.h"
#include "kws/pipeline/listen.h"
#include "kws/quant/int8_engine.h"

namespace kws {

namespace {

constexpr std::size_t kDecisionsPerTask = 16;
constexpr std::size_t kTasksPerBlock = 64;  ///< between looks for an interrupt

}  // namespace

struct Listener::Impl {
  Impl(const Model& model_, const StreamOptions& options_, int threads_)
      : model(model_),
        front_end(model_.design.features),
        engine(model_.int8),
        options(options_),
        smoother(model_.int8.layers.back().output.scale, smoothing_decisions(options, model_.design.features)),
        threads(threads_),
        frame(front_end.frames()) {
    const FrontEnd::Tables& tables = front_end.tables();
    hop = static_cast<std::size_t>(options.hop_frames) * static_cast<std::size_t>(tables.stride);
    const int samples = (front_end.frames() - 1) * tables.stride + tables.window;
    needed = static_cast<std::size_t>(samples);
    if (!options.continuous) return;
    const StreamPlan plan = require_state(build_graph(model.design), model.design.name, options.hop_frames,
                                          model.design.features.stride_ms);
    const int frames = options.hop_frames - plan.frames + plan.first_frames;
    next_engine.emplace(with_frames(model.int8, frames));
    next_values = static_cast<std::size_t>(frames) * static_cast<std::size_t>(front_end.coefficients());
  }

  /// Logits of the decisions that begin at `hop`s from `pcm` on: [count][classes].
  [[nodiscard]] std::vector<std::int8_t> logits_of(std::span<const std::int16_t> pcm, std::size_t count) {
    const auto classes = static_cast<std::size_t>(model.int8.classes());
    const auto values = static_cast<std::size_t>(front_end.values());
    std::vector<std::int8_t> logits(count * classes), heard(options.continuous ? count * values : 0);
    const std::size_t tasks = (count + kDecisionsPerTask - 1) / kDecisionsPerTask;
    parallel_for_each_index(tasks, threads, [&](std::size_t task) {
      const std::size_t first = task * kDecisionsPerTask;
      const std::size_t clips = std::min(count - first, kDecisionsPerTask);
      // The frames of one decision are those of a clip; behind them it is not read.
      std::vector<std::int16_t> windows(clips * front_end.clip_samples());
      for (std::size_t i = 0; i < clips; ++i) {
        std::ranges::copy(pcm.subspan((first + i) * hop, needed),
                          windows.begin() + static_cast<std::ptrdiff_t>(i * front_end.clip_samples()));
      }
      std::vector<std::int8_t> features(clips * values);
      front_end.quantized(windows, model.normalisation, features);
      if (options.continuous) {
        std::ranges::copy(features, heard.begin() + static_cast<std::ptrdiff_t>(first * values));
      } else {
        engine.run(features, std::span(logits).subspan(first * classes, clips * classes));
      }
    });
    for (std::size_t i = 0; options.continuous && i < count; ++i) {
      carry_on(std::span(heard).subspan(i * values, values), std::span(logits).subspan(i * classes, classes));
    }
    return logits;
  }

  /// A decision from the state, with the frames that a hop's columns are made of; the first one with all.
  void carry_on(std::span<const std::int8_t> features, std::span<std::int8_t> logits) {
    if (state.empty()) return engine.run_on(features, logits, state);
    next_engine->run_on(features.last(next_values), logits, state);
  }

  const Model& model;
  FrontEnd front_end;
  Int8Engine engine;
  StreamOptions options;
  std::optional<Int8Engine> next_engine;  ///< of a hop's new columns, where the state is carried on
  std::size_t next_values = 0;            ///< that it reads
  Int8Engine::State state;                ///< there
  PosteriorSmoother smoother;
  int threads;
  std::size_t hop = 0, needed = 0;  ///< samples from decision to decision, and of one
  std::vector<std::int16_t> rest;   ///< from the begin of the next decision on
  std::size_t skip = 0;             ///< samples to come before that begin
  int frame;                        ///< of the next decision
};

Listener::Listener(const Model& model, const StreamOptions& options, int threads)
    : impl_(std::make_unique<Impl>(model, options, threads)) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

std::vector<SmoothedDecision> Listener::push(std::span<const std::int16_t> pcm) {
  Impl& s = *impl_;
  const std::size_t skipped = std::min(s.skip, pcm.size());
  s.skip -= skipped;
  pcm = pcm.subspan(skipped);
  s.rest.insert(s.rest.end(), pcm.begin(), pcm.end());
  const std::span<const std::int16_t> all = s.rest;
  const std::size_t count = all.size() < s.needed ? 0 : 1 + (all.size() - s.needed) / s.hop;
  const auto classes = static_cast<std::size_t>(s.model.int8.classes());
  std::vector<SmoothedDecision> decisions;
  for (std::size_t first = 0; first < count; first += kDecisionsPerTask * kTasksPerBlock) {
    throw_if_interrupted();
    const std::size_t block = std::min(count - first, kDecisionsPerTask * kTasksPerBlock);
    const std::vector<std::int8_t> logits = s.logits_of(all.subspan(first * s.hop), block);
    for (std::size_t i = 0; i < block; ++i) {
      decisions.push_back(s.smoother.push(std::span(logits).subspan(i * classes, classes), s.frame));
      s.frame += s.options.hop_frames;
    }
  }
  // A hop may be longer than what is there.
  const std::size_t used = std::min(count * s.hop, s.rest.size());
  s.skip += count * s.hop - used;
  s.rest.erase(s.rest.begin(), s.rest.begin() + static_cast<std::ptrdiff_t>(used));
  return decisions;
}

}  // namespace kws
