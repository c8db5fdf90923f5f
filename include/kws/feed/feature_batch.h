#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace kws {

/// A label that an example has beside its own, and its share of both.
struct SecondLabel {
  int label = 0;
  double share = 0.0;
};

/// int8 features of some examples, what every engine reads.
struct FeatureBatch {
  std::vector<std::int8_t> features;       ///< [examples][frames][coefficients]
  std::vector<int> labels;                 ///< [examples]
  std::vector<SecondLabel> second_labels;  ///< the same, where examples are blended; else none
  [[nodiscard]] int examples() const { return static_cast<int>(labels.size()); }
};

/// A batch that any number of threads make together, block by block. Who waits for it helps, so that a thread of low
/// priority that has begun keeps nobody waiting for more than one block.
class BatchJob {
 public:
  /// Fills one block of the batch; blocks do not overlap.
  using Fill = std::function<void(FeatureBatch& batch, std::size_t block)>;
  BatchJob(FeatureBatch sized, std::size_t blocks, Fill fill);

  /// Makes one block that nobody has begun. returns false when there is none left
  bool make_block();
  /// Makes blocks until none is left, then waits for those that others have begun.
  ///   throws  what making a block threw, in whichever thread
  const FeatureBatch& finish();
  /// finish(), and the batch is the caller's; nobody else may use the job any more.
  FeatureBatch take();

  [[nodiscard]] std::size_t blocks() const { return blocks_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  FeatureBatch batch_;
  std::size_t blocks_, bytes_;
  Fill fill_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::size_t done_ = 0;      // guarded by mutex_, as is error_
  std::exception_ptr error_;  // the first
};

}  // namespace kws
