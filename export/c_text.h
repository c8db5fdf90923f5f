#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kws {

/// The runtime's files and templates by name; export/embed.cmake writes the body from export/runtime/.
std::map<std::string, std::string> embedded_runtime();

/// A runtime file under the user's prefix: `kws_` and `KWS_` renamed, and sections between "kws:begin NAMES" and
/// "kws:end" left out unless one of the names is in `sections`.
std::string runtime_text(const std::string& file, const std::string& prefix, const std::set<std::string>& sections);

using Tokens = std::map<std::string, std::string>;
/// Replaces every @TOKEN@ by its text and @@ by @, once: what comes in is not searched again.
///   throws  std::logic_error for an unknown token (a broken promise)
std::string fill(std::string_view text, const Tokens& tokens);

/// The prefix in upper case, for macros.
std::string upper(std::string_view text);

/// A C string literal; everything but plain ASCII becomes an octal escape.
std::string c_string(std::string_view text);
/// Text that neither ends a cell of a Markdown table nor is markup, on one line. "_" inside words is none.
std::string markdown_text(std::string_view text);
/// Text that cannot end or nest a C comment, on one line.
std::string c_comment(std::string_view text);
/// A float with all its bits: "0x1.8p+1F".
std::string hex_float(float value);

/// The elements of an initialiser in lines of at most 120 columns, each indented by four.
std::string c_values(const std::vector<std::string>& values);
template <class Integer>
std::string c_values(std::span<const Integer> values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const Integer value : values) texts.push_back(std::to_string(value));
  return c_values(texts);
}

}  // namespace kws
