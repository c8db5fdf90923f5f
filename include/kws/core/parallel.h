#pragma once

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>

namespace kws {

/// Calls body(0) .. body(count - 1) on `threads` workers, in any order; 0: all cores, 1: in order on this thread.
template <class Body>
void parallel_for_each_index(std::size_t count, int threads, const Body& body) {
  if (threads == 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  oneapi::tbb::task_arena arena(threads > 0 ? threads : oneapi::tbb::task_arena::automatic);
  arena.execute([&] { oneapi::tbb::parallel_for(std::size_t{0}, count, body); });
}

}  // namespace kws
