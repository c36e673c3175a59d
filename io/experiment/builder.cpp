#include "io/experiment/builder.hpp"

#include <utility>

#include "io/experiment/layout_file.hpp"
#include "io/experiment/reader.hpp"
#include "networks/checked_spec.hpp"
#include "networks/resolved.hpp"

namespace rheo {

struct ExperimentBuilder::State {
  template <class... Begin>
  explicit State(Begin&&... begin)
      : reader(std::forward<Begin>(begin)...), judge(reader.experiment().network, CheckedSpec::Growing()) {
    judge.judge_new();
  }
  void add(const std::string& section, const std::string& name);

  experiment_file::ExperimentReader reader;
  CheckedSpec judge;
};

void ExperimentBuilder::State::add(const std::string& section, const std::string& name) {
  TomlNode& tables = *reader.root().find(section);
  NetworkSpec& network = reader.experiment().network;
  const std::size_t before[] = {network.populations.size(), network.inputs.size(), network.signals.size(),
                                network.projections.size()};
  try {
    reader.read_one(section, {tables.entries.back().second, section + '.' + name}, name);
    judge.judge_new();
    if (section == "projections") resolve_projection(network, judge, network.projections.back());
  } catch (...) {
    network.populations.resize(before[0]);
    network.inputs.resize(before[1]);
    network.signals.resize(before[2]);
    network.projections.resize(before[3]);
    reader.index().forget();
    judge.forget_new();
    throw;
  }
}

ExperimentBuilder::ExperimentBuilder(const TomlNode& simulation, const std::vector<std::string>& plugins)
    : state_(std::make_unique<State>(simulation, plugins)) {
  state_->reader.experiment().network.costs = kept_costs();
}
ExperimentBuilder::ExperimentBuilder(Experiment experiment) : state_(std::make_unique<State>(std::move(experiment))) {}
ExperimentBuilder::ExperimentBuilder(ExperimentBuilder&&) noexcept = default;
ExperimentBuilder::~ExperimentBuilder() = default;

void ExperimentBuilder::add(const std::string& section, const std::string& name, TomlNode table) {
  TomlNode& root = state_->reader.root();
  if (root.find(section) == nullptr) root.entries.emplace_back(section, TomlNode());
  TomlNode& tables = *root.find(section);
  tables.entries.emplace_back(name, std::move(table));
  try {
    state_->add(section, name);
  } catch (const BuildError& error) {
    const ExperimentError as_written = state_->reader.as_written(error.complaint());
    tables.entries.pop_back();
    throw as_written;
  } catch (...) {
    tables.entries.pop_back();
    throw;
  }
  tables.entries.back().second = TomlNode();  // what it says may be large, and is known now
}

const Experiment& ExperimentBuilder::experiment() const {
  return state_->reader.experiment();
}

}  // namespace rheo
