#include "serving.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "kws/core/files.h"
#include "kws/search/report_html.h"
#include "log.h"

namespace kws::cli {

void Serving::add_to(CLI::App& verb) {
  verb.add_option("--port", port, "of the page on 127.0.0.1; 0: any that is free")->check(CLI::Range(0, 65535));
  verb.add_flag("--open", open, "show the page in a browser (xdg-open)");
}

void Serving::show(const LocalServer& server) const {
  if (!open) return;
  std::string program = "xdg-open", url = server.url();
  std::array<char*, 3> words = {program.data(), url.data(), nullptr};
  pid_t child = 0;
  // A session of its own, and silent: Ctrl-C is not for the browser, and standard output is the results'. Broken pipes
  // end it, which the server here ignores.
  posix_spawnattr_t apart;
  posix_spawnattr_init(&apart);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&apart, &usual);
  posix_spawnattr_setflags(&apart, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t silent;
  posix_spawn_file_actions_init(&silent);
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&silent, file, "/dev/null", O_RDWR, 0);
  }
  const int error = ::posix_spawnp(&child, program.c_str(), &silent, &apart, words.data(), environ);
  posix_spawn_file_actions_destroy(&silent);
  posix_spawnattr_destroy(&apart);
  if (error != 0) {
    log().warn("--open: xdg-open: {}; open the URL yourself", std::strerror(error));
  }
}

/// Reading a study of thousands of trials takes a while, which the search that is running should not feel.
void ServedReport::look() {
  using Clock = std::chrono::steady_clock;
  constexpr int kShare = 20;  // of the time, one part
  constexpr std::chrono::seconds kLeast{2};
  const Clock::time_point start = Clock::now();
  if (!page_.empty() && start < next_look_) return;
  std::vector<StudyView> views;
  views.reserve(studies_.size());
  for (const std::string& study : studies_) views.push_back(view_study(study));
  page_ = report_html(views, ReportUse::served);
  version_ = sha256_hex(page_);
  next_look_ = start + std::max<Clock::duration>(kLeast, kShare * (Clock::now() - start));
}

void ServedReport::add_to(LocalServer& server) {
  server.get("/", [this](const WebRequest&) {
    look();
    return WebAnswer{.body = page_, .type = "text/html"};
  });
  server.get("/api/version", [this](const WebRequest&) {
    look();
    return WebAnswer{.body = text_of(Json{{"version", version_}})};
  });
}

BackgroundReport::BackgroundReport(const Serving& serving, const std::string& study)
    : serving_(serving), report_({study}), server_(serving.port) {
  report_.add_to(server_);
}

void BackgroundReport::start() {
  log().info("report, as it stands: {}", server_.url());
  serving_.show(server_);
  thread_ = std::jthread([this](const std::stop_token& stop) { server_.run([&] { return stop.stop_requested(); }); });
}

}  // namespace kws::cli
