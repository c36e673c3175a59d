// How far a run is, on stderr: one redrawn line with a bar on a terminal, a plain line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace rheo {

struct ProgressState {
  double done = 0, total = 0;  // ms of biology
  double wall = 0;             // s since the simulation began
  std::string phase = {};      // empty: there are none
};

// "[=======>      ]  45 %   450 of 1000 ms   phase train   RTF 0.83   ETA 0:12", at most `width` columns; without a bar
// when `width` is 0. RTF: wall seconds per second of biology.
std::string progress_text(const ProgressState& state, int width);

struct SweepProgress {
  std::uint64_t total = 0, finished = 0, failed = 0, running = 0;  // points
  std::uint64_t ended_before = 0;  // of the finished and failed ones, those of earlier starts
  double wall = 0;                 // s since this start
};

// "[=======>      ]  45 %   450 of 1000 points   3 failed   4 running   ETA 0:12", likewise.
std::string progress_text(const SweepProgress& state, int width);

struct LearningProgress {
  std::string what;                        // "hlop, seed 1"
  std::size_t task = 0, tasks = 0;         // counted from 0
  double done = 0, total = 0, before = 0;  // samples; `before` were learnt in earlier processes
  double wall = 0;                         // s of this process
  bool testing = false;
};

// "[=======>      ]  45 %   hlop, seed 1   task 5 of 10   2700 images/s   ETA 0:12", likewise.
std::string progress_text(const LearningProgress& state, int width);

// "0:12", "1:02:03"
std::string clock_text(double seconds);

class Progress {
 public:
  // Shows nothing at all when `to` is nullptr.
  explicit Progress(std::FILE* to);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void stage(const std::string& what);                    // "building the network"
  void show(const ProgressState& state) { draw(state); }  // cheap when it is too early for the next line
  void show(const SweepProgress& state) { draw(state); }
  void show(const LearningProgress& state) { draw(state); }
  void finish();  // clears the redrawn line

 private:
  using Clock = std::chrono::steady_clock;
  template <class State>
  void draw(const State& state);
  void write(const std::string& text);

  std::FILE* to_;
  bool terminal_ = false;
  bool drawn_ = false;  // a line without its end stands on the terminal
  Clock::time_point last_;
};

}  // namespace rheo
