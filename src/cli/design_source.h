#pragma once

#include <string>
#include <vector>

#include "kws/families/design.h"

namespace kws::cli {

/// How a verb that takes designs describes its argument.
constexpr const char* kDesignHelp =
    "design file (kwsmith.design/1), model folder, STUDY:TRIAL, or a name of `list designs` or `list models`";

/// The design that a user means.
///   changes  each PATH=VALUE, such as network.conv.filters=48 or features.stride_ms=20
///   throws   Error (Exit::usage) when it is none of those, or a change does not apply
Design design_named(const std::string& word, const std::vector<std::string>& changes = {});

/// A design that `word` has given, with such changes.
Design changed(Design design, const std::vector<std::string>& changes, const std::string& word);

}  // namespace kws::cli
