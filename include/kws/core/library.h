#pragma once

#include <cstddef>

namespace kws {

/// A shared library of this program that is loaded where it is needed.
struct Library {
  const char* file;     ///< its name
  const char* folder;   ///< where the installation has it, seen from the program
  const char* purpose;  ///< "training": what needs it
  std::size_t bytes;    ///< of address space that it needs to begin: where less is left, its libraries end the process
};

/// Loads a library, which is never unloaded, from beside the program or from its folder; no symbol of it takes the
/// place of one of ours.
///   symbol  that it has
///   throws  Error when it is not there, has no such symbol, or what it needs is not there, memory included
void* symbol_of(const Library& library, const char* symbol);

/// Whether the process may take so many bytes more of its address space.
bool has_room(std::size_t bytes);

/// Throws Error unless both versions are equal.
void require_same_build(const Library& library, const char* its_version, const char* our_version);

}  // namespace kws
