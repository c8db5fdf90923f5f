#pragma once

#include <cstdint>
#include <string>

#include "kws/features/front_end.h"

namespace kws {

/// The generated part of PREFIX_features.c.
struct FeaturesCode {
  std::string tables;            ///< constant arrays
  std::string fields;            ///< initialiser of the front end's structure
  std::int64_t table_bytes = 0;  ///< of the arrays
  int work_bytes = 0;            ///< of one call
};
FeaturesCode features_code(const FrontEnd& front_end, const Normalisation& norm, const std::string& prefix);

}  // namespace kws
