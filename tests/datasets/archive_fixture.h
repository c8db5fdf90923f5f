#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "audio_fixture.h"
#include "kws/core/files.h"

namespace kws::test {

/// An entry of an archive under test; the default is a plain file.
struct Packed {
  std::string path = {};
  std::string content = {};
  unsigned type = AE_IFREG;
  std::string link = {};  ///< target of a symbolic link
  std::string hardlink = {};
};

/// Folders with small archives of recordings.
class ArchiveFolder : public AudioFolder {
 protected:
  /// One second of noise, which no compression makes small, as the bytes of a WAV file.
  std::string wav(std::uint32_t seed) {
    std::vector<std::int16_t> samples(16000);
    for (std::int16_t& sample : samples) {
      seed = seed * 1664525U + 1013904223U;
      sample = static_cast<std::int16_t>(seed >> 16U);
    }
    const std::filesystem::path file = add("sample.wav", samples);
    std::string bytes = read_file(file);
    std::filesystem::remove(file);
    return bytes;
  }

  /// A .tar.gz of these entries, as its bytes.
  std::string tar_gz(const std::vector<Packed>& entries) {
    archive* writer = archive_write_new();
    archive_write_add_filter_gzip(writer);
    archive_write_set_format_ustar(writer);
    return pack(writer, entries);
  }
  std::string tar(const std::vector<Packed>& entries) {
    archive* writer = archive_write_new();
    archive_write_set_format_ustar(writer);
    return pack(writer, entries);
  }
  std::string zip(const std::vector<Packed>& entries) {
    archive* writer = archive_write_new();
    archive_write_set_format_zip(writer);
    archive_write_set_bytes_in_last_block(writer, 1);  // nothing behind its directory
    return pack(writer, entries);
  }
  std::string pack(archive* writer, const std::vector<Packed>& entries) {
    const std::filesystem::path file = root_ / "packed";
    EXPECT_EQ(archive_write_open_filename(writer, file.c_str()), ARCHIVE_OK);
    for (const Packed& packed : entries) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, packed.path.c_str());
      archive_entry_set_filetype(entry, packed.type);
      archive_entry_set_perm(entry, packed.type == AE_IFDIR ? 0755 : 0644);
      archive_entry_set_size(entry, static_cast<la_int64_t>(packed.content.size()));
      if (!packed.link.empty()) archive_entry_set_symlink(entry, packed.link.c_str());
      if (!packed.hardlink.empty()) archive_entry_set_hardlink(entry, packed.hardlink.c_str());
      EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << packed.path;
      archive_write_data(writer, packed.content.data(), packed.content.size());
      archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    std::string bytes = read_file(file);
    std::filesystem::remove(file);
    return bytes;
  }

  /// Two words of two clips each, as Speech Commands packs them.
  std::string small_corpus() { return tar_gz(small_entries()); }
  std::vector<Packed> small_entries() {
    return {{.path = "./", .type = AE_IFDIR},
            {.path = "./yes/", .type = AE_IFDIR},
            {.path = "./yes/s3_nohash_0.wav", .content = wav(1)},
            {.path = "./yes/s10_nohash_0.wav", .content = wav(2)},
            {.path = "./no/s3_nohash_0.wav", .content = wav(3)},
            {.path = "./no/s10_nohash_0.wav", .content = wav(4)},
            {.path = "./LICENSE", .content = "CC BY 4.0"},
            {.path = "./validation_list.txt", .content = "no/s10_nohash_0.wav\n"}};
  }

  /// Names in the test's folder, sorted; what was left behind would show up here.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(root_)) found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }
};

}  // namespace kws::test
