#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kws {

/// Whether the bytes are UTF-8; overlong forms and surrogates are not.
bool is_utf8(std::string_view text);

/// What may be sent to a terminal, and stays on one line: control characters (C0, DEL, C1) and bytes that are not UTF-8
/// become \xNN.
std::string printable(std::string_view text);

/// At most `longest` bytes, cut between characters and ended by "..." where more follow.
std::string shortened(std::string_view text, std::size_t longest);

/// Columns on a terminal: a character takes one.
std::size_t width_of(std::string_view text);

/// The same within `width` columns, dots among them; nothing is dropped where it fits.
std::string cut_to_width(std::string_view text, std::size_t width);

/// The words of each line of `text` in lines of at most `width` columns, each begun by `indent` blanks; ends with a
/// newline.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width);

/// "a, b and c" of last = " and ".
std::string word_list(const std::vector<std::string>& words, const std::string& last);

}  // namespace kws
