#include "log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "help.h"
#include "kws/core/table.h"
#include "kws/core/text.h"
#include "kws/search/plan.h"

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

std::mutex block_mutex;
LiveBlock* live_block = nullptr;  // what stands on the terminal now

void send(int descriptor, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t now = ::write(descriptor, text.data() + sent, text.size() - sent);
    if (now < 0 && errno != EINTR) return;  // the terminal is gone
    sent += now < 0 ? 0 : static_cast<std::size_t>(now);
  }
}

}  // namespace

/// Log lines, a live block below them.
class AboveBlock : public spdlog::sinks::stderr_color_sink_mt {
  using Base = spdlog::sinks::stderr_color_sink_mt;

 public:
  using Base::Base;
  void log(const spdlog::details::log_msg& message) override {
    const std::scoped_lock lock(block_mutex);
    if (live_block != nullptr) live_block->remove_lines();
    Base::log(message);
    if (live_block != nullptr) live_block->put_lines();
  }
};

spdlog::logger& log() { return *spdlog::default_logger_raw(); }

void set_up_log(const Common& common) {
  const char* const no_color = std::getenv("NO_COLOR");  // no-color.org: any value but the empty one
  const bool plain = common.no_color || (no_color != nullptr && *no_color != '\0');
  const auto mode = plain ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  auto logger = std::make_shared<spdlog::logger>("kwsmith", std::make_shared<AboveBlock>(mode));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PrintableMessage>('@').set_pattern("%^%l%$: %@");
  logger->set_formatter(std::move(formatter));
  logger->set_level(common.quiet ? spdlog::level::err : common.verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

LiveBlock::LiveBlock(int descriptor, bool result) : descriptor_(descriptor) {
  const char* const kind = std::getenv("TERM");
  draws_ = ::isatty(descriptor) != 0 && kind != nullptr && std::string_view(kind) != "dumb" &&
           (result || log().should_log(spdlog::level::info));
}

void LiveBlock::draw(std::vector<std::string> lines) {
  if (!draws_) return;
  const std::scoped_lock lock(block_mutex);
  remove_lines();
  for (std::string& line : lines) line = printable(line);
  lines_ = std::move(lines);
  put_lines();
  live_block = this;
}

void LiveBlock::erase() {
  const std::scoped_lock lock(block_mutex);
  remove_lines();
  lines_.clear();
  if (live_block == this) live_block = nullptr;
}

void LiveBlock::put_lines() {
  const std::size_t width = terminal_width(descriptor_);
  std::string text;
  for (std::string& line : lines_) {
    line =
        cut_to_width(line, width - std::min<std::size_t>(width, 1));  // a full line would take the cursor to the next
    text += (text.empty() ? "" : "\n") + line;
  }
  send(descriptor_, text);
}

void LiveBlock::remove_lines() {
  if (lines_.empty()) return;
  // A terminal that has become narrower has broken its lines anew.
  const std::size_t width = terminal_width(descriptor_);
  std::size_t rows = 0;
  for (const std::string& line : lines_) rows += std::max<std::size_t>(1, (width_of(line) + width - 1) / width);
  std::string text = "\r";
  for (std::size_t i = 1; i < rows; ++i) text += "\033[A";
  send(descriptor_, text + "\033[J");
}

std::string bar(int done, int total) {
  const std::size_t width = terminal_width(STDERR_FILENO) < 100 ? 12 : 24;
  const auto filled =
      std::min(width, width * static_cast<std::size_t>(done) / static_cast<std::size_t>(std::max(1, total)));
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
}

void Progress::show(int done, int total, const std::string& note, std::optional<double> seconds_left) {
  const std::string count = unit_ + " " + std::to_string(done) + " of " + std::to_string(total);
  if (!block_.draws()) {
    log().info("{}: {}", count, note);
    return;
  }
  if (first_ < 0) first_ = done - 1;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double each = seconds / std::max(1, done - first_);
  block_.draw({bar(done, total) + " " + count + "  " + fixed(each, each < 0.1 ? 3 : 1) + " s each, " +
                   describe_time(seconds_left.value_or(each * (total - done))) + " left",
               note});
}

}  // namespace kws::cli
