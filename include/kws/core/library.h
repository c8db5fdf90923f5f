#pragma once

namespace kws {

/// A shared library of this program that is loaded where it is needed.
struct Library {
  const char* file;     ///< its name
  const char* folder;   ///< where the installation has it, seen from the program
  const char* purpose;  ///< "training": what needs it
};

/// Loads a library, which is never unloaded, from beside the program or from its folder; no symbol of it takes the
/// place of one of ours.
///   symbol  that it has
///   throws  Error when it is not there, has no such symbol, or what it needs is not there
void* symbol_of(const Library& library, const char* symbol);

/// Throws Error unless both versions are equal.
void require_same_build(const Library& library, const char* its_version, const char* our_version);

}  // namespace kws
