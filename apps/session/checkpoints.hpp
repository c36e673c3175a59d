// Checkpoints of a run while it goes on: when one is due, and writing it while the simulation computes. At any moment
// the directory holds a whole one, from the first on: checkpoint.h5, or, while that is replaced, the one before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "core/stopwatch.hpp"
#include "io/files/provenance.hpp"
#include "io/record/checkpoint.hpp"

namespace rheo {

// "60s", "5min", "1h", "0.5" (s) -> seconds, > 0; nothing: no such time.
std::optional<double> parse_wall_time(const std::string& text);

class Checkpoints {
 public:
  // every: s of wall time; nothing: only when asked. recordings: sealed names of what is recorded.
  Checkpoints(std::filesystem::path directory, std::optional<double> every,
              std::vector<std::filesystem::path> recordings);
  ~Checkpoints();

  // The time is over, and the one before is on the disk.
  bool due();
  // make() returns the checkpoint; it is written while the caller goes on. Throws what make() throws.
  template <class Make>
  void begin(const Make& make) {
    const Stopwatch watch;
    write(make(), {});
    cost_.stopped += watch.seconds();
    last_ = Clock::now();
  }
  // The same to the end, into the file of the run, or into another one.
  template <class Make>
  void finish(const Make& make, const std::filesystem::path& file = {}) {
    const Stopwatch watch;
    end_previous();
    write(make(), file);
    wait();
    cost_.stopped += watch.seconds();
    last_ = Clock::now();
  }
  // Ends what is being written. Throws RecordingError.
  void wait();
  // What went wrong since this was last asked; empty: nothing. The run goes on without that checkpoint.
  std::string problem();
  // Removes checkpoint.h5 and the one before it, as a run that is complete does.
  void remove();

  const RunReport::Checkpoints& cost() const { return cost_; }

 private:
  using Clock = std::chrono::steady_clock;
  void end_previous();  // what goes wrong is kept for problem()
  void write(Checkpoint checkpoint, const std::filesystem::path& file);

  std::filesystem::path directory_;
  std::optional<double> every_;
  std::vector<std::filesystem::path> recordings_;
  Clock::time_point last_ = Clock::now();
  std::future<double> writing_;  // gives the seconds
  std::string problem_;
  RunReport::Checkpoints cost_;
};

}  // namespace rheo
