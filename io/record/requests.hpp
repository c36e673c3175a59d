// What an experiment asks to be recorded, and its phases: plain values, checked by whoever reads the experiment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/loop/contracts.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// A part of the experiment.
struct Phase : TickSpan {
  std::string name;
  std::vector<std::string> learning;  // projections, in the order of the network; others keep their weights
};

// What [record.spikes] asks for, in the order of the network's populations; no neuron twice.
struct RecordSpikes {
  bool present = false;
  std::vector<Selection> populations;
  std::vector<TickSpan> spans;  // none: the whole run
};

// What [record.NAME] with variables (in one phase, if it names phases), or a report of a SONATA config, asks for.
struct RecordStates {
  std::string name;
  std::vector<Selection> cells;        // no neuron twice
  std::vector<std::string> variables;  // state columns that all of these populations have; one file each
  std::vector<std::string> files;      // their names in the output directory
  SampleTimes times;
  std::optional<bool> compress = {};  // nothing: where it halves the first chunk
};

// What [record.NAME] with a projection asks for: its weights at the end, or snapshots of a plastic one while running.
struct RecordWeights {
  std::string name;
  std::string projection;
  std::string file;                         // in the output directory
  std::vector<std::string> variables = {};  // columns of its rule; none: its weights at the end
  std::vector<SampleTimes> times = {};      // of snapshots
  std::optional<bool> compress = {};        // nothing: where it halves the first chunk
};

}  // namespace rheo
