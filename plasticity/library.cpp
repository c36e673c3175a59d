#include "plasticity/library.hpp"

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

#include "plasticity/described_rule.hpp"

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

constexpr std::uint32_t most_rules = 1000;  // more is a mistake, or no table at all
constexpr const char* compile_again = "a library that is compiled with the headers of this Rheobase";
constexpr const char* safe_flags = "-ffp-contract=off, and neither -ffast-math nor -Ofast";

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
         all_same(a.signals, b.signals, same_signal) && a.signed_weights == b.signed_weights &&
         a.consolidates == b.consolidates && a.interval == b.interval && a.target_sums == b.target_sums &&
         a.source_sums == b.source_sums && a.publishes == b.publishes;
}

// What can be known of a list without calling anything of it. The oldest field comes first: it says whether the
// others are where they are looked for.
void check_head(const rheo_rule_list* list, const Refusal& reject) {
  if (list == nullptr) reject("gives no list of rules (a null pointer)");
  if (list->abi != RHEO_RULE_ABI)
    reject("was made for another version of the plug-in table", fmt::format("version {}", RHEO_RULE_ABI),
           fmt::format("version {}", list->abi));
  const auto check_size = [&](std::uint32_t bytes, std::size_t ours, const char* structure) {
    if (bytes != ours) reject(fmt::format("its {} has {} bytes instead of {}", structure, bytes, ours), compile_again);
  };
  check_size(list->list_bytes, sizeof(rheo_rule_list), "rheo_rule_list");
  check_size(list->rule_bytes, sizeof(rheo_rule), "rheo_rule");
  check_size(list->batch_bytes, sizeof(rheo_batch), "rheo_batch");
  if (list->level > 4 || list->level == 2)
    reject("unknown x86-64 level", "0, 1, 3 or 4", fmt::format("{}", list->level));
}

Isa isa_of(const rheo_rule_list& list) {
  return list.level == 4 ? Isa::v4 : list.level == 3 ? Isa::v3 : Isa::base;
}

void check_arithmetic(const rheo_rule_list& list, const Refusal& reject) {
  if (list.probe == nullptr) reject("its function probe is missing (a null pointer)");
  // The product rounds to 1; with one rounding for both operations -2^-60 remains.
  const double product[3] = {1 + 0x1p-30, 1 - 0x1p-30, -1}, sum[3] = {1e16, 1, 0};
  double results[2] = {DBL_MAX, DBL_MAX};
  list.probe(product, results);
  if (results[0] == -0x1p-60) reject("was compiled with contraction (-ffp-contract=off is missing)", safe_flags);
  if (results[0] != 0) reject("does not multiply and add as double precision does", safe_flags);
  results[1] = DBL_MAX;
  list.probe(sum, results);
  if (results[1] == 1) reject("was compiled to re-associate sums (-ffast-math or the like)", safe_flags);
  if (results[1] != 0) reject("does not add and subtract as double precision does", safe_flags);
}

// The rules of a library, checked; `known` are those before it.
std::vector<Rule> take_in(const std::string& file, const Lists& lists, const std::vector<Rule>& known) {
  const Refusal reject(file);
  std::vector<Rule> rules;
  const rheo_rule_list* previous = nullptr;
  for (std::size_t isa = 0; isa < isa_count; ++isa) {
    const rheo_rule_list* const list = lists[isa];
    if (list != previous) {
      check_arithmetic(*list, reject);
      if (list->count == 0) reject("has no rules");
      check_array(list->rules, list->count, most_rules, "rules", reject);
      if (previous != nullptr && list->count != rules.size())
        reject("has other rules for " + std::string(name_of(static_cast<Isa>(isa))), compile_again);
    }
    for (std::uint32_t i = 0; i < list->count; ++i) {
      if (list != previous) {
        Rule rule = described_rule(list->rules[i], reject);
        if (previous == nullptr) {
          for (const Rule& one : known)
            if (one.name == rule.name)
              reject.at(rule.name)("there is a rule of this name already",
                                   one.file.empty() ? "another name than that of a built-in rule"
                                                    : "another name than that of a rule of " + one.file);
          check_new(rule.name, rules, "rules", reject.at(rule.name));
          rule.file = file;
          rules.push_back(rule);
        } else if (!same_description(rules[i], rule)) {
          reject.at(rules[i].name)("is described differently for " + std::string(name_of(static_cast<Isa>(isa))),
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
void check_whole(const std::string& file, const Refusal& reject) {
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
      reject("is cut off: its headers speak of more bytes than there are", {}, fmt::format("{} bytes", size));
  }
#else
  static_cast<void>(file), static_cast<void>(reject);
#endif
}

Handle open_library(const std::string& file) {
  const Refusal reject(file);
  std::error_code error;
  if (!std::filesystem::exists(file, error)) reject("no such file", "a shared library with plasticity rules");
  if (!std::filesystem::is_regular_file(file, error)) reject("is not a file", "a shared library with plasticity rules");
  check_whole(file, reject);
  const SameArithmetic arithmetic;
  Handle handle(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) reject("cannot be loaded: " + last_error(), "a shared library with plasticity rules");
  if (!arithmetic.kept())
    reject("changes how the processor treats tiny numbers (linked with -ffast-math or -Ofast)", safe_flags);
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
  const Refusal reject(file);
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
    check_head(lists[i], reject.at(symbols[i]));
    if (isa_of(*lists[i]) > isa)
      reject.at(symbols[i])("is compiled for a higher instruction set than its name says", std::string(name_of(isa)),
                            std::string(name_of(isa_of(*lists[i]))));
  }
  if (lists[0] == nullptr) {
    const ListFunction function = list_function(handle, "rheo_rules");
    if (function == nullptr) {
      if (levels) reject("exports rheo_rules_v3 or rheo_rules_v4, but no rheo_rules_base");
      reject("exports no rheo_rules: it is no plug-in with rules (RHEO_RULES is missing)");
    }
    lists[0] = function();
    check_head(lists[0], reject.at("rheo_rules"));
    if (!can_run(isa_of(*lists[0])))
      reject("is compiled for an instruction set that this processor lacks",
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

const Rule& RuleLibrary::at(const std::string& name) const {
  if (const Rule* const rule = find(name)) return *rule;
  const std::vector<std::string> names = names_in(rules_);
  reject({}, '"' + name + '"', "unknown rule",
         one_of(names) + ", or a rule of a library that --plugin or plugins names", nearest(name, names));
}

}  // namespace rheo
