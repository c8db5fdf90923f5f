#include "kws/export/c_export.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "c_text.h"
#include "features_code.h"
#include "golden.h"
#include "kws/core/audio.h"
#include "kws/core/error.h"
#include "kws/core/files.h"
#include "kws/core/rng.h"
#include "kws/core/table.h"
#include "kws/cost/cost.h"
#include "kws/cost/firmware.h"
#include "model_code.h"
#include "report.h"
#include "runtime_files.h"
#include "single_header.h"

namespace kws {

namespace {

void check_prefix(const std::string& prefix) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || c == '_'; };
  const bool valid = !prefix.empty() && prefix.size() <= 48 && letter(prefix.front()) &&
                     std::ranges::all_of(prefix, [&](char c) { return letter(c) || digit(c); });
  if (!valid) {
    throw Error("--prefix \"" + prefix + "\": is no C identifier; use up to 48 letters, digits and '_', a letter first",
                Exit::usage);
  }
}

void check_folder(const std::filesystem::path& folder, bool replace) {
  if (replace) return require_replaceable(folder, FolderKind::firmware);
  require_absent(folder, "choose another folder or replace it with --replace");
}

Graph graph_of(const Int8Model& network) {
  Graph graph(network.input);
  for (const Int8Layer& layer : network.layers) graph.add(layer.layer.name, layer.layer.op, layer.layer.inputs);
  return graph;
}

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// "yes, no, up"
std::string listed(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += (text.empty() ? "" : ", ") + label;
  return text;
}

/// Everything that several files need to know.
struct Draft {
  ModelCode model;
  FeaturesCode features;
  ExportReport report;
  Tokens tokens;
};

std::string header(const ExportReport& r) {
  const ExportInfo& info = r.info;
  std::string text = "/* SPDX-License-Identifier: Apache-2.0\n * Written by " + c_comment(info.generator) +
                     ", export format 1. You own the weights and may license generated files as you like, see\n"
                     " * LICENSE-NOTICE.txt.\n * Model: " +
                     c_comment(info.name) + " (" + c_comment(info.type) + "), seed " + std::to_string(info.seed) +
                     ", design SHA-256\n * " + c_comment(info.design_hash) +
                     (info.budget.empty() ? "" : "\n * Smallest standard budget it keeps: " + c_comment(info.budget)) +
                     "\n * Labels: " + c_comment(listed(info.labels)) +
                     "\n * Accuracy: " + c_comment(accuracy_text(info)) + "\n * " + std::to_string(r.macs) +
                     " multiply-accumulates, int8 weights with a scale per row, int8 activations.\n * Flash: weights " +
                     std::to_string(r.sizes.weights) + " bytes, front-end tables " + std::to_string(r.sizes.tables) +
                     " bytes. RAM: arena " + std::to_string(r.sizes.arena) + " bytes, from a clip " +
                     std::to_string(r.sizes.pcm_arena) + " bytes, from a stream " +
                     std::to_string(r.sizes.stream_arena) + " and " + std::to_string(r.sizes.stream_state) +
                     " bytes. */";
  return text;
}

/// Sizes and places of a memory plan, and of the front end beside it; returns the arena from audio.
int place_tokens(const ArenaPlan& plan, int features, int work_bytes, const std::string& which, Tokens& tokens) {
  const int features_offset = plan.steps.front().input_offset;
  // The front end's work lies beside the features it fills, before the network needs the place.
  const int work_offset = features_offset >= work_bytes ? 0 : (features_offset + features + 3) / 4 * 4;
  const int pcm_arena = std::max(plan.bytes, work_offset + work_bytes);
  tokens[which + "ARENA_SIZE"] = std::to_string(plan.bytes);
  tokens[which + "PCM_ARENA_SIZE"] = std::to_string(pcm_arena);
  tokens[which + "FEATURES_OFFSET"] = std::to_string(features_offset);
  tokens[which + "WORK_OFFSET"] = std::to_string(work_offset);
  return pcm_arena;
}

/// What the example's ring must hold: the audio that comes while the network runs, which on an unknown board is shorter
/// than a hop, and the block that is being written; one place stays free.
Tokens ring_tokens(const std::optional<BoardUse>& board, int hop_ms) {
  constexpr int kBlock = 160;
  const int ms = board ? static_cast<int>(std::ceil(board->time.ms_high)) : hop_ms;
  return {{"RING_MS", std::to_string(ms)},
          {"RING_SAMPLES", std::to_string(ms * kSamplesPerMs + kBlock + 1)},
          {"BLOCK_SAMPLES", std::to_string(kBlock)}};
}

/// A sentence of README.md.
std::string flow_text(const std::optional<StreamPlan>& plan, const ExportSizes& sizes) {
  if (plan && plan->carried) {
    return "`kws_push` takes the first " + std::to_string(plan->flowing) + " layers on with every " +
           counted(plan->frames, "new frame") + " and runs the others when a decision is due,\nwhich `kws_step` tells.";
  }
  if (!plan) return "`kws_step` runs the whole network.";
  return "`kws_push` takes the first " + std::to_string(plan->flowing) + " layers on by what " +
         std::to_string(plan->frames) +
         " new frames change and keeps the rest, `kws_step` runs the other\nlayers: the same decisions as those about "
         "whole "
         "clips (`-DKWS_FLOW=0`, which another `KWS_HOP_FRAMES` needs, too,\nand which takes " +
         std::to_string(sizes.whole_stream) + " bytes of RAM instead of " +
         std::to_string(sizes.stream_arena + sizes.stream_state) + " at this hop).";
}

Tokens flow_tokens(const std::optional<StreamPlan>& plan, const ModelCode& code) {
  const StreamPlan flow = plan.value_or(StreamPlan{});
  const auto text = [](std::size_t value) { return std::to_string(value); };
  return {{"FLOWS", plan ? "1" : "0"},
          {"CARRIES", flow.carried ? "1" : "0"},
          {"FLOW_FIRST", std::to_string(flow.first_frames)},
          {"FLOW_REMARK", plan ? "; there, too, what the network's\n * front makes of it" : ""},
          {"FLOW_FRAMES", std::to_string(flow.frames)},
          {"FLOW_ROWS", plan ? std::to_string(flow.rings.front().columns) : ""},
          {"FLOW_LAYERS", text(flow.flowing)},
          {"FLOW_STEPS", text(flow.in_flow)},
          {"FLOW_TABLE_ROWS", text(flow.steps.size())},
          {"FLOW_STATE_BYTES", std::to_string(flow.state_bytes)},
          {"FLOW_ARENA_BYTES", std::to_string(flow.arena_bytes)},
          {"FLOW_DECISION_ARENA_BYTES", std::to_string(flow.decision_arena_bytes)},
          {"FLOW_RINGS", plan ? text(flow.rings.size() - 1) : ""},
          {"FLOW_LAYER_CODE", code.flow_layers},
          {"FLOW_TABLE", code.flow_table},
          {"FLOW_RING_TABLE", code.flow_rings}};
}

/// What comments and README call the length of a clip.
Tokens clip_tokens(int clip_ms) {
  const std::string length = seconds_text(clip_ms);
  const bool second = clip_ms == kClipMs;
  return {{"ONE_CLIP", second ? "one second" : length},
          {"A_CLIP", second ? "a second" : length},
          {"CLIP_LENGTH", second ? "second" : length}};
}

/// A row of README.md.
std::string board_row(const std::optional<BoardUse>& board) {
  if (!board) return "";
  const Timing& time = board->time;
  return "| on " + board->board.name + " | a decision every " + std::to_string(time.hop_ms) + " ms takes " +
         fixed(time.ms_low, 1) + " to " + fixed(time.ms_high, 1) + " ms, " + percent(time.load_low) + " to " +
         percent(time.load_high) + " of its time |\n";
}

Draft make_draft(const ExportModel& m, const ExportOptions& options) {
  const std::string& prefix = options.prefix;
  const Graph graph = graph_of(m.network);
  const ArenaPlan plan = plan_arena(graph);
  const int values = m.network.input.elements();
  assert(values == m.front_end.values());
  assert(static_cast<int>(m.info.labels.size()) == m.network.classes());

  Draft d;
  const ArenaPlan cmsis_plan = plan_arena(graph, ArenaKind::cmsis_nn);
  const int stride_ms = m.front_end.options().stride_ms;
  const int hop_ms =
      options.hop_ms != 0 ? options.hop_ms : default_hop_ms(graph, stride_ms, options.flow, m.detector.carry_state);
  const StreamOptions stream = stream_options(m.front_end, m.detector, hop_ms);
  std::optional<StreamPlan> flow;
  if (stream.continuous) {
    flow = require_state(graph, m.info.name, stream.hop_frames, stride_ms);
  } else if (options.flow) {
    flow = plan_stream(graph, stream.hop_frames);
  }
  d.model = model_code(m.network, plan, cmsis_plan, flow ? &*flow : nullptr, prefix);
  d.features = features_code(m.front_end, m.normalisation, prefix);
  const int pcm_arena = place_tokens(plan, values, d.features.work_bytes, "", d.tokens);
  place_tokens(cmsis_plan, values, d.features.work_bytes, "CMSIS_", d.tokens);

  d.report = make_report(m, graph, plan, options, prefix, stream);
  d.report.constants_hash = sha256_hex(d.model.constants);
  d.report.sizes = {.weights = d.report.sizes.weights,
                    .tables = d.features.table_bytes,
                    .arena = plan.bytes,
                    .pcm_arena = pcm_arena,
                    .stream_arena = std::max(plan.bytes, d.features.work_bytes),
                    .stream_state = stream_state_bytes(m, stream, nullptr)};
  ExportSizes& sizes = d.report.sizes;
  sizes.hop_ms = hop_ms;
  sizes.flow = flow.has_value();
  sizes.whole_stream = sizes.stream_arena + sizes.stream_state;
  if (flow) {
    sizes.stream_arena = std::max({flow->arena_bytes, flow->decision_arena_bytes, d.features.work_bytes});
    sizes.stream_state = stream_state_bytes(m, stream, &*flow);
  }
  std::string labels;
  for (const std::string& label : m.info.labels) labels += "    " + c_string(label) + ",\n";
  const Quant& logit = m.network.layers.back().output;
  const auto text = [](std::int64_t value) { return std::to_string(value); };
  d.tokens.merge(Tokens{
      {"HEADER", header(d.report)},
      {"NAME", c_string(m.info.name)},
      {"TYPE", c_string(m.info.type)},
      {"DESIGN_HASH", c_string(m.info.design_hash)},
      {"CONSTANTS_HASH", c_string(d.report.constants_hash)},
      {"GENERATOR_TEXT", c_string(m.info.generator)},
      {"SAMPLE_RATE", text(kRateHz)},
      {"CLIP_SAMPLES", text(static_cast<std::int64_t>(m.front_end.clip_samples()))},
      {"FRAMES", text(m.front_end.frames())},
      {"COEFFICIENTS", text(m.front_end.coefficients())},
      {"FEATURES", text(values)},
      {"CLASSES", text(m.network.classes())},
      {"LOGIT_SCALE", shortest(logit.scale)},
      {"LOGIT_ZERO", text(logit.zero_point)},
      {"WEIGHT_BYTES", text(d.report.sizes.weights)},
      {"LABELS", labels},
      {"LAYERS", d.model.layers},
      {"SIZEOF_SUM", d.model.sizeof_sum},
      {"TABLE", d.model.table},
      {"SCRATCH", d.model.adds_features
                      ? "l->scratch < 0 ? (void *)(uintptr_t)(features - 1 - l->scratch) : (void *)(base + l->scratch)"
                      : "base + l->scratch"},
      {"CMSIS_TABLE", d.model.cmsis_table},
      {"CMSIS_CHECKS", d.model.cmsis_checks},
      {"LAYER_COUNT", text(static_cast<std::int64_t>(m.network.layers.size()))},
      {"TABLES", d.features.tables},
      {"FIELDS", d.features.fields},
      {"SPEECH_WEIGHTS", d.features.speech_weights},
      {"SPEECH_LOW", text(kSpeechLowHz)},
      {"SPEECH_HIGH", text(kSpeechHighHz)},
      {"FRONT_END", front_end_file(m.front_end.integer())},
      {"REAL", m.front_end.integer() ? "int32_t" : "float"},
      {"WINDOW", text(m.front_end.tables().window)},
      {"STRIDE", text(m.front_end.tables().stride)},
      {"WORK_BYTES", text(d.features.work_bytes)},
      {"TABLE_BYTES", text(d.features.table_bytes)},
      {"TITLE", m.info.name},
      {"GENERATOR", m.info.generator},
      {"TYPE_TEXT", m.info.type},
      {"LABEL_LIST", markdown_text(listed(m.info.labels))},
      {"BUDGET", m.info.budget.empty() ? "not known" : m.info.budget},
      {"STREAM_ARENA", text(d.report.sizes.stream_arena)},
      {"STREAM_STATE", text(d.report.sizes.stream_state)},
      {"SEED", text(static_cast<std::int64_t>(m.info.seed))},
      {"DESIGN_TEXT", m.info.design_hash},
      {"ACCURACY", accuracy_text(m.info)},
      {"MACS", text(d.report.macs)},
      {"BOARD_ROW", board_row(options.board)},
  });
  d.tokens.merge(flow_tokens(flow, d.model));
  d.tokens["STACK_BYTES"] = std::to_string(kStackBytes);
  d.tokens["FLOW_TEXT"] = flow_text(flow, sizes);
  d.tokens.merge(clip_tokens(m.front_end.options().clip_ms));
  d.tokens.merge(ring_tokens(options.board, stream.hop_frames * m.front_end.options().stride_ms));
  d.tokens.merge(detector_tokens(m, stream));
  d.tokens.merge(golden_tokens(m, stream));
  return d;
}

/// Files of the export, from the template or runtime file they are made of.
std::map<std::string, std::string> render(const Draft& d, const std::string& prefix) {
  const auto from = [&](const std::string& file) { return runtime_text(file, prefix, d.model.sections); };
  const auto filled = [&](const std::string& file) { return fill(from(file), d.tokens); };
  const std::string top = d.tokens.at("HEADER") + "\n";
  std::map<std::string, std::string> files;
  const std::vector<RuntimeFile> list = runtime_files(d.tokens.at("FRONT_END"));
  for (const RuntimeFile& file : list) {
    const std::string text = file.filled ? filled("kws" + file.name + ".in") : from("kws" + file.name);
    if (!text.empty()) files[prefix + file.name] = (file.filled ? "" : top) + text;
  }
  files["example/main_host.c"] = filled("example_main_host.c.in");
  files["example/selftest.c"] = filled("example_selftest.c.in");
  for (const char* name : {"main_baremetal.c", "startup.c", "size.c", "board.h", "cortex_m.ld"}) {
    files[std::string("example/") + name] = filled("example_" + std::string(name) + ".in");
  }
  for (const char* name : {"Makefile", "CMakeLists.txt", "README.md", "LICENSE-NOTICE.txt"}) {
    files[name] = filled(std::string(name) + ".in");
  }
  files[prefix + "_report.json"] = report_text(d.report);
  files[prefix + "_report.txt"] = report_for_people(d.report);
  files[prefix + "_single.h"] = single_header(list, files, prefix, d.tokens.at("HEADER"));
  return files;
}

}  // namespace

std::vector<Golden> synthetic_golden(const Int8Model& network, int count) {
  std::vector<Golden> golden;
  for (int i = 0; i < count; ++i) {
    Rng rng({0x601DU, static_cast<std::uint64_t>(i)});
    Golden one;
    one.features.resize(static_cast<std::size_t>(network.input.elements()));
    one.logits.resize(static_cast<std::size_t>(network.classes()));
    for (std::int8_t& value : one.features) value = static_cast<std::int8_t>(rng.between(-128, 127));
    run_int8(network, one.features, one.logits);
    golden.push_back(std::move(one));
  }
  return golden;
}

std::map<std::string, std::string> c_model_files(const ExportModel& model, const ExportOptions& options) {
  check_prefix(options.prefix);
  return render(make_draft(model, options), options.prefix);
}

ExportSizes write_c_model(const ExportModel& model, const ExportOptions& options, const std::filesystem::path& folder) {
  check_prefix(options.prefix);
  check_folder(folder, options.replace);
  const Draft draft = make_draft(model, options);
  write_folder(folder, FolderKind::firmware, options.replace, [&](const std::filesystem::path& staging) {
    for (const auto& [name, text] : render(draft, options.prefix)) write_file(staging / name, text);
  });
  return draft.report.sizes;
}

}  // namespace kws
