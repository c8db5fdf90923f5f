#include "kws/feed/feature_epochs.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace kws {

FeatureEpochs::FeatureEpochs(std::size_t most_bytes, int background_threads) : most_bytes_(most_bytes) {
  try {
    for (int i = 0; i < background_threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    end_threads();  // no destructor runs
    throw;
  }
}

FeatureEpochs::~FeatureEpochs() { end_threads(); }

void FeatureEpochs::end_threads() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<const FeatureBatch> FeatureEpochs::get(const std::string& key, const Make& make) {
  const std::shared_ptr<BatchJob> job = find_or_begin(key, make);
  try {
    return {job, &job->finish()};  // shares the job's life
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.job == job) {
      bytes_ -= job->bytes();
      entries_.erase(found);
    }
    throw;
  }
}

void FeatureEpochs::make_ahead(const std::string& key, const Make& make) {
  if (threads_.empty()) return;
  const std::shared_ptr<BatchJob> job = find_or_begin(key, make);
  {
    const std::scoped_lock lock(mutex_);
    ahead_.push_back(job);
  }
  wake_.notify_one();
}

std::size_t FeatureEpochs::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

int FeatureEpochs::made() const {
  const std::scoped_lock lock(mutex_);
  return made_;
}

std::shared_ptr<BatchJob> FeatureEpochs::find_or_begin(const std::string& key, const Make& make) {
  const std::scoped_lock lock(mutex_);
  Entry& entry = entries_[key];
  entry.used = ++clock_;
  if (entry.job == nullptr) {
    try {
      entry.job = make();
    } catch (...) {
      entries_.erase(key);
      throw;
    }
    ++made_;
    bytes_ += entry.job->bytes();
    drop_oldest(key);
  }
  return entries_.at(key).job;
}

/// Whoever still uses a dropped batch keeps it alive.
void FeatureEpochs::drop_oldest(const std::string& except) {
  while (bytes_ > most_bytes_ && entries_.size() > 1) {
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->first == except) continue;
      if (oldest == entries_.end() || it->second.used < oldest->second.used) oldest = it;
    }
    bytes_ -= oldest->second.job->bytes();
    entries_.erase(oldest);
  }
}

void FeatureEpochs::work() {
  // Lowest priority, of this thread alone as Linux counts: trials must not become slower. Who needs the batch before it
  // is ready helps to make it.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || !ahead_.empty(); });
    if (stop_) return;
    const std::weak_ptr<BatchJob> next = std::move(ahead_.front());
    ahead_.pop_front();
    bool more = true;
    while (more && !stop_) {
      const std::shared_ptr<BatchJob> job = next.lock();
      if (job == nullptr) break;
      lock.unlock();
      more = job->make_block();
      lock.lock();
    }
  }
}

}  // namespace kws
