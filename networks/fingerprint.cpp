#include "networks/fingerprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "networks/connect/rules.hpp"

namespace rheo {

namespace {

class Fingerprint {
 public:
  Fingerprint(const NetworkSpec& spec, const std::vector<std::unique_ptr<PopulationBlock>>& populations,
              const std::vector<ProjectionInfo>& projections) {
    add("dt {} seed {} precision {}", spec.dt, spec.seed, bytes_of(spec.precision));
    for (std::size_t i = 0; i < populations.size(); ++i) {
      const PopulationSpec& population = spec.populations[i];
      add("\npopulation {} {} {}", population.name, population.model, population.size);
      if (dynamic_cast<const EventBlock*>(populations[i].get()) != nullptr) add(" update=event");
      for (const auto& [name, choice] : population.options) add(" {}={}", name, choice);
      for (const auto& [name, value] : population.params) add_value(name, value);
      if (has_positions(population.positions)) add_positions(population.positions);
    }
    for (std::size_t i = 0; i < projections.size(); ++i) {
      const ProjectionSpec& projection = spec.projections[i];
      add("\nprojection {} {} synapses rule {} port {}", projection.name, projections[i].synapses,
          number_of(projection.connect), projection.port);
      for (const auto* side : {&projection.source, &projection.target})
        for (const Selection& one : *side)
          add(" {}[{}:{}:{}]", one.population, one.begin, one.end ? std::to_string(*one.end) : "", one.step);
      add_connect(projection.connect);
      add_value("weight", projection.weight);
      add_value("delay", projection.delay);
      if (projection.velocity > 0) add(" velocity {}", projection.velocity);
      if (const PlasticitySpec& plasticity = projection.plasticity; !plasticity.rule.empty()) {
        add(" plasticity {}", plasticity.rule);
        for (const auto& [name, value] : plasticity.params) add_value(name, value);
        for (const auto& [name, signal] : plasticity.signals) add(" {}<-{}", name, signal);
      }
    }
    for (const SignalSpec& signal : spec.signals) {
      add("\nsignal {} {} tau {} width {}", signal.name, static_cast<int>(signal.kind), signal.tau, signal.width);
      for (const Selection& one : signal.source)
        add(" {}[{}:{}:{}]", one.population, one.begin, one.end ? std::to_string(*one.end) : "", one.step);
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  void add_positions(const Positions& positions) {
    const auto* const grid = std::get_if<GridPositions>(&positions);
    const auto* const listed = std::get_if<ListedPositions>(&positions);
    std::array<std::uint32_t, 3> along{};
    for (std::size_t i = 0; grid != nullptr && i < grid->grid.size(); ++i)
      along[i] = static_cast<std::uint32_t>(grid->grid[i]);
    const Space space = space_of(positions);
    add(" positions {} {} {} in {} {}", positions.index(), fmt::join(along, " "), space.periodic,
        fmt::join(space.low, " "), fmt::join(space.high, " "));
    if (listed != nullptr) add_hash("points", listed->list->values);
  }

  static std::size_t number_of(const Connect& connect) {
    const auto& rules = connect_rules();
    return static_cast<std::size_t>(
        std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule->name() == connect->name(); }) -
        rules.begin());
  }
  // The text is that of the first versions, so that states saved by them can still be read.
  void add_connect(const Connect& connect) {
    const auto* const indegree = connect.as<FixedIndegree>();
    const auto* const pairs = connect.as<Bernoulli>();
    const auto* const ring = connect.as<SmallWorld>();
    const auto* const power = connect.as<ScaleFree>();
    const auto* const groups = connect.as<Modular>();
    const auto* const near = connect.as<Distance>();
    bool multapses = true, autapses = true;
    const std::shared_ptr<ConnectRule> rule = connect->clone();
    for (const KindField& field : rule->fields())
      if (const auto* const flag = std::get_if<bool*>(&field.member); flag != nullptr && power == nullptr)
        (field.name == "multapses" ? multapses : autapses) = **flag;
    const double* const same = indegree == nullptr ? nullptr : std::get_if<double>(&indegree->indegree);
    add(" {} {} {} {}", same == nullptr ? 0 : *same,
        pairs != nullptr  ? pairs->p
        : ring != nullptr ? ring->p
        : near != nullptr ? near->p
                          : 0.0,
        multapses, autapses);
    if (indegree != nullptr && same == nullptr) add_value("indegree", indegree->indegree);
    if (const auto* const out = connect.as<FixedOutdegree>()) add(" outdegree {}", out->outdegree);
    if (ring != nullptr) add(" k {}", ring->k);
    if (power != nullptr) add(" alpha {} beta {} {}", power->alpha, power->beta, power->autapses);
    if (groups != nullptr) {
      const NumberTable* const table = groups->p.get();
      add(" groups {} {} p {} {}", table != nullptr ? table->rows : groups->groups.value_or(0),
          table != nullptr ? table->columns : groups->groups.value_or(0), groups->p_in.value_or(0),
          groups->p_out.value_or(0));
      if (table != nullptr) add_hash("p", table->values);
    }
    if (near != nullptr)
      add(" kernel {} scale {} max {}", static_cast<int>(near->kernel), near->scale, near->max_distance.value_or(0));
    if (const auto* const listed = connect.as<List>(); listed != nullptr && listed->edges) {
      add_hash("sources", listed->edges->source);
      add_hash("targets", listed->edges->target);
    }
  }

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  // FNV-1a over the values' bytes: lists may be long.
  template <class T>
  void add_hash(const std::string& name, const std::vector<T>& values) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const std::byte byte : std::as_bytes(std::span<const T>(values)))
      hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
    add(" {}=list of {}: {:016x}", name, values.size(), hash);
  }
  void add_value(const std::string& name, const Value& value) {
    if (const auto* constant = std::get_if<double>(&value)) add(" {}={}", name, *constant);
    if (const auto* list = std::get_if<std::vector<double>>(&value)) add_hash(name, *list);
    if (const auto* d = std::get_if<Distribution>(&value)) {
      add(" {}={}({}, {}, {}, {})", name, static_cast<int>(d->kind), d->a, d->b,
          d->min.value_or(-std::numeric_limits<double>::infinity()),
          d->max.value_or(std::numeric_limits<double>::infinity()));
      if (!d->choices.empty()) add_hash("choices", d->choices);
    }
  }
  std::string text_;
};

}  // namespace

std::string fingerprint_of(const NetworkSpec& spec, const std::vector<std::unique_ptr<PopulationBlock>>& populations,
                           const std::vector<ProjectionInfo>& projections) {
  return Fingerprint(spec, populations, projections).text();
}

}  // namespace rheo
