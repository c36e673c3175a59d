// The words in which a rule says what it keeps and reads (rule_sdk.hpp explains them).
#pragma once

#include <cstdint>

#include "plasticity/rule_abi.h"

namespace rheo {

struct ColumnText {
  const char *name, *param, *unit, *meaning;
  double initial;
};
constexpr ColumnText column(const char* name, const char* unit, const char* meaning, double initial = 0) {
  return {name, "", unit, meaning, initial};
}
// Decays between the synapse's events, with the time constant that the parameter `tau` gives.
constexpr ColumnText decaying_column(const char* name, const char* tau, const char* unit, const char* meaning) {
  return {name, tau, unit, meaning, 0};
}

struct SignalText {
  const char *name, *param, *unit, *meaning;
  double otherwise;  // where it is not given
  std::uint32_t scope;
};
constexpr SignalText signal(const char* name, const char* unit, const char* meaning, double otherwise = 0) {
  return {name, "", unit, meaning, otherwise, RHEO_FOR_ALL};
}
constexpr SignalText target_signal(const char* name, const char* unit, const char* meaning, double otherwise = 0) {
  return {name, "", unit, meaning, otherwise, RHEO_PER_TARGET};
}
constexpr SignalText source_signal(const char* name, const char* unit, const char* meaning, double otherwise = 0) {
  return {name, "", unit, meaning, otherwise, RHEO_PER_SOURCE};
}
// What a signal adds up to between two events of a synapse, in its unit times ms, each part with the decay by the
// parameter `tau` since the first of them: the integral of signal times a column that decays with `tau`, over its value
// at the start.
constexpr SignalText dose(const char* name, const char* tau, const char* unit, const char* meaning,
                          double otherwise = 0) {
  return {name, tau, unit, meaning, otherwise, RHEO_DOSE};
}

struct TraceText {
  const char *name, *param, *unit, *meaning;
  std::uint32_t kind;
};
// Decays with the time constant that the parameter `tau` gives; without one it holds its value between spikes.
constexpr TraceText trace(const char* name, const char* tau, const char* unit, const char* meaning) {
  return {name, tau, unit, meaning, *tau == '\0' ? RHEO_HOLDS : RHEO_DECAYS};
}
// Each target's value of a parameter that is named in per_target.
constexpr TraceText parameter(const char* name) {
  return {name, name, "", "", RHEO_PARAMETER};
}

template <class V>
struct Bounds {
  V low, high;
};

struct Nothing {};

// Of relative_step() of a rule with several steps: the smaller one that is not 0; 1 where both are.
constexpr double smaller_step(double a, double b = 0) {
  if (a == 0 && b == 0) return 1;
  if (a == 0) return b;
  return b == 0 || a < b ? a : b;
}
// A step as a part of a weight that may be unknown.
constexpr double part_of(double step, double weight) {
  return weight > 0 && step > 0 ? step / weight : 1;
}

}  // namespace rheo
