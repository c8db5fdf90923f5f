#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "fake_evaluator.h"
#include "kws/search/proposals.h"
#include "kws/search/study.h"

// What the tests of a study and of its store share.
namespace kws::testing {

inline const Json kConfig = {{"search", {{"seed", 7}, {"epochs", 2}}}, {"types", {"dnn", "gru"}}};

/// What opening a study says that cannot be opened.
inline std::string refusal(const std::filesystem::path& folder, const Json& config, Exit expected) {
  try {
    Study study(folder, config);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), expected);
    return error.what();
  }
  ADD_FAILURE() << "the study was opened";
  return "";
}

inline std::vector<Proposal> proposals(int count) {
  Proposer proposer(two_budgets());
  std::vector<Proposal> list;
  for (int i = 0; i < count; ++i) list.push_back(proposer.propose(0, i, std::vector<Outlook>(4))->proposal);
  return list;
}

}  // namespace kws::testing
