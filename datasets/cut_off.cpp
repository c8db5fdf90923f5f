#include "cut_off.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "kws/core/table.h"

namespace kws {
namespace {

enum class Order { little_endian, big_endian };

std::uint64_t number(std::span<const char> bytes, Order order) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = order == Order::big_endian ? i : bytes.size() - 1 - i;
    value = value << 8U | static_cast<unsigned char>(bytes[at]);
  }
  return value;
}

/// Up to `count` bytes from `at` on.
std::vector<char> bytes_at(FileBytes& file, std::uint64_t at, std::size_t count) {
  std::vector<char> bytes(count);
  const auto end = static_cast<std::uint64_t>(file.size());
  bytes.resize(at >= end ? 0 : static_cast<std::size_t>(file.read(static_cast<std::int64_t>(at), bytes)));
  return bytes;
}

bool starts_with(std::span<const char> bytes, std::string_view text) {
  return std::string_view(bytes.data(), bytes.size()).starts_with(text);
}

std::optional<std::string> fewer_than(std::uint64_t promised, std::uint64_t present) {
  if (promised <= present) return std::nullopt;
  return "truncated: the header promises " +
         grouped(static_cast<long long>(std::min<std::uint64_t>(promised, INT64_MAX))) +
         " bytes of samples, the file has " + grouped(static_cast<long long>(present));
}

/// A chunk of samples with this length goes to the end of the file: the writer could not know better. Programs that
/// write into a pipe leave 2^32 - 1, 2^31 (arecord), 2^31 - 4096 (sox) or 0.
///   behind  what follows the length
bool is_length_placeholder(std::uint64_t promised, std::span<const char> behind) {
  if (promised >= 0x7FFFF000U) return true;
  if (promised != 0 || behind.empty()) return false;
  // An empty chunk is followed by another one, whose name is text.
  const auto name = behind.first(std::min<std::size_t>(4, behind.size()));
  return !std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// A container of chunks: a name, a length, as many bytes.
struct Chunks {
  std::string_view magic;    ///< that the file begins with
  std::uint64_t first;       ///< bytes in front of the first chunk
  std::size_t name, length;  ///< bytes of each
  Order order;               ///< of lengths
  bool counts_header;        ///< whether a chunk's length includes its name and length
  std::uint64_t align;       ///< chunks begin at multiples
  std::string_view samples;  ///< name of theirs
};
/// Sources: Microsoft and IBM, "Multimedia Programming Interface" (1991); EBU Tech 3306 (RF64); Sony's Wave64; Apple's
/// "Audio Interchange File Format" (1989) and "Core Audio Format Specification".
constexpr std::array kChunks = {
    Chunks{"RIFF", 12, 4, 4, Order::little_endian, false, 2, "data"},
    Chunks{"RF64", 12, 4, 4, Order::little_endian, false, 2, "data"},
    Chunks{"RIFX", 12, 4, 4, Order::big_endian, false, 2, "data"},
    Chunks{"FORM", 12, 4, 4, Order::big_endian, false, 2, "SSND"},
    Chunks{"caff", 8, 4, 8, Order::big_endian, false, 1, "data"},
    Chunks{"riff\x2E\x91\xCF\x11", 40, 16, 8, Order::little_endian, true, 8, "data"},
};

/// Writes what there is in place of a placeholder near the beginning of a WAV.
void mend_length(FileBytes& file, std::uint64_t at, std::uint64_t present) {
  const auto put = [&](std::uint64_t to, std::uint64_t value) {
    for (std::uint64_t i = 0; i < 4; ++i) {
      file.head()[static_cast<std::size_t>(to + i)] = static_cast<char>(value >> (8 * i) & 0xFFU);
    }
  };
  if (present >= 0xFFFFFFFFU || at + 8 > file.head().size()) return;
  put(at + 4, present);
  put(4, static_cast<std::uint64_t>(file.size()) - 8);
}

std::optional<std::string> cut_off_chunks(FileBytes& file, const Chunks& format) {
  const std::size_t header = format.name + format.length;
  const auto size = static_cast<std::uint64_t>(file.size());
  std::optional<std::uint64_t> long_length;  // of the samples of an RF64
  for (std::uint64_t at = format.first; at + header <= size;) {
    const std::vector<char> chunk = bytes_at(file, at, header + 16);
    if (chunk.size() < header) return std::nullopt;  // cannot be read
    const std::span<const char> behind = std::span(chunk).subspan(header);
    std::uint64_t promised = number(std::span(chunk).subspan(format.name, format.length), format.order);
    if (format.counts_header) promised -= std::min<std::uint64_t>(promised, header);
    const std::uint64_t present = size - at - header;
    if (starts_with(chunk, "ds64") && behind.size() == 16) long_length = number(behind.subspan(8), format.order);
    if (starts_with(chunk, format.samples)) {
      if (long_length && promised == 0xFFFFFFFFU) return fewer_than(*long_length, present);
      if (format.length > 4) return promised == UINT64_MAX ? std::nullopt : fewer_than(promised, present);
      if (!is_length_placeholder(promised, behind)) return fewer_than(promised, present);
      if (format.magic == "RIFF") mend_length(file, at, present);
      return std::nullopt;
    }
    if (promised > present) break;
    at += header + (promised + format.align - 1) / format.align * format.align;
  }
  return "truncated: ends before its samples";
}

/// Source: the header of Sun and NeXT, <sound/soundstruct.h>.
std::optional<std::string> cut_off_au(FileBytes& file) {
  const std::vector<char> head = bytes_at(file, 0, 12);
  if (head.size() < 12) return "truncated: ends before its samples";
  const std::uint64_t first = number(std::span(head).subspan(4, 4), Order::big_endian);
  const std::uint64_t promised = number(std::span(head).subspan(8, 4), Order::big_endian);
  const auto size = static_cast<std::uint64_t>(file.size());
  return promised == 0xFFFFFFFFU ? std::nullopt : fewer_than(promised, size - std::min(size, first));
}

/// The last page is to be whole. Whether it is marked as the last of its stream tells nothing: voice notes of messengers
/// often are not. Source: RFC 3533, 6.
std::optional<std::string> cut_off_ogg(FileBytes& file) {
  constexpr std::size_t kHeader = 27, kLongestPage = kHeader + 255 + 255 * 255;
  const auto size = static_cast<std::uint64_t>(file.size());
  const std::vector<char> tail = bytes_at(file, size - std::min<std::uint64_t>(size, kLongestPage), kLongestPage);
  const std::string_view text(tail.data(), tail.size());
  const std::size_t at = text.rfind("OggS");
  if (at == std::string_view::npos) return std::nullopt;  // something else behind the stream
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::size_t there = text.size() - at;
  const std::size_t header = there < kHeader ? kHeader : kHeader + byte(kHeader - 1);
  std::size_t page = header;
  for (std::size_t i = kHeader; i < std::min(header, there); ++i) page += byte(i);
  return there < page ? std::optional<std::string>("truncated: ends within a page of Ogg") : std::nullopt;
}

/// By the length that encoders leave in a frame of their own in front. Source: gabriel.mp3-tech.org, "Mp3 Info Tag".
std::optional<std::string> cut_off_mp3(FileBytes& file) {
  std::uint64_t at = 0;
  const std::vector<char> tag = bytes_at(file, 0, 10);
  if (tag.size() == 10 && starts_with(tag, "ID3")) {  // its length has seven bits a byte
    at = std::accumulate(tag.begin() + 6, tag.end(), std::uint64_t{0},
                         [](std::uint64_t sum, char c) { return sum << 7U | (static_cast<unsigned char>(c) & 0x7FU); });
    at += 10;
  }
  const std::vector<char> frame = bytes_at(file, at, 4 + 32 + 16);
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(frame[i]); };
  if (frame.size() < 4 + 32 + 16 || byte(0) != 0xFF || (byte(1) & 0xE0U) != 0xE0U) return std::nullopt;
  const bool mono = byte(3) >> 6U == 3, first_version = (byte(1) & 0x18U) == 0x18U;
  const std::size_t side = first_version ? (mono ? 17 : 32) : (mono ? 9 : 17);
  const std::span<const char> info = std::span(frame).subspan(4 + side);
  if (!starts_with(info, "Xing") && !starts_with(info, "Info")) return std::nullopt;
  const std::uint64_t flags = number(info.subspan(4, 4), Order::big_endian);
  if ((flags & 2U) == 0) return std::nullopt;
  const std::uint64_t promised = number(info.subspan((flags & 1U) != 0 ? 12 : 8, 4), Order::big_endian);
  return fewer_than(promised, static_cast<std::uint64_t>(file.size()) - at);
}

}  // namespace

std::optional<std::string> cut_off(FileBytes& file) {
  const std::vector<char> magic = bytes_at(file, 0, 8);
  for (const Chunks& format : kChunks) {
    if (starts_with(magic, format.magic)) return cut_off_chunks(file, format);
  }
  if (starts_with(magic, ".snd")) return cut_off_au(file);
  if (starts_with(magic, "OggS")) return cut_off_ogg(file);
  return cut_off_mp3(file);
}

}  // namespace kws
