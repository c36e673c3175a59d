#include "plasticity/rule_library.hpp"

#include <algorithm>

namespace rheo {

const rheo_rule_list* builtin_rules_base();
#if defined(RHEO_X86_ISAS)
const rheo_rule_list* builtin_rules_v3();
const rheo_rule_list* builtin_rules_v4();
#endif

namespace {

Rule describe(const rheo_rule& table) {
  Rule rule;
  rule.name = table.name;
  rule.summary = table.summary;
  rule.equation = table.equation;
  rule.source = table.source;
  for (std::uint32_t i = 0; i < table.params; ++i) {
    const rheo_rule_param& p = table.param[i];
    rule.params.push_back({{p.name, p.unit, p.initial, p.low, p.high, p.meaning}, p.per_target != 0});
  }
  rule.columns.push_back({"weight", "", 0, 0, 1e30, "magnitude of the weight"});
  for (std::uint32_t i = 0; i < table.columns; ++i) {
    const rheo_rule_column& c = table.column[i];
    rule.columns.push_back({c.name, c.unit, c.initial, -1e30, 1e30, c.meaning});
  }
  const auto traces = [](const rheo_rule_trace* trace, std::uint32_t count) {
    std::vector<RuleTrace> all;
    for (std::uint32_t i = 0; i < count; ++i)
      all.push_back({{trace[i].name, trace[i].unit, 0, -1e30, 1e30, trace[i].meaning},
                     static_cast<RuleTrace::Kind>(trace[i].kind),
                     trace[i].param});
    return all;
  };
  rule.pre = traces(table.pre_trace, table.pre_traces);
  rule.post = traces(table.post_trace, table.post_traces);
  return rule;
}

}  // namespace

std::string Rule::problem(const std::vector<double>& values) const {
  return tables.front()->problem(values.data());
}

const rheo_rule_kernels& Rule::kernels(Isa isa, Precision precision) const {
  const rheo_rule& table = *tables[static_cast<std::size_t>(isa)];
  return precision == Precision::single_ ? table.single_precision : table.double_precision;
}

RuleLibrary::RuleLibrary() {
  std::vector<const rheo_rule_list*> lists(3, builtin_rules_base());
#if defined(RHEO_X86_ISAS)
  lists = {builtin_rules_base(), builtin_rules_v3(), builtin_rules_v4()};
#endif
  for (std::uint32_t i = 0; i < lists.front()->count; ++i) {
    rules_.push_back(describe(lists.front()->rules[i]));
    for (const rheo_rule_list* list : lists) rules_.back().tables.push_back(&list->rules[i]);
  }
}

const Rule* RuleLibrary::find(const std::string& name) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) { return rule.name == name; });
  return found == rules_.end() ? nullptr : &*found;
}

}  // namespace rheo
