#pragma once

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstddef>

namespace kws {

/// Calls body(0) .. body(count - 1) on `threads` workers, in any order; 0: all cores, 1: in order on this thread.
/// No more than this process may use: the library takes no more, and says so on stderr.
template <class Body>
void parallel_for_each_index(std::size_t count, int threads, const Body& body) {
  const int usable = oneapi::tbb::info::default_concurrency();
  const int workers = threads > 0 ? std::min(threads, usable) : usable;
  if (workers == 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  oneapi::tbb::task_arena arena(workers);
  arena.execute([&] { oneapi::tbb::parallel_for(std::size_t{0}, count, body); });
}

}  // namespace kws
