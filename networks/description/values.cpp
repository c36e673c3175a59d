#include "networks/description/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/diagnostics.hpp"
#include "networks/description/kind.hpp"

namespace rheo {

namespace {

constexpr int most_attempts = 1000;

bool accepted(const Distribution& d, double x) {
  return (!d.min || x >= *d.min) && (!d.max || x <= *d.max);
}

[[noreturn]] void reject_limits() {
  reject({}, {}, "1000 draws in a row lie outside [min, max]", "limits that the distribution can meet");
}

[[noreturn]] void reject_pairs() {
  reject({}, {}, "depends on source and target", "a number, a list or a distribution");
}

template <class K>
double draw_within(const Distribution& d, const K& kind, RandomStream& stream) {
  for (int attempt = 0; attempt < most_attempts; ++attempt)
    if (const double x = kind.draw(stream); accepted(d, x)) return x;
  reject_limits();
}

// What is refused is drawn again from where the stream has come to: the accepted ones are the stream without the
// others.
template <class K>
void draw_many_within(const Distribution& d, const K& kind, RandomKey key, std::uint32_t index, std::span<double> to) {
  int refused = 0;
  std::uint32_t drawn = 0;
  for (std::size_t done = 0; done < to.size();) {
    const std::span<double> missing = to.subspan(done);
    kind.draw_many(key, index, drawn, missing);
    if (!d.min && !d.max) return;
    drawn += static_cast<std::uint32_t>(missing.size());
    for (const double x : missing)
      if (accepted(d, x)) {
        to[done++] = x;
        refused = 0;
      } else if (++refused == most_attempts) {
        reject_limits();
      }
  }
}

void check_number(double x, const Range& allowed, const std::string& unit, const std::string& where) {
  if (!holds(allowed, x)) reject(where, fmt::format("{}", x), "is out of range", range_text(allowed, x, unit));
}

template <class... K>
struct OneOfEach {
  static std::vector<std::variant<K...>> made() { return {std::variant<K...>(K{})...}; }
};

// Of numbers that are not what their field may be.
std::string problem_of_field(const KindField& field, std::span<const double> numbers) {
  for (const double x : numbers)
    if (!holds(field.range, x)) return fmt::format("{} = {} is not {}", field.name, x, range_text(field.range, x));
  return {};
}

std::string problem_of_numbers(const AnyDistribution& kind) {
  AnyDistribution copy = kind;
  for (const KindField& field : fields_of(copy)) {
    std::string problem;
    if (const auto* const number = std::get_if<double*>(&field.member))
      problem = problem_of_field(field, std::span(*number, 1));
    if (const auto* const numbers = std::get_if<std::vector<double>*>(&field.member))
      problem = problem_of_field(field, **numbers);
    if (!problem.empty()) return problem;
  }
  return std::visit([](const auto& one) { return one.problem(); }, kind);
}

}  // namespace

double draw(const Distribution& d, RandomStream& stream) {
  return std::visit([&](const auto& kind) { return draw_within(d, kind, stream); }, d.kind);
}

void draw_all(const Distribution& d, RandomKey key, std::uint32_t index, std::span<double> to) {
  std::visit(
      [&](const auto& kind) {
        if constexpr (requires { kind.draw_many(key, index, 0u, to); }) {
          draw_many_within(d, kind, key, index, to);
        } else {
          RandomStream stream(key, index);
          for (double& x : to) x = draw_within(d, kind, stream);
        }
      },
      d.kind);
}

std::vector<AnyDistribution> distributions() {
  return ForEachDistribution<OneOfEach>::made();
}

std::string name_of(const AnyDistribution& kind) {
  return std::visit([](const auto& one) { return std::string(one.name); }, kind);
}

std::string numbers_text(const AnyDistribution& kind) {
  AnyDistribution copy = kind;
  const std::vector<KindField> fields = fields_of(copy);
  if (std::holds_alternative<std::vector<double>*>(fields.front().member)) return "[a, b, ..]";
  std::vector<std::string_view> names;
  for (const KindField& field : fields) names.push_back(field.name);
  return names.size() == 1 ? std::string(names[0]) : fmt::format("[{}]", fmt::join(names, ", "));
}

std::string problem_of(const Distribution& d) {
  if (std::string problem = problem_of_numbers(d.kind); !problem.empty()) return problem;
  if (d.min && d.max && *d.min > *d.max) return "min is larger than max";
  const Range range = reach(d);
  if (range.low > range.high) return "nothing that it can draw lies within min and max";
  if ((d.min || d.max) && range.low == range.high && std::isinf(distinct(d)))
    return "min and max leave nothing to draw";
  return {};
}

Range reach(const Distribution& d, double deviations) {
  const Range range = std::visit([&](const auto& kind) { return kind.reach(deviations); }, d.kind);
  return {std::max(range.low, d.min.value_or(range.low)), std::min(range.high, d.max.value_or(range.high))};
}

std::optional<double> sure_low(const Distribution& d) {
  return std::visit([&](const auto& kind) { return kind.reach(1).low == kind.reach(2).low; }, d.kind) ? reach(d).low
                                                                                                      : d.min;
}

std::optional<double> sure_high(const Distribution& d) {
  return std::visit([&](const auto& kind) { return kind.reach(1).high == kind.reach(2).high; }, d.kind) ? reach(d).high
                                                                                                        : d.max;
}

double distinct(const Distribution& d) {
  return std::visit([](const auto& kind) { return kind.distinct(); }, d.kind);
}

double share_below(const Distribution& d, double x) {
  return std::visit([&](const auto& kind) { return kind.share_below(x); }, d.kind);
}

std::vector<AnyPairValue> pair_values() {
  return ForEachPairValue<OneOfEach>::made();
}

bool needs_positions(const Value& value) {
  const auto* const pairs = std::get_if<PairValue>(&value);
  return pairs != nullptr && std::visit(
                                 []<class K>(const K&) {
                                   return requires {
                                     K::needs_positions;
                                   };
                                 },
                                 pairs->kind);
}

void check_pairs(const PairValue& value, const Pairs& pairs, const Range& allowed) {
  AnyPairValue copy = value.kind;
  check_ranges(fields_of(copy));
  std::visit([&](const auto& kind) { kind.check(pairs); }, value.kind);
  const Range range = reach(value, pairs);
  for (const double end : {range.low, range.high}) check_number(end, allowed, {}, {});
}

Range reach(const PairValue& value, const Pairs& pairs) {
  return std::visit([&](const auto& kind) { return kind.reach(pairs); }, value.kind);
}

void numbers_of(const PairValue& value, const Pairs& pairs, std::uint32_t target,
                std::span<const std::uint32_t> sources, std::span<double> to) {
  std::visit(
      [&](const auto& kind) {
        for (std::size_t k = 0; k < sources.size(); ++k) to[k] = kind.at(sources[k], target, pairs);
      },
      value.kind);
}

std::string range_text(const Range& range, double given, const std::string& unit, bool above_low) {
  const bool has_low = range.low > any_value.low || given < range.low;
  const bool has_high = range.high < any_value.high || given > range.high;
  const bool tiny = range.low > 0 && range.low <= positive.low;
  const bool is_open = above_low || (tiny && !(given > 0 && given < range.low));
  std::string text = "a number";
  if (has_low && has_high && !is_open) {
    text += fmt::format(" from {} to {}", range.low, range.high);
  } else {
    if (has_low) text += is_open ? fmt::format(" > {}", above_low ? range.low : 0.0) : fmt::format(" >= {}", range.low);
    if (has_high) text += fmt::format("{} <= {}", has_low ? " and" : "", range.high);
  }
  if (!unit.empty()) text += fmt::format(" ({})", unit);
  return text;
}

std::vector<double> per_item(const Value& value, std::uint32_t items, RandomKey key, const Range& allowed) {
  check_value(value, allowed);
  check_count(value, items, "neuron");
  if (const auto* constant = std::get_if<double>(&value)) return {*constant};
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return *list;
  std::vector<double> values(items);
  for (std::uint32_t i = 0; i < items; ++i) {
    RandomStream stream(key, i);
    values[i] = draw(std::get<Distribution>(value), stream);
    if (!holds(allowed, values[i]))
      reject({}, fmt::format("{}", values[i]), fmt::format("drawn for neuron {}, out of range", i),
             range_text(allowed, values[i]) + ", by min and max of the distribution");
  }
  return values;
}

namespace {

void check_distribution(const Distribution& d, const Range& allowed, const std::string& unit) {
  AnyDistribution copy = d.kind;
  std::vector<std::string> given;
  for (const KindField& field : fields_of(copy)) given.push_back(value_text(field));
  const std::string numbers = fmt::format("[{}]", fmt::join(given, ", "));
  if (const std::string problem = problem_of_numbers(d.kind); !problem.empty())
    reject(name_of(d.kind), numbers, problem, numbers_text(d.kind));
  if (d.min) check_number(*d.min, allowed, unit, "min");
  if (d.max) check_number(*d.max, allowed, unit, "max");
  if (const std::string problem = problem_of(d); !problem.empty())
    reject({}, numbers, problem, "limits that the distribution can meet");
  for (const std::optional<double>& end : {sure_low(d), sure_high(d)})
    if (end && !holds(allowed, *end))
      reject(name_of(d.kind), numbers, fmt::format("{} can be drawn, which is out of range", *end),
             range_text(allowed, *end, unit));
}

}  // namespace

void check_value(const Value& value, const Range& allowed, const std::string& unit) {
  if (const auto* constant = std::get_if<double>(&value)) check_number(*constant, allowed, unit, {});
  if (const auto* values = std::get_if<std::vector<double>>(&value))
    for (std::size_t i = 0; i < values->size(); ++i)
      if (!holds(allowed, (*values)[i])) check_number((*values)[i], allowed, unit, fmt::format("[{}]", i));
  if (const auto* distribution = std::get_if<Distribution>(&value)) check_distribution(*distribution, allowed, unit);
  if (std::holds_alternative<PairValue>(value)) reject_pairs();
}

void check_count(const Value& value, std::uint64_t items, const std::string& each) {
  if (const auto* list = std::get_if<std::vector<double>>(&value)) check_count(list->size(), items, each);
}

void check_count(std::uint64_t entries, std::uint64_t items, const std::string& each) {
  const auto counted = [](std::uint64_t n) { return fmt::format("{} entr{}", n, n == 1 ? "y" : "ies"); };
  if (entries != items)
    reject({}, fmt::format("a list of {}", entries), "has " + counted(entries),
           fmt::format("{}, one per {}", counted(items), each));
}

double mean_of(const Value& value) {
  if (const auto* constant = std::get_if<double>(&value)) return *constant;
  if (const auto* list = std::get_if<std::vector<double>>(&value))
    return std::accumulate(list->begin(), list->end(), 0.0) /
           static_cast<double>(std::max<std::size_t>(1, list->size()));
  const auto& d = std::get<Distribution>(value);
  const Range range = reach(d);
  return std::clamp(std::visit([](const auto& kind) { return kind.expected(); }, d.kind), range.low, range.high);
}

RandomKey field_key(std::uint64_t seed, const std::string& population, const std::string& table,
                    const std::string& field) {
  return random_key(seed, population, table + "." + field);
}

}  // namespace rheo
