#include "plasticity/described_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>

namespace rheo {

namespace {

// More than any rule needs; what is above is a mistake, or no table at all.
constexpr std::uint32_t most_params = 64, most_columns = 16, most_step_bytes = 4096;
constexpr std::size_t longest_name = 64;
constexpr double largest_state = 1e30;  // as in the tables of neuron models

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const unsigned first = byte(i);
    const std::size_t more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : 9;
    if (more == 9) return false;
    std::uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
      point = point << 6 | (byte(i + k) & 0x3f);
    }
    constexpr std::uint32_t shortest[] = {0, 0x80, 0x800, 0x10000};
    if (point < shortest[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    i += more + 1;
  }
  return true;
}

// A text of the library. It goes to terminals, pages and reports, so it must be text.
std::string checked_text(const char* text, const char* what, const Refusal& reject, bool may_have_lines = false) {
  if (text == nullptr) reject(fmt::format("its {} is missing (a null pointer)", what));
  const std::size_t size = ::strnlen(text, longest_text + 1);
  if (size > longest_text)
    reject(fmt::format("its {} has no end", what), fmt::format("at most {} bytes", longest_text));
  const std::string all(text, size);
  const auto control = [&](unsigned char c) { return (c < 32 && !(c == '\n' && may_have_lines)) || c == 127; };
  if (std::any_of(all.begin(), all.end(), control) || !is_utf8(all))
    reject(fmt::format("its {} is no text", what), "UTF-8 without control characters");
  return all;
}

std::string checked_name(const char* text, const char* what, const Refusal& reject) {
  constexpr const char* form = "1 to 64 letters, digits and _";
  if (text == nullptr) reject(fmt::format("{} is missing (a null pointer)", what), form);
  const std::string name(text, ::strnlen(text, longest_name + 1));
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty()) reject(fmt::format("{} is empty", what), form);
  if (name.size() > longest_name) reject(fmt::format("{} is too long", what), form);
  if (!std::all_of(name.begin(), name.end(), allowed)) reject(fmt::format("{} is badly formed", what), form);
  return name;
}

void check_number(double x, double low, double high, const char* what, const Refusal& reject) {
  if (!std::isfinite(x)) reject(fmt::format("its {} is not a finite number", what));
  if (x < low || x > high)
    reject(fmt::format("its {} is out of range", what), fmt::format("{} to {}", low, high), fmt::format("{}", x));
}

// The number of a time constant among the parameters.
std::size_t time_constant(std::uint32_t number, const std::vector<RuleParam>& params, const Refusal& reject) {
  if (number >= params.size()) reject("its time constant is not a parameter of the rule");
  const RuleParam& param = params[number];
  if (!(param.low > 0))
    reject("its time constant may become 0 or less", "a parameter whose range is above 0", param.name);
  if (param.per_target)
    reject("its time constant may not differ between targets", "a parameter that is the same for all", param.name);
  return number;
}

std::vector<RuleTrace> describe_traces(const rheo_rule_trace* traces, std::uint32_t count, bool of_targets,
                                       const std::vector<RuleParam>& params, const Refusal& reject_rule) {
  const std::string list = of_targets ? "post" : "pre";
  check_array(traces, count, most_traces, "traces", reject_rule.at(list));
  std::vector<RuleTrace> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const rheo_rule_trace& trace = traces[i];
    const std::string name = checked_name(trace.name, "the name of a trace", reject_rule.at(list));
    const Refusal reject = reject_rule.at(list + '.' + name);
    check_new(name, all, "traces", reject);
    RuleTrace described{
        {name, checked_text(trace.unit, "unit", reject), 0, -largest_state, largest_state, {}}, {}, trace.param};
    described.meaning = checked_text(trace.meaning, "meaning", reject);
    if (trace.kind > RHEO_PARAMETER) reject("unknown kind of trace", "0, 1 or 2", fmt::format("{}", trace.kind));
    described.kind = static_cast<RuleTrace::Kind>(trace.kind);
    if (trace.kind == RHEO_HOLDS) {
      described.param = 0;
    } else if (trace.kind == RHEO_DECAYS) {
      described.param = time_constant(trace.param, params, reject);
    } else {
      if (trace.param >= params.size()) reject("it is not a parameter of the rule");
      const RuleParam& param = params[trace.param];
      if (!of_targets) reject("only targets have parameters of their own", "decaying or holding traces");
      if (!param.per_target) reject("is not a parameter that may differ between targets", {}, param.name);
      described.unit = param.unit;
      described.meaning = param.meaning;
    }
    all.push_back(described);
  }
  return all;
}

std::vector<RuleSignal> describe_signals(const rheo_rule_signal* signals, std::uint32_t count,
                                         const std::vector<RuleParam>& params, const Refusal& reject_rule) {
  check_array(signals, count, most_traces, "signals", reject_rule.at("signals"));
  std::vector<RuleSignal> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const rheo_rule_signal& signal = signals[i];
    const std::string name = checked_name(signal.name, "the name of a signal", reject_rule.at("signals"));
    const Refusal reject = reject_rule.at("signals." + name);
    check_new(name, all, "signals", reject);
    check_number(signal.otherwise, -largest_state, largest_state, "value where it is not given", reject);
    if (signal.scope > RHEO_DOSE) reject("unknown scope of a signal", "0 to 3", fmt::format("{}", signal.scope));
    all.push_back({{name, checked_text(signal.unit, "unit", reject), signal.otherwise, -largest_state, largest_state,
                    checked_text(signal.meaning, "meaning", reject)},
                   static_cast<RuleSignal::Scope>(signal.scope),
                   signal.scope == RHEO_DOSE ? time_constant(signal.param, params, reject) : 0});
  }
  return all;
}

// Functions of one precision. `prepare` shows whether it keeps to the size that it declares.
void check_kernels(const rheo_rule_kernels& kernels, const std::vector<double>& values, bool signed_weights,
                   const Refusal& reject) {
  if (kernels.coefficient_bytes > most_step_bytes)
    reject("its step is too large", fmt::format("at most {} bytes", most_step_bytes),
           fmt::format("{}", kernels.coefficient_bytes));
  // All that follows the size are pointers to functions, however many there are.
  constexpr std::size_t first = offsetof(rheo_rule_kernels, prepare);
  static_assert((sizeof kernels - first) % sizeof(void*) == 0);
  std::array<const void*, (sizeof kernels - first) / sizeof(void*)> functions;
  std::memcpy(functions.data(), reinterpret_cast<const char*>(&kernels) + first, sizeof functions);
  for (std::size_t i = 0; i < functions.size(); ++i)
    if (functions[i] == nullptr) reject(fmt::format("its function {} is missing (a null pointer)", i));

  struct Room {
    alignas(64) unsigned char bytes[2 * most_step_bytes];
  } room;
  constexpr unsigned char untouched = 0xa5;
  std::memset(room.bytes, untouched, sizeof room.bytes);
  kernels.prepare(values.data(), 0.1, room.bytes);
  if (std::any_of(room.bytes + kernels.coefficient_bytes, std::end(room.bytes),
                  [](unsigned char byte) { return byte != untouched; }))
    reject("prepare() writes more than it declares", fmt::format("{} bytes", kernels.coefficient_bytes));

  double bounds[2] = {0, 0};
  kernels.bounds(room.bytes, bounds);
  if (!((signed_weights || bounds[0] >= 0) && bounds[0] <= bounds[1]))
    reject("its bounds of weights are none", signed_weights ? "the lower one first" : "0 or more, the lower one first",
           fmt::format("{} to {}", bounds[0], bounds[1]));
}

void describe_params(const rheo_rule& table, const Refusal& reject, Rule& rule) {
  check_array(table.param, table.params, most_params, "parameters", reject);
  for (std::uint32_t i = 0; i < table.params; ++i) {
    const rheo_rule_param& p = table.param[i];
    const std::string name = checked_name(p.name, "the name of a parameter", reject.at("params"));
    const Refusal reject_param = reject.at("params." + name);
    check_new(name, rule.params, "parameters", reject_param);
    if (!std::isfinite(p.low) || !std::isfinite(p.high) || p.low > p.high)
      reject_param("its range is none", "two finite numbers, the lower one first",
                   fmt::format("{} to {}", p.low, p.high));
    check_number(p.initial, p.low, p.high, "default", reject_param);
    if (p.per_target > 1) reject_param("per_target must be 0 or 1", {}, fmt::format("{}", p.per_target));
    rule.params.push_back({{name, checked_text(p.unit, "unit", reject_param), p.initial, p.low, p.high,
                            checked_text(p.meaning, "meaning", reject_param)},
                           p.per_target != 0});
  }
}

void describe_consolidation(const rheo_rule& table, const Refusal& reject, Rule& rule) {
  const auto flag = [&](std::uint32_t value, const char* what) {
    if (value > 1) reject(fmt::format("{} must be 0 or 1", what), {}, fmt::format("{}", value));
    return value == 1;
  };
  rule.signed_weights = flag(table.signed_weights, "signed_weights");
  rule.consolidates = flag(table.consolidates, "consolidates");
  rule.publishes = flag(table.publishes, "publishes");
  rule.signals = describe_signals(table.signal, table.signals, rule.params, reject);
  if (table.interval != RHEO_NONE) rule.interval = time_constant(table.interval, rule.params, reject.at("interval"));
  for (const std::uint32_t sums : {table.target_sums, table.source_sums})
    if (sums > most_traces) reject("too many sums", fmt::format("at most {}", most_traces), fmt::format("{}", sums));
  rule.target_sums = table.target_sums;
  rule.source_sums = table.source_sums;
  const bool has_signal = std::any_of(rule.signals.begin(), rule.signals.end(),
                                      [](const RuleSignal& signal) { return signal.scope != RuleSignal::Scope::dose; });
  if (rule.consolidates && !rule.interval &&
      (rule.signals.empty() || rule.signals.front().scope == RuleSignal::Scope::dose))
    reject("it never consolidates", "an interval, or a first signal that is no dose");
  if (!rule.consolidates &&
      (rule.interval || rule.publishes || has_signal || table.target_sums + table.source_sums > 0))
    reject("has an interval, sums or signals of consolidation, but does not consolidate");
}

void describe_columns(const rheo_rule& table, const Refusal& reject, Rule& rule) {
  rule.columns.push_back({rule.signed_weights ? FieldInfo{"weight", "", 0, -largest_state, largest_state, "weight"}
                                              : FieldInfo{"weight", "", 0, 0, largest_state, "magnitude of the weight"},
                          false, 0});
  check_array(table.column, table.columns, most_columns, "columns", reject);
  for (std::uint32_t i = 0; i < table.columns; ++i) {
    const rheo_rule_column& c = table.column[i];
    const std::string name = checked_name(c.name, "the name of a column", reject.at("synapse"));
    const Refusal reject_column = reject.at("synapse." + name);
    check_new(name, rule.columns, "columns", reject_column);
    check_number(c.initial, -largest_state, largest_state, "value at the start", reject_column);
    if (c.kind > RHEO_HOLDS) reject_column("unknown kind of column", "0 or 1", fmt::format("{}", c.kind));
    const bool decays = c.kind == RHEO_DECAYS;
    rule.columns.push_back({{name, checked_text(c.unit, "unit", reject_column), c.initial, -largest_state,
                             largest_state, checked_text(c.meaning, "meaning", reject_column)},
                            decays,
                            decays ? time_constant(c.param, rule.params, reject_column) : 0});
  }
}

}  // namespace

// Reads a rule, and believes nothing that it says.
Rule described_rule(const rheo_rule& table, const Refusal& reject_list) {
  Rule rule;
  rule.name = checked_name(table.name, "the name of a rule", reject_list);
  const Refusal reject = reject_list.at(rule.name);
  rule.summary = checked_text(table.summary, "summary", reject);
  rule.equation = checked_text(table.equation, "equation", reject, true);
  rule.source = checked_text(table.source, "source", reject);
  describe_params(table, reject, rule);
  describe_consolidation(table, reject, rule);
  describe_columns(table, reject, rule);
  rule.pre = describe_traces(table.pre_trace, table.pre_traces, false, rule.params, reject);
  rule.post = describe_traces(table.post_trace, table.post_traces, true, rule.params, reject);
  for (std::size_t i = 0; i < rule.params.size(); ++i) {
    const auto reads = [&](const RuleTrace& t) { return t.kind == RuleTrace::Kind::parameter && t.param == i; };
    if (rule.params[i].per_target && std::none_of(rule.post.begin(), rule.post.end(), reads))
      reject.at("params." + rule.params[i].name)("may differ between targets, but no post trace reads it");
  }

  std::vector<double> defaults;
  for (const RuleParam& param : rule.params) defaults.push_back(param.initial);
  if (table.problem == nullptr) reject("its function problem is missing (a null pointer)");
  const std::string problem = checked_text(table.problem(defaults.data()), "problem", reject);
  if (!problem.empty()) reject("it refuses its own defaults: " + problem);
  check_kernels(table.single_precision, defaults, rule.signed_weights, reject.at("single_precision"));
  check_kernels(table.double_precision, defaults, rule.signed_weights, reject.at("double_precision"));
  return rule;
}

}  // namespace rheo
