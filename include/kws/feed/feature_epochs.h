#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kws/feed/feature_batch.h"

namespace kws {

/// Feature batches that several trials use, each made once: what is asked for again soon is still there. What a batch
/// holds follows from its key alone, so the store changes the time and nothing else. For any number of threads.
class FeatureEpochs {
 public:
  using Make = std::function<std::shared_ptr<BatchJob>()>;

  /// most_bytes          kept; the batch used longest ago goes first, the newest stays whatever its size
  /// background_threads  of low priority, for make_ahead(); 0: make_ahead() does nothing
  FeatureEpochs(std::size_t most_bytes, int background_threads);
  ~FeatureEpochs();
  FeatureEpochs(const FeatureEpochs&) = delete;
  FeatureEpochs& operator=(const FeatureEpochs&) = delete;

  /// The batch of this key, from the store or made by `make`; threads that ask for the same batch make it together.
  ///   throws  what making it threw; the next to ask tries again
  std::shared_ptr<const FeatureBatch> get(const std::string& key, const Make& make);
  /// Starts to make a batch in the background.
  void make_ahead(const std::string& key, const Make& make);

  [[nodiscard]] std::size_t bytes() const;  ///< of the batches kept, those in the making included
  [[nodiscard]] int made() const;           ///< batches begun so far

 private:
  struct Entry {
    std::shared_ptr<BatchJob> job;
    std::uint64_t used = 0;
  };
  std::shared_ptr<BatchJob> find_or_begin(const std::string& key, const Make& make);
  void drop_oldest(const std::string& except);
  void work();
  void end_threads();

  const std::size_t most_bytes_;
  mutable std::mutex mutex_;  // guards all below but the threads
  std::map<std::string, Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t clock_ = 0;
  int made_ = 0;
  std::deque<std::weak_ptr<BatchJob>> ahead_;  ///< a batch that was dropped before its turn is made by nobody
  std::condition_variable wake_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kws
