#include "log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "kws/core/table.h"
#include "kws/core/text.h"

namespace kws::cli {

namespace {

/// The message of a line; names of files and words in it may hold anything.
class PrintableMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& line) override {
    const std::string text = printable({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<PrintableMessage>();
  }
};

}  // namespace

spdlog::logger& log() { return *spdlog::default_logger_raw(); }

void set_up_log(const Common& common) {
  const char* const no_color = std::getenv("NO_COLOR");  // no-color.org: any value but the empty one
  const bool plain = common.no_color || (no_color != nullptr && *no_color != '\0');
  const auto mode = plain ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  auto logger =
      std::make_shared<spdlog::logger>("kwsmith", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PrintableMessage>('@').set_pattern("%^%l%$: %@");
  logger->set_formatter(std::move(formatter));
  logger->set_level(common.quiet ? spdlog::level::err : common.verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

Progress::Progress(const Common& common, std::string unit)
    : unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) != 0), quiet_(common.quiet) {}

void Progress::show(int done, int total, const std::string& note) {
  if (quiet_) return;
  if (!terminal_) {
    log().info("{} {} of {}: {}", unit_, done, total, note);
    return;
  }
  constexpr int kWidth = 24;
  if (first_ < 0) first_ = done - 1;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double each = seconds / std::max(1, done - first_);
  const auto filled = static_cast<std::size_t>(kWidth * done / std::max(1, total));
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r\033[K[%s] %s %d/%d  %.1f s each, %.0f s left  %s", bar.c_str(), unit_.c_str(), done, total,
               each, each * (total - done), printable(note).c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::done() {
  if (drawn_) std::fputc('\n', stderr);
  drawn_ = false;
}

}  // namespace kws::cli
