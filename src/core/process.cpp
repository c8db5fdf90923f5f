#include "kws/core/process.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "kws/core/files.h"

namespace kws {

const std::string& process_space() {
  static const std::string space = [] {
    std::string facts;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> facts;
    std::error_code ignored;
    facts += std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0) facts += host.data();
    return sha256_hex(facts).substr(0, 16);
  }();
  return space;
}

bool process_is_gone(pid_t process) { return process <= 0 || (::kill(process, 0) != 0 && errno == ESRCH); }

}  // namespace kws
