#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "kws/datasets/corpus.h"

namespace kws {

/// A public archive in Speech Commands layout.
struct KnownDataset {
  std::string_view name;
  std::string_view url;
  std::string_view sha256;  ///< lower-case hexadecimal
  std::int64_t bytes;       ///< of the archive
};

/// Google Speech Commands, Pete Warden, CC BY 4.0; the first is the default.
/// Source: SHA-256 of both as torchaudio checks them (datasets/speechcommands.py); that of v0.02 and its bytes also in
/// TensorFlow Datasets (url_checksums/speech_commands.txt); bytes of v0.01 as the server announced them in 2022.
constexpr std::array<KnownDataset, 2> kKnownDatasets = {{
    {"v0.02", "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
     "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58", 2428923189},
    {"v0.01", "http://download.tensorflow.org/data/speech_commands_v0.01.tar.gz",
     "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d", 1489096277},
}};
/// throws Error (Exit::usage) proposing the nearest known name
const KnownDataset& known_dataset(std::string_view name);

/// What to download.
struct FetchSource {
  std::string url = {};     ///< http or https
  std::string sha256 = {};  ///< of the archive, hexadecimal; empty: not checked
  std::int64_t bytes = 0;   ///< of the archive; 0: the server tells
};

enum class FetchStep { download, unpack };
/// `bytes` of the archive are done; `all` is 0 as long as nobody knows.
using FetchProgress = std::function<void(FetchStep step, std::int64_t bytes, std::int64_t all)>;

/// Downloads an archive (zip; tar, plain or packed by gzip, bzip2, xz, zstd), checks and unpacks it and makes it
/// `folder`. The download grows in `folder`.part and is continued there by the next call where the server can; what is
/// unpacked shows up in one piece. Proxies are taken from the environment (http_proxy, no_proxy).
///   returns  the corpus in `folder`
///   throws   Error (Exit::usage): `folder` exists and `replace` is off, a URL or SHA-256 that cannot be one;
///            Error (Exit::failed): no connection, a connection that broke, an answer other than the file, a full disk;
///            Error (Exit::data), the download is removed: another SHA-256, no archive, a damaged one, one that
///            unpack() refuses or without recordings;
///            Error (Exit::interrupted): the user stopped it, the same call continues
Corpus fetch_corpus(const FetchSource& source, const std::filesystem::path& folder, bool replace,
                    const FetchProgress& progress = {});

/// What an archive may hold: a few bytes can unpack to more than any disk.
struct UnpackLimits {
  std::int64_t entry_bytes = std::int64_t{1} << 30U;
  std::int64_t all_bytes = std::int64_t{8} << 30U;  ///< or a hundred times the archive, if that is more
  std::int64_t entries = 2'000'000;
};

/// Writes the files and folders of an archive into `folder`, which exists. `name` stands for the archive in errors.
///   throws  Error (Exit::data): no archive, a damaged one, one beyond the limits, an entry that would leave the folder
///           or is neither file nor folder, or a file with holes;  Error (Exit::failed): a file that cannot be written;
///           Error (Exit::interrupted)
/// What was written before stays: hand it a staging folder (write_folder).
void unpack(const std::filesystem::path& archive, const std::string& name, const std::filesystem::path& folder,
            const FetchProgress& progress = {}, const UnpackLimits& limits = {});

}  // namespace kws
