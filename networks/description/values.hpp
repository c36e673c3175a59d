// From "a number, a list or a distribution" to numbers. Draws depend on (seed, name, use, index) alone.
#pragma once

#include <cstdint>
#include <optional>
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

// One of each, with the defaults of its fields, in the order of the manual.
std::vector<AnyDistribution> distributions();

std::string name_of(const AnyDistribution& kind);
// Its numbers as the experiment file has them: "[mean, sd]"; without brackets where there is one.
std::string numbers_text(const AnyDistribution& kind);

// Where the distribution cannot draw (low > high, sd < 0, empty range, ...): what is wrong. Empty: nothing.
std::string problem_of(const Distribution& distribution);

// Where draws lie within its limits: no normal draw lies further out than 8.3 standard deviations (core/random.hpp);
// with fewer deviations, as many of the draws as of normal ones.
Range reach(const Distribution& distribution, double deviations = 8.3);

// What no draw lies below and above, where it is a limit that many draws come near to instead of the end of a tail.
std::optional<double> sure_low(const Distribution& distribution);
std::optional<double> sure_high(const Distribution& distribution);

// How many different numbers it can draw; may be infinite.
double distinct(const Distribution& distribution);

// The share of draws below a number, without limits. For estimates: its last bits may differ between machines.
double share_below(const Distribution& distribution, double x);

// One of each, in the order of the manual.
std::vector<AnyPairValue> pair_values();

bool needs_positions(const Value& value);

// Throws BuildError with a field's name as key where the pairs do not fit, or where numbers are not within `allowed`.
void check_pairs(const PairValue& value, const Pairs& pairs, const Range& allowed);

// No pair's number lies outside.
Range reach(const PairValue& value, const Pairs& pairs);

// to[k] = the number of the pair (sources[k], target).
void numbers_of(const PairValue& value, const Pairs& pairs, std::uint32_t target,
                std::span<const std::uint32_t> sources, std::span<double> to);

inline bool holds(const Range& range, double x) {
  return x >= range.low && x <= range.high;
}

// What a number of a range should be, in words. The limits 1e30, -1e30 and 1e-30 only keep arithmetic finite: the text
// names them where `given` is beyond them, and would only be cluttered by them elsewhere.
std::string range_text(const Range& range, double given, const std::string& unit = {}, bool above_low = false);

// One number for all (size 1), or one per item. Item i of a distribution is the first draw of stream (key, i). Throws
// BuildError (without key) when a list has another size, or when a number is not within `allowed`.
std::vector<double> per_item(const Value& value, std::uint32_t items, RandomKey key, const Range& allowed = any_value);

// The judge of numbers: what a file or a program gives is refused in the same words. Throws BuildError (without key, or
// with the number of an entry or a key of the distribution's table) where numbers that are given one by one are not
// within `allowed`, where a distribution cannot draw or is sure to draw what is not, or where they depend on pairs.
void check_value(const Value& value, const Range& allowed, const std::string& unit = {});
// Of a list: it has one number for each of `items` things.
void check_count(const Value& value, std::uint64_t items, const std::string& each);
void check_count(std::uint64_t entries, std::uint64_t items, const std::string& each);

// Expected, of one item.
double mean_of(const Value& value);

// The key of what a population draws for one field of "params" or "initial".
RandomKey field_key(std::uint64_t seed, const std::string& population, const std::string& table,
                    const std::string& field);

inline bool is_constant(const Value& value) {
  return std::holds_alternative<double>(value);
}

}  // namespace rheo
