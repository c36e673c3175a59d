// How experiment files are damaged: shared by the fuzzers of files in TOML.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

namespace fuzz {

using Lines = std::vector<std::string>;

inline const std::vector<std::string> values = {"-1",
                                                "0",
                                                "1",
                                                "-0.0",
                                                "1e308",
                                                "-1e308",
                                                "1e-320",
                                                "nan",
                                                "inf",
                                                "-inf",
                                                "9223372036854775807",
                                                "4294967295",
                                                "4294967296",
                                                "-9223372036854775808",
                                                "65536",
                                                "\"\"",
                                                "\"E\"",
                                                "\"E[0:4294967295]\"",
                                                "\"E[::0]\"",
                                                "\"E[5:1]\"",
                                                "\"\\u0000\"",
                                                "[]",
                                                "[[]]",
                                                "[[[]]]",
                                                "{}",
                                                "{ uniform = [1.0, 0.0] }",
                                                "{ uniform = [0.0, inf] }",
                                                "{ normal = [0.0, 1e300] }",
                                                "{ normal = [0.0, 1.0], min = 50.0 }",
                                                "{ lognormal = [1000.0, 5.0] }",
                                                "{ choice = [] }",
                                                "{ exponential = 1e300 }",
                                                "{ by = \"distance\", slope = 1e300 }",
                                                "{ by = \"distance\", amplitude = 1.0, scale = 0.1 }",
                                                "{ by = \"group\", table = [[0.1, 0.2]] }",
                                                "{ by = \"matrix\", values = [[]] }",
                                                "{ by = \"matrix\", values = { file = \"/dev/zero.npy\" } }",
                                                "{ file = \"/dev/zero\", dataset = \"/w\" }",
                                                "{ file = \".\", dataset = \"/w\" }",
                                                "true",
                                                "false",
                                                "1979-05-27",
                                                "07:32:00",
                                                "[1, 2.0, \"x\"]",
                                                "[nan]",
                                                "[0.1, 0.1]",
                                                "[3.0, 2.0, 1.0]",
                                                "'''",
                                                "\"poisson\"",
                                                "\"list\"",
                                                "\"izhikevich\"",
                                                "\"single\"",
                                                "0x7f",
                                                "1_000",
                                                "0.1",
                                                "0.05",
                                                "2.5",
                                                "[\"E\", \"E\"]",
                                                "[\"E\", \"I\"]"};

inline Lines split(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Changes one thing: a value, a key, a line, a byte, the rest.
inline void damage(Dice& dice, Lines& lines, const std::vector<Lines>& seeds) {
  if (lines.empty()) return;
  std::string& line = lines[dice.below(lines.size())];
  const Lines& other = dice.pick(seeds);
  switch (dice.below(10)) {
    case 0:
    case 1:
    case 2:  // another value
      if (const std::size_t equals = line.find('='); equals != std::string::npos)
        line = line.substr(0, equals + 1) + ' ' + dice.pick(values);
      break;
    case 3: {  // another value somewhere inside
      const std::size_t equals = line.find('=', line.size() > 1 ? dice.below(line.size()) : 0);
      if (equals == std::string::npos) break;
      std::size_t end = equals + 1;
      while (end < line.size() && line[end] != ',' && line[end] != '}') ++end;
      line = line.substr(0, equals + 1) + ' ' + dice.pick(values) + line.substr(end);
      break;
    }
    case 4:  // digits
      for (char& c : line)
        if (std::isdigit(static_cast<unsigned char>(c)) && dice.one_in(3)) c = static_cast<char>('0' + dice.below(10));
      break;
    case 5:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(dice.below(lines.size())));
      break;
    case 6:  // a line from elsewhere
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(dice.below(lines.size())), dice.pick(other));
      break;
    case 7:
      std::swap(line, lines[dice.below(lines.size())]);
      break;
    case 8:  // bytes
      for (std::size_t n = 1 + dice.below(4); n > 0 && !line.empty(); --n)
        line[dice.below(line.size())] = static_cast<char>(dice.below(256));
      break;
    default:
      if (dice.one_in(2))
        lines.resize(dice.below(lines.size()));
      else if (dice.one_in(4))
        line += std::string(1 + dice.below(300), dice.one_in(2) ? '[' : '{');
  }
}

// Whether building it is quick: no large number stands in it.
inline bool is_small(const std::string& text) {
  std::size_t digits = 0;
  for (const char c : text) {
    if (digits > 3 || (digits > 0 && c == 'e')) return false;
    digits = std::isdigit(static_cast<unsigned char>(c)) ? digits + 1 : 0;
  }
  return true;
}

// The .toml files below some folders of the repository.
inline std::vector<Lines> seeds_below(const std::vector<std::filesystem::path>& folders) {
  std::vector<Lines> seeds;
  for (const std::filesystem::path& folder : folders)
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(RHEO_SOURCE_DIR) / folder))
      if (entry.path().extension() == ".toml") seeds.push_back(split(read(entry.path())));
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

// One of the seeds, with some damage.
inline std::string damaged(Dice& dice, const std::vector<Lines>& seeds) {
  Lines lines = dice.pick(seeds);
  for (std::size_t n = 1 + dice.below(4); n > 0; --n) damage(dice, lines, seeds);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace fuzz
