#include "c_text.h"

#include <cstdio>
#include <sstream>
#include <stdexcept>

#include "kws/core/text.h"

namespace kws {

namespace {

/// True when the marker line's names, e.g. "/* kws:begin gru lstm */", hold one of `sections`.
bool wanted(const std::string& marker, const std::set<std::string>& sections) {
  std::istringstream words(marker);
  std::string word;
  while (words >> word) {
    if (sections.contains(word)) return true;
  }
  return false;
}

std::string select_sections(const std::string& text, const std::set<std::string>& sections) {
  std::istringstream lines(text);
  std::string line, result;
  bool keep = true;
  while (std::getline(lines, line)) {
    if (line.starts_with("/* kws:begin ")) {
      keep = wanted(line, sections);
    } else if (line == "/* kws:end */") {
      keep = true;
    } else if (keep) {
      result += line + "\n";
    }
  }
  return result;
}

}  // namespace

std::string runtime_text(const std::string& file, const std::string& prefix, const std::set<std::string>& sections) {
  static const std::map<std::string, std::string> files = embedded_runtime();
  const std::string text = select_sections(files.at(file), sections);
  // In one pass: the prefix itself may hold either.
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view here = std::string_view(text).substr(at, 4);
    if (here == "kws_" || here == "KWS_") {
      result += (here == "kws_" ? prefix : upper(prefix)) + "_";
      at += here.size();
    } else {
      result += text[at++];
    }
  }
  return result;
}

std::string fill(std::string_view text, const Tokens& tokens) {
  std::string result;
  while (!text.empty()) {
    const std::size_t begin = text.find('@');
    result += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = text.find('@', begin + 1);
    if (end == std::string_view::npos) throw std::logic_error("template: '@' without a partner");
    const std::string name(text.substr(begin + 1, end - begin - 1));
    if (!name.empty() && !tokens.contains(name)) throw std::logic_error("template: unknown token @" + name + "@");
    result += name.empty() ? "@" : tokens.at(name);
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

std::string c_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    // '?' could begin a trigraph; three octal digits end before any digit that follows.
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?') {
      result += c;
    } else {
      char escape[5];
      std::snprintf(escape, sizeof escape, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += escape;
    }
  }
  return result + "\"";
}

std::string markdown_text(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*[]<>|").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string c_comment(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '\\' && c != '?';
    if (!result.empty() && ((result.back() == '*' && c == '/') || (result.back() == '/' && c == '*'))) result += ' ';
    result += plain ? c : '_';
  }
  return result;
}

std::string hex_float(float value) {
  char text[48];
  std::snprintf(text, sizeof text, "%aF", static_cast<double>(value));
  return text;
}

std::string c_values(const std::vector<std::string>& values) {
  constexpr std::size_t kColumns = 120;
  std::string result, line = "   ";
  for (const std::string& value : values) {
    if (line.size() + value.size() + 2 > kColumns) {
      result += line + "\n";
      line = "   ";
    }
    line += " " + value + ",";
  }
  return result + line + "\n";
}

}  // namespace kws
