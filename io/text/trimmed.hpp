// Text without the blanks around it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace rheo {

// Without spaces, tabs and carriage returns at either end.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view trimmed(std::string&&) = delete;  // which would be gone

}  // namespace rheo
