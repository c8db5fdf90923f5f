#include "kws/cost/board.h"

#include <algorithm>
#include <map>

#include "kws/core/options.h"

namespace kws {

std::map<std::string, std::string> embedded_boards();

namespace {

constexpr const char* kSchema = "kwsmith.board/1";

struct Document {
  std::string schema = kSchema;
  std::string core;
  Board board;
};
template <class Field>
void describe(Field& field, Document& o) {
  Board& board = o.board;
  field.choice("schema", o.schema, {kSchema}, "format of this file");
  field("name", board.name, "for --board");
  field("summary", board.summary, "the part in words, and which memories count");
  field.choice("core", o.core, core_names(), "Arm Cortex-M core; m0 for the M0+ too");
  field("clock_hz", board.clock_hz, 1'000'000, 2'000'000'000, "clock of the core, usually the highest");
  field("flash_bytes", board.flash_bytes, 1024, 1 << 30, "for code and constants");
  field("ram_bytes", board.ram_bytes, 512, 1 << 30, "for variables");
  field("fpu", board.fpu, "has a floating-point unit");
  field("source", board.source, "data sheet of the figures");
}

bool is_name(const std::string& text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto other = [](char c) { return (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= 48 && lower(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return lower(c) || other(c); });
}

std::string in_quotes(std::string_view text) {
  return Json(text).dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace

const std::vector<std::string>& core_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    all.reserve(kCores.size());
    for (const Core core : kCores) all.emplace_back(core_name(core));
    return all;
  }();
  return names;
}

Board board_from_json(const Json& json, const std::string& origin) {
  Document document;
  read_options(json, document, origin, "", Missing::error);
  if (!is_name(document.board.name)) {
    throw Error(origin + ": name: " + in_quotes(document.board.name) +
                    " is no board name; use up to 48 lower-case letters, digits, '_' and '-', a letter first",
                Exit::usage);
  }
  document.board.core = core_by_name(document.core);
  if (document.board.fpu && !may_have_fpu(document.board.core)) {
    throw Error(origin + ": fpu: true, but a Cortex-" + (document.board.core == Core::m0 ? "M0" : "M3") +
                    " has no floating-point unit; set it to false or mend the core",
                Exit::usage);
  }
  return document.board;
}

const std::vector<Board>& standard_boards() {
  static const std::vector<Board> boards = [] {
    std::vector<Board> all;
    for (const auto& [file, text] : embedded_boards()) all.push_back(board_from_json(Json::parse(text), file));
    std::ranges::sort(all, {}, &Board::name);
    return all;
  }();
  return boards;
}

Board board_by_name_or_file(std::string_view text) {
  if (text.ends_with(".json") || text.find('/') != std::string_view::npos) {
    const std::string file(text);
    return board_from_json(load_json(file), file);
  }
  std::vector<std::string> known;
  for (const Board& board : standard_boards()) {
    if (board.name == text) return board;
    known.push_back(board.name);
  }
  throw Error("board " + in_quotes(text) + ": unknown; " +
                  did_you_mean(text, known, "`kwsmith list boards` shows them, or give a FILE.json"),
              Exit::usage);
}

Budget budget_of(const Board& board) {
  Budget budget{.name = board.name, .limits = {}, .core = board.core, .clock_hz = board.clock_hz, .fpu = board.fpu};
  budget.limits[MeasureId::flash] = board.flash_bytes;
  budget.limits[MeasureId::ram] = board.ram_bytes;
  budget.limits[MeasureId::load] = kMaxLoad;
  return budget;
}

}  // namespace kws
