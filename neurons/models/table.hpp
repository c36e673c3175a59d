// The door for neuron models: what the engine knows of a model, as plain data and functions on arrays. It has no
// templates and no types of the standard library, so that a table of C for models of plug-ins can follow. Authors of
// models do not write tables: entry.hpp makes one from a description (model.hpp).
//
// Real is float or double, by the precision of the state. Potentials of a state are counted from V_rest in single
// precision, from 0 mV in double precision. Parameters come as doubles in the order of `param`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rheo {

// No model has more.
inline constexpr std::size_t most_ports = 8, most_choices = 3;
// Ticks without an arrival that one propagator covers; a table of so many should stay in the first-level cache.
inline constexpr std::int64_t longest_jump = 1024;

struct ModelField {
  const char *name, *unit, *meaning;
  double initial, low, high;  // default of a parameter (0 for a column), and range with both ends included
};
struct ModelPort {
  const char *name, *unit;
  std::uint32_t conductance;  // 1: the magnitude of a weight counts
};
struct ModelOption {
  const char *name, *meaning;
  const char* choices[most_choices];  // filled from the front, then null; the first is the default
};

// One tick of neurons first, first + 1, ..., n of them.
struct AdvanceArgs {
  void* const* state;           // [columns] of Real, a number per neuron
  const void* const* step;      // uniform: step[0] is all coefficients; per neuron: [coefficients] columns of Real
  const std::uint8_t* differs;  // per neuron: [coefficients] 1: the column has a number per neuron; 0: n equal ones
  std::size_t first;
  const void* input;  // [ports - 1] rows of Real, `stride` apart: all ports but the last, "I"
  std::size_t stride;
  std::uint8_t* fired;  // [n] out: 1 where the neuron spiked
  std::size_t n;
  const void* current;  // [n] Real of port "I"; not of `uniform`
};
using Advance = void (*)(const AdvanceArgs&);

// The loops of a model in one precision, for one instruction set.
struct AdvanceLoops {
  Advance uniform, uniform_with_current;  // coefficients that all neurons share
  Advance per_neuron;                     // with current, which may be 0
};

// What lets the neurons of a population, which share their parameters, jump over ticks without arrivals.
struct Jumps {
  const void* step;   // coefficients of one tick
  const void* over;   // [longest_jump + 1] coefficients of 0, 1, 2, ... ticks without a threshold
  const void* peaks;  // the largest value that each coefficient has for any number of ticks
  // Both as the state counts V_m.
  double V_rest;       // where V_m goes by itself
  double rests_below;  // from there no rounding reaches the threshold
};

// One tick of those neurons that something reached, or that could spike by themselves.
struct EventVisit {
  std::int64_t tick;
  void* neurons;          // records of the lane's piece
  std::uint32_t* chosen;  // [count] neurons to visit, ascending; out: the first `spiked` are those that spiked
  std::uint32_t* awake;   // [count] out: the first `awakened` are those that may spike although nothing arrives
  void* input;            // [ports] rows, `stride` apart, of float or double; what is read becomes 0
  std::size_t count, stride;
  std::uint32_t ports, input_bytes;  // of a number of the input: 4 or 8
  std::uint32_t spiked, awakened;    // out
  std::uint32_t broken;              // out: the first neuron whose state is not finite; unchanged if there is none
};

// Functions for updates by events, of linear models in one precision. A neuron is a record: its state, then the tick
// that the state belongs to, as int64_t at the end.
struct EventFunctions {
  std::uint32_t record_bytes;
  // Coefficients of a jump over h ms, without a threshold.
  void (*propagate)(const double* params, double h, void* coefficients);
  // V_rest and rests_below of Jumps.
  void (*rest)(const double* params, double dt, double V_rest_and_below[2]);
  // Writes the numbers of those of n neurons to `awake` that may spike although nothing arrives; returns how many.
  std::uint32_t (*wake)(const Jumps&, const void* neurons, std::uint32_t n, std::uint32_t* awake);
  void (*visit)(const Jumps&, EventVisit&);
  // A column of n neurons after tick `now`; changes nothing.
  void (*read)(const Jumps&, const void* neurons, const std::uint32_t* which, std::size_t n, std::uint32_t column,
               std::int64_t now, double* to);
};

// Functions of one precision.
struct ModelFunctions {
  void (*prepare)(const double* params, double dt, void* coefficients);  // Real[coefficients]
  void (*initial)(const double* params, double V_m, void* state);        // Real[columns]; V_m as the state counts it
  const char* (*problem)(const double* params);  // what is wrong with parameters that are each in range, or ""
  EventFunctions event;                          // null pointers unless `linear`
};

struct ModelTable {
  const char *name, *summary, *equation, *numerics, *source;
  std::uint32_t params, columns, coefficients, ports, options;
  const ModelField *param, *column;
  const ModelPort* port;
  const ModelOption* option;
  std::uint32_t linear;  // 1: can be updated by events; has parameter V_th, and V_rest
  double (*V_start)(const double* params);
  double (*longest_tau)(const double* params);
  // Of a leaky membrane; null: the model says nothing of it.
  double (*V_rest)(const double* params);
  double (*tau_m)(const double* params);
  std::uint32_t spikes;  // 0: it never does
  const char* value;     // the column that it transmits as its value; null: none
  ModelFunctions single_precision, double_precision;
};

// The built-in models. One with options is there once per combination of choices, the first option's choice changing
// slowest. The loops that advance them have the same numbers (kernels/kernels.hpp).
struct ModelList {
  std::size_t count;
  const ModelTable* models;
};
ModelList built_in_models();

}  // namespace rheo
