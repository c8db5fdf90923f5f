#include "serving.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

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
  if (const int error = ::posix_spawnp(&child, program.c_str(), nullptr, nullptr, words.data(), environ); error != 0) {
    log().warn("--open: xdg-open: {}; open the URL yourself", std::strerror(error));
  }
}

}  // namespace kws::cli
