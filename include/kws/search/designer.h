#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kws/core/options.h"
#include "kws/cost/board.h"
#include "kws/search/view.h"

namespace kws {

/// A board that a design may run on, and what it may take of it.
struct Place {
  Board board;
  Budget budget;
  std::string given;  ///< how a command names the board: its name or its file
};

/// What `kwsmith design` has been given.
struct DesignerOptions {
  Design start;
  std::vector<Budget> budgets;  ///< of designs alone, on whatever part
  std::vector<Place> places;    ///< to choose from
  std::string board;            ///< of these the first chosen; "": none
  Core core = Core::m4;         ///< that flash and RAM are counted for where no board is chosen
  FirmwareOptions firmware;     ///< the first view's
  std::string study;            ///< whose front is compared with; "": none
  std::string file;             ///< where the page may save; "": nowhere
  std::string flags;            ///< of the core and of limits, as `kwsmith cost` takes them, a blank before each
};

/// The page, which asks for all that follows.
std::string designer_html(const DesignerOptions& options);

/// The part that is chosen: of the board of that name, "": none.
///   throws  Error (Exit::usage) for a name that is not among the places
const Place* place_named(const DesignerOptions& options, const std::string& board);

/// What a move of the page comes to. `request` is {"design": a design file} and at most one change: {"type"};
/// {"dial", "place", "value"}; {"feature", "value"}. Returns {"schema": "kwsmith.dials/1", "design", "told": whether
/// the
///  dials tell all of its network, "dials": [{"name", "place", "value", "low", "high", "step", "least", "most",
///  "words", "help"}, ..], "features": [{"name", "value", "low", "high", "words", "help"}, ..]}, "words" where a choice
///  of words
/// takes the place of numbers.
///   throws  Error (Exit::usage) for what is no design, and a change that does not apply
Json turned_design(const Json& request);

/// {"schema": "kwsmith.fit/1", "needs": {column: value}, "budgets": [{"name", "limits": {column: value}, "line"}, ..],
///  "boards": [{as board_use_to_json, "line", "advice"}, ..]}: what a design takes where it runs, and what it breaks of
/// each budget and board in one line, "": nothing.
Json fit_of(const DesignerOptions& options, const Design& design, const std::string& board,
            const FirmwareOptions& firmware);

/// {"schema": "kwsmith.landmarks/1", "landmarks": [{"name", "type", "needs", "design"}, ..],
///  "front": [{as these, "trial", "accuracy", "error"}, ..]}: published networks, and the trials that none beats.
///   study  nothing: no front
Json landmarks_of(const DesignerOptions& options, const StudyView* study, const std::string& board,
                  const FirmwareOptions& firmware);

}  // namespace kws
