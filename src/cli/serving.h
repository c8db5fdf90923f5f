#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cli.h"
#include "kws/serve/local_server.h"

namespace kws::cli {

/// --port and --open of verbs that serve a page.
struct Serving {
  int port = 0;
  bool open = false;

  void add_to(CLI::App& verb);
  /// Shows the page, where that is wanted.
  void show(const LocalServer& server) const;
};

/// Reports of studies, which may be written to meanwhile, as a page that follows them.
class ServedReport {
 public:
  explicit ServedReport(std::vector<std::string> studies) : studies_(std::move(studies)) {}
  /// Its pages; the server may not outlive it.
  void add_to(LocalServer& server);

 private:
  void look();
  std::vector<std::string> studies_;
  std::string page_, version_;
  std::chrono::steady_clock::time_point next_look_;
};

/// The report of a study, served by a thread of its own from start() on, as long as this lives.
class BackgroundReport {
 public:
  /// throws  Error when the port is taken
  BackgroundReport(const Serving& serving, const std::string& study);
  void start();

 private:
  Serving serving_;
  ServedReport report_;
  LocalServer server_;
  std::jthread thread_;
};

}  // namespace kws::cli
