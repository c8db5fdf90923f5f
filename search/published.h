#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "kws/search/options.h"
#include "kws/search/space.h"

namespace kws {

/// Published networks that keep a budget (index) of a search and none before it, as the search would train them: with
/// the classes of its data, the window and the arithmetic of its space.
std::vector<Sample> published_of(const SearchOptions& options, std::size_t budget, std::span<const Design> designs);

/// Names of published networks that searches of half an hour have not clearly beaten, the most accurate first: the first
/// of them that a budget has is its baseline. Source: docs/results.md.
const std::vector<std::string>& baseline_names();

bool is_baseline_name(const std::string& name);

/// Brings the baseline among some designs to the front; returns whether there is one.
///   name_of  gives the name of an element's design
template <class Element, class NameOf>
bool bring_baseline_forward(std::vector<Element>& of, const NameOf& name_of) {
  for (const std::string& name : baseline_names()) {
    const auto found = std::ranges::find(of, name, name_of);
    if (found == of.end()) continue;
    std::rotate(of.begin(), found, found + 1);
    return true;
  }
  return false;
}

/// How many budgets of a search begin with a baseline.
int baselines(const SearchOptions& options);

}  // namespace kws
