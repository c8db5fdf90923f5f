#pragma once

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

}  // namespace kws::cli
