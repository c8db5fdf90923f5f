#include "kws/feed/feature_batch.h"

namespace kws {

BatchJob::BatchJob(FeatureBatch sized, std::size_t blocks, Fill fill)
    : batch_(std::move(sized)),
      blocks_(blocks),
      bytes_(batch_.features.size() + batch_.labels.size() * sizeof(int)),
      fill_(std::move(fill)) {}

bool BatchJob::make_block() {
  const std::size_t block = next_.fetch_add(1);
  if (block >= blocks_) return false;
  std::exception_ptr error;
  try {
    fill_(batch_, block);
  } catch (...) {
    error = std::current_exception();
  }
  const std::scoped_lock lock(mutex_);
  if (!error_) error_ = error;
  if (++done_ == blocks_) all_done_.notify_all();
  return true;
}

const FeatureBatch& BatchJob::finish() {
  while (make_block()) {
  }
  std::unique_lock lock(mutex_);
  all_done_.wait(lock, [&] { return done_ == blocks_; });
  if (error_) std::rethrow_exception(error_);
  return batch_;
}

FeatureBatch BatchJob::take() {
  finish();
  return std::move(batch_);
}

}  // namespace kws
