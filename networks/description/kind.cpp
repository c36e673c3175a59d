#include "networks/description/kind.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>

#include "core/diagnostics.hpp"
#include "networks/description/spec.hpp"
#include "networks/description/values.hpp"
#include "neurons/inputs/profile.hpp"

namespace rheo {

namespace {

template <class... Case>
struct Cases : Case... {
  using Case::operator()...;
};
template <class... Case>
Cases(Case...) -> Cases<Case...>;

constexpr double most_whole = std::numeric_limits<std::uint32_t>::max();

std::string whole_text(double low, double high) {
  return high >= static_cast<double>(std::numeric_limits<std::int64_t>::max())
             ? fmt::format("a whole number >= {}", low)
             : fmt::format("a whole number from {} to {}", low, std::min(high, most_whole));
}

void check_range(const KindField& field, double x) {
  within(field.name, [&] { check_value(x, field.range, field.unit); });
}

void check_whole(const KindField& field, std::uint32_t n) {
  if (!holds(field.range, n))
    reject(field.name, fmt::format("{}", n), "is out of range", whole_text(field.range.low, field.range.high));
}

}  // namespace

std::string expected_text(const KindField& field) {
  const auto number = [&](auto) {
    return range_text(field.range, std::numeric_limits<double>::quiet_NaN(), field.unit);
  };
  const auto whole = [&](auto) { return whole_text(field.range.low, field.range.high); };
  const auto words = [&](auto) { return field.allowed; };
  return std::visit(
      Cases{[](bool*) { return std::string("true or false"); },
            [](std::optional<bool>*) { return std::string("true or false"); },
            [](OnlyFalse*) { return std::string("false, or leave it out"); },
            [&](double* x) { return number(x); },
            [&](std::optional<double>* x) { return number(x); },
            [&](std::uint32_t* n) { return whole(n); },
            [&](std::optional<std::uint32_t>* n) { return whole(n); },
            [](std::uint64_t*) { return whole_text(0, 1e30); },
            [&](std::vector<double>*) { return field.allowed.empty() ? "a list of numbers" : field.allowed; },
            [&](Value* value) { return number(value) + ", or a distribution"; },
            [](const ChoiceMember& choice) { return fmt::format("one of {}", fmt::join(choice.names, ", ")); },
            [&](std::string* x) { return words(x); },
            [&](std::vector<std::string>* x) { return words(x); },
            [&](AllOrNamed*) { return "true, false or " + field.allowed; },
            [](std::vector<Selection>*) { return std::string("a population such as \"E\", or a list of them"); },
            [&](std::shared_ptr<const NumberTable>* x) { return words(x); },
            [&](KeyOfEdges* x) { return words(x); },
            [&](Profile* x) { return words(x); },
            [&](std::shared_ptr<const SpikeTrains>* x) { return words(x); },
            [&](KeyOfTrains* x) { return words(x); },
            [&](TimedValues* x) { return words(x); }},
      field.member);
}

std::string initial_text(const KindField& field) {
  if (!field.initial.empty()) return field.initial;
  return field.needed ? "needed" : value_text(field);
}

std::string allowed_text(const KindField& field) {
  if (!field.allowed.empty()) return field.allowed;
  const auto without = [](std::string text, std::string_view start) {
    return text.starts_with(start) ? text.substr(start.size()) : text;
  };
  if (std::holds_alternative<bool*>(field.member)) return "true, false";
  if (std::holds_alternative<OnlyFalse*>(field.member)) return "false";
  if (const auto* choice = std::get_if<ChoiceMember>(&field.member))
    return fmt::format("{}", fmt::join(choice->names, ", "));
  const std::string text = expected_text(field);
  if (text.starts_with("a whole number")) return "whole numbers" + without(text, "a whole number");
  return without(without(text, "a number from "), "a number ");
}

std::string value_text(const KindField& field) {
  const auto optional = [](const auto* x) { return *x ? fmt::format("{}", **x) : std::string("none"); };
  const auto list = [](const std::vector<double>& numbers) {
    return numbers.empty() ? std::string("none") : fmt::format("[{}]", fmt::join(numbers, ", "));
  };
  const auto none = [](auto) { return std::string("none"); };
  return std::visit(
      Cases{[](const bool* x) { return std::string(*x ? "true" : "false"); },
            [](const std::optional<bool>* x) {
              return std::string(!*x ? "none" : **x ? "true" : "false");
            },
            [](OnlyFalse*) { return std::string("false"); },
            [](const double* x) { return fmt::format("{}", *x); },
            [&](const std::optional<double>* x) { return optional(x); },
            [](const std::uint32_t* n) { return fmt::format("{}", *n); },
            [&](const std::optional<std::uint32_t>* n) { return optional(n); },
            [](const std::uint64_t* n) { return fmt::format("{}", *n); },
            [&](const std::vector<double>* numbers) { return list(*numbers); },
            [](const Value* value) {
              const auto* const number = std::get_if<double>(value);
              return number == nullptr ? std::string("drawn") : fmt::format("{}", *number);
            },
            [](const ChoiceMember& choice) { return std::string(choice.names[choice.get(choice.member)]); },
            [](const std::string* text) { return text->empty() ? std::string("none") : *text; },
            [](const std::vector<std::string>* names) { return names->empty() ? std::string("none") : one_of(*names); },
            [](const AllOrNamed* some) { return some->all ? std::string("true") : one_of(some->names); },
            [](const std::vector<Selection>* some) { return std::string(some->empty() ? "all" : "some"); },
            [&](const std::shared_ptr<const NumberTable>* x) { return none(x); },
            [&](KeyOfEdges* x) { return none(x); },
            [](const Profile* profile) {
              return std::string(profile->kind == Profile::Kind::constant ? "constant" : "a profile");
            },
            [&](const std::shared_ptr<const SpikeTrains>* x) { return none(x); },
            [&](KeyOfTrains* x) { return none(x); },
            [&](const TimedValues* timed) { return list(timed->values); }},
      field.member);
}

void check_ranges(std::span<const KindField> fields) {
  for (const KindField& field : fields) {
    const auto entries = [&](const std::vector<double>& list) {
      within(field.name, [&] { check_value(list, field.range, field.unit); });
    };
    std::visit(Cases{[](bool*) {},
                     [](std::optional<bool>*) {},
                     [](OnlyFalse*) {},
                     [&](double* x) { check_range(field, *x); },
                     [&](std::optional<double>* x) {
                       if (*x) check_range(field, **x);
                     },
                     [&](std::uint32_t* n) { check_whole(field, *n); },
                     [&](std::optional<std::uint32_t>* n) {
                       if (*n) check_whole(field, **n);
                     },
                     [](std::uint64_t*) {},
                     [&](std::vector<double>* list) { entries(*list); },
                     [&](Value* value) { within(field.name, [&] { check_value(*value, field.range, field.unit); }); },
                     [](const ChoiceMember&) {},
                     [](std::string*) {},
                     [](std::vector<std::string>*) {},
                     [](AllOrNamed*) {},
                     [](std::vector<Selection>*) {},
                     [&](std::shared_ptr<const NumberTable>* table) {
                       if (*table == nullptr) return;
                       const std::vector<double>& all = (*table)->values;
                       for (std::size_t i = 0; i < all.size(); ++i)
                         if (!holds(field.range, all[i]))
                           within(fmt::format("{}[{}][{}]", field.name, i / (*table)->columns, i % (*table)->columns),
                                  [&] { check_value(all[i], field.range, field.unit); });
                     },
                     [](KeyOfEdges*) {},
                     [](Profile*) {},
                     [](std::shared_ptr<const SpikeTrains>*) {},
                     [](KeyOfTrains*) {},
                     [&](TimedValues* timed) { entries(timed->values); }},
               field.member);
  }
}

void check_counts(std::span<const KindField> fields, std::uint64_t items, const std::string& each) {
  for (const KindField& field : fields)
    if (const auto* const value = std::get_if<Value*>(&field.member))
      within(field.name, [&] { check_count(**value, items, each); });
}

}  // namespace rheo
