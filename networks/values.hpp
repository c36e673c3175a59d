// From "a number, a list or a distribution" to numbers. Draws depend on (seed, name, use, index) alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "networks/spec.hpp"

namespace rheo {

// One number from the stream; what lies outside [min, max] is drawn again. Throws BuildError (with problem and expected
// only) when 1000 draws in a row lie outside.
double draw(const Distribution& distribution, RandomStream& stream);

// to[k] = the k-th draw from RandomStream(key, index), for many.
void draw_all(const Distribution& distribution, RandomKey key, std::uint32_t index, std::span<double> to);

// Where the distribution cannot draw (low > high, sd < 0, empty range, ...): what is wrong. Empty: nothing.
std::string problem_of(const Distribution& distribution);

// One number for all (size 1), or one per item. Item i of a distribution is the first draw of stream (key, i). Throws
// BuildError (without key) when a list has another size.
std::vector<double> per_item(const Value& value, std::uint32_t items, RandomKey key);

// The key of what a population draws for one field of "params" or "initial".
RandomKey field_key(std::uint64_t seed, const std::string& population, const std::string& table,
                    const std::string& field);

inline bool is_constant(const Value& value) {
  return std::holds_alternative<double>(value);
}

}  // namespace rheo
