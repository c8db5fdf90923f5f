#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace kws {

/// More than any file that is read whole.
constexpr std::size_t kLargestFile = std::size_t{256} << 20U;

/// The whole of a regular file. throws Error naming the path and the system's reason when it cannot be read to its end,
/// is no regular file (a pipe would block, a device never ends) or holds more than `most` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t most = kLargestFile);

/// Writes beside the target, on to the disk, and renames: a reader sees the old file or the new one, never a half,
/// after a power cut, too. What dead processes have left of the same target is removed.
/// A pipe or a device such as /dev/null is written to and stays.
///   throws  Error naming the path and the system's reason (disk full, no permission); nothing is left behind
void write_file(const std::filesystem::path& path, std::string_view content);

/// The file that marks a folder as written by write_folder, which may therefore replace it.
constexpr const char* kFolderMark = ".kwsmith";

/// What a folder holds, as its mark says: only its like takes its place.
enum class FolderKind { model, firmware, recordings };

/// Makes `folder` a folder that `fill` has filled completely: it is filled under a temporary name in the same
/// parent and takes its place at the end; when `fill` throws, the temporary folder is removed.
///   An existing folder of that name is exchanged in one step if `replace` and if it is empty or marked as of this kind.
///   throws  Error (Exit::usage) when it exists and may not be replaced
void write_folder(const std::filesystem::path& folder, FolderKind kind, bool replace,
                  const std::function<void(const std::filesystem::path& staging)>& fill);

/// throws Error (Exit::usage) "PATH: exists already; WAY_OUT" when something is there.
void require_absent(const std::filesystem::path& path, std::string_view way_out);
/// throws Error (Exit::usage) when `path` exists and is not what write_folder may replace.
void require_replaceable(const std::filesystem::path& path, FolderKind kind);

/// throws Error (Exit::failed) unless a folder at `path` exists or can be made and written into.
void require_writable_folder(const std::filesystem::path& path);

/// Lower-case hexadecimal SHA-1 and SHA-256 of the bytes.
std::string sha1_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
/// SHA-256 of a file of any size, read piece by piece. throws Error naming the path when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace kws
