// Settings of the task what_when, in [task] of the experiment file. The network has a signal `cue` of kind task that
// its inputs read, `trial`, `what_error` (2 numbers), `when_error` and `when_gate` (2 each) for the rules of its
// readouts, and if it likes `feedback` (2), the output of `when`, and `reset`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "networks/description/spec.hpp"

namespace rheo {

struct WhatWhen {
  enum class Protocol { learning, probabilities, switch_timing, switch_probability, switch_both };
  enum class Readout { three_factor, force };
  // What is taken away. gate_off: every channel learns in every tick; merged: one readout for both questions, taught
  // like FORCE; frozen: one state for the whole trial; shuffled: each neuron's states in an order that is drawn anew.
  enum class Control { none, gate_off, merged, frozen, shuffled };
  Protocol protocol = Protocol::learning;
  Readout readout = Readout::three_factor;
  Control control = Control::none;
  std::string when = "when", what = "what";           // projections onto readout neurons
  double trial = 700, pause = 500;                    // ms
  double cue_length = 50, reset_length = 100;         // ms; the reset begins with the pause
  std::array<double, 2> latency{200, 400};            // ms after the begin of the cue, of A and B
  std::array<double, 2> later_latency{300, 500};      // after a switch of timing
  double probability = 0.7, later_probability = 0.3;  // of A
  double width = 20;                                  // ms, standard deviation of the expected bump
  double gate_width = 100, gate_outside = 0.2;        // half the window, ms; the gate outside of it
  std::size_t block = 100;                            // trials
  std::vector<Selection> populations;                 // whose spikes FORCE and the controls see
  double tau = 30;                                    // ms, of their traces
  bool outside = false;                               // three_factor: beside the network, as controls are
  double eta_when = 3e-4, eta_what = 1e-6;            // of the controls
  double alpha = 1, forgetting = 1;                   // force
  std::size_t every = 1;                              // force: ticks between updates
  double frozen_at = 100;                             // ms
};

}  // namespace rheo
