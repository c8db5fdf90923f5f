#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "../../export/stream_reference.h"
#include "export/random_models.h"
#include "export/shell_folder.h"

// What the tests of exported streams share.
namespace kws::test {

/// Holds the single header, which is quicker to compile than all files.
/// Streams standard input in chunks of argv[1] samples and prints each result on a line, then what was missed. Every
/// argv[3]-th decision is skipped; before chunk argv[4] the stream begins anew.
inline constexpr const char* kStreamDriver = R"(
#include <stdio.h>
#include <stdlib.h>
#define KWS_IMPLEMENTATION
#include "kws_single.h"
KWS_ALIGN(4) static uint8_t arena[KWS_STREAM_ARENA_SIZE];
int main(int argc, char **argv) {
  const size_t chunk = argc > 1 ? (size_t)atoi(argv[1]) : 1;
  const int skip = argc > 2 ? atoi(argv[2]) : 1; /* a step after every skip-th push only */
  const int pass = argc > 3 ? atoi(argv[3]) : 0;
  const int again = argc > 4 ? atoi(argv[4]) : 0; /* push before which all begins anew */
  int chunks = 0;
  int decision = 0;
  int16_t *pcm = (int16_t *)malloc(chunk * sizeof(int16_t));
  kws_state *s = (kws_state *)malloc(sizeof(kws_state));
  kws_result r;
  size_t n;
  int pushes = 0;
  if (kws_init(s, NULL) != -1 || kws_init(s, arena + 1) != -1 || kws_init(s, arena) != 0) return 3;
#ifdef OWN_SETTINGS
  static kws_detect_config own;
  own = kws_detect_defaults;
  own.smoothing = KWS_SMOOTHING + 1;
  if (kws_configure(s, &own) != -1) return 4;
  OWN_SETTINGS;
  if (kws_configure(s, &own) != 0) return 5;
#endif
  while ((n = fread(pcm, 2, chunk, stdin)) > 0) {
    int due;
    if (++chunks == again && kws_init(s, arena) != 0) return 7;
#if !KWS_PARTS
    memset(arena, 0x5A, sizeof arena); /* free between calls */
#endif
    due = kws_push(s, pcm, n);
#if KWS_PARTS
    if (kws_step_part(s, &r) == 1) {
      int i;
      printf("%lu %d %d %d", (unsigned long)r.frame, (int)r.label, (int)r.score, (int)r.detected);
      for (i = 0; i < KWS_NUM_CLASSES; ++i) printf(" %d", r.logits[i]);
      printf("\n");
    }
    continue;
#endif
    if (++pushes % skip != 0) continue;
    memset(arena, 0xA5, sizeof arena);
    if (due > 0 && pass > 0 && ++decision % pass == 0) {
      if (kws_skip(s) != 1) return 6;
      continue;
    }
    if ((due > 0) != (kws_step(s, &r) == 1)) return 2;
    if (due > 0) {
      int i;
      printf("%lu %d %d %d", (unsigned long)r.frame, (int)r.label, (int)r.score, (int)r.detected);
      for (i = 0; i < KWS_NUM_CLASSES; ++i) printf(" %d", r.logits[i]);
      printf("\n");
    }
  }
  fprintf(stderr, "missed %lu\n", (unsigned long)s->missed);
  free(pcm);
  free(s);
  return 0;
}
)";

using Pcm = std::vector<std::int16_t>;

inline Pcm tones_and_noise(int samples, std::uint64_t seed) {
  Rng rng({seed});
  Pcm pcm;
  for (int i = 0; i < samples; ++i) {
    const double loud = i % 9000 < 5000 ? 12000.0 : 40.0;
    const double tone = std::sin(2e-4 * i * (300 + 500 * (i / 6000 % 5)));
    pcm.push_back(static_cast<std::int16_t>(loud * tone + rng.between(-300, 300)));
  }
  return pcm;
}

inline std::string text(const std::vector<StreamDecision>& decisions) {
  std::ostringstream lines;
  for (const StreamDecision& d : decisions) {
    lines << d.frame << ' ' << d.label << ' ' << d.score << ' ' << d.detected;
    for (const int logit : d.logits) lines << ' ' << logit;
    lines << '\n';
  }
  return lines.str();
}

/// A model that detects readily: a low threshold, and half of the labels may be detected.
inline ExportModel readily(const Exportable& parts) {
  ExportModel model = parts.model();
  for (std::size_t i = 0; i < model.info.labels.size(); i += 2) model.info.labels[i].insert(0, "_");
  model.detector = {.smoothing_ms = 250, .threshold = 0.3, .refractory_ms = 350};
  return model;
}

/// A stream that is compiled and run.
class Stream : public ShellFolder {
 protected:
  void SetUp() override {
    ShellFolder::SetUp();
    write_file(root_ / "driver.c", kStreamDriver);
  }

  void compile(const ExportModel& model, const std::string& flags = "", const ExportOptions& options = {}) {
    ExportOptions replacing = options;
    replacing.replace = true;
    write_c_model(model, replacing, root_ / "kws");
    ASSERT_EQ(run("gcc -std=c99 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all "
                  "-Ikws " +
                  flags + " -o driver driver.c -lm"),
              0)
        << output();
  }
  void set_audio(const Pcm& pcm) {
    write_file(root_ / "pcm", {reinterpret_cast<const char*>(pcm.data()), 2 * pcm.size()});
  }
  std::string stream(const std::string& arguments) {
    EXPECT_EQ(run("./driver " + arguments + " <pcm"), 0) << output();
    std::istringstream lines(output());
    std::string line, results;
    while (std::getline(lines, line)) {
      if (line.starts_with("missed")) {
        missed_ = line;
      } else {
        results += line + "\n";
      }
    }
    return results;
  }

  std::string missed_;
};

}  // namespace kws::test
