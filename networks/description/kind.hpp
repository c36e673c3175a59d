// Kinds: structs that a user chooses by name and fills in by keys, as connect = { rule = "bernoulli", p = 0.1 }. A kind
// says its name, what it is and its fields. Keys of the experiment file, ranges, messages and the tables of
// the manual follow from that, through the pointers below.
//
//   struct Bernoulli {
//     double p = 0;
//     static constexpr const char *name = "bernoulli", *summary = "...", *source = "...";
//     static constexpr auto fields = rheo::fields(needed(field("p", &Bernoulli::p, "", "probability", {0, 1})), ...);
//   };
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "core/description.hpp"
#include "networks/description/value.hpp"

namespace rheo {

// A key that can only be false, for kinds that a user may take for others in which it can be true.
struct OnlyFalse {};

// Edges given one by one: source and target count within the projection's source and target selections.
struct EdgeList {
  std::vector<std::uint32_t> source, target;
};

// A key that says where a list of edges stands, for whoever reads it.
struct KeyOfEdges {};

// A key that says where spike trains stand or what their times mean, for whoever reads them.
struct KeyOfTrains {};

// Numbers for each of several times.
struct TimedValues {
  std::vector<double> values = {};  // [time * width]
  std::uint32_t width = 1;
};

// All of some things, or those that are named: true, false or a list of names.
struct AllOrNamed {
  bool all = true;
  std::vector<std::string> names = {};  // where not all
};

struct Profile;
struct Selection;
struct SpikeTrains;

// A member that is one of an enumeration's names.
struct ChoiceMember {
  void* member;
  std::span<const std::string_view> names;
  std::size_t (*get)(const void* member);
  void (*set)(void* member, std::size_t choice);
};

// A member of a kind, when it is no longer known which kind.
using Member = std::variant<bool*, std::optional<bool>*, OnlyFalse*, double*, std::optional<double>*, std::uint32_t*,
                            std::optional<std::uint32_t>*, std::uint64_t*, std::vector<double>*, Value*, ChoiceMember,
                            std::string*, std::vector<std::string>*, AllOrNamed*, std::vector<Selection>*,
                            std::shared_ptr<const NumberTable>*, KeyOfEdges*, Profile*,
                            std::shared_ptr<const SpikeTrains>*, KeyOfTrains*, TimedValues*>;

// A field of a kind: one key.
struct KindField {
  std::string name, unit, meaning;
  Range range;
  bool needed = false;
  std::string initial, allowed;  // in words; empty: as `member` and `range` say
  Member member;
};

namespace kind_detail {

template <class T>
Member member_of(T& value) {
  if constexpr (std::is_enum_v<T>)
    return ChoiceMember{&value, names_of(T{}),
                        [](const void* at) { return static_cast<std::size_t>(*static_cast<const T*>(at)); },
                        [](void* at, std::size_t choice) { *static_cast<T*>(at) = static_cast<T>(choice); }};
  else
    return &value;
}

}  // namespace kind_detail

// The fields of a struct, which must outlive them.
template <class K, class Fields>
std::vector<KindField> fields_of(K& kind, const Fields& fields) {
  std::vector<KindField> all;
  const auto add = [&](const auto& field) {
    all.push_back({std::string(field.name),
                   std::string(field.unit),
                   std::string(field.meaning),
                   {field.low, field.high},
                   field.needed,
                   std::string(field.initial),
                   std::string(field.allowed),
                   kind_detail::member_of(kind.*(field.member))});
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, fields);
  return all;
}
template <class K>
std::vector<KindField> fields_of(K& kind) {
  return fields_of(kind, K::fields);
}

// Those of the kind that a variant holds.
template <class... K>
std::vector<KindField> fields_of(std::variant<K...>& any) {
  return std::visit([](auto& kind) { return fields_of(kind); }, any);
}

// What a field may be, in words: "a number from 0 to 1".
std::string expected_text(const KindField& field);
// Its default and range for a table of the manual.
std::string initial_text(const KindField& field);
std::string allowed_text(const KindField& field);
// The value that it has, on one line.
std::string value_text(const KindField& field);

// Throws BuildError with the field's name as key where a number is out of its range.
void check_ranges(std::span<const KindField> fields);
// Throws BuildError likewise where a list of a value has not one number for each of `items` things.
void check_counts(std::span<const KindField> fields, std::uint64_t items, const std::string& each);

}  // namespace rheo
