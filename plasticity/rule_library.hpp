// All plasticity rules by name: the built-in ones and those of plug-ins, which are loaded at run time. Whatever a
// library declares is checked before anything of it is used; wild pointers of native code are out of scope.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "core/fields.hpp"
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

inline constexpr std::size_t most_traces = 8;  // of sources, and of targets

struct Rule {
  std::string name, summary, equation, source;
  std::vector<RuleParam> params;
  std::vector<FieldInfo> columns;  // of a synapse: its weight's magnitude first
  std::vector<RuleTrace> pre, post;
  std::string file;  // empty: built in

  // What is wrong with parameters that are each in range, or "".
  std::string problem(const std::vector<double>& values) const;
  // The loops for an instruction set that this processor has.
  const rheo_rule_kernels& kernels(Isa isa, Precision precision) const;

  std::vector<const rheo_rule*> tables;  // [Isa]; all describe the same rule
};

class RuleLibrary {
 public:
  RuleLibrary();  // the built-in rules

  const std::vector<Rule>& rules() const { return rules_; }
  const Rule* find(const std::string& name) const;  // nullptr: there is none

 private:
  std::vector<Rule> rules_;
};

}  // namespace rheo
