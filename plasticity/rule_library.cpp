#include "plasticity/rule_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#if defined(__linux__)
#include <elf.h>
#include <link.h>
#endif

#include <algorithm>
#include <array>
#include <cfenv>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace rheo {

const rheo_rule_list* builtin_rules_base();
#if defined(RHEO_X86_ISAS)
const rheo_rule_list* builtin_rules_v3();
const rheo_rule_list* builtin_rules_v4();
#endif

namespace {

constexpr std::size_t isa_count = 3;
// Rules by instruction set; null where a library has none.
using Lists = std::array<const rheo_rule_list*, isa_count>;

// More than any rule needs; what is above is a mistake, or no table at all.
constexpr std::uint32_t most_rules = 1000, most_params = 64, most_columns = 16, most_step_bytes = 4096;
constexpr std::size_t longest_name = 64, longest_text = 4000;
constexpr double largest_state = 1e30;  // as in the tables of neuron models

constexpr const char* compile_again = "a library that is compiled with the headers of this Rheobase";
constexpr const char* safe_flags = "-ffp-contract=off, and neither -ffast-math nor -Ofast";

class Refusal {
 public:
  explicit Refusal(std::string file) : file_(std::move(file)) {}
  // The same, of a part of the library.
  Refusal at(const std::string& key) const {
    Refusal deeper(file_);
    deeper.key_ = key_.empty() ? key : key_ + '.' + key;
    return deeper;
  }
  [[noreturn]] void operator()(const std::string& problem, const std::string& expected = {},
                               const std::string& value = {}) const {
    throw PluginError({file_, key_, value, problem, expected, {}});
  }

 private:
  std::string file_, key_;
};

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
std::string checked_text(const char* text, const char* what, const Refusal& refuse, bool may_have_lines = false) {
  if (text == nullptr) refuse(fmt::format("its {} is missing (a null pointer)", what));
  const std::size_t size = ::strnlen(text, longest_text + 1);
  if (size > longest_text)
    refuse(fmt::format("its {} has no end", what), fmt::format("at most {} bytes", longest_text));
  const std::string all(text, size);
  const auto control = [&](unsigned char c) { return (c < 32 && !(c == '\n' && may_have_lines)) || c == 127; };
  if (std::any_of(all.begin(), all.end(), control) || !is_utf8(all))
    refuse(fmt::format("its {} is no text", what), "UTF-8 without control characters");
  return all;
}

std::string checked_name(const char* text, const char* what, const Refusal& refuse) {
  constexpr const char* form = "1 to 64 letters, digits and _";
  if (text == nullptr) refuse(fmt::format("{} is missing (a null pointer)", what), form);
  const std::string name(text, ::strnlen(text, longest_name + 1));
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty()) refuse(fmt::format("{} is empty", what), form);
  if (name.size() > longest_name) refuse(fmt::format("{} is too long", what), form);
  if (!std::all_of(name.begin(), name.end(), allowed)) refuse(fmt::format("{} is badly formed", what), form);
  return name;
}

void check_number(double x, double low, double high, const char* what, const Refusal& refuse) {
  if (!std::isfinite(x)) refuse(fmt::format("its {} is not a finite number", what));
  if (x < low || x > high)
    refuse(fmt::format("its {} is out of range", what), fmt::format("{} to {}", low, high), fmt::format("{}", x));
}

template <class Entry>
void check_array(const Entry* entries, std::uint32_t count, std::uint32_t most, const char* what,
                 const Refusal& refuse) {
  if (count > most) refuse(fmt::format("too many {}", what), fmt::format("at most {}", most), fmt::format("{}", count));
  if (count > 0 && entries == nullptr) refuse(fmt::format("its {} are missing (a null pointer)", what));
}

template <class Known>
void check_new(const std::string& name, const std::vector<Known>& known, const char* what, const Refusal& refuse) {
  if (std::any_of(known.begin(), known.end(), [&](const Known& one) { return one.name == name; }))
    refuse(fmt::format("there are two {} of this name", what));
}

// The number of a time constant among the parameters.
std::size_t time_constant(std::uint32_t number, const std::vector<RuleParam>& params, const Refusal& refuse) {
  if (number >= params.size()) refuse("its time constant is not a parameter of the rule");
  const RuleParam& param = params[number];
  if (!(param.low > 0))
    refuse("its time constant may become 0 or less", "a parameter whose range is above 0", param.name);
  if (param.per_target)
    refuse("its time constant may not differ between targets", "a parameter that is the same for all", param.name);
  return number;
}

std::vector<RuleTrace> describe_traces(const rheo_rule_trace* traces, std::uint32_t count, bool of_targets,
                                       const std::vector<RuleParam>& params, const Refusal& refuse_rule) {
  const std::string list = of_targets ? "post" : "pre";
  check_array(traces, count, most_traces, "traces", refuse_rule.at(list));
  std::vector<RuleTrace> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const rheo_rule_trace& trace = traces[i];
    const std::string name = checked_name(trace.name, "the name of a trace", refuse_rule.at(list));
    const Refusal refuse = refuse_rule.at(list + '.' + name);
    check_new(name, all, "traces", refuse);
    RuleTrace described{
        {name, checked_text(trace.unit, "unit", refuse), 0, -largest_state, largest_state, {}}, {}, trace.param};
    described.meaning = checked_text(trace.meaning, "meaning", refuse);
    if (trace.kind > RHEO_PARAMETER) refuse("unknown kind of trace", "0, 1 or 2", fmt::format("{}", trace.kind));
    described.kind = static_cast<RuleTrace::Kind>(trace.kind);
    if (trace.kind == RHEO_HOLDS) {
      described.param = 0;
    } else if (trace.kind == RHEO_DECAYS) {
      described.param = time_constant(trace.param, params, refuse);
    } else {
      if (trace.param >= params.size()) refuse("it is not a parameter of the rule");
      const RuleParam& param = params[trace.param];
      if (!of_targets) refuse("only targets have parameters of their own", "decaying or holding traces");
      if (!param.per_target) refuse("is not a parameter that may differ between targets", {}, param.name);
      described.unit = param.unit;
      described.meaning = param.meaning;
    }
    all.push_back(described);
  }
  return all;
}

std::vector<RuleSignal> describe_signals(const rheo_rule_signal* signals, std::uint32_t count,
                                         const std::vector<RuleParam>& params, const Refusal& refuse_rule) {
  check_array(signals, count, most_traces, "signals", refuse_rule.at("signals"));
  std::vector<RuleSignal> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const rheo_rule_signal& signal = signals[i];
    const std::string name = checked_name(signal.name, "the name of a signal", refuse_rule.at("signals"));
    const Refusal refuse = refuse_rule.at("signals." + name);
    check_new(name, all, "signals", refuse);
    check_number(signal.otherwise, -largest_state, largest_state, "value where it is not given", refuse);
    if (signal.scope > RHEO_DOSE) refuse("unknown scope of a signal", "0 to 3", fmt::format("{}", signal.scope));
    all.push_back({{name, checked_text(signal.unit, "unit", refuse), signal.otherwise, -largest_state, largest_state,
                    checked_text(signal.meaning, "meaning", refuse)},
                   static_cast<RuleSignal::Scope>(signal.scope),
                   signal.scope == RHEO_DOSE ? time_constant(signal.param, params, refuse) : 0});
  }
  return all;
}

// Functions of one precision. `prepare` shows whether it keeps to the size that it declares.
void check_kernels(const rheo_rule_kernels& kernels, const std::vector<double>& values, bool signed_weights,
                   const Refusal& refuse) {
  if (kernels.step_bytes > most_step_bytes)
    refuse("its step is too large", fmt::format("at most {} bytes", most_step_bytes),
           fmt::format("{}", kernels.step_bytes));
  // All that follows the size are pointers to functions, however many there are.
  constexpr std::size_t first = offsetof(rheo_rule_kernels, prepare);
  static_assert((sizeof kernels - first) % sizeof(void*) == 0);
  std::array<const void*, (sizeof kernels - first) / sizeof(void*)> functions;
  std::memcpy(functions.data(), reinterpret_cast<const char*>(&kernels) + first, sizeof functions);
  for (std::size_t i = 0; i < functions.size(); ++i)
    if (functions[i] == nullptr) refuse(fmt::format("its function {} is missing (a null pointer)", i));

  struct Room {
    alignas(64) unsigned char bytes[2 * most_step_bytes];
  } room;
  constexpr unsigned char untouched = 0xa5;
  std::memset(room.bytes, untouched, sizeof room.bytes);
  kernels.prepare(values.data(), 0.1, room.bytes);
  if (std::any_of(room.bytes + kernels.step_bytes, std::end(room.bytes),
                  [](unsigned char byte) { return byte != untouched; }))
    refuse("prepare() writes more than it declares", fmt::format("{} bytes", kernels.step_bytes));

  double bounds[2] = {0, 0};
  kernels.bounds(room.bytes, bounds);
  if (!((signed_weights || bounds[0] >= 0) && bounds[0] <= bounds[1]))
    refuse("its bounds of weights are none", signed_weights ? "the lower one first" : "0 or more, the lower one first",
           fmt::format("{} to {}", bounds[0], bounds[1]));
}

// Reads a rule, and believes nothing that it says.
Rule describe(const rheo_rule& table, const Refusal& refuse_list) {
  Rule rule;
  rule.name = checked_name(table.name, "the name of a rule", refuse_list);
  const Refusal refuse = refuse_list.at(rule.name);
  rule.summary = checked_text(table.summary, "summary", refuse);
  rule.equation = checked_text(table.equation, "equation", refuse, true);
  rule.source = checked_text(table.source, "source", refuse);

  std::vector<double> defaults;
  check_array(table.param, table.params, most_params, "parameters", refuse);
  for (std::uint32_t i = 0; i < table.params; ++i) {
    const rheo_rule_param& p = table.param[i];
    const std::string name = checked_name(p.name, "the name of a parameter", refuse.at("params"));
    const Refusal refuse_param = refuse.at("params." + name);
    check_new(name, rule.params, "parameters", refuse_param);
    if (!std::isfinite(p.low) || !std::isfinite(p.high) || p.low > p.high)
      refuse_param("its range is none", "two finite numbers, the lower one first",
                   fmt::format("{} to {}", p.low, p.high));
    check_number(p.initial, p.low, p.high, "default", refuse_param);
    if (p.per_target > 1) refuse_param("per_target must be 0 or 1", {}, fmt::format("{}", p.per_target));
    rule.params.push_back({{name, checked_text(p.unit, "unit", refuse_param), p.initial, p.low, p.high,
                            checked_text(p.meaning, "meaning", refuse_param)},
                           p.per_target != 0});
    defaults.push_back(p.initial);
  }

  const auto flag = [&](std::uint32_t value, const char* what) {
    if (value > 1) refuse(fmt::format("{} must be 0 or 1", what), {}, fmt::format("{}", value));
    return value == 1;
  };
  rule.signed_weights = flag(table.signed_weights, "signed_weights");
  rule.sweeps = flag(table.sweeps, "sweeps");
  rule.publishes = flag(table.publishes, "publishes");
  rule.signals = describe_signals(table.signal, table.signals, rule.params, refuse);
  if (table.interval != RHEO_NONE) rule.interval = time_constant(table.interval, rule.params, refuse.at("interval"));
  for (const std::uint32_t sums : {table.target_sums, table.source_sums})
    if (sums > most_traces) refuse("too many sums", fmt::format("at most {}", most_traces), fmt::format("{}", sums));
  rule.target_sums = table.target_sums;
  rule.source_sums = table.source_sums;
  const bool has_signal = std::any_of(rule.signals.begin(), rule.signals.end(),
                                      [](const RuleSignal& signal) { return signal.scope != RuleSignal::Scope::dose; });
  if (rule.sweeps && !rule.interval && (rule.signals.empty() || rule.signals.front().scope == RuleSignal::Scope::dose))
    refuse("it never sweeps", "an interval, or a first signal that is no dose");
  if (!rule.sweeps && (rule.interval || rule.publishes || has_signal || table.target_sums + table.source_sums > 0))
    refuse("has an interval, sums or signals of sweeps, but does not sweep");

  rule.columns.push_back({rule.signed_weights ? FieldInfo{"weight", "", 0, -largest_state, largest_state, "weight"}
                                              : FieldInfo{"weight", "", 0, 0, largest_state, "magnitude of the weight"},
                          false, 0});
  check_array(table.column, table.columns, most_columns, "columns", refuse);
  for (std::uint32_t i = 0; i < table.columns; ++i) {
    const rheo_rule_column& c = table.column[i];
    const std::string name = checked_name(c.name, "the name of a column", refuse.at("synapse"));
    const Refusal refuse_column = refuse.at("synapse." + name);
    check_new(name, rule.columns, "columns", refuse_column);
    check_number(c.initial, -largest_state, largest_state, "value at the start", refuse_column);
    if (c.kind > RHEO_HOLDS) refuse_column("unknown kind of column", "0 or 1", fmt::format("{}", c.kind));
    const bool decays = c.kind == RHEO_DECAYS;
    rule.columns.push_back({{name, checked_text(c.unit, "unit", refuse_column), c.initial, -largest_state,
                             largest_state, checked_text(c.meaning, "meaning", refuse_column)},
                            decays,
                            decays ? time_constant(c.param, rule.params, refuse_column) : 0});
  }

  rule.pre = describe_traces(table.pre_trace, table.pre_traces, false, rule.params, refuse);
  rule.post = describe_traces(table.post_trace, table.post_traces, true, rule.params, refuse);
  for (std::size_t i = 0; i < rule.params.size(); ++i) {
    const auto reads = [&](const RuleTrace& t) { return t.kind == RuleTrace::Kind::parameter && t.param == i; };
    if (rule.params[i].per_target && std::none_of(rule.post.begin(), rule.post.end(), reads))
      refuse.at("params." + rule.params[i].name)("may differ between targets, but no post trace reads it");
  }

  if (table.problem == nullptr) refuse("its function problem is missing (a null pointer)");
  const std::string problem = checked_text(table.problem(defaults.data()), "problem", refuse);
  if (!problem.empty()) refuse("it refuses its own defaults: " + problem);
  check_kernels(table.single_precision, defaults, rule.signed_weights, refuse.at("single_precision"));
  check_kernels(table.double_precision, defaults, rule.signed_weights, refuse.at("double_precision"));
  return rule;
}

bool same_field(const FieldInfo& a, const FieldInfo& b) {
  return a.name == b.name && a.unit == b.unit && a.meaning == b.meaning && a.initial == b.initial && a.low == b.low &&
         a.high == b.high;
}
bool same_description(const Rule& a, const Rule& b) {
  const auto same_param = [](const RuleParam& x, const RuleParam& y) {
    return same_field(x, y) && x.per_target == y.per_target;
  };
  const auto same_trace = [](const RuleTrace& x, const RuleTrace& y) {
    return same_field(x, y) && x.kind == y.kind && x.param == y.param;
  };
  const auto same_column = [](const RuleColumn& x, const RuleColumn& y) {
    return same_field(x, y) && x.decays == y.decays && x.param == y.param;
  };
  const auto same_signal = [](const RuleSignal& x, const RuleSignal& y) {
    return same_field(x, y) && x.scope == y.scope && x.param == y.param;
  };
  const auto all_same = [](const auto& x, const auto& y, const auto& same) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  };
  return a.name == b.name && a.summary == b.summary && a.equation == b.equation && a.source == b.source &&
         all_same(a.params, b.params, same_param) && all_same(a.columns, b.columns, same_column) &&
         all_same(a.pre, b.pre, same_trace) && all_same(a.post, b.post, same_trace) &&
         all_same(a.signals, b.signals, same_signal) && a.signed_weights == b.signed_weights && a.sweeps == b.sweeps &&
         a.interval == b.interval && a.target_sums == b.target_sums && a.source_sums == b.source_sums &&
         a.publishes == b.publishes;
}

// What can be known of a list without calling anything of it. The oldest field comes first: it says whether the
// others are where they are looked for.
void check_head(const rheo_rule_list* list, const Refusal& refuse) {
  if (list == nullptr) refuse("gives no list of rules (a null pointer)");
  if (list->abi != RHEO_RULE_ABI)
    refuse("was made for another version of the plug-in table", fmt::format("version {}", RHEO_RULE_ABI),
           fmt::format("version {}", list->abi));
  const auto check_size = [&](std::uint32_t bytes, std::size_t ours, const char* structure) {
    if (bytes != ours) refuse(fmt::format("its {} has {} bytes instead of {}", structure, bytes, ours), compile_again);
  };
  check_size(list->list_bytes, sizeof(rheo_rule_list), "rheo_rule_list");
  check_size(list->rule_bytes, sizeof(rheo_rule), "rheo_rule");
  check_size(list->batch_bytes, sizeof(rheo_batch), "rheo_batch");
  if (list->level > 4 || list->level == 2)
    refuse("unknown x86-64 level", "0, 1, 3 or 4", fmt::format("{}", list->level));
}

Isa isa_of(const rheo_rule_list& list) {
  return list.level == 4 ? Isa::v4 : list.level == 3 ? Isa::v3 : Isa::base;
}

void check_arithmetic(const rheo_rule_list& list, const Refusal& refuse) {
  if (list.probe == nullptr) refuse("its function probe is missing (a null pointer)");
  // The product rounds to 1; with one rounding for both operations -2^-60 remains.
  const double product[3] = {1 + 0x1p-30, 1 - 0x1p-30, -1}, sum[3] = {1e16, 1, 0};
  double results[2] = {DBL_MAX, DBL_MAX};
  list.probe(product, results);
  if (results[0] == -0x1p-60) refuse("was compiled with contraction (-ffp-contract=off is missing)", safe_flags);
  if (results[0] != 0) refuse("does not multiply and add as double precision does", safe_flags);
  results[1] = DBL_MAX;
  list.probe(sum, results);
  if (results[1] == 1) refuse("was compiled to re-associate sums (-ffast-math or the like)", safe_flags);
  if (results[1] != 0) refuse("does not add and subtract as double precision does", safe_flags);
}

// The rules of a library, checked; `known` are those before it.
std::vector<Rule> take_in(const std::string& file, const Lists& lists, const std::vector<Rule>& known) {
  const Refusal refuse(file);
  std::vector<Rule> rules;
  const rheo_rule_list* previous = nullptr;
  for (std::size_t isa = 0; isa < isa_count; ++isa) {
    const rheo_rule_list* const list = lists[isa];
    if (list != previous) {
      check_arithmetic(*list, refuse);
      if (list->count == 0) refuse("has no rules");
      check_array(list->rules, list->count, most_rules, "rules", refuse);
      if (previous != nullptr && list->count != rules.size())
        refuse("has other rules for " + std::string(name_of(static_cast<Isa>(isa))), compile_again);
    }
    for (std::uint32_t i = 0; i < list->count; ++i) {
      if (list != previous) {
        Rule rule = describe(list->rules[i], refuse);
        if (previous == nullptr) {
          for (const Rule& one : known)
            if (one.name == rule.name)
              refuse.at(rule.name)("there is a rule of this name already",
                                   one.file.empty() ? "another name than that of a built-in rule"
                                                    : "another name than that of a rule of " + one.file);
          check_new(rule.name, rules, "rules", refuse.at(rule.name));
          rule.file = file;
          rules.push_back(rule);
        } else if (!same_description(rules[i], rule)) {
          refuse.at(rules[i].name)("is described differently for " + std::string(name_of(static_cast<Isa>(isa))),
                                   compile_again);
        }
      }
      rules[i].tables.push_back(&list->rules[i]);
    }
    previous = list;
  }
  return rules;
}

// Loading must not change how the processor computes, for this or any other library.
class SameArithmetic {
 public:
  SameArithmetic() { std::fegetenv(&before_); }
  ~SameArithmetic() { std::fesetenv(&before_); }
  SameArithmetic(const SameArithmetic&) = delete;
  SameArithmetic& operator=(const SameArithmetic&) = delete;
  bool kept() const {
    const volatile double tiny = DBL_MIN, half = 0.5;
    const volatile float tiny_single = FLT_MIN, half_single = 0.5f;
    return tiny * half > 0 && tiny_single * half_single > 0 && std::fegetround() == FE_TONEAREST;
  }

 private:
  std::fenv_t before_;
};

struct Close {
  void operator()(void* handle) const { ::dlclose(handle); }
};
using Handle = std::unique_ptr<void, Close>;

std::string last_error() {
  const char* const text = ::dlerror();
  return text ? text : "no reason given";
}

// A file that was cut off, as by a copy that is not finished, would end the process while it is loaded: the loader maps
// what the headers say, and reads behind the end. What is no library at all is left to the loader to say.
void check_whole(const std::string& file, const Refusal& refuse) {
#if defined(__linux__)
  std::ifstream stream(file, std::ios::binary);
  ElfW(Ehdr) head;
  if (!stream.read(reinterpret_cast<char*>(&head), sizeof head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
      head.e_phentsize != sizeof(ElfW(Phdr)))
    return;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  stream.seekg(static_cast<std::streamoff>(head.e_phoff));
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    ElfW(Phdr) part;
    if (!stream.read(reinterpret_cast<char*>(&part), sizeof part) || part.p_offset > size ||
        part.p_filesz > size - part.p_offset)
      refuse("is cut off: its headers speak of more bytes than there are", {}, fmt::format("{} bytes", size));
  }
#else
  static_cast<void>(file), static_cast<void>(refuse);
#endif
}

Handle open_library(const std::string& file) {
  const Refusal refuse(file);
  std::error_code error;
  if (!std::filesystem::exists(file, error)) refuse("no such file", "a shared library with plasticity rules");
  if (!std::filesystem::is_regular_file(file, error)) refuse("is not a file", "a shared library with plasticity rules");
  check_whole(file, refuse);
  const SameArithmetic arithmetic;
  Handle handle(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) refuse("cannot be loaded: " + last_error(), "a shared library with plasticity rules");
  if (!arithmetic.kept())
    refuse("changes how the processor treats tiny numbers (linked with -ffast-math or -Ofast)", safe_flags);
  return handle;
}

std::string find_library(const std::string& name, std::vector<std::string> folders) {
  if (name.empty() || name.find('\0') != std::string::npos) Refusal{name.c_str()}("is not a name of a plug-in");
  if (name.find('/') != std::string::npos) return name;
  for (std::string& folder : folders)
    if (folder.empty()) folder = ".";  // what is left of the path of a file without a folder
  if (const char* path = std::getenv("RHEO_PLUGIN_PATH")) {
    const std::string all = path;
    for (std::size_t begin = 0, end; begin <= all.size(); begin = end + 1) {
      end = std::min(all.find(':', begin), all.size());
      if (end > begin) folders.push_back(all.substr(begin, end - begin));
    }
  }
  for (const std::string& folder : folders) {
    for (const std::string& file : {name, name + ".so", "lib" + name + ".so"}) {
      const std::string path = folder + '/' + file;
      std::error_code error;
      if (std::filesystem::is_regular_file(path, error)) return path;
    }
  }
  Refusal{name}("no such plug-in",
                fmt::format("NAME, NAME.so or libNAME.so in one of the folders {} (RHEO_PLUGIN_PATH names more), or a "
                            "path with a /",
                            folders.empty() ? "(none)" : fmt::format("{}", fmt::join(folders, ", "))));
}

using ListFunction = const rheo_rule_list* (*)();

ListFunction list_function(void* handle, const char* symbol) {
  return reinterpret_cast<ListFunction>(::dlsym(handle, symbol));
}

// For each instruction set the best list that the processor can run. Nothing of the others is called.
Lists lists_of(void* handle, const std::string& file) {
  const Refusal refuse(file);
  const std::vector<Isa> usable = usable_isas();
  const auto can_run = [&](Isa isa) { return std::find(usable.begin(), usable.end(), isa) != usable.end(); };
  Lists lists{};
  constexpr const char* symbols[isa_count] = {"rheo_rules_base", "rheo_rules_v3", "rheo_rules_v4"};
  bool levels = false;
  for (std::size_t i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    const ListFunction function = list_function(handle, symbols[i]);
    levels = levels || function != nullptr;
    if (function == nullptr || !can_run(isa)) continue;
    lists[i] = function();
    check_head(lists[i], refuse.at(symbols[i]));
    if (isa_of(*lists[i]) > isa)
      refuse.at(symbols[i])("is compiled for a higher instruction set than its name says", std::string(name_of(isa)),
                            std::string(name_of(isa_of(*lists[i]))));
  }
  if (lists[0] == nullptr) {
    const ListFunction function = list_function(handle, "rheo_rules");
    if (function == nullptr) {
      if (levels) refuse("exports rheo_rules_v3 or rheo_rules_v4, but no rheo_rules_base");
      refuse("exports no rheo_rules: it is no plug-in with rules (RHEO_RULES is missing)");
    }
    lists[0] = function();
    check_head(lists[0], refuse.at("rheo_rules"));
    if (!can_run(isa_of(*lists[0])))
      refuse("is compiled for an instruction set that this processor lacks",
             fmt::format("{} or lower, or a library that is compiled for each (rheo_add_rule)", name_of(usable.back())),
             std::string(name_of(isa_of(*lists[0]))));
  }
  for (std::size_t i = 1; i < isa_count; ++i)
    if (lists[i] == nullptr) lists[i] = lists[i - 1];
  return lists;
}

}  // namespace

bool Rule::elapses() const {
  return std::any_of(columns.begin(), columns.end(), [](const RuleColumn& column) { return column.decays; }) ||
         std::any_of(signals.begin(), signals.end(),
                     [](const RuleSignal& signal) { return signal.scope == RuleSignal::Scope::dose; });
}

std::string Rule::problem(const std::vector<double>& values) const {
  const char* const text = tables.front()->problem(values.data());
  return text == nullptr ? std::string() : std::string(text, ::strnlen(text, longest_text));
}

double Rule::relative_step(const std::vector<double>& values, double weight) const {
  const auto step = tables.front()->relative_step;
  return step == nullptr ? 1 : step(values.data(), weight);
}

const rheo_rule_kernels& Rule::kernels(Isa isa, Precision precision) const {
  const rheo_rule& table = *tables[static_cast<std::size_t>(isa)];
  return precision == Precision::single_ ? table.single_precision : table.double_precision;
}

RuleLibrary::RuleLibrary() {
  Lists lists;
  lists.fill(builtin_rules_base());
#if defined(RHEO_X86_ISAS)
  for (const Isa isa : usable_isas()) {
    if (isa == Isa::v3) lists[1] = lists[2] = builtin_rules_v3();
    if (isa == Isa::v4) lists[2] = builtin_rules_v4();
  }
#endif
  rules_ = take_in("", lists, {});
}

void RuleLibrary::load(const std::string& name_or_path, const std::vector<std::string>& folders) {
  const std::string file = find_library(name_or_path, folders);
  Handle handle = open_library(file);
  if (std::find(loaded_.begin(), loaded_.end(), handle.get()) != loaded_.end()) return;
  std::vector<Rule> rules = take_in(file, lists_of(handle.get(), file), rules_);
  loaded_.push_back(handle.get());
  rules_.insert(rules_.end(), std::make_move_iterator(rules.begin()), std::make_move_iterator(rules.end()));
  static_cast<void>(handle.release());  // open to the end
}

const Rule* RuleLibrary::find(const std::string& name) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) { return rule.name == name; });
  return found == rules_.end() ? nullptr : &*found;
}

}  // namespace rheo
