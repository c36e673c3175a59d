#include "core/diagnostics.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <numeric>

namespace rheo {

namespace {

// What users wrote may hold anything: a zero byte would end the message, and a name of 70,000 characters would hide it.
std::string shown(std::string_view text, std::size_t most) {
  std::string result;
  const bool cut = text.size() > most;
  std::size_t end = cut ? most : text.size();
  while (cut && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // a whole UTF-8 character
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view digits = "0123456789abcdef";
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      result += c;
  }
  if (cut) result += "... (" + std::to_string(text.size()) + " characters)";
  return result;
}

}  // namespace

std::string to_message(const Complaint& c) {
  constexpr std::size_t word = 300, sentence = 3000;
  std::string text;
  const auto add = [&text](std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) text += part;
  };
  const auto separator = [&text](std::string_view sign) { return text.empty() ? std::string_view() : sign; };
  text = shown(c.file, sentence);
  if (!c.key.empty()) add({separator(": "), shown(c.key, word)});
  if (!c.value.empty()) add({separator(" = "), shown(c.value, word)});
  if (!c.problem.empty()) add({separator(": "), shown(c.problem, sentence)});
  if (!c.expected.empty()) add({separator("; "), "expected ", shown(c.expected, sentence)});
  if (!c.suggestion.empty()) add({separator("; "), "did you mean \"", shown(c.suggestion, word), "\"?"});
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

std::string one_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return names.size() == 1 ? text : "one of " + text;
}

void reject_unknown(std::string key, const std::string& name, std::string problem,
                    const std::vector<std::string>& known, std::string none) {
  reject(std::move(key), '"' + name + '"', std::move(problem), known.empty() ? std::move(none) : one_of(known),
         nearest(name, known));
}

}  // namespace rheo
