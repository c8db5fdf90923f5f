#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kws {

/// A checkpoint is a line with its format's name, then the fields of one visit() in order: numbers as they lie in
/// memory (little-endian), arrays of float32 with their length in 8 bytes before them.
class CheckpointWriter {
 public:
  CheckpointWriter();
  template <class Number>
  void number(const Number& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void array(std::span<const float> values);
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads in place; arrays must have the length they were written with.
///   throws  Error when the bytes are not a checkpoint, too short, or of another design
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::string& bytes);
  template <class Number>
  void number(Number& value) {
    take(&value, sizeof value);
  }
  void array(std::span<float> values);
  /// Call last: throws when bytes are left.
  void finish() const;

 private:
  void take(void* to, std::size_t size);
  const std::string& bytes_;
  std::size_t at_;
};

}  // namespace kws
