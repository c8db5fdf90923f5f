#pragma once

#include <optional>
#include <span>
#include <string>

#include "kws/core/options.h"
#include "kws/search/facts.h"

namespace kws {

/// How a trial stands against the best published network of its study that was trained as long.
struct AgainstPublished {
  std::string winner, published;  ///< names
  bool itself = false;            ///< the winner is the published network
  int trial = 0;                  ///< the published network's, of finalists the first of its seeds
  int epochs = 0;                 ///< both were trained for
  int seeds = 1;                  ///< that the accuracies are means of, the fewer of the two
  double gain = 0.0;              ///< int8 validation accuracy, the winner's less the published network's
  double error = 0.0;             ///< standard error of that, both taken as independent; 0: not known
  Needs winner_needs, published_needs;
};

/// Finalists are held against finalists, by the means over their seeds; where no published network is one, the trial
/// that a finalist trains anew stands for it, at the highest rung that it and a published network have reached.
///   budget   that published networks must keep to count
///   returns  nothing where the study has trained none
std::optional<AgainstPublished> against_published(std::span<const TrialFacts> trials, const TrialFacts& winner,
                                                  const std::string& budget);

/// "ds_tc_14 is 1.9 ± 1.1 points above ds_cnn_s, the best published network trained as long (27 epochs), with 75 % of
/// its memory and 45 % of its operations"; and of its time, where a part with a clock is known.
std::string against_published_text(const AgainstPublished& one);

/// {"name", "trial", "epochs", "seeds", "accuracy_gain", "accuracy_gain_error", "shares": {"memory_bytes", ..}}: what
/// the winner takes of each measure, the published network's being 1.
Json against_published_to_json(const AgainstPublished& one);

}  // namespace kws
