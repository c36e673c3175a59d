#include "networks/fingerprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "networks/description/identity.hpp"

namespace rheo {

namespace {

class Fingerprint {
 public:
  Fingerprint(const NetworkSpec& spec, const std::vector<std::unique_ptr<PopulationBlock>>& populations,
              const std::vector<ProjectionInfo>& projections) {
    add("dt {} seed {} precision {}", spec.dt, spec.seed, bytes_of(spec.precision));
    for (std::size_t i = 0; i < populations.size(); ++i) add_population(spec.populations[i], *populations[i]);
    for (std::size_t i = 0; i < projections.size(); ++i) {
      const ProjectionSpec& projection = spec.projections[i];
      const ConnectRule::Identity rule = projection.connect->identity();
      add("\nprojection {} {} synapses rule {} port {}", projection.name, projections[i].synapses, rule.name,
          projection.port);
      for (const auto* side : {&projection.source, &projection.target})
        for (const Selection& one : *side)
          add(" {}[{}:{}:{}]", one.population, one.begin, one.end ? std::to_string(*one.end) : "", one.step);
      text_ += rule.numbers + identity_of("weight", projection.weight) + identity_of("delay", projection.delay);
      if (projection.velocity > 0) add(" velocity {}", projection.velocity);
      if (projection.is_graded()) add(" transmits {}", projection.transmits);
      if (projection.weight_bits != 0) add(" weight_bits {}", projection.weight_bits);
      if (const PlasticitySpec& plasticity = projection.plasticity; !plasticity.rule.empty()) {
        add(" plasticity {}", plasticity.rule);
        for (const auto& [name, value] : plasticity.params) text_ += identity_of(name, value);
        for (const auto& [name, signal] : plasticity.signals) add(" {}<-{}", name, signal);
      }
    }
    for (const SignalSpec& signal : spec.signals) {
      add("\nsignal {} {}", signal.name, signal.kind->identity());
      if (signal.kind->neurons() == nullptr) continue;
      for (const Selection& one : *signal.kind->neurons())
        add(" {}[{}:{}:{}]", one.population, one.begin, one.end ? std::to_string(*one.end) : "", one.step);
    }
  }
  Fingerprint(const PopulationSpec& population, const PopulationBlock& block) { add_population(population, block); }
  std::string text() && { return std::move(text_); }

 private:
  void add_population(const PopulationSpec& population, const PopulationBlock& block) {
    add("\npopulation {} {} {}", population.name, population.model, population.size);
    if (dynamic_cast<const EventBlock*>(&block) != nullptr) add(" update=event");
    for (const auto& [name, choice] : population.options) add(" {}={}", name, choice);
    for (const auto& [name, value] : population.params) text_ += identity_of(name, value);
    if (has_positions(population.positions)) add_positions(population.positions);
  }
  // The text is that of the first versions; kinds that came later say their fields.
  void add_positions(Positions positions) {
    const auto* const grid = std::get_if<GridPositions>(&positions);
    const auto* const listed = std::get_if<ListedPositions>(&positions);
    std::array<std::uint32_t, 3> along{};
    for (std::size_t i = 0; grid != nullptr && i < grid->grid.size(); ++i)
      along[i] = static_cast<std::uint32_t>(grid->grid[i]);
    const Space space = space_of(positions);
    add(" positions {} {} {} in {} {}", positions.index(), fmt::join(along, " "), space.periodic,
        fmt::join(space.low, " "), fmt::join(space.high, " "));
    if (listed != nullptr) text_ += list_identity("points", listed->list->values);
    if (positions.index() > 3)
      std::visit(
          [&]<class K>(K& kind) {
            if constexpr (!std::is_same_v<K, std::monostate>) text_ += identity_of(fields_of(kind));
          },
          positions);
  }

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  std::string text_;
};

}  // namespace

std::string fingerprint_of(const NetworkSpec& spec, const std::vector<std::unique_ptr<PopulationBlock>>& populations,
                           const std::vector<ProjectionInfo>& projections) {
  return Fingerprint(spec, populations, projections).text();
}

std::string fingerprint_with(const std::string& before, const PopulationSpec& population, std::size_t index,
                             const PopulationBlock& block) {
  // A line for the network, one for each population, and the others.
  std::size_t begin = 0;
  for (std::size_t line = 0; line <= index; ++line) begin = before.find('\n', begin + (line > 0));
  const std::size_t end = std::min(before.find('\n', begin + 1), before.size());
  return before.substr(0, begin) + Fingerprint(population, block).text() + before.substr(end);
}

}  // namespace rheo
