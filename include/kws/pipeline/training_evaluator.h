#pragma once

#include <memory>

#include "kws/core/isa.h"
#include "kws/datasets/corpus.h"
#include "kws/search/evaluator.h"

namespace kws {

/// The evaluator of a real search: trains each proposal on one core of this machine.
///   dataset  shared by all trials, must outlive the evaluator
///   isa      of the training steps, see Trainer
std::unique_ptr<Evaluator> make_training_evaluator(const Dataset& dataset, Isa isa = best_isa());

}  // namespace kws
