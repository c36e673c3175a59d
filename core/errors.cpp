#include "core/errors.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <numeric>

namespace rheo {

std::string to_message(const Complaint& c) {
  std::string text;
  const auto add = [&text](std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) text += part;
  };
  const auto separator = [&text](std::string_view sign) { return text.empty() ? std::string_view() : sign; };
  text = c.file;
  if (!c.key.empty()) add({separator(": "), c.key});
  if (!c.value.empty()) add({separator(" = "), c.value});
  if (!c.problem.empty()) add({separator(": "), c.problem});
  if (!c.expected.empty()) add({separator("; "), "expected ", c.expected});
  if (!c.suggestion.empty()) add({separator("; "), "did you mean \"", c.suggestion, "\"?"});
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  // Whole words of a longer name mean that one: "stdp" is rather "stdp_pair" than "rstdp".
  if (word.size() >= 3 && std::find(candidates.begin(), candidates.end(), word) == candidates.end())
    for (const std::string& candidate : candidates)
      if (candidate.starts_with(word) && (candidate[word.size()] == '_' || candidate[word.size()] == '-'))
        return candidate;
  std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
  std::string found;
  std::vector<std::size_t> row;
  for (const std::string& candidate : candidates) {
    row.resize(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i + 1;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t substituted = diagonal + (lower(word[i]) != lower(candidate[j]));
        diagonal = row[j + 1];
        row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
      }
    }
    if (row.back() < best) {
      best = row.back();
      found = candidate;
    }
  }
  return found;
}

}  // namespace rheo
