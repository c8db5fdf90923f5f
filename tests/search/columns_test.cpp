#include "../../search/columns.h"

#include <gmock/gmock.h>

#include "kws/search/reports.h"
#include "kws/search/view.h"
#include "studied.h"

namespace kws {
namespace {

using testing::studied;
using testing::StudyFolder;
using testing::two_budgets;

TEST(Columns, TimesAreLeftOutWhereEqualSearchesMustGiveEqualBytes) {
  const StudyFolder folder;
  studied(two_budgets(), folder.path);
  StudyView view = view_study(folder.path.string());
  for (const bool deterministic : {false, true}) {
    view.options.deterministic = deterministic;
    const std::size_t times = deterministic ? 0U : 1U;
    EXPECT_EQ(reported_columns(view.options).size(), trial_columns().size() - 1 + times);
    const Json rows = trials_json(view.trials, {}, view.options)["trials"];
    ASSERT_FALSE(rows.empty());
    for (const Json& row : rows) {
      EXPECT_EQ(row.count("seconds"), times);
      EXPECT_FALSE(row.contains("window_ms")) << "it stands in the design";
      EXPECT_EQ(row.begin().key(), "trial");
    }
    const std::string csv = trials_table(view.trials, view.options).csv();
    const std::string header = csv.substr(0, csv.find('\n'));
    EXPECT_EQ(header.find(",seconds,") == std::string::npos, deterministic) << header;
    EXPECT_NE(header.find(",window_ms,"), std::string::npos) << header;
  }
}

}  // namespace
}  // namespace kws
