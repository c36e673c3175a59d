// Reads the table of a rule, and believes nothing that it says.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plasticity/library.hpp"

namespace rheo {

inline constexpr std::size_t longest_text = 4000;  // of a table

// Rejects a library of rules, or a part of one.
class Refusal {
 public:
  explicit Refusal(std::string file) : file_(std::move(file)) {}
  // The same, of a part of the library.
  Refusal at(const std::string& key) const {
    Refusal deeper(file_);
    deeper.key_ = key_.empty() ? key : key_ + '.' + key;
    return deeper;
  }
  [[noreturn]] void operator()(const std::string& problem, const std::string& expected = {},
                               const std::string& value = {}) const {
    throw PluginError({file_, key_, value, problem, expected, {}});
  }

 private:
  std::string file_, key_;
};

// As many entries as are said to be there, and no more than anybody needs.
template <class Entry>
void check_array(const Entry* entries, std::uint32_t count, std::uint32_t most, const char* what,
                 const Refusal& reject) {
  if (count > most) reject(fmt::format("too many {}", what), fmt::format("at most {}", most), fmt::format("{}", count));
  if (count > 0 && entries == nullptr) reject(fmt::format("its {} are missing (a null pointer)", what));
}

// A name that none of `known` has.
template <class Known>
void check_new(const std::string& name, const std::vector<Known>& known, const char* what, const Refusal& reject) {
  if (std::any_of(known.begin(), known.end(), [&](const Known& one) { return one.name == name; }))
    reject(fmt::format("there are two {} of this name", what));
}

// Throws PluginError where something about the rule cannot be right.
Rule described_rule(const rheo_rule& table, const Refusal& reject_list);

}  // namespace rheo
