// All plasticity rules by name: the built-in ones and those of plug-ins, which are loaded at run time. Whatever a
// library declares is checked before anything of it is used; wild pointers of native code are out of scope.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/description.hpp"
#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "core/types.hpp"
#include "plasticity/rule_abi.h"

namespace rheo {

// A plug-in that cannot be used.
struct PluginError : UserError {
  using UserError::UserError;
};

struct RuleParam : FieldInfo {
  bool per_target = false;  // may differ between target neurons
};
struct RuleTrace : FieldInfo {
  enum class Kind { decays, holds, parameter } kind = Kind::decays;
  std::size_t param = 0;  // number of its time constant, or of the parameter that it is
};

struct RuleColumn : FieldInfo {
  bool decays = false;    // between the synapse's events
  std::size_t param = 0;  // number of its time constant
};
// A third factor; `initial` is what it is where it is not given.
struct RuleSignal : FieldInfo {
  enum class Scope { for_all, per_target, per_source, dose } scope = Scope::for_all;
  std::size_t param = 0;  // dose: number of its time constant
};

inline constexpr std::size_t most_traces = 8;  // of sources, and of targets; signals, sums

struct Rule {
  std::string name, summary, equation, source;
  std::vector<RuleParam> params;
  std::vector<RuleColumn> columns;  // of a synapse: its weight's magnitude first
  std::vector<RuleTrace> pre, post;
  std::vector<RuleSignal> signals;
  bool signed_weights = false;          // weights of any sign instead of magnitudes
  bool consolidates = false;            // over all synapses at the end of some ticks:
  std::optional<std::size_t> interval;  // every so many ms, by this parameter, or as its signals say
  std::size_t target_sums = 0, source_sums = 0;
  bool publishes = false;  // a signal, one number per source
  std::string file;        // empty: built in

  // Something happens to synapses between their events.
  bool elapses() const;
  // What is wrong with parameters that are each in range, or "".
  std::string problem(const std::vector<double>& values) const;
  // The smallest change of a weight as a part of `weight`, as rheo_rule says; 1 where the rule says nothing.
  double relative_step(const std::vector<double>& values, double weight) const;
  // The loops for an instruction set that this processor has.
  const rheo_rule_kernels& kernels(Isa isa, Precision precision) const;

  std::vector<const rheo_rule*> tables;  // [Isa]; all describe the same rule
};

class RuleLibrary {
 public:
  RuleLibrary();  // the built-in rules

  // Adds the rules of a shared library: a path (with a '/'), or a name that is looked for as NAME, NAME.so and
  // libNAME.so in `folders`, then in those of the environment variable RHEO_PLUGIN_PATH (with ':' between them). Throws
  // PluginError, and then nothing has been added; the same file again adds nothing. A library that was taken in is
  // never unloaded: networks keep pointers to its functions, and may outlive this object.
  void load(const std::string& name_or_path, const std::vector<std::string>& folders = {});

  const std::vector<Rule>& rules() const { return rules_; }
  // nullptr: there is none. Pointers are good until the next load().
  const Rule* find(const std::string& name) const;
  // The same, which throws BuildError without a key where there is none.
  const Rule& at(const std::string& name) const;

 private:
  std::vector<Rule> rules_;
  std::vector<const void*> loaded_;  // handles of libraries
};

}  // namespace rheo
