#pragma once

#include <sys/types.h>

#include <string>

namespace kws {

/// Names this boot of this machine and the space in which its process numbers count (containers have their own): only
/// where it is the same does a process number mean anything. 16 hexadecimal digits.
const std::string& process_space();

/// Whether no process of our space has this number.
bool process_is_gone(pid_t process);

}  // namespace kws
