#pragma once

#include <string>
#include <string_view>

namespace kws {

/// What of a URL may be shown and passed on: scheme, host, port and path. User, password and all parameters, which may
/// hold them too, are left out.
std::string public_url(std::string_view url);

/// A message of a library about `url`, with the URL as public_url() shows it and every password in it as "***".
std::string without_secrets(std::string text, const std::string& url);

}  // namespace kws
