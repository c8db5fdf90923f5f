#include "kws/pipeline/training_evaluator.h"

#include <chrono>
#include <memory>
#include <mutex>

#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/options.h"
#include "kws/pipeline/pipeline.h"

namespace kws {

namespace {

/// Some ten epochs of a large corpus, some hundred of a small one.
constexpr std::size_t kSharedBytes = std::size_t{512} << 20;

/// What is wrong with bytes of the store, which another process wrote.
Error damaged(const std::string& origin, const std::string& fact) {
  return Error(origin + ": " + fact + "; its study is damaged, use another --study", Exit::store);
}

/// Goes on from the checkpoint of a step that ends at `epochs`.
///   throws  DamagedCheckpoint when it is none of this trial: the design is not to blame
void go_on(Trainer& trainer, const Proposal& proposal, int epochs, const std::string& checkpoint) {
  const std::string origin = "stored checkpoint of trial " + std::to_string(proposal.number);
  try {
    trainer.restore(checkpoint);
  } catch (const Error&) {  // its way out is for a file
    throw DamagedCheckpoint(origin + ": is none of its design");
  }
  if (trainer.epochs_done() <= epochs) return;
  throw DamagedCheckpoint(origin + ": is of epoch " + std::to_string(trainer.epochs_done()) + ", its step ends at " +
                          std::to_string(epochs));
}

class TrainingEvaluator : public Evaluator {
 public:
  TrainingEvaluator(const Dataset& dataset, Isa isa) : dataset_(dataset), isa_(isa) {}

  TrialResult run(const Proposal& proposal, int epochs, const std::string& checkpoint,
                  const TrialProgress& progress) override {
    const auto start = std::chrono::steady_clock::now();
    const std::shared_ptr<const FeatureFeed> feed = feed_for(proposal.design.features);
    Trainer trainer(build_graph(proposal.design), *feed, proposal.training, 1, isa_);
    if (!checkpoint.empty()) go_on(trainer, proposal, epochs, checkpoint);
    EpochReport epoch;
    const int begun = trainer.epochs_done();
    while (trainer.epochs_done() < epochs) {
      const int next = trainer.epochs_done() + 1;
      if (next < epochs) feed->prepare(proposal.training, next);
      if (!trainer.run_epoch(epoch)) {
        throw Interrupted{trainer.epochs_done() > begun ? trainer.checkpoint() : ""};
      }
      progress(trainer.epochs_done(), [&] { return trainer.checkpoint(); });
    }
    const Model model = finish_model(proposal.design, *feed, proposal.training, trainer);
    TrialResult result;
    result.float_validation = model.metrics.float_validation;
    result.int8_validation = model.metrics.int8_validation;
    result.int8_validation_error = model.metrics.int8_validation_error.value_or(0.0);
    result.int8_cross_entropy = model.metrics.int8_cross_entropy.value_or(0.0);
    result.final_loss = model.metrics.loss;
    result.best_epoch = model.metrics.best_epoch;
    result.epochs = model.metrics.epochs;
    result.model = pack_model(model);
    result.checkpoint = trainer.checkpoint();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

  TestResult test(const Proposal& proposal, const std::string& bytes) override {
    const Model model = stored_model(proposal, bytes);
    try {
      const Evaluation float_run = evaluate(model, dataset_, Split::testing, Engine::float32, 1);
      const Evaluation int8_run = evaluate(model, dataset_, Split::testing, Engine::int8, 1);
      return {.float_accuracy = float_run.accuracy(),
              .int8_accuracy = int8_run.accuracy(),
              .int8_error = int8_run.error(),
              .clips = static_cast<int>(int8_run.expected.size()),
              .labels = int8_run.labels,
              .float_confusion = confusion_of(float_run),
              .int8_confusion = confusion_of(int8_run),
              .thresholds = thresholds_of(int8_run)};
    } catch (const Cancelled&) {
      throw Interrupted{};
    }
  }

  void write_model(const Proposal& proposal, const std::string& bytes, const TestResult& test,
                   const std::filesystem::path& folder) override {
    Model model = stored_model(proposal, bytes);
    model.metrics.float_test = test.float_accuracy;
    model.metrics.int8_test = test.int8_accuracy;
    model.metrics.int8_test_error = test.int8_error;
    save_model(model, folder);
  }

 private:
  [[nodiscard]] Model stored_model(const Proposal& proposal, const std::string& bytes) const {
    const std::string origin = "stored model of trial " + std::to_string(proposal.number);
    Model model;
    try {
      model = unpack_model(bytes, origin);
    } catch (const Error& error) {
      throw Error(error.what(), Exit::store);
    }
    if (design_hash(model.design) != design_hash(proposal.design)) throw damaged(origin, "is one of another design");
    if (model.labels != dataset_.labels().labels()) throw damaged(origin, "knows other words");
    return model;
  }

  /// The normalisation of a front end is measured once for all trials that share it, as are its features made.
  std::shared_ptr<const FeatureFeed> feed_for(const FeatureOptions& options) {
    const std::string key = options_to_json(options).dump();
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = feeds_.find(key); found != feeds_.end()) return found->second;
    }
    // Outside the lock: another trial's front end need not wait. Two trials may measure the same one, to the same
    // bytes.
    auto feed = std::make_shared<const FeatureFeed>(dataset_, options, 1, shared_);
    const std::lock_guard lock(mutex_);
    return feeds_.emplace(key, std::move(feed)).first->second;
  }

  const Dataset& dataset_;
  Isa isa_;
  /// One thread of low priority makes epochs ahead: it runs where a core has no trial.
  const std::shared_ptr<FeatureEpochs> shared_ = std::make_shared<FeatureEpochs>(kSharedBytes, 1);
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const FeatureFeed>> feeds_;
};

}  // namespace

std::unique_ptr<Evaluator> make_training_evaluator(const Dataset& dataset, Isa isa) {
  return std::make_unique<TrainingEvaluator>(dataset, isa);
}

}  // namespace kws
