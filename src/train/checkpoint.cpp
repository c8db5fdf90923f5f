#include "checkpoint.h"

#include <cstring>

#include "kws/core/error.h"

namespace kws {

namespace {
constexpr const char* kMagic = "kwsmith.checkpoint/2\n";
}  // namespace

CheckpointWriter::CheckpointWriter() : bytes_(kMagic) {}

void CheckpointWriter::array(std::span<const float> values) {
  number(static_cast<std::uint64_t>(values.size()));
  bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

CheckpointReader::CheckpointReader(const std::string& bytes) : bytes_(bytes), at_(std::strlen(kMagic)) {
  if (!bytes.starts_with(kMagic)) throw Error("checkpoint: not one of ours; remove it to train from the start");
}

void CheckpointReader::array(std::span<float> values) {
  std::uint64_t size = 0;
  number(size);
  if (size != values.size()) throw Error("checkpoint: belongs to another design; remove it to train from the start");
  take(values.data(), values.size_bytes());
}

void CheckpointReader::finish() const {
  if (at_ != bytes_.size()) throw Error("checkpoint: longer than its design needs; remove it to train from the start");
}

void CheckpointReader::take(void* to, std::size_t size) {
  if (bytes_.size() - at_ < size) {
    throw Error("checkpoint: shorter than its design needs; remove it to train from the start");
  }
  std::memcpy(to, bytes_.data() + at_, size);
  at_ += size;
}

}  // namespace kws
