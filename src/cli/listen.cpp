#include "kws/pipeline/listen.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

#include "cli.h"
#include "data_source.h"
#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/table.h"
#include "log.h"
#include "model_source.h"

namespace kws::cli {

namespace fs = std::filesystem;

namespace {

struct ListenVerb {
  std::string model, data, split = "test", out;
  std::vector<std::string> files;
  int hop_ms = 0;
  double tune = -1.0;
  bool sweep = false, no_labels = false, split_given = false;
  DetectorOptions detector;
  TestStreamOptions stream;
  Reading reading;
  std::unique_ptr<Flags> detector_flags, stream_flags;
  Output format;
};

/// A recording that ends before the first decision.
void tell_too_short(const std::string& name, const Model& model) {
  log().warn("{}: nothing was heard: it is shorter than the {} s of audio that a decision needs; take a longer one",
             name, fixed(model.design.features.clip_ms / 1000.0, 2));
}

/// From standard input to its end or Ctrl-C, each detection as it comes.
void listen_live(const ListenVerb& verb, const Model& model) {
  if (verb.format == Format::json) {
    throw Error("--format json: a stream on standard input has no end to wait for; take table or csv", Exit::usage);
  }
  const StreamOptions options = begin_listening(model, verb.detector, verb.hop_ms).options;
  Listener listener(model, options, 1);
  DetectionGate gate(model.labels, options, model.design.features.stride_ms);
  if (verb.format == Format::csv) std::cout << "seconds,word,score\n" << std::flush;
  std::array<char, 3200> bytes;  // a tenth of a second
  SampleStream stream;
  bool decided = false;
  while (!interrupted()) {
    const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(std::string("standard input: cannot be read: ") + std::strerror(errno) + "; pipe samples into it");
    if (got == 0) break;
    const std::vector<std::int16_t> pcm = stream.push({bytes.data(), static_cast<std::size_t>(got)});
    for (const SmoothedDecision& decision : listener.push(pcm)) {
      decided = true;
      if (!gate.detects(decision)) continue;
      const std::string seconds = fixed(end_of_frame(model.design.features, decision.frame), 2);
      const std::string& word = model.labels.at(static_cast<std::size_t>(decision.label));
      const std::string score = fixed(threshold_of_q15(decision.score), 3);
      std::cout << (verb.format == Format::csv ? seconds + "," + word + "," + score
                                               : seconds + " s  " + word + "  " + score)
                << std::endl;
    }
  }
  if (!interrupted() && !stream.started()) {
    throw Error("standard input: ended before its samples; pipe 16-bit samples at 16,000 Hz, mono, into it",
                Exit::data);
  }
  if (!interrupted() && stream.missing() > 1) {
    throw Error("standard input: truncated: " + counted(static_cast<long long>(stream.missing()), "byte") +
                    " of samples that its header promises are missing; pipe the whole of it",
                Exit::data);
  }
  if (!interrupted() && !decided) tell_too_short("standard input", model);
}

std::string verdict(const Json& found) { return found.is_null() ? "" : found.get<bool>() ? "found" : "false accept"; }

Table detection_table(const Json& json) {
  Table table({"recording", "seconds", "word", "score", "verdict"});
  for (const Json& d : json["detections"]) {
    table.add({d["recording"], fixed(d["seconds"].get<double>(), 2), d["word"], fixed(d["score"].get<double>(), 3),
               verdict(d["found"])});
  }
  return table;
}

Table threshold_table(const Json& json, Format format) {
  Table table({"threshold", "words", "found", "false_rejects", "false_accepts", "false_accepts_per_hour"});
  for (const Json& p : json["thresholds"]) {
    table.add({fixed(p["threshold"].get<double>(), 2), p["words"].dump(), p["found"].dump(),
               share_cell(p["false_reject_rate"], format), p["false_accepts"].dump(),
               fixed(p["false_accepts_per_hour"].get<double>(), 2)});
  }
  return table;
}

std::string summary(const Json& json) {
  const std::string heard =
      json["model"].get<std::string>() + ": " + fixed(json["seconds_heard"].get<double>() / 3600.0, 3) + " hours at " +
      (json["threshold_of_each"].empty() ? "threshold " + fixed(json["threshold"].get<double>(), 3)
                                         : std::string("each keyword's own threshold")) +
      ": ";
  const Json& judged = json["judged"];
  if (judged.is_null()) {
    return heard + counted(std::ssize(json["detections"]), "detection") + ", " +
           fixed(json["detections_per_hour"].get<double>(), 2) + " an hour";
  }
  // Recordings without a label track are heard, but not judged.
  const double hours = judged["hours"], all = json["seconds_heard"].get<double>() / 3600.0;
  const std::string labelled = hours < 0.999 * all ? "in the " + fixed(hours, 3) + " with labels " : "";
  return heard + labelled + "found " + grouped(judged["found"].get<long long>()) + " of " +
         counted(judged["words"].get<long long>(), "keyword") + " (" +
         percent(judged["false_reject_rate"].get<double>()) + " false rejects), " +
         counted(judged["false_accepts"].get<long long>(), "false accept") + ", " +
         fixed(judged["false_accepts_per_hour"].get<double>(), 2) + " an hour";
}

void print(const ListenVerb& verb, const Json& json) {
  if (verb.format == Format::json) {
    std::cout << text_of(json, 2) << "\n";
    return;
  }
  const Table table = verb.sweep ? threshold_table(json, verb.format) : detection_table(json);
  print_table(table, verb.format);
  if (verb.format == Format::table) std::cout << summary(json) << "\n";
}

/// A recording that is named twice would count twice.
void require_different(const std::vector<std::string>& files) {
  std::error_code error;
  for (auto one = files.begin(); one != files.end(); ++one) {
    for (auto other = files.begin(); other != one; ++other) {
      if (!fs::equivalent(*one, *other, error)) continue;
      throw Error("listen: " + *one + ": is named twice; name it once", Exit::usage);
    }
  }
}

Listening listen(const ListenVerb& verb, const Model& model, int threads) {
  Listening listening = begin_listening(model, verb.detector, verb.hop_ms);
  require_different(verb.files);
  for (const std::string& file : verb.files) {
    const Recording recording = read_recording(file, model.labels, !verb.no_labels);
    for (const std::string& remark : recording.remarks) log().info(remark);
    listen_to(recording, model, threads, listening);
    if (!listening.heard.back().decisions.empty()) continue;
    listening.heard.pop_back();  // its words could not be found
    if (verb.files.size() > 1) tell_too_short(recording.name, model);
  }
  if (!verb.files.empty() && listening.heard.empty()) {
    throw Error("listen: nothing was heard: a decision needs " + fixed(model.design.features.clip_ms / 1000.0, 2) +
                    " s of audio; give longer recordings",
                Exit::data);
  }
  if (!verb.data.empty()) {
    const LabelSet labels{keywords_of(model)};
    listen_to(make_test_stream(scan_corpus(verb.data), labels, split_from_name(verb.split), verb.stream,
                               verb.reading.options(threads, model.design.features.clip_ms)),
              model, threads, listening);
  }
  return listening;
}

/// Refuses thresholds that make the model deaf.
void require_hearing(const Listening& listening) {
  const OperatingPoint point = operating_point(listening);
  if (point.words == 0) {
    throw Error(
        "listen --tune: no keyword is labelled in these recordings, so none can be missed; nothing stored; add some "
        "that hold keywords, with their label tracks, or give --data",
        Exit::data);
  }
  if (2 * point.found >= point.words) return;
  for (int hundredths = 99; hundredths > 0; --hundredths) {
    const OperatingPoint other = operating_point(listening, hundredths / 100.0);
    if (2 * other.found < other.words) continue;
    throw Error("listen --tune: so few false accepts (" + fixed(point.false_accepts_per_hour(), 2) +
                    " an hour) leave " + std::to_string(point.found) + " of " + counted(point.words, "keyword") +
                    " found; nothing stored; half of them cost " + fixed(other.false_accepts_per_hour(), 2) +
                    " an hour (threshold " + fixed(hundredths / 100.0, 2) +
                    "): allow as many, or train longer and on more voices and words",
                Exit::nothing_fits);
  }
  throw Error("listen --tune: no threshold finds half of " + counted(point.words, "keyword") +
                  "; nothing stored; train longer and on more voices and words",
              Exit::nothing_fits);
}

/// Thresholds alone are stored; they hold for the detector that they were found with.
void warn_of_another_detector(const ListenVerb& verb) {
  DetectorOptions usual;
  usual.threshold = verb.detector.threshold;
  usual.thresholds = verb.detector.thresholds;
  usual.carry_state = verb.detector.carry_state;
  if (options_to_json(usual) == options_to_json(verb.detector) && verb.hop_ms == 0) return;
  log().warn(
      "listen --tune: thresholds are found with another detector or hop than the usual one, and alone are stored; "
      "give `listen` the same options again, `export` the same --hop-ms, and firmware kws_configure() the rest");
}

/// Where --tune stores.
fs::path tuned_folder(const ListenVerb& verb) {
  if (!verb.out.empty()) {
    require_absent(verb.out, "choose another --out or remove it");
    return verb.out;
  }
  if (comes_with_program(verb.model)) {
    throw Error("listen --tune: " + verb.model + " comes with the program and stays as it is; --out FOLDER makes a " +
                    "model with other thresholds",
                Exit::usage);
  }
  return verb.model;
}

/// Finds thresholds, for the listening too, and keeps them in the model at `tuned`.
void store_thresholds(const ListenVerb& verb, const fs::path& tuned, Model& model, Listening& listening) {
  model.metrics.detector_threshold = tune_threshold(listening, verb.tune);
  model.metrics.detector_thresholds = tune_thresholds(listening, verb.tune);
  model.metrics.detector_carries_state = verb.detector.carry_state;
  listening.options.threshold = threshold_q15(*model.metrics.detector_threshold);
  listening.options.thresholds.clear();
  std::string each;
  std::vector<std::string> mute;
  for (std::size_t i = 0; i < model.labels.size(); ++i) {
    const double threshold = model.metrics.detector_thresholds[i];
    listening.options.thresholds.push_back(threshold_q15(threshold));
    if (!is_keyword(model.labels[i])) continue;
    each += (each.empty() ? "" : ", ") + model.labels[i] + " " + fixed(threshold, 2);
    if (threshold >= 1.0) mute.push_back(model.labels[i]);
  }
  require_hearing(listening);
  const OperatingPoint point = operating_point(listening);
  if (point.false_accepts_per_hour() > verb.tune) {
    throw Error("listen --tune: even the highest thresholds leave " + fixed(point.false_accepts_per_hour(), 2) +
                    " false accepts an hour; nothing stored; allow as many, or train on more voices and words",
                Exit::nothing_fits);
  }
  model.metrics.heard = {
      .hours = point.hours, .words = point.words, .found = point.found, .false_accepts = point.false_accepts};
  verb.out.empty() ? save_metrics(model, tuned) : save_model(model, tuned);
  log().info("{}: thresholds from now on: {}", tuned.string(), each);
  if (!mute.empty()) {
    log().warn("{}: never detected with so few false accepts; a higher --tune, or longer recordings, may find some",
               word_list(mute, " and "));
  }
}

void run(ListenVerb& verb, const Common& common) {
  Model model = load_model(model_folder(verb.model));
  const fs::path tuned = verb.tune >= 0.0 ? tuned_folder(verb) : fs::path();
  if (model.metrics.detector_threshold) verb.detector.threshold = *model.metrics.detector_threshold;
  if (!verb.detector_flags->given().contains("threshold")) verb.detector.thresholds = model.metrics.detector_thresholds;
  // Thresholds hold for the way they were found; --tune chooses anew.
  verb.detector.carry_state = verb.tune < 0.0 && model.metrics.detector_carries_state;
  read_options(verb.detector_flags->given(), verb.detector, "command line", "");
  read_options(verb.stream_flags->given(), verb.stream, "command line", "");
  if (verb.tune >= 0.0 && verb.detector_flags->given().contains("threshold")) {
    throw Error("listen: --tune finds thresholds; leave --threshold out", Exit::usage);
  }
  const bool live = verb.files == std::vector<std::string>{"-"};
  if (verb.files.empty() == verb.data.empty()) {
    throw Error("listen: give recordings, or - for standard input, or --data", Exit::usage);
  }
  if (verb.data.empty() && (verb.split_given || !verb.stream_flags->given().empty())) {
    throw Error("listen: --split and the options of a recording made from --data go with --data; leave them out",
                Exit::usage);
  }
  if (verb.no_labels && (live || !verb.data.empty())) {
    throw Error("listen --no-labels: only recordings have label tracks; leave it out", Exit::usage);
  }
  if (live) {
    if (verb.sweep || verb.tune >= 0.0) {
      throw Error("listen: standard input has no label track to judge detections by; give recordings or --data",
                  Exit::usage);
    }
    return listen_live(verb, model);
  }
  if (verb.tune >= 0.0) warn_of_another_detector(verb);
  Listening listening = listen(verb, model, common.thread_count());
  if (verb.sweep || verb.tune >= 0.0) {
    const bool judged = operating_point(listening, 0.5).hours > 0.0;
    if (!judged) {
      throw Error(
          "listen: no recording has a label track (NAME.txt beside NAME.wav) to judge detections by; --data "
          "makes a labelled one",
          Exit::usage);
    }
  }
  if (verb.tune >= 0.0) store_thresholds(verb, tuned, model, listening);
  print(verb, listening_to_json(listening));
  const OperatingPoint point = operating_point(listening);
  if (point.words > 0 && 2 * point.found < point.words && !verb.sweep) {
    log().info(
        "less than half is found: --sweep shows what each threshold gives up and gains; training on more voices, "
        "more other words and for longer helps more");
  }
}

}  // namespace

void add_listen(CLI::App& app, Common& common) {
  auto verb = std::make_shared<ListenVerb>();
  CLI::App* sub = app.add_subcommand(
      "listen", "Detect keywords in long audio as the exported code does, count false accepts an hour");
  sub->add_option("MODEL", verb->model, kModelHelp)->required();
  sub->add_option("RECORDING", verb->files,
                  "WAV, FLAC, Ogg or MP3 of any length, judged by a label track NAME.txt beside it (Audacity: begin "
                  "TAB end TAB word); or - for standard input: raw 16-bit samples or WAV, 16 kHz mono");
  sub->add_option("--data", verb->data, "instead: a recording made of the clips of this Speech Commands folder");
  verb->reading.add_to(*sub);
  sub->add_flag("--no-labels", verb->no_labels, "a NAME.txt beside NAME.wav is no label track");
  CLI::Option* split =
      sub->add_option("--split", verb->split, "train, validation or test; whose clips")->capture_default_str();
  sub->add_option(
         "--hop-ms", verb->hop_ms,
         "time from decision to decision, a multiple of the frame stride; 0: as many frames as 100 ms hold, as export")
      ->capture_default_str();
  sub->add_flag("--sweep", verb->sweep, "a row per threshold instead of detections");
  CLI::Option* tune = sub->add_option("--tune", verb->tune,
                                      "store in the model a threshold for each keyword, so that the most words are "
                                      "found with at most so many false accepts an hour")
                          ->check(in_range(0.0, 1e6));
  sub->add_option("--out", verb->out, "model folder that --tune makes, in place of changing MODEL")->needs(tune);
  verb->detector_flags = std::make_unique<Flags>(*sub, "Detector (threshold: the model's)");
  describe(*verb->detector_flags, verb->detector);
  verb->stream_flags = std::make_unique<Flags>(*sub, "Recording made from --data");
  describe(*verb->stream_flags, verb->stream);
  add_format(*sub, verb->format);
  sub->callback([verb, split, &common] {
    verb->split_given = split->count() > 0;
    run(*verb, common);
  });
}

}  // namespace kws::cli
