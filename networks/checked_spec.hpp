// The judge of descriptions: every name of a network is resolved, and whatever is wrong with it is an error that names
// the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/description.hpp"
#include "networks/description/selections.hpp"
#include "networks/description/spec.hpp"
#include "networks/inputs/kind_of.hpp"
#include "networks/signals/kind_of.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

// "a, b, c"
std::string listed(const std::vector<std::string>& names);

// The spec with every name resolved; nothing is drawn or built yet.
class CheckedSpec {
 public:
  explicit CheckedSpec(const NetworkSpec& spec);
  // Of a description that grows: judge_new() looks at what was added since the last time, forget_new() forgets what is
  // no longer there.
  struct Growing {};
  CheckedSpec(const NetworkSpec& spec, Growing);
  void judge_new();
  void forget_new();

  const ModelInfo& model(std::size_t population) const { return *models_[population]; }
  NeuronId first(std::size_t population) const { return first_[population]; }

  std::pair<std::size_t, NeuronRange> resolve(const Selection& selection, const std::string& key) const;

  // Index of a port of a population's model. Without a name: by the sign of the weight, the first two ports of models
  // that have several.
  std::uint32_t port(std::size_t population, const std::string& name, bool negative, const std::string& key) const;

  // Whether a port takes the magnitude of weights.
  bool is_conductance(std::size_t population, std::uint32_t port) const;

  // Whether somebody writes to the population's port of currents, the last one.
  bool needs_current(std::size_t population) const { return needs_current_[population]; }
  bool has_lasting_current(std::size_t population) const { return has_lasting_current_[population]; }

  // What the kind of an input has to know.
  InputEnds ends_of(const InputSpec& input) const;
  SignalEnds ends_of(const SignalSpec& signal) const;

 private:
  void find_currents();

  void judge_population(std::size_t population);

  // names: of all that may be given.
  void check_fields(const std::map<std::string, Value>& given, const std::vector<FieldInfo>& known,
                    const std::vector<std::string>& names, std::uint32_t size, const std::string& key,
                    const std::string& what) const;

  void check_population(const PopulationSpec& population, const std::string& key);

  static void check_event(const PopulationSpec& population, const ModelInfo& info, const std::string& key);

  static void check_options(const PopulationSpec& population, const ModelInfo& info,
                            const std::vector<std::string>& names, const std::string& key);

  // Targets must have the port; neither sources nor targets may overlap.
  void check_projection(const ProjectionSpec& projection, const std::string& key) const;

  // Sources must have what is transmitted, and targets a use for it.
  void check_transmission(const ProjectionSpec& projection, const std::string& key) const;

  // Of synapses, as far as can be said before they are drawn.
  void check_delay(const Value& delay, const std::string& key) const;

  void check_disjoint(const std::vector<Selection>& selections, const std::string& key) const;

  void check_input(const InputSpec& input, const std::string& key) const;

  void check_signal(const SignalSpec& signal, const std::string& key) const;

  const NetworkSpec& spec_;
  PopulationIndex populations_;
  std::vector<const ModelInfo*> models_;
  std::vector<NeuronId> first_;
  std::set<std::string> projections_, inputs_, signals_;   // those that were judged
  std::vector<bool> needs_current_, has_lasting_current_;  // [population]
};

}  // namespace rheo
