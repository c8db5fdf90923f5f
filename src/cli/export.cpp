#include <iostream>
#include <memory>

#include "cli.h"
#include "kws/core/files.h"
#include "kws/core/table.h"
#include "kws/cost/stream_plan.h"
#include "kws/export/c_export.h"
#include "kws/pipeline/onnx_file.h"
#include "kws/pipeline/pipeline.h"
#include "kws/quant/detector.h"
#include "log.h"
#include "model_source.h"
#include "target.h"

namespace kws::cli {

namespace {

struct ExportVerb {
  std::string model, out;
  std::string front_end;  // empty: the design's
  ExportOptions options;
  bool whole_windows = false, carry_state = false;
  Target target;
  Output format;
};

/// Two lines: sizes and times on a board, and where the times come from.
std::string describe(const BoardUse& use) {
  const Board& board = use.board;
  const Timing& time = use.time;
  return board.name + ": " + grouped(use.sizes.flash_bytes) + " of " + grouped(board.flash_bytes) +
         " bytes of flash, " + grouped(use.sizes.ram_bytes) + " of " + grouped(board.ram_bytes) +
         " bytes of RAM; a decision every " + std::to_string(time.hop_ms) + " ms takes " + fixed(time.ms_low, 2) +
         " to " + fixed(time.ms_high, 2) + " ms, " + percent(time.load_low) + " to " + percent(time.load_high) +
         " of the " + std::string(core_name(board.core)) + "'s time\ntimes: " + std::string(use.basis) + '\n';
}

/// The default hop, where a stream then takes the network on by its new frames; else 0.
int flowing_hop_ms(const Design& design) {
  const Graph graph = build_graph(design);
  const int stride_ms = design.features.stride_ms;
  const int hop_ms = default_hop_ms(graph, stride_ms);
  return plan_stream(graph, hop_ms / stride_ms) ? hop_ms : 0;
}

/// One file instead of a folder.
void run_onnx(const ExportVerb& verb, const Model& model) {
  const std::filesystem::path file = verb.out;
  if (std::filesystem::is_directory(file)) {
    throw Error(verb.out + ": is a folder; name the ONNX file to write", Exit::usage);
  }
  if (!verb.options.replace) require_absent(file, "choose another --out or give --replace");
  write_file(file, onnx_of(model));
  log().info("{}: input \"features\" [1, {}, {}], outputs \"logits\" and \"probabilities\" of {} classes", verb.out,
             frame_count(model.design.features), model.design.features.coefficients, model.labels.size());
}

/// Refuses what a float network has no use for.
void require_no_device(const ExportVerb& verb) {
  const ExportOptions usual;
  if (verb.target.board_text.empty() && verb.target.core.empty() && verb.front_end.empty() && !verb.whole_windows &&
      !verb.carry_state && verb.options.hop_ms == usual.hop_ms && verb.options.prefix == usual.prefix &&
      verb.target.given == Limits()) {
    return;
  }
  throw Error(
      "export --format onnx: writes the float network alone; leave out --board, --core, --front-end, --no-flow, "
      "--carry-state, --hop-ms, --prefix and limits",
      Exit::usage);
}

void run(const ExportVerb& verb) {
  const Model model = load_model(model_folder(verb.model));
  if (!verb.format.other.empty()) {
    require_no_device(verb);
    return run_onnx(verb, model);
  }
  Design device = model.design;
  if (!verb.front_end.empty()) device.features.arithmetic = verb.front_end;
  const FrontEnd front_end(device.features);
  const std::filesystem::path folder = verb.out;
  const std::optional<Board> board = verb.target.board();
  const Budget budget = verb.target.budget();
  ExportOptions options = verb.options;
  options.flow = !verb.whole_windows;
  options.core = budget.core;
  ExportModel view = export_view(model, front_end);
  view.detector.carry_state |= verb.carry_state;
  if (verb.whole_windows && view.detector.carry_state) {
    throw Error(
        "--no-flow: the model's thresholds are those of a state that is carried on, or --carry-state is given; leave "
        "one out, or build the C with -DKWS_FLOW=0",
        Exit::usage);
  }
  static_cast<void>(stream_options(front_end, view.detector, options.hop_ms));  // refuses a hop of no whole frames
  if (view.detector.carry_state) {
    const Graph graph = build_graph(device);
    const int stride_ms = device.features.stride_ms;
    const int hop_ms = options.hop_ms != 0 ? options.hop_ms : default_hop_ms(graph, stride_ms, true, true);
    require_state(graph, device.name, hop_ms / stride_ms, stride_ms);
  }
  FirmwareOptions firmware{.core = budget.core,
                           .fpu = budget.fpu,
                           .hop_ms = options.hop_ms,
                           .flow = options.flow,
                           .carry_state = view.detector.carry_state,
                           .exp_entries = static_cast<int>(exp_table(model.int8.layers.back().output.scale).size()),
                           .labels = model.labels};
  if (board && options.hop_ms == 0) firmware.hop_ms = options.hop_ms = hop_that_keeps(device, budget, firmware);
  require_fit(device, budget, firmware);
  if (options.hop_ms != verb.options.hop_ms &&
      !over_budget(device, budget, {.flow = options.flow, .carry_state = firmware.carry_state, .labels = model.labels})
           .empty()) {
    log().warn(
        "a decision every {} ms, because a shorter time takes too much of {}; `listen --hop-ms {}` shows what that "
        "misses",
        options.hop_ms, board->name, options.hop_ms);
  }
  if (board) options.board = board_use(*board, budget, device, firmware);
  if (verb.carry_state && !model.metrics.detector_carries_state) {
    log().warn("its thresholds were found without --carry-state; `listen {} --tune 1 --carry-state{}` finds others",
               verb.model, comes_with_program(verb.model) ? " --out FOLDER" : "");
  }
  const ExportSizes sizes = write_c_model(view, options, folder);
  if (const int hop = sizes.flow || !options.flow ? 0 : flowing_hop_ms(device); hop > 0) {
    log().warn(
        "at {} ms a decision runs the whole network; every {} ms (--hop-ms {}) it would compute only what new frames "
        "change",
        sizes.hop_ms, hop, hop);
  }
  if (const std::string line = board ? advice(*board, device) : ""; !line.empty()) log().warn(line);
  if (verb.format == Format::json) {
    const Json report = Json::parse(read_file(folder / (options.prefix + "_report.json")));
    std::cout << text_of(report, 2) << '\n';
    return;
  }
  const auto figure = [&](std::int64_t bytes) {
    return verb.format == Format::csv ? std::to_string(bytes) : grouped(bytes);
  };
  Table table({"part", "bytes"});
  table.add({"weights (flash)", figure(sizes.weights)});
  table.add({"front-end tables (flash)", figure(sizes.tables)});
  table.add({"arena, network alone (RAM)", figure(sizes.arena)});
  table.add({"arena, from one clip (RAM)", figure(sizes.pcm_arena)});
  table.add({"arena, from a stream (RAM)", figure(sizes.stream_arena)});
  table.add({"state of a stream (RAM)", figure(sizes.stream_state)});
  print_table(table, verb.format);
  if (verb.format == Format::table) {
    if (sizes.flow) {
      const bool carries = view.detector.carry_state;
      std::cout << "a decision every " << sizes.hop_ms << " ms computes only what its new frames "
                << (carries ? "add to the state that is carried on" : "change")
                << ";\narena and state: " << grouped(sizes.stream_arena + sizes.stream_state)
                << " bytes, with whole windows" << (carries ? "" : " (--no-flow)") << ": "
                << grouped(sizes.whole_stream) << '\n';
    }
    if (options.board) std::cout << describe(*options.board);
    std::cout << folder.string() << ": `make selftest` there checks the files on this machine\n";
  }
}

}  // namespace

void add_export(CLI::App& app, Common& /*common*/) {
  auto verb = std::make_shared<ExportVerb>();
  CLI::App* sub = app.add_subcommand("export", "Write a model as C99 for firmware, or its float network as ONNX");
  sub->add_option("MODEL", verb->model, kModelHelp)->required();
  sub->add_option("--out", verb->out, "folder to make; with --format onnx a file")->required();
  sub->add_option("--prefix", verb->options.prefix, "begins every file and name")->capture_default_str();
  sub->add_option(
         "--hop-ms", verb->options.hop_ms,
         "time from decision to decision, a multiple of the frame stride; 0: as many frames as 100 ms hold, or "
         "somewhat fewer where the network's strides ask for it, on a --board the first longer time that keeps "
         "--max-load")
      ->capture_default_str();
  verb->target.add_to(*sub);
  sub->add_flag("--no-flow", verb->whole_windows,
                "let a stream run the whole network for each decision, also where new frames change only a part of it");
  sub->add_flag("--carry-state", verb->carry_state,
                "gru, lstm, basic_lstm, crnn: carry the state of recurrent layers on, so that a decision takes the new "
                "time steps alone; the default of a model whose thresholds `listen --tune --carry-state` has found");
  sub->add_flag("--replace", verb->options.replace, "replace the folder, with all that is in it");
  sub->add_option("--front-end", verb->front_end, "float or integer; the design's when left out")
      ->check(one_of({"float", "integer"}));
  add_format(*sub, verb->format, "onnx", "onnx: write the float network as the ONNX file --out, no C");
  sub->callback([verb] { run(*verb); });
}

}  // namespace kws::cli
