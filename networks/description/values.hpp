// From "a number, a list or a distribution" to numbers. Draws depend on (seed, name, use, index) alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/description.hpp"
#include "core/random.hpp"
#include "networks/description/value.hpp"

namespace rheo {

// One number from the stream; what lies outside [min, max] is drawn again. Throws BuildError (with problem and expected
// only) when 1000 draws in a row lie outside.
double draw(const Distribution& distribution, RandomStream& stream);

// to[k] = the k-th draw from RandomStream(key, index), for many.
void draw_all(const Distribution& distribution, RandomKey key, std::uint32_t index, std::span<double> to);

// Where the distribution cannot draw (low > high, sd < 0, empty range, ...): what is wrong. Empty: nothing.
std::string problem_of(const Distribution& distribution);

// The least and the largest number that the distribution can draw.
Range reach(const Distribution& distribution);

inline bool holds(const Range& range, double x) {
  return x >= range.low && x <= range.high;
}

// What a number of a range should be, in words. The limits 1e30, -1e30 and 1e-30 only keep arithmetic finite: the text
// names them where `given` is beyond them, and would only be cluttered by them elsewhere.
std::string range_text(const Range& range, double given, const std::string& unit = {}, bool above_low = false);

// One number for all (size 1), or one per item. Item i of a distribution is the first draw of stream (key, i). Throws
// BuildError (without key) when a list has another size, or when a number is not within `allowed`.
std::vector<double> per_item(const Value& value, std::uint32_t items, RandomKey key, const Range& allowed = any_value);

// Throws BuildError (without key, or with the number of an entry) where numbers that are given one by one are not
// within `allowed`, or where a distribution cannot draw.
void check_value(const Value& value, const Range& allowed);

// Expected, of one item.
double mean_of(const Value& value);

// The key of what a population draws for one field of "params" or "initial".
RandomKey field_key(std::uint64_t seed, const std::string& population, const std::string& table,
                    const std::string& field);

inline bool is_constant(const Value& value) {
  return std::holds_alternative<double>(value);
}

}  // namespace rheo
