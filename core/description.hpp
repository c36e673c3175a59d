// How models and rules describe their numbers: one list of fields gives the keys of the experiment file, units, range
// checks, documentation, columns to record and to save.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rheo {

// One number of a struct, described: name, unit, allowed range (both ends included), meaning.
template <class Struct, class T>
struct Field {
  std::string_view name;
  T Struct::*member;
  std::string_view unit, meaning;
  double low, high;
  // Of kinds alone (networks/description/kind.hpp).
  bool needed = false;                          // there is no default
  std::string_view initial = {}, allowed = {};  // for the manual, where default and range do not say it
};

// Marks a field of a kind without a default.
template <class F>
constexpr F needed(F field) {
  field.needed = true;
  return field;
}
// Says in words what default and range cannot say.
template <class F>
constexpr F in_words(F field, std::string_view initial, std::string_view allowed) {
  field.initial = initial;
  field.allowed = allowed;
  return field;
}

struct Range {
  double low, high;
};
inline constexpr Range any_value{-1e30, 1e30}, positive{1e-30, 1e30}, non_negative{0, 1e30};

template <class Struct, class T>
constexpr Field<Struct, T> field(std::string_view name, T Struct::*member, std::string_view unit,
                                 std::string_view meaning, Range range = any_value) {
  return {name, member, unit, meaning, range.low, range.high};
}

template <class... F>
constexpr std::tuple<F...> fields(F... f) {
  return {f...};
}

// Whether a kind is in a list of kinds.
template <class K, class List>
inline constexpr bool is_in_list = false;
template <class K, template <class...> class List, class... Kinds>
inline constexpr bool is_in_list<K, List<Kinds...>> = (std::is_same_v<K, Kinds> || ...);

// Fields of a struct and of its bases, all of one type, as an array to loop over.
template <class Struct, class First, class... F>
constexpr auto field_array(const std::tuple<First, F...>& all) {
  using T = std::remove_reference_t<decltype(std::declval<Struct&>().*std::get<0>(all).member)>;
  return std::apply(
      [](const auto&... f) {
        return std::array{Field<Struct, T>{f.name, f.member, f.unit, f.meaning, f.low, f.high}...};
      },
      all);
}

// The same when it is no longer known which struct it came from.
struct FieldInfo {
  std::string name, unit;
  double initial = 0;        // default (params) or value at the start (columns)
  double low = 0, high = 0;  // allowed range, both ends included
  std::string meaning;
};

template <class Struct, class T, std::size_t n>
std::vector<FieldInfo> describe(const std::array<Field<Struct, T>, n>& fields, const Struct& values) {
  std::vector<FieldInfo> infos;
  for (const Field<Struct, T>& f : fields)
    infos.push_back({std::string(f.name), std::string(f.unit), static_cast<double>(values.*(f.member)), f.low, f.high,
                     std::string(f.meaning)});
  return infos;
}

}  // namespace rheo
