// States on their way to disk: one variable of chosen neurons, every so many ticks, streamed into <file>.part while the
// simulation runs and sealed into <file> at its end (io/files/recording.hpp). Both hold a SONATA report:
//   /report/<population>/data                    float32 [time x neurons], attribute units
//   /report/<population>/mapping/node_ids        uint64 [neurons], ascending, attribute sorted = 1
//   /report/<population>/mapping/index_pointers  uint64 [neurons + 1], 0, 1, 2, ...: one value per neuron
//   /report/<population>/mapping/element_ids     uint32 [neurons], all 0
//   /report/<population>/mapping/time            float64 [3], ms: time of the first row, end (excluded), step
//
// A row is the state at the end of its tick; the row of tick 0 is the initial state. The .part file also holds
//   /rows  uint64 [...]: after each flush, how many rows are whole in all populations
// Every chunk of both has a checksum.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/types.hpp"
#include "io/files/recording.hpp"
#include "io/record/requests.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

struct ReportSummary {
  std::filesystem::path file;
  std::uint64_t rows = 0;
  double begin = 0, end = 0;  // ms: the first row, and one step after the last
  std::vector<Loss> lost;     // of a file that is damaged; each population keeps the rows that it has
};

class StateRecorder final : public Probe {
 public:
  using Options = RecordingOptions;

  // Records variable number `index` of the report from the simulation, which was built from `network` and to which the
  // caller adds it. Makes the directory and the .part file. Throws RecordingError. Where the options resume: keeps the
  // rows before that tick, whose own row add_probe() takes again.
  StateRecorder(const std::filesystem::path& directory, Simulation& simulation, const NetworkSpec& network,
                const RecordStates& report, std::size_t index, Options options);
  StateRecorder(const std::filesystem::path& directory, Simulation& simulation, const NetworkSpec& network,
                const RecordStates& report, std::size_t index);
  // Without finish(): flushes and closes the .part file but does not seal it.
  ~StateRecorder() override;

  void start();  // once, where the options wait for it

  const SampleTimes& times() const override;
  Tick longest_window() const override;
  // What a recorder of so many neurons holds at most, where windows have no more ticks than this.
  static double expected_bytes(double neurons, const SampleTimes& times, Tick window);
  void begin(Tick first, Tick end) override;
  void sample(Tick t, const std::vector<Piece>& pieces) override;
  void take(Tick end) override;

  // Rows that were sampled elsewhere, in place of those of a simulation: a number for each neuron, by population and
  // number.
  void put(const std::vector<float>& rows);

  // Hands all that was taken to the operating system.
  void flush();

  // Writes what is left and seals. Throws RecordingError; the .part file then stays for recover_report. Call once.
  ReportSummary finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Seals what a killed process left of the report `sealed`: of each population the rows before the first that is
// damaged. Throws RecordingError when its process still runs, or when nothing of it can be read.
ReportSummary recover_report(const std::filesystem::path& sealed);

}  // namespace rheo
