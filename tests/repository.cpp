#include "repository.h"

namespace kws {

const std::filesystem::path& repository() {
  static const std::filesystem::path root = KWS_SOURCE_DIR;
  return root;
}

}  // namespace kws
