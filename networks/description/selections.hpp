// Which neurons selections stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "networks/description/spec.hpp"
#include "neurons/inputs/inputs.hpp"

namespace rheo {

// Letters, digits, _ and -, at least one.
bool is_name(const std::string& name);

// "E", "E[0:1000]", "E[::10]" or "E[5:]", not yet compared with a population. Throws BuildError without a key.
Selection parse_selection(const std::string& text);
std::string text_of(const Selection& selection);

// Populations by name. They must outlive this, and may become more.
class PopulationIndex {
 public:
  explicit PopulationIndex(const std::vector<PopulationSpec>& populations) : populations_(populations) {}
  // Of populations of which some are no longer there.
  void forget() { index_.clear(); }

  // nullptr: there is none of this name.
  const PopulationSpec* find(const std::string& name) const;
  // The number of the population and the neurons. Throws BuildError without a key where the population is unknown, or
  // where the selection is empty or goes beyond the end.
  std::pair<std::size_t, NeuronRange> resolve(const Selection& selection) const;
  std::uint64_t count(const std::vector<Selection>& selections) const;
  // Throws BuildError without a key where a neuron is selected twice, or where neurons of one selection stand between
  // those of another that may not.
  void check_distinct(const std::vector<Selection>& selections, bool may_interleave) const;

 private:
  const std::vector<PopulationSpec>& populations_;
  mutable std::map<std::string, std::size_t> index_;  // of those that were there when somebody asked
};

}  // namespace rheo
