#include "networks/description/selections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/diagnostics.hpp"

namespace rheo {

namespace {

// The first neuron of a population that both select.
std::optional<std::uint64_t> first_in_both(const NeuronRange& a, const NeuronRange& b) {
  const NeuronRange &coarse = a.step >= b.step ? a : b, &fine = a.step >= b.step ? b : a;
  const std::uint64_t end = std::min(coarse.end, fine.end);
  std::uint64_t neuron = coarse.begin;
  if (fine.begin > neuron) neuron += (fine.begin - neuron + coarse.step - 1) / coarse.step * coarse.step;
  // Where the coarse ones stand between the fine ones repeats after fine.step of them.
  for (std::uint64_t k = 0; k < fine.step && neuron < end; ++k, neuron += coarse.step)
    if ((neuron - fine.begin) % fine.step == 0) return neuron;
  return std::nullopt;
}

[[noreturn]] void reject_selection(const std::string& text, std::string problem) {
  reject({}, '"' + text + '"', std::move(problem), "\"E\", \"E[begin:end]\" or \"E[begin:end:step]\"");
}

}  // namespace

bool is_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Selection parse_selection(const std::string& text) {
  Selection selection;
  const std::size_t bracket = text.find('[');
  selection.population = text.substr(0, bracket);
  if (bracket == std::string::npos) {
    if (!is_name(text)) reject_selection(text, "is no population");
    return selection;
  }
  if (!is_name(selection.population) || text.back() != ']')
    reject_selection(text, "is no population and no part of one");

  // Up to three numbers between colons, each of which may be left out.
  const std::string inner = text.substr(bracket + 1, text.size() - bracket - 2);
  std::vector<std::optional<std::uint32_t>> parts(1);
  for (std::size_t i = 0; i < inner.size();) {
    if (inner[i] == ':') {
      parts.emplace_back();
      ++i;
      continue;
    }
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(inner.data() + i, inner.data() + inner.size(), number);
    const bool out_of_range = error == std::errc::result_out_of_range;
    if (out_of_range) reject_selection(text, "holds a number that is too large");
    if (error != std::errc() || parts.back()) reject_selection(text, "is no slice");
    parts.back() = number;
    i = static_cast<std::size_t>(rest - inner.data());
  }
  if (parts.size() < 2 || parts.size() > 3) reject_selection(text, "is no slice");
  selection.begin = parts[0].value_or(0);
  selection.end = parts[1];
  if (parts.size() == 3) selection.step = parts[2].value_or(1);
  if (selection.step == 0) reject_selection(text, "has a step of 0");
  return selection;
}

std::string text_of(const Selection& selection) {
  if (selection.begin == 0 && !selection.end && selection.step == 1) return selection.population;
  return fmt::format("{}[{}:{}{}]", selection.population, selection.begin,
                     selection.end ? std::to_string(*selection.end) : "",
                     selection.step == 1 ? "" : fmt::format(":{}", selection.step));
}

const PopulationSpec* PopulationIndex::find(const std::string& name) const {
  for (std::size_t i = index_.size(); i < populations_.size(); ++i) index_.emplace(populations_[i].name, i);
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &populations_[found->second];
}

std::pair<std::size_t, NeuronRange> PopulationIndex::resolve(const Selection& selection) const {
  const PopulationSpec* const population = find(selection.population);
  if (population == nullptr) reject_unknown({}, selection.population, "unknown population", names_in(populations_));
  const std::uint32_t size = population->size, end = selection.end.value_or(size);
  const auto reject_it = [&](std::string problem, std::string expected) {
    reject({}, '"' + text_of(selection) + '"', std::move(problem), std::move(expected));
  };
  if (end > size)
    reject_it(fmt::format("ends at {}, and {} has {} neurons", end, population->name, size),
              fmt::format("an end <= {}", size));
  if (selection.step == 0) reject_it("has a step of 0", "a step >= 1");
  if (selection.begin >= end)
    reject_it(fmt::format("selects none of the {} neurons of {}", size, population->name), "a begin before the end");
  return {static_cast<std::size_t>(population - populations_.data()), {selection.begin, end, selection.step}};
}

std::uint64_t PopulationIndex::count(const std::vector<Selection>& selections) const {
  std::uint64_t sum = 0;
  for (const Selection& selection : selections) sum += resolve(selection).second.count();
  return sum;
}

void PopulationIndex::check_distinct(const std::vector<Selection>& selections, bool may_interleave) const {
  struct Part {
    std::size_t population;
    NeuronRange range;
    const Selection* selection;
  };
  std::vector<Part> parts;
  for (const Selection& selection : selections) {
    const auto [population, range] = resolve(selection);
    parts.push_back({population, range, &selection});
  }
  std::ranges::stable_sort(parts, {}, [](const Part& part) { return std::pair(part.population, part.range.begin); });
  std::vector<Part> open;  // those that reach beyond the begin of the next one
  for (const Part& part : parts) {
    std::erase_if(open, [&](const Part& other) {
      return other.population != part.population || other.range.end <= part.range.begin;
    });
    for (const Part& other : open) {
      if (const auto both = first_in_both(part.range, other.range))
        reject({}, '"' + text_of(*part.selection) + '"',
               fmt::format("selects neuron {} of {} twice", *both, part.selection->population), "each neuron once");
      if (!may_interleave)
        reject({}, '"' + text_of(*part.selection) + '"', "interleaves with " + text_of(*other.selection),
               "ranges of neurons that lie apart");
    }
    open.push_back(part);
  }
}

}  // namespace rheo
