#include "kws/datasets/fetch.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "download.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/interrupt.h"
#include "kws/core/options.h"
#include "kws/core/text.h"
#include "kws/core/url.h"

namespace kws {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void require_sha256(const std::string& text) {
  const bool hexadecimal = std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (text.empty() || (text.size() == 64 && hexadecimal)) return;
  throw Error("sha256 \"" + text + "\": is no SHA-256; give its 64 hexadecimal digits", Exit::usage);
}

void require_content(const FetchSource& source, const PartFile& part) {
  if (source.sha256.empty()) return;
  const std::string found = sha256_of_file(part.path());
  if (found == lower(source.sha256)) return;
  throw Error(public_url(source.url) + ": SHA-256 is " + found + " instead of " + lower(source.sha256) +
                  "; the download was removed, run the same command again or check the URL",
              Exit::data);
}

/// The corpus in a folder under a temporary name, which errors must not show.
Corpus scan_unpacked(const std::filesystem::path& folder, const std::string& url) {
  try {
    return scan_corpus(folder);
  } catch (const Error& error) {
    std::string fact = error.what();
    fact = fact.substr(0, fact.find(';'));
    if (std::ranges::count(fact, '(') > std::ranges::count(fact, ')')) fact += ')';  // cut within brackets
    if (fact.starts_with(folder.string())) {
      fact.erase(0, std::min(fact.size(), fact.find_first_not_of(":/ ", folder.string().size())));
    }
    throw Error(url + ": " + fact + "; give an archive with WORD/*.wav, .flac, .ogg ... at its top", error.exit_code());
  }
}

}  // namespace

const KnownDataset& known_dataset(std::string_view name) {
  std::vector<std::string> names;
  for (const KnownDataset& known : kKnownDatasets) {
    if (known.name == name) return known;
    names.emplace_back(known.name);
  }
  throw Error("data set \"" + std::string(name) + "\": unknown; " +
                  did_you_mean(name, names, "choose one of " + word_list(names, ", ") + ", or give a --url"),
              Exit::usage);
}

Corpus fetch_corpus(const FetchSource& source, const std::filesystem::path& folder, bool replace,
                    const FetchProgress& progress) {
  // "DIR/" names the same folder as "DIR", but its part belongs beside it.
  const std::filesystem::path target = folder.has_filename() ? folder : folder.parent_path();
  require_sha256(source.sha256);
  if (replace) {
    require_replaceable(target, FolderKind::recordings);
  } else {
    require_absent(target, "choose another folder or give --replace");
  }
  PartFile part(target.string() + ".part", source.url, source.bytes);
  Corpus corpus;
  try {
    if (!part.complete()) download(source.url, part, progress);
    require_content(source, part);
    write_folder(target, FolderKind::recordings, replace, [&](const std::filesystem::path& staging) {
      unpack(part.path(), public_url(source.url), staging, progress);
      corpus = scan_unpacked(staging, public_url(source.url));
    });
  } catch (const Error& error) {
    // Nobody needs the bytes again; after any other error the next call goes on with them.
    if (error.exit_code() == Exit::data) part.remove();
    throw;
  }
  part.remove();
  corpus.root = target;
  return corpus;
}

}  // namespace kws
