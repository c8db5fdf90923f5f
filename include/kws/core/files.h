#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace kws {

/// The whole file. throws Error (code `exit_code` as given) naming the path when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes beside the target and renames, so a reader sees the old file or the new one, never a half.
///   throws  Error naming the path and the system's reason (disk full, no permission); nothing is left behind
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes `folder` a folder that `fill` has filled completely: it is filled under a temporary name in the same
/// parent and renamed at the end; when `fill` throws, the temporary folder is removed.
///   An existing folder of that name is replaced if `replace`, else: throws Error.
void write_folder(const std::filesystem::path& folder, bool replace,
                  const std::function<void(const std::filesystem::path& staging)>& fill);

/// throws Error (Exit::failed) unless a folder at `path` exists or can be made and written into.
void require_writable_folder(const std::filesystem::path& path);

/// Lower-case hexadecimal SHA-1 and SHA-256 of the bytes.
std::string sha1_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
/// SHA-256 of a file of any size, read piece by piece. throws Error naming the path when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace kws
