#include "kws/cost/board.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "cost/published_networks.h"
#include "kws/core/files.h"
#include "kws/core/options.h"
#include "repository.h"
#include "temp_folder.h"

namespace kws {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using BoardFile = test::TempFolderTest;

Json valid_board() {
  return {{"schema", "kwsmith.board/1"}, {"name", "mine_2-b"},    {"summary", "a board of mine"}, {"core", "m33"},
          {"clock_hz", 64'000'000},      {"flash_bytes", 262144}, {"ram_bytes", 65536},           {"fpu", true},
          {"source", "its data sheet"}};
}

/// The line that reading a board ends with, "" when it is read.
std::string complaint(const Json& json) {
  try {
    board_from_json(json, "b.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), Exit::usage);
    return error.what();
  }
  return "";
}

std::string complaint_with(const char* key, const Json& value) {
  Json json = valid_board();
  json[key] = value;
  return complaint(json);
}

TEST(Boards, StandardOnesAreTheFilesOfTheFolder) {
  std::set<std::string> files, names;
  for (const auto& entry : std::filesystem::directory_iterator(repository() / "configs/boards")) {
    const std::string file = entry.path().string();
    EXPECT_EQ(board_by_name_or_file(file).name, entry.path().stem()) << "the file is called as the board";
    files.insert(entry.path().stem());
  }
  for (const Board& board : standard_boards()) names.insert(board.name);
  EXPECT_EQ(names, files);
  EXPECT_EQ(names.size(), standard_boards().size()) << "no name twice";
}

TEST(Boards, HoldTheKnownParts) {
  struct Row {
    const char* name;
    Core core;
    int clock_hz, flash_bytes, ram_bytes;
    bool fpu;
  };
  for (const Row& row : {Row{"stm32f746g-disco", Core::m7, 216'000'000, 1048576, 327680, true},
                         Row{"stm32l4r5", Core::m4, 120'000'000, 2097152, 655360, true},
                         Row{"nrf52840", Core::m4, 64'000'000, 1048576, 262144, true},
                         Row{"nrf5340", Core::m33, 128'000'000, 1048576, 524288, true},
                         Row{"stm32f103c8", Core::m3, 72'000'000, 65536, 20480, false},
                         Row{"rp2040", Core::m0, 133'000'000, 2097152, 270336, false},
                         Row{"lpc11u24", Core::m0, 48'000'000, 32768, 8192, false}}) {
    const Board board = board_by_name_or_file(row.name);
    EXPECT_EQ(board.core, row.core) << row.name;
    EXPECT_EQ(board.clock_hz, row.clock_hz) << row.name;
    EXPECT_EQ(board.flash_bytes, row.flash_bytes) << row.name;
    EXPECT_EQ(board.ram_bytes, row.ram_bytes) << row.name;
    EXPECT_EQ(board.fpu, row.fpu) << row.name;
  }
}

TEST(Boards, CoresWithoutFloatingPointHaveNoUnitForIt) {
  for (const Board& board : standard_boards()) {
    EXPECT_FALSE(board.fpu && (board.core == Core::m0 || board.core == Core::m3)) << board.name;
    EXPECT_FALSE(board.source.empty()) << board.name;
  }
}

TEST_F(BoardFile, OfTheUsersIsReadFromAFile) {
  write_file(root_ / "board.json", valid_board().dump());
  const Board board = board_by_name_or_file((root_ / "board.json").string());
  EXPECT_EQ(board.name, "mine_2-b");
  EXPECT_EQ(board.core, Core::m33);
  const Budget budget = budget_of(board);
  EXPECT_EQ(budget.limits[MeasureId::flash], 262144);
  EXPECT_EQ(budget.limits[MeasureId::ram], 65536);
  EXPECT_EQ(budget.core, Core::m33);
}

TEST(Boards, UnknownNamesLeadToKnownOnes) {
  const auto line = [](std::string_view text) {
    try {
      board_by_name_or_file(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), Exit::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(line("nrf52480"), "board \"nrf52480\": unknown; did you mean \"nrf52840\"?");
  EXPECT_EQ(line("NRF52840"), line("NRF52840")) << "matched as written";
  EXPECT_THAT(line("NRF52840"), StartsWith("board \"NRF52840\": unknown; "));
  EXPECT_THAT(line("abacus"), HasSubstr("kwsmith list boards"));
  EXPECT_THAT(line(""), HasSubstr("unknown"));
  EXPECT_THAT(line("no/such/board.json"), StartsWith("no/such/board.json: "));
}

TEST(Boards, BadFilesAreOneLineThatNamesTheKey) {
  EXPECT_EQ(complaint(valid_board()), "");
  EXPECT_THAT(complaint_with("colour", 1), StartsWith("b.json: colour: unknown key"));
  EXPECT_THAT(complaint_with("core", "m5"), StartsWith("b.json: core: \"m5\" is unknown; "));
  EXPECT_EQ(complaint_with("core", "m3"),
            "b.json: fpu: true, but a Cortex-M3 has no floating-point unit; set it to false or mend the core");
  EXPECT_THAT(complaint_with("schema", "kwsmith.board/2"), StartsWith("b.json: schema: "));
  EXPECT_THAT(complaint_with("ram_bytes", 0), StartsWith("b.json: ram_bytes: 0 is out of range"));
  EXPECT_THAT(complaint_with("flash_bytes", "1 MB"), StartsWith("b.json: flash_bytes: \"1 MB\" is not an integer"));
  EXPECT_THAT(complaint_with("fpu", 1), StartsWith("b.json: fpu: 1 is not a truth value"));
  EXPECT_THAT(complaint_with("name", "My Board"), AllOf(StartsWith("b.json: name: \"My Board\" "), EndsWith("first")));
  EXPECT_THAT(complaint_with("name", "two\nlines"), ::testing::Not(HasSubstr("\n")));
  const Json valid = valid_board();
  for (const auto& [key, value] : valid.items()) {
    Json json = valid;
    json.erase(key);
    EXPECT_EQ(complaint(json), "b.json: " + key + ": missing; add this key");
  }
  EXPECT_THAT(complaint(Json::array()), HasSubstr("is not an object"));
}

TEST(Advice, IsForFloatFeaturesWithoutAFloatingPointUnit) {
  Design design = load_design(test::published_file("dnn_s"));
  EXPECT_THAT(advice(board_by_name_or_file("rp2040"), design), HasSubstr("--front-end integer"));
  EXPECT_EQ(advice(board_by_name_or_file("nrf52840"), design), "");
  design.features.arithmetic = "integer";
  EXPECT_EQ(advice(board_by_name_or_file("rp2040"), design), "");
}

TEST(BoardUse, IsTheDesignsCostOnTheBoardsCoreAndClock) {
  const Design design = load_design(test::published_file("ds_cnn_s"));
  Board board = board_by_name_or_file("nrf52840");
  Budget budget = budget_of(board);
  budget.limits[MeasureId::load] = {};
  const BoardUse use = board_use(board, budget, design);
  const Needs needs = needs_of(design, Core::m4);
  EXPECT_EQ(use.sizes.flash_bytes, needs.firmware->flash_bytes);
  EXPECT_EQ(use.sizes.ram_bytes, needs.firmware->ram_bytes);
  EXPECT_TRUE(use.fits);
  const Timing& time = use.time;
  EXPECT_EQ(time.hop_ms, 100);
  EXPECT_LE(time.cycles.low, time.cycles.high);
  EXPECT_DOUBLE_EQ(time.ms_low, static_cast<double>(time.cycles.low) / 64000.0);
  EXPECT_DOUBLE_EQ(time.load_high, time.ms_high / 100.0);
  // Facts, section 2.3: boards took 5.2 to 22 million cycles for this network on an M4.
  EXPECT_GT(time.ms_high, 80.0);
  EXPECT_LT(time.ms_low, 350.0);

  budget.limits[MeasureId::ram] = static_cast<double>(use.sizes.ram_bytes);
  EXPECT_TRUE(board_use(board, budget, design).fits) << "to the last byte";
  budget.limits[MeasureId::ram] = static_cast<double>(use.sizes.ram_bytes - 1);
  EXPECT_FALSE(board_use(board, budget, design).fits);
  EXPECT_FALSE(board_use(board, budget_of(board), design).fits) << "it cannot keep up";
}

TEST(BoardUse, CountsFloatsInSoftwareWhereTheBoardHasNoUnitForThem) {
  Design design = load_design(test::published_file("dnn_s"));
  Board board = board_by_name_or_file("nrf52840");
  const BoardUse hard = board_use(board, budget_of(board), design);
  board.fpu = false;
  const Budget budget = budget_of(board);
  const BoardUse soft = board_use(board, budget, design);
  const Graph graph = build_graph(design);
  const FirmwareCost cost = firmware_cost(design.features, graph, {.fpu = false});
  const FirmwareCost usual = firmware_cost(design.features, graph);
  EXPECT_EQ(of(cost.frame, Core::m4).instructions, of(usual.frame, Core::m3).instructions);
  EXPECT_EQ(of(cost.network, Core::m4).instructions, of(usual.network, Core::m4).instructions);
  EXPECT_GT(soft.time.cycles.low, 5 * hard.time.cycles.low);
  // What of the C library an M3 takes for floats.
  EXPECT_GT(soft.sizes.flash_bytes, hard.sizes.flash_bytes + 2000);
  EXPECT_EQ(soft.sizes.flash_bytes, cost.sizes(Core::m4).flash_bytes);
  Budget tight = budget;
  tight.limits[MeasureId::ms] = soft.time.ms_high / 2;
  EXPECT_THAT(over_budget(design, tight), AllOf(HasSubstr("; take the integer front end"), Not(HasSubstr("enough"))));
  tight.limits[MeasureId::ms] = 0.001;
  EXPECT_THAT(over_budget(design, tight), HasSubstr("; take the integer front end, which is not enough by itself"));
  design.features.arithmetic = "integer";
  EXPECT_EQ(firmware_cost(design.features, graph, {.fpu = false}).sizes(Core::m4).flash_bytes,
            firmware_cost(design.features, graph).sizes(Core::m4).flash_bytes);
}

TEST(BoardUse, FitsMeansThatTheSlowEndKeepsUp) {
  for (const Board& board : standard_boards()) {
    const Budget budget = budget_of(board);
    for (const char* name : {"dnn_s", "cnn_s", "gru_s", "crnn_s", "ds_cnn_s"}) {
      Design design = load_design(test::published_file(name));
      if (!board.fpu) design.features.arithmetic = "integer";
      const BoardUse use = board_use(board, budget, design);
      const bool memory = use.sizes.flash_bytes <= board.flash_bytes && use.sizes.ram_bytes <= board.ram_bytes;
      EXPECT_EQ(use.fits, memory && use.time.load_high <= kMaxLoad) << board.name << " " << name;
      EXPECT_EQ(over_budget(design, budget).empty(), use.fits) << board.name << " " << name;
    }
  }
}

TEST(RealTime, TheHopIsTheShortestThatKeepsTheLoad) {
  const Design design = load_design(test::published_file("ds_cnn_s"));
  const Budget budget = budget_of(board_by_name_or_file("nrf52840"));
  const auto load = [&](int hop_ms) { return needs_of(design, budget.part(), {.hop_ms = hop_ms}).time->load_high; };
  const int hop = hop_that_keeps(design, budget);
  EXPECT_GT(hop, 100);
  EXPECT_EQ(hop % design.features.stride_ms, 0);
  EXPECT_LE(load(hop), kMaxLoad);
  EXPECT_GT(load(hop - design.features.stride_ms), kMaxLoad);
  EXPECT_THAT(over_budget(design, budget),
              AllOf(HasSubstr(" % of the core's time, budget \"nrf52840\" allows 80.00 %"),
                    HasSubstr("(--hop-ms " + std::to_string(hop) + ")"), HasSubstr(" MACs every 100 ms")));
  EXPECT_EQ(over_budget(design, budget, {.hop_ms = hop}), "");
  EXPECT_EQ(hop_that_keeps(design, budget_of(board_by_name_or_file("microbit"))), 0);
  EXPECT_EQ(hop_that_keeps(load_design(test::published_file("dnn_s")), budget), 80) << "two strides of 40 ms";
  EXPECT_THAT(over_budget(load_design(test::published_file("gru_s")), budget), HasSubstr("--carry-state"));
}

TEST(RealTime, AStreamThatCarriesItsStateKeepsABudgetThatWindowsBreak) {
  const Design design = load_design(test::published_file("gru_s"));
  const FirmwareOptions carrying{.carry_state = true};
  Budget budget = budget_of(board_by_name_or_file("nrf52840"));
  EXPECT_FALSE(over_budget(design, budget).empty());
  EXPECT_EQ(over_budget(design, budget, carrying), "");
  const Needs needs = needs_of(design, budget.part(), carrying);
  budget.carry_state = true;  // as a search has it
  EXPECT_EQ(over_budget(design, budget), "");
  EXPECT_EQ(needs_to_json(needs_of(design, budget.part())), needs_to_json(needs));
  EXPECT_EQ(hop_that_keeps(design, budget), needs.time->hop_ms);
  budget.limits[MeasureId::load] = 0.01;
  EXPECT_THAT(over_budget(design, budget), Not(HasSubstr("--carry-state"))) << "it does so already";
  const Design crnn = load_design(test::published_file("crnn_s"));
  for (const double load : {0.3, 0.19}) {
    budget.limits[MeasureId::load] = load;
    EXPECT_EQ(hop_that_keeps(crnn, budget) % 40, 0) << "two frames of 20 ms are a time step of its recurrent layers";
  }
  const Design windows = load_design(test::published_file("ds_cnn_s"));
  EXPECT_EQ(needs_to_json(needs_of(windows, budget.part(), carrying)), needs_to_json(needs_of(windows, budget.part())));
}

TEST(RealTime, MillisecondsOfADecisionAreALimitOfTheirOwn) {
  const Design design = load_design(test::published_file("ds_cnn_s"));
  Budget budget = budget_of(board_by_name_or_file("stm32h7a3"));
  EXPECT_EQ(over_budget(design, budget), "");
  budget.limits[MeasureId::ms] = 5.0;
  EXPECT_THAT(over_budget(design, budget),
              AllOf(HasSubstr(" ms a decision"), HasSubstr(" allows 5.00 ms; take a design")));
}

}  // namespace
}  // namespace kws
