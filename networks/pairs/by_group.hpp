// Numbers for pairs of groups.
#pragma once

#include <cstdint>
#include <memory>

#include "networks/pairs/pairs.hpp"

namespace rheo {

struct ByGroup {
  std::shared_ptr<const NumberTable> table = {};

  static constexpr const char* name = "group";
  static constexpr const char* summary =
      "Sources and targets are cut into groups of equal size, as by the rule modular; every pair has the number of its "
      "two groups.";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(needed(in_words(
      field("table", &ByGroup::table, "", "a row for each group of sources, in it a number for each group of targets"),
      {}, "a list of lists of numbers, or a file")));
  void check(const Pairs& pairs) const {
    check_table("table", table);
    check_groups("table", table->rows, pairs.sources, "sources");
    check_groups("table", table->columns, pairs.targets, "targets");
  }
  double at(std::uint32_t from, std::uint32_t to, const Pairs& pairs) const {
    return table->at(group_of(from, pairs.sources, table->rows), group_of(to, pairs.targets, table->columns));
  }
  Range reach(const Pairs&) const { return reach_of(*table); }
};

}  // namespace rheo
