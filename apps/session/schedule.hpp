// What happens between two ticks of a run: phases begin, what the experiment says changes, a condition ends it. Whoever
// runs the simulation stops at next() and asks; nothing of it depends on where else a run is cut.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/loop/simulation.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

class Schedule final : public SpikeSink {
 public:
  // Of a network that was built from the experiment; both must outlive this. Throws ExperimentError where a change is
  // none for what was built.
  Schedule(Network& network, Experiment& experiment);
  ~Schedule() override;
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // Makes the changes before this tick, for a state of that time to be loaded; phases and counts begin there. Throws
  // StateError where a change that was planned for later is made already.
  void skip_to(Tick now);
  // Why the run ends here, before begin(); empty: it goes on.
  std::string ended(Tick now);
  // What is due between this tick and the one after it.
  void begin(Tick now);
  // Changes what is not planned, now. Throws ExperimentError, and then nothing was changed.
  void change(Change change);
  // The next tick at which something is due; `never`: nothing is.
  Tick next(Tick now) const;
  // The phase of the ticks after begin(); empty: there are none.
  const std::string& phase() const { return phase_; }
  // What was changed so far, in order: "100 ms: inputs.background { rate = 5.0 }".
  const std::vector<std::string>& changes() const { return changes_; }

  // Counts of spikes since the last looks, for a run that goes on. Throws StateError.
  void save(ByteWriter& to) const;
  void load(ByteReader& from);

  void take(const SpikeBatch& batch) override;

 private:
  // Of a StopCondition: whose spikes count, and how many there were since a tick.
  struct Look {
    struct Part {
      NeuronId first = 0, end = 0, step = 1;
    };
    std::vector<Part> parts = {};
    std::uint64_t neurons = 0, spikes = 0;
    Tick since = 0;
  };
  void make(Change change);
  std::string beyond(const StopCondition& condition, double value) const;

  Network& network_;
  Experiment& experiment_;
  std::size_t next_phase_ = 0, next_change_ = 0;
  std::string phase_;
  std::vector<Look> looks_;  // [stop condition]
  std::vector<std::string> changes_;
};

}  // namespace rheo
