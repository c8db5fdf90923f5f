#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace kws::test {

/// What GCC tells by -fcallgraph-info=su.
class CallGraph {
 public:
  explicit CallGraph(const std::string& text) {
    std::istringstream lines(text);
    const std::regex node("node: . title: \"([^\"]*)\" label: \".*[^0-9]([0-9]+) bytes .([a-z]+).*");
    const std::regex edge("edge: . sourcename: \"([^\"]*)\" targetname: \"([^\"]*)\".*");
    std::smatch found;
    for (std::string line; std::getline(lines, line);) {
      if (std::regex_match(line, found, node)) {
        frames_[found[1]] = std::stoi(found[2]);
        EXPECT_EQ(found[3], "static") << found[1];
      } else if (std::regex_match(line, found, edge)) {
        calls_[found[1]].insert(found[2]);
      }
    }
    // A pointer may lead to every function from which no pointer is called.
    int most = 0;
    for (const auto& [name, bytes] : frames_) {
      if (!reaches(name, kPointer)) most = std::max(most, longest(name));
    }
    frames_[kPointer] = most;
  }
  /// Bytes of stack of the deepest calls from it, the C library's left out.
  [[nodiscard]] int longest(const std::string& name) const {
    const auto own = frames_.find(name);
    int below = 0;
    for (const std::string& called : called_by(name)) below = std::max(below, longest(called));
    return (own == frames_.end() ? 0 : own->second) + below;
  }

 private:
  static constexpr const char* kPointer = "__indirect_call";
  [[nodiscard]] std::set<std::string> called_by(const std::string& name) const {
    const auto found = calls_.find(name);
    return found == calls_.end() ? std::set<std::string>() : found->second;
  }
  [[nodiscard]] bool reaches(const std::string& name, const std::string& target) const {
    return name == target ||
           std::ranges::any_of(called_by(name), [&](const std::string& one) { return reaches(one, target); });
  }
  std::map<std::string, int> frames_;
  std::map<std::string, std::set<std::string>> calls_;
};

}  // namespace kws::test
