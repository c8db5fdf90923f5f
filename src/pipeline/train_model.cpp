#include "kws/pipeline/train_model.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "kws/pipeline/pipeline.h"
#include "kws/train/float_run.h"
#include "kws/train/grown.h"
#include "kws/train/warm_start.h"

namespace kws {
namespace fs = std::filesystem;

namespace {

/// What must be the same for a run to go on with the checkpoint of another.
std::string settings_of(const TrainingRun& run, const FeatureFeed& feed) {
  Json settings = {{"design", design_to_json(run.design)},
                   {"training", options_to_json(run.options)},
                   {"precision", run.isa == Isa::portable ? "plain" : precision_of(run.isa)},
                   {"data", feed.dataset().fingerprint()},
                   {"labels", feed.dataset().labels().labels()}};
  if (run.from != nullptr) {
    settings["from"] = sha256_hex(model_files(*run.from).at("weights.bin"));
    settings["from_labels"] = run.from->labels;
  }
  return text_of(settings);
}

/// Where the weights of the model that it begins with put it.
std::optional<NetState> start_of(const TrainingRun& run, const Graph& graph, const FeatureFeed& feed) {
  if (run.from == nullptr) return {};
  std::vector<int> classes;
  for (const std::string& label : feed.dataset().labels().labels()) {
    const auto found = std::ranges::find(run.from->labels, label);
    classes.push_back(found == run.from->labels.end() ? -1 : static_cast<int>(found - run.from->labels.begin()));
  }
  const FeatureBatch sample = feed.training_sample(run.options, 0, kCalibrationClips);
  const Weights weights = weights_to_start(run.design, *run.from, run.options.seed);
  return warm_start(graph, weights, classes, sample.features, run.options.seed);
}

/// returns  whether there was something to go on from
bool restore(const fs::path& checkpoint, const std::string& settings, Trainer& trainer) {
  if (!fs::exists(checkpoint)) return false;
  constexpr std::size_t kMostBytes = std::size_t{1} << 30U;  // five times the weights of require_trainable_size()
  const std::string bytes = read_file(checkpoint, kMostBytes);
  const std::size_t line = bytes.find('\n');
  if (bytes.substr(0, line) != settings) {
    throw Error(checkpoint.string() + ": belongs to a training with other settings; remove it or choose another --out",
                Exit::usage);
  }
  trainer.restore(bytes.substr(line + 1));
  return true;
}

}  // namespace

fs::path checkpoint_of(const fs::path& model_folder) {
  const fs::path plain = model_folder.has_filename() ? model_folder : model_folder.parent_path();
  return plain.string() + ".checkpoint";
}

Weights weights_to_start(const Design& design, const Model& from, std::uint64_t seed) {
  if (design.features != from.design.features) {
    throw Error(design.name + ": has another front end than the model to start from, " + from.design.name +
                    "; weights hold for the features that they were trained on",
                Exit::usage);
  }
  Design of_its_classes = design;
  of_its_classes.classes = from.design.classes;
  return grown(build_graph(of_its_classes), build_graph(from.design), from.weights, seed);
}

void require_trainable(const fs::path& model_folder) {
  const fs::path checkpoint = checkpoint_of(model_folder);
  if (!fs::exists(checkpoint)) require_absent(model_folder, "choose another --out or remove it");
  require_writable_folder(checkpoint.has_parent_path() ? checkpoint.parent_path() : fs::path("."));
}

TrainingOutcome train_model(const TrainingRun& run, const FeatureFeed& feed, const fs::path& checkpoint,
                            const TrainingEvents& events) {
  const Graph graph = build_graph(run.design);
  Trainer trainer(graph, feed, run.options, run.threads, run.isa, start_of(run, graph, feed));
  const std::string settings = settings_of(run, feed);
  if (restore(checkpoint, settings, trainer)) events.continued(trainer.epochs_done());
  EpochReport epoch;
  while (!trainer.finished() && trainer.run_epoch(epoch)) {
    write_file(checkpoint, settings + "\n" + trainer.checkpoint());
    events.each_epoch(epoch);
  }
  TrainingOutcome outcome{.epochs = trainer.epochs_done(), .finished = trainer.finished(), .model = {}};
  // Before the first epoch there is nothing that deserves the name of a model, and nothing to go on from.
  if (outcome.epochs > 0) outcome.model = finish_model(run.design, feed, run.options, trainer);
  return outcome;
}

}  // namespace kws
