#pragma once

#include <memory>

#include "kws/datasets/corpus.h"
#include "kws/search/evaluator.h"

namespace kws {

/// The evaluator of a real search: trains each proposal on one core of this machine.
///   dataset  shared by all trials, must outlive the evaluator
std::unique_ptr<Evaluator> make_training_evaluator(const Dataset& dataset);

}  // namespace kws
