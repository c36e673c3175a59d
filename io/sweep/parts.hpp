// What the reader of [sweep] and the sweep itself share.
#pragma once

#include <string>
#include <string_view>

#include "io/sweep/sweep.hpp"

namespace rheo::sweep_file {

// A setting's part of Sweep::hash.
std::uint64_t hash_of(std::string_view key, std::string_view value);

// A number as a value of this key; whole numbers are written without a point, which is what keys that count need.
SweepValue number_value(const std::string& key, double number);

// Whether `key` is `outer` or below it.
bool is_within(std::string_view key, std::string_view outer);

}  // namespace rheo::sweep_file
