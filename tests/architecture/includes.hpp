// The includes of a source file.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

struct Include {
  std::string path;
  bool quoted = false;
  int line = 0;
};

// Of an #include line in any spelling that the preprocessor takes; comments do not count.
inline std::vector<Include> includes_of(const std::string& text) {
  std::vector<Include> includes;
  std::istringstream lines(text);
  int number = 0;
  bool in_comment = false;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string code;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (in_comment) {
        if (line.compare(i, 2, "*/") == 0) in_comment = false, ++i;
      } else if (line.compare(i, 2, "/*") == 0) {
        in_comment = true, ++i;
      } else if (line.compare(i, 2, "//") == 0 && code.find('"') == std::string::npos) {
        break;
      } else {
        code += line[i];
      }
    }
    const auto skip = [&](std::size_t at) { return std::min(code.find_first_not_of(" \t", at), code.size()); };
    std::size_t at = skip(0);
    if (at == code.size() || code[at] != '#') continue;
    at = skip(at + 1);
    if (code.compare(at, 7, "include") != 0) continue;
    at = skip(at + 7);
    if (at == code.size()) continue;
    const bool quoted = code[at] == '"';
    const auto end = code.find(quoted ? '"' : '>', at + 1);
    if (end != std::string::npos) includes.push_back({code.substr(at + 1, end - at - 1), quoted, number});
  }
  return includes;
}
